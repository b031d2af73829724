//! Exporters: the events of a runtime's sessions, written to a file or handed to a function as they become complete.

use super::convert::*;
use super::error::{check, told};
use super::owner::{milliseconds, owner};
use super::{sys, ExportGroup, ExporterInfo, ExporterOptions, Result, Runtime};
use std::os::raw::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::Duration;

type Function = Box<dyn Fn(&[ExportGroup]) -> bool + Send + Sync>;

owner!(
    /// The handle of an exporter.
    RawExporter,
    sys::capsule_exporter,
    sys::capsule_exporter_release
);

/// Hands on the events of a runtime's sessions. What it cannot keep up with is lost and counted, and holds no execution up.
///
/// Dropping it ends it: what is queued is dropped, so `close` it before. One to a function waits for the call that is under way.
pub struct Exporter {
    raw: RawExporter,
    // Boxed twice, as what C passes on is one word.
    function: Option<Box<Function>>,
}

impl Runtime {
    /// Starts an exporter to the file of `path`, of the kind `ExporterKind::NDJSON` or `ExporterKind::CHROME`: it gets what becomes
    /// complete from now on. `ExporterKind::CALLBACK` is refused: that is `export_to`.
    pub fn open_exporter(&self, options: &ExporterOptions) -> Result<Exporter> {
        let options = options.raw(&mut Kept::default());
        Ok(Exporter { raw: self.export(&options)?, function: None })
    }

    /// The same to a function; kind and path of the options are not looked at. It runs on the exporter's thread, one call at a time, and
    /// may call the library, but not wait for its own exporter. False, and a panic, count the batch's events as failed.
    pub fn export_to(
        &self,
        options: &ExporterOptions,
        function: impl Fn(&[ExportGroup]) -> bool + Send + Sync + 'static,
    ) -> Result<Exporter> {
        let function: Box<Function> = Box::new(Box::new(function));
        let mut options = options.raw(&mut Kept::default());
        options.kind = sys::CAPSULE_EXPORTER_CALLBACK;
        options.callback = Some(take);
        options.user_data = &*function as *const Function as *mut c_void;
        Ok(Exporter { raw: self.export(&options)?, function: Some(function) })
    }

    fn export(&self, options: &sys::capsule_exporter_options) -> Result<RawExporter> {
        RawExporter::made(|handle, error| unsafe {
            sys::capsule_exporter_create(self.as_raw(), options, handle, error)
        })
    }
}

unsafe extern "C" fn take(function: *mut c_void, groups: *const sys::capsule_export_group, count: usize) -> i32 {
    let function = &*function.cast::<Function>();
    let groups = list(groups, count, ExportGroup::of);
    i32::from(!catch_unwind(AssertUnwindSafe(|| function(&groups))).unwrap_or(false))
}

impl Exporter {
    /// The handle, still owned here.
    pub fn as_raw(&self) -> *mut sys::capsule_exporter {
        self.raw.as_raw()
    }

    /// Waits until all that is queued now is written, failed or dropped.
    pub fn flush(&self, timeout: Duration) -> Result<()> {
        check(|error| unsafe { sys::capsule_exporter_flush(self.as_raw(), milliseconds(timeout), error) })
    }

    /// Ends the exporter: what is queued is written within that time, the rest dropped and counted. `info` answers still. It may be
    /// repeated. Waits.
    pub fn close(&self, grace: Duration) -> Result<()> {
        check(|error| unsafe { sys::capsule_exporter_close(self.as_raw(), milliseconds(grace), error) })
    }

    /// What it did: accepted are those that are queued, sent, failed or dropped.
    pub fn info(&self) -> Result<ExporterInfo> {
        told(ExporterInfo::of, |raw, error| unsafe { sys::capsule_exporter_get_info(self.as_raw(), raw, error) })
    }
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.raw.fmt(out)
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        if self.function.is_none() {
            return;
        }
        // The first drops what is queued where a call is under way; the second waits for that.
        let ended = self.close(Duration::ZERO).or_else(|_| self.close(Duration::MAX));
        if ended.is_err() {
            // From within its own function, which runs on.
            std::mem::forget(self.function.take());
        }
    }
}
