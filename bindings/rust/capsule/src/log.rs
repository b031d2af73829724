//! The library's own log, one for the process: silent until it has a sink. Its records hold nothing of the code, its values or output.

use super::convert::{size_of_u32, slice, view, zeroed};
use super::error::{check, told};
use super::{sys, LogInfo, LogLevel, LogOptions, Result};
use std::cell::Cell;
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Mutex, PoisonError};

type Function = Box<dyn Fn(LogLevel, &str) + Send + Sync>;

// The function that is the sink: freed when it no longer is. Boxed twice, as what C passes on is one word.
static SINK: Mutex<Option<Box<Function>>> = Mutex::new(None);

/// Sets the sink, in the place of the one before: `LogSink::STDERR`, or `LogSink::FILE` with a path; `None` for none, which is how it
/// begins. `LogSink::CALLBACK` is refused: that is `set_log_function`.
pub fn set_log_sink(options: Option<&LogOptions>) -> Result<()> {
    let options = match options {
        Some(options) => options,
        None => return replace(None, |_, error| unsafe { sys::capsule_log_set_sink(std::ptr::null(), error) }),
    };
    let raw = sys::capsule_log_options {
        struct_size: size_of_u32::<sys::capsule_log_options>(),
        sink: options.sink.0,
        level: options.level.0,
        format: options.format.0,
        path: view(&options.path),
        ..zeroed()
    };
    // SAFETY: the path is copied before the call returns.
    replace(None, |_, error| unsafe { sys::capsule_log_set_sink(&raw, error) })
}

/// Has a function take the records of that level and above, as level and line, in the place of the sink before.
///
/// It runs on the thread that logs, one call at a time; calls into the library from there fail with `Status::REENTRANT`. A panic ends
/// with the call.
pub fn set_log_function(level: LogLevel, function: impl Fn(LogLevel, &str) + Send + Sync + 'static) -> Result<()> {
    replace(Some(Box::new(Box::new(function))), |user_data, error| unsafe {
        sys::capsule_log_set_callback(level.0, Some(take), user_data, error)
    })
}

thread_local! {
    // Whether this thread is in the sink.
    static LOGGING: Cell<bool> = const { Cell::new(false) };
}

// Sets a sink, and frees the function before once it is called no more. The lock holds both together; who has it may be waiting for the
// sink, which is why the sink itself does without: it is refused.
fn replace(
    function: Option<Box<Function>>,
    call: impl FnOnce(*mut c_void, *mut sys::capsule_error) -> sys::capsule_status,
) -> Result<()> {
    let user_data =
        function.as_deref().map_or(std::ptr::null_mut(), |function| function as *const Function as *mut c_void);
    if LOGGING.with(Cell::get) {
        return check(|error| call(user_data, error));
    }
    let mut sink = SINK.lock().unwrap_or_else(PoisonError::into_inner);
    check(|error| call(user_data, error))?;
    *sink = function;
    Ok(())
}

unsafe extern "C" fn take(function: *mut c_void, level: i32, line: *const c_char, size: usize) {
    let line = String::from_utf8_lossy(slice(line.cast(), size));
    let function = &*function.cast::<Function>();
    LOGGING.with(|logging| logging.set(true));
    let _ = catch_unwind(AssertUnwindSafe(|| function(LogLevel(level), &line)));
    LOGGING.with(|logging| logging.set(false));
}

/// What became of the records so far.
pub fn log_info() -> Result<LogInfo> {
    told(LogInfo::of, |raw, error| unsafe { sys::capsule_log_get_info(raw, error) })
}
