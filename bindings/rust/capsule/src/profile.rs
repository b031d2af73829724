//! A small profiler: the stack of a session, sampled.

use super::convert::*;
use super::error::{check, told};
use super::owner::{milliseconds, owner};
use super::{sys, ProfileInfo, ProfileOptions, Result, Session};
use std::time::Duration;

owner!(
    /// Samples where a session's Python code stands, until its time is over, `stop`, or the session's end. Dropping it ends it.
    Profile,
    sys::capsule_profile,
    sys::capsule_profile_release
);

impl Session {
    /// Begins a profile; by default 100 samples a second until it is stopped. The code goes on undisturbed. `Status::DENIED` where the
    /// policy does not allow it.
    pub fn profile(&self, options: &ProfileOptions) -> Result<Profile> {
        let raw = options.raw(&mut Kept::default());
        Profile::made(|handle, error| unsafe { sys::capsule_session_profile(self.as_raw(), &raw, handle, error) })
    }
}

impl Profile {
    /// Waits until the profile has ended; `None` for no limit.
    pub fn wait(&self, timeout: Option<Duration>) -> Result<()> {
        check(|error| unsafe { sys::capsule_profile_wait(self.as_raw(), milliseconds(timeout), error) })
    }

    /// Ends the profile, after the sample that is being taken. It may be repeated.
    pub fn stop(&self) -> Result<()> {
        check(|error| unsafe { sys::capsule_profile_stop(self.as_raw(), error) })
    }

    /// What the profile has counted, while it is under way too.
    pub fn info(&self) -> Result<ProfileInfo> {
        told(ProfileInfo::of, |raw, error| unsafe { sys::capsule_profile_get_info(self.as_raw(), raw, error) })
    }

    /// What it has found, a line for each stack, as flame graph programs read them; `Status::BUSY` while it is under way.
    pub fn collapsed(&self) -> Result<String> {
        let mut text: sys::capsule_text = zeroed();
        check(|error| unsafe {
            sys::capsule_profile_get_collapsed(self.as_raw(), &mut text.data, &mut text.size, error)
        })?;
        // SAFETY: the text is the profile's, which is there.
        Ok(unsafe { string(text) })
    }
}
