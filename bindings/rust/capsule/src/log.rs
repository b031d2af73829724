//! The library's own log, one for the process: silent until it has a sink. Its records hold nothing of the code, its values or output.

use super::convert::{size_of_u32, view, zeroed};
use super::error::{check, fill};
use super::{sys, LogInfo, LogOptions, Result};

/// Sets the sink, in the place of the one before: `LogSink::STDERR`, or `LogSink::FILE` with a path; `None` for none, which is how it
/// begins. `LogSink::CALLBACK` is refused: its function would be the C interface's.
pub fn set_log_sink(options: Option<&LogOptions>) -> Result<()> {
    let Some(options) = options else {
        return check(|error| unsafe { sys::capsule_log_set_sink(std::ptr::null(), error) });
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
    check(|error| unsafe { sys::capsule_log_set_sink(&raw, error) })
}

/// What became of the records so far.
pub fn log_info() -> Result<LogInfo> {
    let raw = fill(|raw, error| unsafe { sys::capsule_log_get_info(raw, error) })?;
    Ok(unsafe { LogInfo::of(&raw) })
}
