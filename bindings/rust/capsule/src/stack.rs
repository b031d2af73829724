//! Where Python code stands, or stood.

use super::convert::*;
use super::error::{fill, told};
use super::owner::owner;
use super::{sys, Inspection, NativeFrame, Result, Session, StackFrame, StackInfo, StackOptions, StackThread};

owner!(
    /// The handle of a stack.
    RawStack,
    sys::capsule_stack,
    sys::capsule_stack_release
);

/// Where Python code stands, or stood, as far as the policy shows it.
#[derive(Clone, Debug)]
pub struct StackTrace {
    /// As a whole.
    pub info: StackInfo,
    /// Its threads; of a living worker the first is the main one.
    pub threads: Vec<ThreadStack>,
}

/// One thread of a stack.
#[derive(Clone, Debug)]
pub struct ThreadStack {
    /// The thread.
    pub info: StackThread,
    /// Its frames, the innermost first.
    pub frames: Vec<StackFrame>,
    /// The native ones below them, of a thread that waits in the kernel.
    pub native: Vec<NativeFrame>,
}

impl Session {
    /// Where its Python code stands, also while it hangs; of a worker that died, where it stood. It goes on undisturbed.
    pub fn stack(&self, options: &StackOptions) -> Result<StackTrace> {
        let options = options.raw(&mut Kept::default());
        stack_taken(|handle, error| unsafe { sys::capsule_session_get_stack(self.as_raw(), &options, handle, error) })
    }

    /// The same as a guarded look: no more than the policy allows, and with the caller in the audit trail. At the level of counts no
    /// frame is told: `frames_omitted` of each thread says how many there are.
    pub fn inspect_stack(&self, inspection: &Inspection, options: &StackOptions) -> Result<StackTrace> {
        let (look, options) = (inspection.raw(&mut Kept::default()), options.raw(&mut Kept::default()));
        stack_taken(|handle, error| unsafe {
            sys::capsule_session_inspect_stack(self.as_raw(), &look, &options, handle, error)
        })
    }
}

/// Copies what a call has made.
pub(crate) fn stack_taken(
    call: impl FnOnce(*mut *mut sys::capsule_stack, *mut sys::capsule_error) -> sys::capsule_status,
) -> Result<StackTrace> {
    let handle = RawStack::made(call)?;
    let raw = fill(|raw, error| unsafe { sys::capsule_stack_get_info(handle.as_raw(), raw, error) })?;
    let threads = (0..raw.threads).map(|index| thread(&handle, index)).collect::<Result<_>>()?;
    // SAFETY: the texts are the handle's, which is there.
    Ok(StackTrace { info: unsafe { StackInfo::of(&raw) }, threads })
}

fn thread(handle: &RawStack, index: u64) -> Result<ThreadStack> {
    let raw = fill(|raw, error| unsafe { sys::capsule_stack_get_thread(handle.as_raw(), index, raw, error) })?;
    let frame = |at| {
        told(StackFrame::of, |raw, error| unsafe {
            sys::capsule_stack_get_frame(handle.as_raw(), index, at, raw, error)
        })
    };
    let frames = (0..raw.frames).map(frame).collect::<Result<_>>()?;
    let below = |at| {
        told(NativeFrame::of, |raw, error| unsafe {
            sys::capsule_stack_get_native_frame(handle.as_raw(), index, at, raw, error)
        })
    };
    let native = (0..raw.native_frames).map(below).collect::<Result<_>>()?;
    // SAFETY: as above.
    Ok(ThreadStack { info: unsafe { StackThread::of(&raw) }, frames, native })
}
