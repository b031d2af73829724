use super::convert::*;
use super::value::ValueRef;
use super::{sys, EventKind, Outcome, Stream};

/// One event, with the texts it owns. They are where the library put them: an accessor copies nothing.
pub struct Event {
    pub(crate) raw: sys::capsule_event,
}

// SAFETY: the texts belong to the struct, which may be moved, used by one thread at a time, and is only read through `&`.
unsafe impl Send for Event {}
unsafe impl Sync for Event {}

impl Default for Event {
    fn default() -> Self {
        let mut raw: sys::capsule_event = zeroed();
        raw.struct_size = size_of_u32::<sys::capsule_event>();
        Event { raw }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // What has no texts has no storage: most events of a stream that is read into one struct.
        if !self.raw.storage.is_null() {
            unsafe { sys::capsule_event_release(&mut self.raw) };
        }
    }
}

impl std::fmt::Debug for Event {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {} {:?} {:?} ", self.sequence(), self.kind(), self.data(), self.prompt())?;
        write!(out, "{:?} {} {}: {}", self.repr(), self.outcome(), self.error_type(), self.message())
    }
}

/// One representation of a displayed object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// MIME type, as `text/html`.
    pub mime_type: &'a str,
    /// UTF-8 for text types, JSON text for JSON types, the bytes themselves for all others.
    pub data: &'a [u8],
}

impl Event {
    /// Whether it is its execution's last, but for late output.
    pub fn is_terminal(&self) -> bool {
        self.kind() == EventKind::RESULT || self.kind() == EventKind::ERROR
    }

    /// DISPLAY: the representations.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        // SAFETY: they live as the texts do.
        unsafe { slice(self.raw.parts, self.raw.part_count) }
            .iter()
            .map(|part| Part { mime_type: unsafe { text_of(&part.mime_type) }, data: unsafe { bytes_of(&part.data) } })
    }

    /// RESULT: the value as `result_kind` says; `None` where it was not asked for, is None, or is none of that kind, which
    /// `value_status()` tells.
    pub fn value(&self) -> Option<ValueRef<'_>> {
        // SAFETY: it lives as the texts do.
        unsafe { self.raw.value.as_ref() }.map(ValueRef::new)
    }
}

/// All that one execution did, collected by `Session::run()`.
#[derive(Debug, Default)]
pub struct RunResult {
    /// What it wrote.
    pub stdout: Vec<u8>,
    /// What it wrote on stderr.
    pub stderr: Vec<u8>,
    /// What it displayed.
    pub displays: Vec<Event>,
    /// The terminal event.
    pub end: Event,
}

impl RunResult {
    /// Whether the code ran to its end.
    pub fn is_ok(&self) -> bool {
        self.end.outcome() == Outcome::OK
    }

    /// Takes an event in; true when it was the last.
    pub(crate) fn take(&mut self, event: Event) -> bool {
        if event.kind() == EventKind::OUTPUT {
            let stderr = event.stream() == Stream::STDERR;
            let text = if stderr { &mut self.stderr } else { &mut self.stdout };
            text.extend_from_slice(event.raw());
        } else if event.kind() == EventKind::DISPLAY {
            self.displays.push(event);
        } else if event.is_terminal() {
            self.end = event;
            return true;
        }
        false
    }
}
