//! libsane's C interface, by hand: the twelve functions we need, as in the SANE standard 1.06
//! (<https://sane-project.gitlab.io/standard/>). The only `unsafe` of this crate is here, in
//! [`super::device`] and in [`super::options`], which keep the pointers' promises.

use std::ffi::{c_char, c_int, c_void};

use libloading::Library;

/// A SANE word is 32 bits everywhere, booleans included.
pub type Word = i32;
pub type RawHandle = *mut c_void;

pub const STATUS_GOOD: c_int = 0;
pub const STATUS_EOF: c_int = 5;
pub const STATUS_JAMMED: c_int = 6;
pub const STATUS_NO_DOCS: c_int = 7;
pub const STATUS_COVER_OPEN: c_int = 8;

pub const ACTION_GET: c_int = 0;
pub const ACTION_SET: c_int = 1;

pub const TYPE_BOOL: c_int = 0;
pub const TYPE_INT: c_int = 1;
pub const TYPE_FIXED: c_int = 2;
pub const TYPE_STRING: c_int = 3;

pub const TYPE_BUTTON: c_int = 4;

pub const UNITS: [&str; 7] = ["", "pixels", "bits", "mm", "dpi", "%", "µs"];

pub const CONSTRAINT_RANGE: c_int = 1;
pub const CONSTRAINT_WORDS: c_int = 2;
pub const CONSTRAINT_STRINGS: c_int = 3;

pub const CAP_SOFT_SELECT: Word = 1;
pub const CAP_INACTIVE: Word = 32;

pub const FRAME_GRAY: c_int = 0;
pub const FRAME_RGB: c_int = 1;

#[repr(C)]
pub struct RawDevice {
    pub name: *const c_char,
    pub vendor: *const c_char,
    pub model: *const c_char,
    pub kind: *const c_char,
}

#[repr(C)]
pub struct RawOption {
    pub name: *const c_char,
    pub title: *const c_char,
    pub description: *const c_char,
    pub value_type: c_int,
    pub unit: c_int,
    /// Bytes of the value.
    pub size: Word,
    pub capabilities: Word,
    pub constraint_type: c_int,
    pub constraint: *const c_void,
}

#[repr(C)]
pub struct RawRange {
    pub min: Word,
    pub max: Word,
    pub quant: Word,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct RawParameters {
    pub format: c_int,
    pub last_frame: Word,
    pub bytes_per_line: Word,
    pub pixels_per_line: Word,
    /// -1 where the device does not know beforehand.
    pub lines: Word,
    pub depth: Word,
}

macro_rules! functions {
    ($($name:ident: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// The loaded library's functions. They stay valid as long as the library is in here.
        pub struct Functions {
            $(pub $name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
            _library: Library,
        }

        impl Functions {
            /// Loads `libsane.so.1`.
            ///
            /// # Errors
            /// Where the library is missing or is not SANE.
            pub fn load() -> Result<Self, libloading::Error> {
                // SAFETY: libsane's initializers have no preconditions; the symbols have the
                // types that the SANE standard gives them.
                unsafe {
                    let library = Library::new("libsane.so.1")?;
                    $(let $name = *library.get::<unsafe extern "C" fn($($argument),*) $(-> $result)?>(
                        concat!(stringify!($name), "\0").as_bytes(),
                    )?;)*
                    Ok(Self { $($name,)* _library: library })
                }
            }
        }
    };
}

functions! {
    sane_init: fn(*mut Word, *const c_void) -> c_int;
    sane_exit: fn();
    sane_get_devices: fn(*mut *const *const RawDevice, Word) -> c_int;
    sane_open: fn(*const c_char, *mut RawHandle) -> c_int;
    sane_close: fn(RawHandle);
    sane_get_option_descriptor: fn(RawHandle, Word) -> *const RawOption;
    sane_control_option: fn(RawHandle, Word, c_int, *mut c_void, *mut Word) -> c_int;
    sane_get_parameters: fn(RawHandle, *mut RawParameters) -> c_int;
    sane_start: fn(RawHandle) -> c_int;
    sane_read: fn(RawHandle, *mut u8, Word, *mut Word) -> c_int;
    sane_cancel: fn(RawHandle);
    sane_strstatus: fn(c_int) -> *const c_char;
}
