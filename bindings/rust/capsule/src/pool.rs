use super::convert::*;
use super::error::{check, taken, told};
use super::owner::{milliseconds, owner};
use super::{
    sys, AcquireOptions, Bridge, PoolImport, PoolInfo, PoolMetrics, PoolOptions, PoolSession, Result, Runtime, Session,
};
use std::mem::ManuallyDrop;
use std::time::Duration;

owner!(
    /// The handle of a pool.
    RawPool,
    sys::capsule_pool,
    sys::capsule_pool_release
);

/// Sessions that are kept ready. Dropping it closes it, and waits, where none of its sessions is left.
#[derive(Debug)]
pub struct Pool {
    raw: RawPool,
    bridge: Option<Bridge>,
}

owner!(
    /// The handle of an acquisition.
    RawAcquisition,
    sys::capsule_acquisition,
    sys::capsule_acquisition_release
);

/// One place in a pool's line. Dropping it gives it up.
#[derive(Debug)]
pub struct Acquisition {
    raw: RawAcquisition,
    bridge: Option<Bridge>,
}

impl Runtime {
    /// Opens a pool. It does not wait for sessions: `wait_ready` does.
    pub fn open_pool(&self, options: &PoolOptions) -> Result<Pool> {
        let mut kept = Kept::default();
        let options_raw = options.raw(&mut kept);
        let raw = RawPool::made(|handle, error| unsafe {
            sys::capsule_pool_create(self.as_raw(), &options_raw, handle, error)
        })?;
        let bridge = options.session.as_ref().and_then(|session| session.bridge.clone());
        Ok(Pool { raw, bridge })
    }
}

impl Pool {
    /// The handle, still owned here.
    pub fn as_raw(&self) -> *mut sys::capsule_pool {
        self.raw.as_raw()
    }

    /// Waits until `min_idle` sessions were made, or one cannot be; `None` for no limit.
    pub fn wait_ready(&self, timeout: Option<Duration>) -> Result<()> {
        check(|error| unsafe { sys::capsule_pool_wait_ready(self.as_raw(), milliseconds(timeout), error) })
    }

    /// Acquires a session: an idle one at once, else the next one in its turn. It goes back by `give_back`, or when it is dropped.
    pub fn acquire(&self, options: &AcquireOptions) -> Result<Session> {
        let mut kept = Kept::default();
        let raw = options.raw(&mut kept);
        Session::made(self.bridge.clone(), |handle, error| unsafe {
            sys::capsule_pool_acquire(self.as_raw(), &raw, handle, error)
        })
    }

    /// The same without waiting: takes a place in the line.
    pub fn begin_acquire(&self, options: &AcquireOptions) -> Result<Acquisition> {
        let mut kept = Kept::default();
        let options = options.raw(&mut kept);
        let raw = RawAcquisition::made(|handle, error| unsafe {
            sys::capsule_pool_acquire_async(self.as_raw(), &options, handle, error)
        })?;
        Ok(Acquisition { raw, bridge: self.bridge.clone() })
    }

    /// Gives a session back; what still runs in it is cancelled. Where the pool does not take it, it comes with the error.
    pub fn give_back(&self, session: Session) -> std::result::Result<(), (super::Error, Session)> {
        match check(|error| unsafe { sys::capsule_pool_give_back(self.as_raw(), session.as_raw(), error) }) {
            Ok(()) => {
                // Its handle is no more; the bridge's share is let go.
                drop(ManuallyDrop::new(session).bridge.take());
                Ok(())
            }
            Err(error) => Err((error, session)),
        }
    }

    /// Copies the configuration and the status.
    pub fn info(&self) -> Result<PoolInfo> {
        told(PoolInfo::of, |info, error| unsafe { sys::capsule_pool_get_info(self.as_raw(), info, error) })
    }

    /// Copies what the pool has counted.
    pub fn metrics(&self) -> Result<PoolMetrics> {
        told(PoolMetrics::of, |metrics, error| unsafe { sys::capsule_pool_get_metrics(self.as_raw(), metrics, error) })
    }

    /// The sessions that the pool has now.
    pub fn sessions(&self) -> Result<Vec<PoolSession>> {
        taken(
            |raw: &sys::capsule_pool_sessions| unsafe { list(raw.sessions, raw.count, PoolSession::of) },
            sys::capsule_pool_sessions_release,
            |all, error| unsafe { sys::capsule_pool_list_sessions(self.as_raw(), all, error) },
        )
    }

    /// What became of each import at the last warm-up.
    pub fn imports(&self) -> Result<Vec<PoolImport>> {
        taken(
            |raw: &sys::capsule_pool_imports| unsafe { list(raw.imports, raw.count, PoolImport::of) },
            sys::capsule_pool_imports_release,
            |all, error| unsafe { sys::capsule_pool_list_imports(self.as_raw(), all, error) },
        )
    }

    /// Closes the pool: sessions that are acquired may be given back for that time. Waits until no process is left.
    pub fn close(&self, grace: Duration) -> Result<()> {
        check(|error| unsafe { sys::capsule_pool_close(self.as_raw(), milliseconds(grace), error) })
    }
}

impl Acquisition {
    /// Takes the session, once; waits for so long, `None` for no limit.
    pub fn take(&self, timeout: Option<Duration>) -> Result<Session> {
        Session::made(self.bridge.clone(), |handle, error| unsafe {
            sys::capsule_acquisition_take(self.raw.as_raw(), milliseconds(timeout), handle, error)
        })
    }

    /// A descriptor that becomes and stays readable when the acquisition has ended. It is the acquisition's.
    pub fn fd(&self) -> Result<std::os::unix::io::RawFd> {
        let mut fd = -1;
        check(|error| unsafe { sys::capsule_acquisition_get_fd(self.raw.as_raw(), &mut fd, error) })?;
        Ok(fd)
    }

    /// Gives the place in the line up.
    pub fn cancel(&self) -> Result<()> {
        check(|error| unsafe { sys::capsule_acquisition_cancel(self.raw.as_raw(), error) })
    }
}
