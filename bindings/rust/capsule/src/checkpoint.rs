use super::convert::*;
use super::error::{check, fill, told};
use super::owner::{milliseconds, owner};
use super::{sys, CheckpointEntry, CheckpointInfo, CheckpointOptions, RestoreFlags, Result, Session, Status};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

owner!(
    /// What a session knew, as portable bytes. Restoring one runs code: give those a key that leave your hands.
    Checkpoint,
    sys::capsule_checkpoint,
    sys::capsule_checkpoint_release
);

fn entries(
    call: impl FnOnce(*mut sys::capsule_checkpoint_entries, *mut sys::capsule_error) -> sys::capsule_status,
) -> Result<Vec<CheckpointEntry>> {
    let mut raw = fill(call)?;
    let copied = unsafe { list(raw.entries, raw.count, CheckpointEntry::of) };
    unsafe { sys::capsule_checkpoint_entries_release(&mut raw) };
    Ok(copied)
}

impl Checkpoint {
    /// Reads one from bytes and checks it; nothing is unpickled.
    pub fn read(data: &[u8], options: &CheckpointOptions) -> Result<Self> {
        let mut kept = Kept::default();
        let raw = options.raw(&mut kept);
        Self::made(|handle, error| unsafe {
            sys::capsule_checkpoint_read(data.as_ptr().cast(), data.len(), &raw, handle, error)
        })
    }

    /// The same from a file.
    pub fn read_file(path: impl AsRef<Path>, options: &CheckpointOptions) -> Result<Self> {
        let path = path.as_ref().as_os_str().as_bytes();
        let mut kept = Kept::default();
        let raw = options.raw(&mut kept);
        Self::made(|handle, error| unsafe {
            sys::capsule_checkpoint_read_file(path.as_ptr().cast(), path.len(), &raw, handle, error)
        })
    }

    /// Writes it to a file that only the owner can read, whole or not at all.
    pub fn write_file(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref().as_os_str().as_bytes();
        check(|error| unsafe {
            sys::capsule_checkpoint_write_file(self.as_raw(), path.as_ptr().cast(), path.len(), error)
        })
    }

    /// Its bytes.
    pub fn data(&self) -> Result<&[u8]> {
        let (mut data, mut size) = (std::ptr::null(), 0);
        check(|error| unsafe { sys::capsule_checkpoint_get_data(self.as_raw(), &mut data, &mut size, error) })?;
        // SAFETY: valid until the checkpoint is released.
        Ok(unsafe { slice(data.cast(), size) })
    }

    /// What it says of itself.
    pub fn info(&self) -> Result<CheckpointInfo> {
        told(CheckpointInfo::of, |info, error| unsafe { sys::capsule_checkpoint_get_info(self.as_raw(), info, error) })
    }

    /// Its names, and those that were skipped when it was made.
    pub fn entries(&self) -> Result<Vec<CheckpointEntry>> {
        entries(|raw, error| unsafe { sys::capsule_checkpoint_list(self.as_raw(), raw, error) })
    }
}

impl Session {
    /// Makes a checkpoint of the session; `None` for no limit. Waits.
    pub fn checkpoint(&self, options: &CheckpointOptions, timeout: Option<Duration>) -> Result<Checkpoint> {
        let mut kept = Kept::default();
        let raw = options.raw(&mut kept);
        Checkpoint::made(|handle, error| unsafe {
            sys::capsule_session_checkpoint(self.as_raw(), &raw, milliseconds(timeout), handle, error)
        })
    }

    /// Restores a checkpoint, and tells what became of each name; with no flags the session's own names are unbound first. Waits.
    pub fn restore_checkpoint(
        &self,
        checkpoint: &Checkpoint,
        flags: RestoreFlags,
        timeout: Option<Duration>,
    ) -> Result<Vec<CheckpointEntry>> {
        entries(|raw, error| unsafe {
            let (session, checkpoint) = (self.as_raw(), checkpoint.as_raw());
            sys::capsule_session_restore_checkpoint(session, checkpoint, flags.0, milliseconds(timeout), raw, error)
        })
    }

    /// Has the session keep a checkpoint under the name it was given.
    pub fn keep_checkpoint(&self, checkpoint: &Checkpoint) -> Result<()> {
        check(|error| unsafe { sys::capsule_session_keep_checkpoint(self.as_raw(), checkpoint.as_raw(), error) })
    }

    /// Finds a checkpoint that the session keeps.
    pub fn find_checkpoint(&self, name: &str) -> Result<Checkpoint> {
        Checkpoint::made(|handle, error| unsafe {
            sys::capsule_session_find_checkpoint(self.as_raw(), name.as_ptr().cast(), name.len(), handle, error)
        })
    }

    /// The checkpoints that the session keeps, the one kept first first.
    pub fn checkpoints(&self) -> Result<Vec<Checkpoint>> {
        let mut kept = Vec::new();
        loop {
            let next = Checkpoint::made(|handle, error| unsafe {
                sys::capsule_session_checkpoint_at(self.as_raw(), kept.len(), handle, error)
            });
            match next {
                Err(error) if error.status() == Status::NAME => return Ok(kept),
                next => kept.push(next?),
            }
        }
    }

    /// Has the session let go of a checkpoint that it keeps.
    pub fn forget_checkpoint(&self, name: &str) -> Result<()> {
        check(|error| unsafe {
            sys::capsule_session_forget_checkpoint(self.as_raw(), name.as_ptr().cast(), name.len(), error)
        })
    }
}
