use super::convert::*;
use super::error::{check, fill, rows, told};
use super::owner::owner;
use super::value::{taken_value, ValueRef};
use super::{sys, BridgeMetrics, BridgeOptions, Capability, PendingCall, RequestKind, Result, Runtime, Status, Value};
use std::collections::HashMap;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

owner!(
    /// The handle of a bridge.
    RawBridge,
    sys::capsule_bridge,
    sys::capsule_bridge_release
);

/// An exception for Python to raise: a built-in one by its name, else `host.Error`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PythonError {
    /// Name of the exception; empty for `host.Error`.
    pub type_name: String,
    /// Its message.
    pub message: String,
}

impl<E: std::error::Error> From<E> for PythonError {
    fn from(error: E) -> Self {
        PythonError { type_name: String::new(), message: error.to_string() }
    }
}

/// What a function answers a call with; `None` for None.
pub type Answer = std::result::Result<Option<Value>, PythonError>;

type Function = Arc<dyn Fn(&Call<'_>) -> Answer + Send + Sync>;
type Decide = Arc<dyn Fn(&Call<'_>) -> bool + Send + Sync>;

#[derive(Default)]
struct Served {
    functions: HashMap<String, Function>,
    approvals: HashMap<String, Decide>,
}

/// Functions of this program that the Python code in sessions may call, as `host.NAME(…)`. Sessions use it that are opened with
/// it and with rules; what no rule allows is denied. A clone is the same bridge, which is closed when the last is dropped.
#[derive(Clone)]
pub struct Bridge {
    raw: Arc<RawBridge>,
    served: Arc<Mutex<Served>>,
}

impl std::fmt::Debug for Bridge {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.raw.fmt(out)
    }
}

/// One call of a capability, or what is to be approved.
///
/// It may be sent to another thread; it is dropped before the bridge.
pub struct Call<'a> {
    bridge: &'a Bridge,
    request: sys::capsule_request,
}

// SAFETY: the texts belong to the struct, which is only read.
unsafe impl Send for Call<'_> {}
unsafe impl Sync for Call<'_> {}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        unsafe { sys::capsule_request_release(&mut self.request) };
    }
}

impl Call<'_> {
    /// What the request is about.
    pub fn kind(&self) -> RequestKind {
        RequestKind(self.request.kind)
    }

    /// Name of the capability.
    pub fn capability(&self) -> &str {
        unsafe { text_of(&self.request.capability) }
    }

    /// A JSON object of the arguments by their names, but for the attachments.
    pub fn arguments(&self) -> &str {
        unsafe { text_of(&self.request.arguments) }
    }

    /// An argument that is bytes-like.
    pub fn attachment(&self, name: &str) -> Option<ValueRef<'_>> {
        let all = unsafe { slice(self.request.attachments, self.request.attachment_count) };
        let found = all.iter().find(|one| unsafe { text_of(&one.name) } == name)?;
        unsafe { found.value.as_ref() }.map(ValueRef::new)
    }

    /// What is alike when the same execution is run again.
    pub fn idempotency_key(&self) -> &str {
        unsafe { text_of(&self.request.idempotency_key) }
    }

    /// Names it in the bridge.
    pub fn request_id(&self) -> u64 {
        self.request.request_id
    }

    /// The session whose code calls.
    pub fn session_id(&self) -> u64 {
        self.request.session_id
    }

    /// The execution whose code calls.
    pub fn execution_id(&self) -> u64 {
        self.request.execution_id
    }

    /// Tells those who look at traces and pending calls how far the host has come with this one; a `total` of 0 is not known.
    pub fn report_progress(&self, done: u64, total: u64) -> Result<()> {
        check(|error| unsafe {
            sys::capsule_bridge_report_progress(self.bridge.as_raw(), self.request.request_id, done, total, error)
        })
    }

    /// Sends a piece of the answer of a `CapabilityFlags::STREAM`; what the function returns then is `None`. Waits while the code
    /// takes none.
    pub fn send(&self, piece: &Value) -> Result<()> {
        let raw = piece.raw();
        check(|error| unsafe {
            sys::capsule_bridge_send_chunk(self.bridge.as_raw(), self.request.request_id, &raw, -1, error)
        })
    }

    /// Waits for the next piece of a call of a `CapabilityFlags::UPLOAD`; `None` behind the last.
    pub fn receive(&self) -> Result<Option<Value>> {
        let piece = taken_value(|value, error| unsafe {
            sys::capsule_bridge_next_chunk(self.bridge.as_raw(), self.request.request_id, -1, value, error)
        });
        match piece {
            Err(error) if error.status() == Status::END => Ok(None),
            piece => piece.map(Some),
        }
    }
}

impl Runtime {
    /// Opens a bridge.
    pub fn open_bridge(&self, options: &BridgeOptions) -> Result<Bridge> {
        let mut kept = Kept::default();
        let options = options.raw(&mut kept);
        let raw = RawBridge::made(|handle, error| unsafe {
            sys::capsule_bridge_create(self.as_raw(), &options, handle, error)
        })?;
        Ok(Bridge { raw: Arc::new(raw), served: Arc::default() })
    }
}

impl Bridge {
    /// The handle, still owned here.
    pub fn as_raw(&self) -> *mut sys::capsule_bridge {
        self.raw.as_raw()
    }

    fn served(&self) -> MutexGuard<'_, Served> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Offers a capability, which the function serves, in the threads that run `serve`.
    pub fn register(
        &self,
        capability: &Capability,
        function: impl Fn(&Call<'_>) -> Answer + Send + Sync + 'static,
    ) -> Result<()> {
        // Under the lock: no call is looked up before the function is there.
        let mut served = self.served();
        let raw = capability.raw(&mut Kept::default());
        check(|error| unsafe { sys::capsule_bridge_register(self.as_raw(), &raw, error) })?;
        served.functions.insert(capability.name.clone(), Arc::new(function));
        Ok(())
    }

    /// The same with the defaults: a name, and the parameters as Python writes them in a `def`.
    pub fn handle(
        &self,
        name: &str,
        parameters: &str,
        function: impl Fn(&Call<'_>) -> Answer + Send + Sync + 'static,
    ) -> Result<()> {
        let capability =
            Capability { name: name.to_owned(), parameters: parameters.to_owned(), ..Capability::default() };
        self.register(&capability, function)
    }

    /// Says who decides on calls of a capability that a rule asks for; none: they are denied.
    pub fn approve(&self, name: &str, decide: impl Fn(&Call<'_>) -> bool + Send + Sync + 'static) {
        self.served().approvals.insert(name.to_owned(), Arc::new(decide));
    }

    /// Takes a capability away. Calls that are open stay open.
    pub fn unregister(&self, name: &str) -> Result<()> {
        let mut served = self.served();
        check(|error| unsafe {
            sys::capsule_bridge_unregister(self.as_raw(), name.as_ptr().cast(), name.len(), error)
        })?;
        served.functions.remove(name);
        Ok(())
    }

    /// Serves calls, one after the other, until the bridge is closed. Several threads may do so.
    pub fn serve(&self) -> Result<()> {
        while self.serve_one(-1)? {}
        Ok(())
    }

    /// Serves the calls that wait, without waiting for others: for event loops with `fd()`. False once the bridge is closed.
    pub fn serve_waiting(&self) -> Result<bool> {
        loop {
            match self.serve_one(0) {
                Ok(true) => {}
                Err(error) if error.is_timeout() => return Ok(true),
                ended => return ended,
            }
        }
    }

    fn serve_one(&self, timeout: i64) -> Result<bool> {
        let call = match self.next_call(timeout)? {
            Some(call) => call,
            None => return Ok(false),
        };
        // What becomes of an answer that nobody waits for is counted by the library, and is no error here.
        match call.kind() {
            RequestKind::CALL => self.answer(&call),
            RequestKind::APPROVAL => self.decide(&call),
            _ => {}
        }
        Ok(true)
    }

    fn next_call(&self, timeout: i64) -> Result<Option<Call<'_>>> {
        let request =
            fill(|request, error| unsafe { sys::capsule_bridge_next_request(self.as_raw(), timeout, request, error) });
        match request {
            Ok(request) => Ok(Some(Call { bridge: self, request })),
            Err(error) if error.status() == Status::CLOSED => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes the next request, in place of `serve`, to be answered by `settle`, or by `permit`, at any time; waits for it. `None` once
    /// the bridge is closed.
    pub fn take_call(&self) -> Result<Option<Call<'_>>> {
        self.next_call(-1)
    }

    /// Answers a call that was taken.
    pub fn settle(&self, request_id: u64, answer: Answer) -> Result<()> {
        match answer {
            Ok(value) => self.respond(request_id, value.as_ref()),
            Err(reason) => self.fail(request_id, &reason),
        }
    }

    /// Lets a call that is asked for through, or denies it.
    pub fn permit(&self, request_id: u64, approved: bool) -> Result<()> {
        check(|error| unsafe { sys::capsule_bridge_approve(self.as_raw(), request_id, approved.into(), error) })
    }

    fn decide(&self, call: &Call<'_>) {
        let decide = self.served().approvals.get(call.capability()).cloned();
        let approved = decide.map_or(false, |decide| catch_unwind(AssertUnwindSafe(|| decide(call))).unwrap_or(false));
        let _ = self.permit(call.request_id(), approved);
    }

    fn answer(&self, call: &Call<'_>) {
        let function = self.served().functions.get(call.capability()).cloned();
        let answer = match function {
            // A function that panics is one that failed.
            Some(function) => {
                catch_unwind(AssertUnwindSafe(|| function(call))).unwrap_or_else(|_| Err(failure("panicked")))
            }
            None => Err(failure("is not served")),
        };
        // An answer that cannot be given, as JSON that is none, is told as a failure.
        if let Err(error) = self.settle(call.request_id(), answer) {
            let _ = self.fail(call.request_id(), &error.into());
        }
    }

    fn fail(&self, request_id: u64, reason: &PythonError) -> Result<()> {
        let (kind, message) = (view(&reason.type_name), view(&reason.message));
        check(|error| unsafe { sys::capsule_bridge_fail(self.as_raw(), request_id, kind, message, error) })
    }

    fn respond(&self, request_id: u64, value: Option<&Value>) -> Result<()> {
        let raw = value.map(Value::raw);
        let raw = raw.as_ref().map_or(std::ptr::null(), |raw| raw as *const _);
        check(|error| unsafe { sys::capsule_bridge_respond(self.as_raw(), request_id, raw, error) })
    }

    /// A descriptor that is readable while `serve_waiting` has something to do. It is the bridge's.
    pub fn fd(&self) -> Result<std::os::unix::io::RawFd> {
        let mut fd = -1;
        check(|error| unsafe { sys::capsule_bridge_get_fd(self.as_raw(), &mut fd, error) })?;
        Ok(fd)
    }

    /// Copies what the bridge has counted.
    pub fn metrics(&self) -> Result<BridgeMetrics> {
        told(BridgeMetrics::of, |raw, error| unsafe { sys::capsule_bridge_get_metrics(self.as_raw(), raw, error) })
    }

    /// The calls that are open, the oldest first: nothing of what they carry.
    pub fn pending(&self) -> Result<Vec<PendingCall>> {
        rows(PendingCall::of, |first, room, count, total, error| unsafe {
            sys::capsule_bridge_list_pending(self.as_raw(), first, room, count, total, error)
        })
    }

    /// Ends every open call: in Python `CancelledError`.
    pub fn cancel_all(&self) -> Result<()> {
        check(|error| unsafe { sys::capsule_bridge_cancel_all(self.as_raw(), error) })
    }

    /// Ends every open call, with ConnectionError in Python, and every `serve`.
    pub fn close(&self) -> Result<()> {
        check(|error| unsafe { sys::capsule_bridge_close(self.as_raw(), error) })
    }
}

fn failure(what: &str) -> PythonError {
    PythonError { type_name: String::new(), message: format!("the host's function {what}") }
}
