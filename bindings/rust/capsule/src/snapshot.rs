use super::error::{check, told};
use super::owner::{milliseconds, owner};
use super::{sys, Bridge, Result, Session, SnapshotInfo};
use std::time::Duration;

owner!(
    /// A frozen copy of a session. Dropping it lets it go; sessions made of it live on.
    RawSnapshot,
    sys::capsule_snapshot,
    sys::capsule_snapshot_release
);

/// A frozen copy of a session. Dropping it lets it go; sessions made of it live on.
#[derive(Debug)]
pub struct Snapshot {
    raw: RawSnapshot,
    bridge: Option<Bridge>,
}

impl Snapshot {
    /// The handle, still owned here.
    pub fn as_raw(&self) -> *mut sys::capsule_snapshot {
        self.raw.as_raw()
    }

    /// A new session that begins where the snapshot stands; `None` for no limit. Waits.
    pub fn branch(&self, timeout: Option<Duration>) -> Result<Session> {
        Session::made(self.bridge.clone(), |handle, error| unsafe {
            sys::capsule_snapshot_branch(self.as_raw(), milliseconds(timeout), handle, error)
        })
    }

    /// Copies what is known of it.
    pub fn info(&self) -> Result<SnapshotInfo> {
        told(SnapshotInfo::of, |info, error| unsafe { sys::capsule_snapshot_get_info(self.as_raw(), info, error) })
    }
}

impl Session {
    /// A frozen copy of the session as it stands when all that was submitted before has ended; `None` for no limit. Waits.
    pub fn snapshot(&self, timeout: Option<Duration>) -> Result<Snapshot> {
        let raw = RawSnapshot::made(|handle, error| unsafe {
            sys::capsule_session_snapshot(self.as_raw(), milliseconds(timeout), handle, error)
        })?;
        Ok(Snapshot { raw, bridge: self.bridge.clone() })
    }

    /// Puts the session back to a snapshot. Waits.
    pub fn restore(&self, snapshot: &Snapshot, timeout: Option<Duration>) -> Result<()> {
        check(|error| unsafe {
            sys::capsule_session_restore(self.as_raw(), snapshot.as_raw(), milliseconds(timeout), error)
        })
    }

    /// A new session that begins where this one stands. Waits.
    pub fn branch(&self, timeout: Option<Duration>) -> Result<Session> {
        Session::made(self.bridge.clone(), |handle, error| unsafe {
            sys::capsule_session_branch(self.as_raw(), milliseconds(timeout), handle, error)
        })
    }
}
