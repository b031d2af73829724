//! The C interface of libcapsule as its headers declare it; made from `abi/api.json`. The crate `capsule` is safe to use.
#![allow(non_camel_case_types)]

#[rustfmt::skip]
#[allow(clippy::all, rustdoc::all)]
mod generated;

pub use generated::*;
