//! What is lent to the library and what it lends, as Rust sees it.

use super::sys;
use std::any::Any;
use std::ffi::CStr;
use std::os::raw::c_char;

/// A struct of C with every field zero. All of ours may be so.
pub(crate) fn zeroed<T: Copy>() -> T {
    // SAFETY: only used for structs of capsule-sys: integers, doubles, nullable pointers and arrays of these.
    unsafe { std::mem::zeroed() }
}

pub(crate) fn size_of_u32<T>() -> u32 {
    std::mem::size_of::<T>() as u32
}

/// Holds the structs that other structs point at, until the call has returned.
#[derive(Default)]
pub(crate) struct Kept(Vec<Box<dyn Any>>);

impl Kept {
    pub(crate) fn list<T: 'static>(&mut self, items: Vec<T>) -> (*const T, usize) {
        let found = (items.as_ptr(), items.len());
        self.0.push(Box::new(items));
        found
    }

    pub(crate) fn one<T: 'static>(&mut self, item: T) -> *const T {
        self.list(vec![item]).0
    }
}

pub(crate) fn view(text: &str) -> sys::capsule_text {
    sys::capsule_text { data: text.as_ptr().cast(), size: text.len() }
}

pub(crate) fn view_bytes(bytes: &[u8]) -> sys::capsule_text {
    sys::capsule_text { data: bytes.as_ptr().cast(), size: bytes.len() }
}

/// The same of an option: empty, it is not given.
pub(crate) fn given_bytes(bytes: &[u8]) -> sys::capsule_text {
    if bytes.is_empty() {
        return zeroed();
    }
    view_bytes(bytes)
}

/// The text must be there as long as the result is used.
pub(crate) unsafe fn bytes_of(text: &sys::capsule_text) -> &[u8] {
    slice(text.data.cast(), text.size)
}

/// The library promises UTF-8; what is none would read as empty.
pub(crate) unsafe fn text_of(text: &sys::capsule_text) -> &str {
    std::str::from_utf8(bytes_of(text)).unwrap_or_default()
}

pub(crate) unsafe fn optional_text_of(text: &sys::capsule_text) -> Option<&str> {
    (!text.data.is_null()).then(|| text_of(text))
}

pub(crate) unsafe fn string(text: sys::capsule_text) -> String {
    String::from_utf8_lossy(bytes_of(&text)).into_owned()
}

// For records to come: those that there are have no such text.
#[allow(dead_code)]
pub(crate) unsafe fn optional_string(text: sys::capsule_text) -> Option<String> {
    (!text.data.is_null()).then(|| string(text))
}

/// A text in an array of C, which ends with a NUL.
pub(crate) fn inline_string(text: &[c_char]) -> String {
    let bytes: Vec<u8> = text.iter().take_while(|one| **one != 0).map(|one| *one as u8).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(crate) fn static_text(text: *const c_char) -> &'static str {
    // SAFETY: the library's names and sentences are static, and end with a NUL.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap_or_default()
}

/// An array of C; NULL where it is empty.
pub(crate) unsafe fn slice<'a, T>(first: *const T, count: usize) -> &'a [T] {
    if count == 0 || first.is_null() {
        return &[];
    }
    std::slice::from_raw_parts(first, count)
}

pub(crate) unsafe fn list<T, R>(first: *const R, count: usize, convert: unsafe fn(&R) -> T) -> Vec<T> {
    slice(first, count).iter().map(|one| convert(one)).collect()
}
