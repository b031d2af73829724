//! Owners of handles.

/// A type that owns a handle and gives it back when it is dropped.
///
/// Handles are tokens that the library looks up in each call; any may be used from any thread at any time, which is why owners are
/// `Send` and `Sync`.
macro_rules! owner {
    ($(#[$doc:meta])* $name:ident, $raw:ty, $release:path) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            handle: *mut $raw,
        }

        // SAFETY: a token, see above.
        unsafe impl Send for $name {}
        unsafe impl Sync for $name {}

        impl Drop for $name {
            fn drop(&mut self) {
                unsafe { $release(self.handle) };
            }
        }

        impl $name {
            /// The handle, still owned here.
            pub fn as_raw(&self) -> *mut $raw {
                self.handle
            }

            /// Owns what a call has made.
            pub(crate) fn made(
                call: impl FnOnce(*mut *mut $raw, *mut crate::sys::capsule_error) -> crate::sys::capsule_status,
            ) -> crate::Result<Self> {
                let mut handle = std::ptr::null_mut();
                crate::error::check(|error| call(&mut handle, error))?;
                Ok($name { handle })
            }
        }
    };
}

pub(crate) use owner;

use std::time::Duration;

/// Milliseconds as the library takes them: rounded up, so that what is short is not nothing; -1 for `None`.
pub(crate) fn milliseconds(time: impl Into<Option<Duration>>) -> i64 {
    time.into().map_or(-1, |time| {
        let whole = time.as_millis() + u128::from(time.subsec_nanos() % 1_000_000 != 0);
        whole.min(86_400_000) as i64
    })
}
