//! Runs Python in supervised worker processes: sessions whose names persist, whose output streams, whose input can be answered, and
//! which can be cancelled, timed out, killed and restarted without harm to the program.
//!
//! ```no_run
//! let runtime = capsule::Runtime::new()?;
//! let session = runtime.open(&Default::default())?;
//! for event in &session.execute("print('hello')\n6 * 7", &Default::default())? {
//!     let event = event?;
//!     print!("{}", event.data());
//! }
//! # Ok::<(), capsule::Error>(())
//! ```
//!
//! A method does what the C function of that name does; the comments of the C headers hold here. Every owner is `Send` and `Sync`:
//! any method may be called from any thread, also while others wait in the same object. Dropping an owner gives its handle back, in
//! any order; only the runtime's waits for the processes to end. So functions that the library or a bridge calls have to be `Send` and
//! `Sync` too:
//!
//! ```compile_fail,E0277
//! let seen = std::rc::Rc::new(std::cell::Cell::new(0));
//! capsule::set_log_function(capsule::LogLevel::INFO, move |_, _| seen.set(seen.get() + 1));
//! ```

mod audit;
mod bridge;
mod checkpoint;
mod convert;
mod diagnostics;
mod error;
mod event;
mod execution;
mod exporter;
#[rustfmt::skip]
#[allow(clippy::all, rustdoc::all, unused_variables)]
mod generated;
mod interceptor;
mod introspection;
mod log;
mod owner;
mod pool;
mod profile;
mod promise;
mod runtime;
mod session;
mod snapshot;
mod stack;
mod stream;
mod trace;
mod value;

/// The C interface, for what it can do and this crate does not: every owner has `as_raw()`.
pub use capsule_sys as sys;

pub use audit::verify_audit;
pub use bridge::{Answer, Bridge, Call, PythonError};
pub use checkpoint::Checkpoint;
pub use diagnostics::message_name;
pub use error::{Error, Result};
pub use event::{Event, Part, RunResult};
pub use execution::{Events, Execution, Taken};
pub use exporter::Exporter;
pub use generated::*;
pub use interceptor::{Frame, Interceptor, InterceptorInfo, InterceptorOptions};
pub use log::{log_info, set_log_function, set_log_sink};
pub use pool::{Acquisition, Pool};
pub use profile::Profile;
pub use promise::{Promise, PromiseStore, PromiseWish};
pub use runtime::{version, Runtime};
pub use session::Session;
pub use snapshot::Snapshot;
pub use stack::{StackTrace, ThreadStack};
pub use stream::{EventStream, RunFuture, SettledStream};
pub use trace::{Postmortem, TraceEvents, TraceReader};
pub use value::{Buffer, Value, ValueRef};
