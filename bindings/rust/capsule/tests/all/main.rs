//! What users of the crate rely on. Most needs no Python: the echo executor's language is in `worker/executor/echo.hpp`.

mod common;
mod conformance;
mod expectations;
mod inspect;
mod interceptor;
mod log;
mod misuse;
mod promise;
mod python;
mod readme;
mod robustness;
mod scenario;
mod services;
mod stack;
