use super::convert::*;
use super::error::{check, fill, taken};
use super::owner::{milliseconds, owner};
use super::{sys, Input, Name, Result, Session, SetStrategy, ValueKind};
use std::os::raw::c_void;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

/// A value on its way between the program and a session.
#[derive(Clone, Debug, Default)]
pub struct Value {
    /// How it travels.
    pub kind: ValueKind,
    /// The content.
    pub data: Vec<u8>,
    /// Read: name of its type in Python.
    pub type_name: String,
    /// BUFFER: format of an item, as the `struct` module writes it; empty for bytes.
    pub format: String,
    /// BUFFER: lengths of its dimensions; none: one dimension of bytes.
    pub shape: Vec<i64>,
    /// BUFFER, read: bytes from one item to the next, in each dimension.
    pub strides: Vec<i64>,
    /// BUFFER, read: bytes of an item.
    pub item_size_bytes: u32,
    /// BUFFER, set: the content in place of `data`, without a copy.
    pub buffer: Option<Arc<Buffer>>,
}

impl Value {
    fn of_kind(kind: ValueKind, data: impl Into<Vec<u8>>) -> Self {
        Value { kind, data: data.into(), ..Value::default() }
    }

    /// JSON text.
    pub fn json(text: impl Into<String>) -> Self {
        Self::of_kind(ValueKind::JSON, text.into())
    }

    /// A `str`.
    pub fn text(text: impl Into<String>) -> Self {
        Self::of_kind(ValueKind::TEXT, text.into())
    }

    /// A `bytes` object.
    pub fn bytes(data: impl Into<Vec<u8>>) -> Self {
        Self::of_kind(ValueKind::BYTES, data)
    }

    /// Items in shared memory, without a copy; the buffer can no longer be written once this is set in a session.
    pub fn buffer(buffer: Arc<Buffer>, format: impl Into<String>, shape: impl Into<Vec<i64>>) -> Self {
        Value {
            kind: ValueKind::BUFFER,
            format: format.into(),
            shape: shape.into(),
            buffer: Some(buffer),
            ..Value::default()
        }
    }

    /// Where it is text (JSON, TEXT, REPR), that text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.data).unwrap_or_default()
    }

    /// Points into this value.
    pub(crate) fn raw(&self) -> sys::capsule_value {
        let mut raw: sys::capsule_value = zeroed();
        raw.struct_size = size_of_u32::<sys::capsule_value>();
        raw.kind = self.kind.0;
        match &self.buffer {
            Some(buffer) => {
                buffer.sealed.store(true, Ordering::Relaxed);
                raw.buffer = buffer.raw.as_raw();
            }
            None => {
                raw.data = self.data.as_ptr().cast();
                raw.size_bytes = self.data.len() as u64;
            }
        }
        raw.format = view(&self.format);
        if !self.shape.is_empty() {
            raw.shape = self.shape.as_ptr();
            raw.dimensions = self.shape.len() as i32;
        }
        raw
    }
}

/// A value where the library put it: nothing is copied.
#[derive(Clone, Copy)]
pub struct ValueRef<'a>(&'a sys::capsule_value);

impl<'a> ValueRef<'a> {
    pub(crate) fn new(raw: &'a sys::capsule_value) -> Self {
        ValueRef(raw)
    }

    /// How it travelled.
    pub fn kind(&self) -> ValueKind {
        ValueKind(self.0.kind)
    }

    /// The content.
    pub fn data(&self) -> &'a [u8] {
        // SAFETY: it lives as its owner does.
        unsafe { slice(self.0.data.cast(), self.0.size_bytes as usize) }
    }

    /// A copy.
    pub fn to_value(self) -> Value {
        let dimensions = self.0.dimensions.max(0) as usize;
        // SAFETY: as above.
        unsafe {
            Value {
                kind: self.kind(),
                data: self.data().to_vec(),
                type_name: string(self.0.type_name),
                format: string(self.0.format),
                shape: slice(self.0.shape, dimensions).to_vec(),
                strides: slice(self.0.strides, dimensions).to_vec(),
                item_size_bytes: self.0.item_size_bytes,
                buffer: None,
            }
        }
    }
}

/// A copy of the value that a call fills in.
pub(crate) fn taken_value(
    call: impl FnOnce(*mut sys::capsule_value, *mut sys::capsule_error) -> sys::capsule_status,
) -> Result<Value> {
    taken(|raw| ValueRef::new(raw).to_value(), sys::capsule_value_release, call)
}

owner!(
    /// The handle of a buffer.
    RawBuffer,
    sys::capsule_buffer,
    sys::capsule_buffer_release
);

/// Shared memory that the program fills in place, to be set as a value without a copy. Sessions that hold it keep it.
#[derive(Debug)]
pub struct Buffer {
    raw: RawBuffer,
    data: *mut u8,
    size: usize,
    // It was set somewhere, or was about to be: the library has sealed it.
    sealed: AtomicBool,
}

// SAFETY: memory that is written through `&mut` alone.
unsafe impl Send for Buffer {}
unsafe impl Sync for Buffer {}

impl Buffer {
    /// A buffer of that many bytes, zeroed.
    pub fn new(size: usize) -> Result<Self> {
        let mut data: *mut c_void = std::ptr::null_mut();
        let raw = RawBuffer::made(|handle, error| unsafe {
            sys::capsule_buffer_create(size as u64, handle, &mut data, error)
        })?;
        let data = data.cast();
        Ok(Buffer { raw, data, size, sealed: AtomicBool::new(false) })
    }

    /// What is in it.
    pub fn data(&self) -> &[u8] {
        // SAFETY: readable until it is released.
        unsafe { slice(self.data, self.size) }
    }

    /// Where to write; panics once the buffer was set in a session, which ends that.
    pub fn data_mut(&mut self) -> &mut [u8] {
        assert!(!*self.sealed.get_mut(), "a buffer that was set can no longer be written");
        // SAFETY: writable until it is set, and nobody else has it.
        unsafe { std::slice::from_raw_parts_mut(self.data, self.size) }
    }
}

impl Session {
    /// Binds a name of the session's namespace; `None` for no limit. This call and those below take their turn behind the
    /// executions that were submitted before, and wait.
    pub fn set(&self, name: &str, value: &Value, strategy: SetStrategy, timeout: Option<Duration>) -> Result<()> {
        let (raw, limit) = (value.raw(), milliseconds(timeout));
        check(|error| unsafe {
            let name_data = name.as_ptr().cast();
            sys::capsule_session_set(self.as_raw(), name_data, name.len(), &raw, strategy.0, limit, error)
        })
    }

    /// Binds several names: all, or none where one of them cannot be.
    pub fn update(&self, inputs: &[Input], strategy: SetStrategy, timeout: Option<Duration>) -> Result<()> {
        let mut kept = Kept::default();
        let raw: Vec<_> = inputs.iter().map(|input| input.raw(&mut kept)).collect();
        check(|error| unsafe {
            let limit = milliseconds(timeout);
            sys::capsule_session_update(self.as_raw(), raw.as_ptr(), raw.len(), strategy.0, limit, error)
        })
    }

    /// Reads what a name is bound to, as that kind.
    pub fn get(&self, name: &str, kind: ValueKind, timeout: Option<Duration>) -> Result<Value> {
        taken_value(|value, error| unsafe {
            let (data, limit) = (name.as_ptr().cast(), milliseconds(timeout));
            sys::capsule_session_get(self.as_raw(), data, name.len(), kind.0, limit, value, error)
        })
    }

    /// Unbinds a name.
    pub fn delete(&self, name: &str, timeout: Option<Duration>) -> Result<()> {
        check(|error| unsafe {
            let limit = milliseconds(timeout);
            sys::capsule_session_delete(self.as_raw(), name.as_ptr().cast(), name.len(), limit, error)
        })
    }

    /// Lists at most `limit` names of the namespace, the user's, in the order they were bound; and how many there are.
    pub fn list(&self, limit: u32, timeout: Option<Duration>) -> Result<(Vec<Name>, u64)> {
        let mut raw = fill(|list, error| unsafe {
            sys::capsule_session_list(self.as_raw(), limit, milliseconds(timeout), list, error)
        })?;
        let names = unsafe { list(raw.names, raw.count, Name::of) };
        let total = raw.total;
        unsafe { sys::capsule_name_list_release(&mut raw) };
        Ok((names, total))
    }
}
