use super::convert::*;
use super::{sys, Status};

/// Why a call failed. A Python exception is never an `Error`: it is an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    status: Status,
    message: String,
}

/// What a call of the library brings.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// What became of the call.
    pub fn status(&self) -> Status {
        self.status
    }

    /// One sentence that names the argument or the thing at fault.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether time ran out: nothing was lost, the call may be repeated.
    pub fn is_timeout(&self) -> bool {
        self.status == Status::TIMEOUT
    }

    pub(crate) fn new(status: Status, message: String) -> Self {
        Error { status, message }
    }
}

impl Status {
    /// One sentence about the status.
    pub fn text(self) -> &'static str {
        static_text(unsafe { sys::capsule_status_text(self.0) })
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Makes a call that may fail: `call` passes the error on to the library.
pub(crate) fn check(call: impl FnOnce(*mut sys::capsule_error) -> sys::capsule_status) -> Result<()> {
    let mut error = std::mem::MaybeUninit::<sys::capsule_error>::uninit();
    // SAFETY: the library reads the size alone, and fills the rest where the call fails.
    unsafe { std::ptr::addr_of_mut!((*error.as_mut_ptr()).struct_size).write(size_of_u32::<sys::capsule_error>()) };
    let status = call(error.as_mut_ptr());
    if status == sys::CAPSULE_OK {
        return Ok(());
    }
    // SAFETY: it is filled up to the message's NUL, which is all that is read.
    let message = unsafe { std::ffi::CStr::from_ptr(std::ptr::addr_of!((*error.as_ptr()).message).cast()) };
    Err(Error::new(Status(status), message.to_string_lossy().into_owned()))
}

/// The same for calls that fill in a struct, whose size is set here.
pub(crate) fn fill<R: Copy>(call: impl FnOnce(*mut R, *mut sys::capsule_error) -> sys::capsule_status) -> Result<R> {
    let mut raw: R = zeroed();
    // SAFETY: such structs begin with their size.
    unsafe { (&mut raw as *mut R).cast::<u32>().write(size_of_u32::<R>()) };
    check(|error| call(&mut raw, error))?;
    Ok(raw)
}

/// The same, as a record.
pub(crate) fn told<R: Copy, T>(
    convert: unsafe fn(&R) -> T,
    call: impl FnOnce(*mut R, *mut sys::capsule_error) -> sys::capsule_status,
) -> Result<T> {
    let raw = fill(call)?;
    // SAFETY: what it points at is there as long as its owner, which the call lends.
    Ok(unsafe { convert(&raw) })
}

/// The same of a struct that has memory of its own, which is freed.
pub(crate) fn taken<R: Copy, T>(
    convert: unsafe fn(&R) -> T,
    free: unsafe extern "C" fn(*mut R),
    call: impl FnOnce(*mut R, *mut sys::capsule_error) -> sys::capsule_status,
) -> Result<T> {
    let mut raw = fill(call)?;
    // SAFETY: it is freed behind the copy, once.
    unsafe {
        let copy = convert(&raw);
        free(&mut raw);
        Ok(copy)
    }
}

/// Makes a call that copies as many of its rows as there is room for, until that is all of them.
pub(crate) fn rows<R: Copy, T>(
    convert: unsafe fn(&R) -> T,
    call: impl Fn(*mut R, usize, *mut usize, *mut u64, *mut sys::capsule_error) -> sys::capsule_status,
) -> Result<Vec<T>> {
    let mut room = 64;
    loop {
        let mut found: Vec<R> = vec![zeroed(); room];
        let (mut count, mut total) = (0, 0);
        check(|error| call(found.as_mut_ptr(), room, &mut count, &mut total, error))?;
        if total as usize <= room {
            // SAFETY: the library has filled so many.
            return Ok(found[..count].iter().map(|row| unsafe { convert(row) }).collect());
        }
        room = total as usize + 64;
    }
}
