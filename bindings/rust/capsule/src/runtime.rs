use super::convert::*;
use super::error::{check, told};
use super::owner::{milliseconds, owner};
use super::{sys, Error, Result, RuntimeInfo, RuntimeOptions, Status};
use std::time::Duration;

owner!(
    /// One loop thread of the library, and the processes. Dropping it waits for them to end, where nothing else of it is left.
    Runtime,
    sys::capsule_runtime,
    sys::capsule_runtime_release
);

/// The version of the loaded library, as `"0.1.0"`.
pub fn version() -> &'static str {
    static_text(unsafe { sys::capsule_version() })
}

fn check_version() -> Result<()> {
    let ours = sys::CAPSULE_VERSION_MAJOR * 1_000_000 + sys::CAPSULE_VERSION_MINOR * 1_000 + sys::CAPSULE_VERSION_PATCH;
    let loaded = unsafe { sys::capsule_version_number() } as usize;
    if loaded >= ours && loaded / 1_000_000 == sys::CAPSULE_VERSION_MAJOR {
        return Ok(());
    }
    let message = format!(
        "the loaded libcapsule is version {}, and this program was compiled for version {}.{}.{}",
        version(),
        sys::CAPSULE_VERSION_MAJOR,
        sys::CAPSULE_VERSION_MINOR,
        sys::CAPSULE_VERSION_PATCH
    );
    Err(Error::new(Status::STATE, message))
}

impl Runtime {
    /// A runtime with the default options. No process is started before the first session.
    pub fn new() -> Result<Self> {
        Self::with_options(&RuntimeOptions::default())
    }

    /// A runtime with these options.
    pub fn with_options(options: &RuntimeOptions) -> Result<Self> {
        check_version()?;
        let mut kept = Kept::default();
        let raw = options.raw(&mut kept);
        Self::made(|handle, error| unsafe { sys::capsule_runtime_create(&raw, handle, error) })
    }

    /// Closes every session, ends every process, and waits for it; running executions have that time to end first. The runtime answers
    /// `Status::CLOSED` from then on.
    pub fn close(&self, grace: Duration) -> Result<()> {
        check(|error| unsafe { sys::capsule_runtime_close(self.as_raw(), milliseconds(grace), error) })
    }

    /// Copies the counters.
    pub fn info(&self) -> Result<RuntimeInfo> {
        told(RuntimeInfo::of, |info, error| unsafe { sys::capsule_runtime_get_info(self.as_raw(), info, error) })
    }
}
