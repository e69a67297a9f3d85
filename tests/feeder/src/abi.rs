//! The types of the SANE standard 1.06 that a backend shows.

use std::ffi::{c_char, c_int, c_void};

pub type Word = i32;
pub type Status = c_int;
pub type Handle = *mut c_void;

pub const GOOD: Status = 0;
pub const UNSUPPORTED: Status = 1;
pub const INVAL: Status = 4;
pub const EOF: Status = 5;
pub const JAMMED: Status = 6;
pub const NO_DOCS: Status = 7;
pub const COVER_OPEN: Status = 8;
pub const IO_ERROR: Status = 9;

pub const TYPE_BOOL: c_int = 0;
pub const TYPE_INT: c_int = 1;
pub const TYPE_STRING: c_int = 3;
pub const UNIT_NONE: c_int = 0;
pub const UNIT_DPI: c_int = 4;
pub const CAP_SOFT_SELECT: Word = 1;
pub const CAP_SOFT_DETECT: Word = 4;
pub const CONSTRAINT_NONE: c_int = 0;
pub const CONSTRAINT_RANGE: c_int = 1;
pub const CONSTRAINT_STRINGS: c_int = 3;
pub const ACTION_GET: c_int = 0;
pub const ACTION_SET: c_int = 1;

#[repr(C)]
pub struct Device {
    pub name: *const c_char,
    pub vendor: *const c_char,
    pub model: *const c_char,
    pub kind: *const c_char,
}

#[repr(C)]
pub struct OptionDescriptor {
    pub name: *const c_char,
    pub title: *const c_char,
    pub description: *const c_char,
    pub value_type: c_int,
    pub unit: c_int,
    pub size: Word,
    pub capabilities: Word,
    pub constraint_type: c_int,
    pub constraint: *const c_void,
}

#[repr(C)]
pub struct Range {
    pub min: Word,
    pub max: Word,
    pub quant: Word,
}

#[repr(C)]
pub struct Parameters {
    pub format: c_int,
    pub last_frame: Word,
    pub bytes_per_line: Word,
    pub pixels_per_line: Word,
    pub lines: Word,
    pub depth: Word,
}

/// A table that never changes: its pointers lead to constants.
#[repr(transparent)]
pub struct Table<T>(pub T);

// SAFETY: nothing behind the pointers of a table is ever written to.
unsafe impl<T> Sync for Table<T> {}
