//! A scanner for tests: a SANE backend that the real libsane loads as it loads a driver.
//!
//! Copied to `libsane-feeder.so.1` in a folder of `LD_LIBRARY_PATH`, with `feeder` in `dll.conf` and the pages in
//! `SANE_FEEDER_DIR` ([`feeder`] says how they lie there), it is the device `feeder:paper`. Symbols are called `sane_feeder_*`
//! because libsane's dll backend looks them up by the name in `dll.conf`.

mod abi;
mod feeder;

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::PathBuf;
use std::ptr;

use abi::*;
use feeder::{Fault, Feeder, Read};

static PAPER: Table<Device> = Table(Device {
    name: c"paper".as_ptr(),
    vendor: c"Chartroom".as_ptr(),
    model: c"Paper feeder for tests".as_ptr(),
    kind: c"sheetfed scanner".as_ptr(),
});
static ONE_DEVICE: Table<[*const Device; 2]> = Table([&raw const PAPER.0, ptr::null()]);
static NO_DEVICE: Table<[*const Device; 1]> = Table([ptr::null()]);
const SOURCE_NAMES: [&CStr; 2] = [c"ADF Front", c"ADF Duplex"];
static SOURCES: Table<[*const c_char; 3]> = Table([SOURCE_NAMES[0].as_ptr(), SOURCE_NAMES[1].as_ptr(), ptr::null()]);
static RESOLUTIONS: Range = Range { min: 75, max: 600, quant: 1 };

const fn option(
    name: &'static CStr,
    title: &'static CStr,
    value_type: c_int,
    size: Word,
    capabilities: Word,
) -> OptionDescriptor {
    OptionDescriptor {
        name: name.as_ptr(),
        title: title.as_ptr(),
        description: title.as_ptr(),
        value_type,
        unit: UNIT_NONE,
        size,
        capabilities,
        constraint_type: CONSTRAINT_NONE,
        constraint: ptr::null(),
    }
}

static OPTIONS: Table<[OptionDescriptor; 4]> = Table([
    option(c"", c"Number of options", TYPE_INT, 4, CAP_SOFT_DETECT),
    OptionDescriptor {
        constraint_type: CONSTRAINT_STRINGS,
        constraint: (&raw const SOURCES.0).cast(),
        ..option(c"source", c"Where the paper lies", TYPE_STRING, 16, CAP_SOFT_SELECT | CAP_SOFT_DETECT)
    },
    OptionDescriptor {
        unit: UNIT_DPI,
        constraint_type: CONSTRAINT_RANGE,
        constraint: (&raw const RESOLUTIONS).cast(),
        ..option(c"resolution", c"Dots per inch", TYPE_INT, 4, CAP_SOFT_SELECT | CAP_SOFT_DETECT)
    },
    option(c"double-feed", c"Double feed was sensed", TYPE_BOOL, 4, CAP_SOFT_DETECT),
]);

/// An open device.
struct Session {
    feeder: Feeder,
    source: usize,
    resolution: Word,
}

fn folder() -> PathBuf {
    std::env::var_os("SANE_FEEDER_DIR").map_or_else(|| ".".into(), PathBuf::from)
}

const fn status(fault: Fault) -> Status {
    match fault {
        Fault::Jam | Fault::DoubleFeed => JAMMED,
        Fault::CoverOpen => COVER_OPEN,
        Fault::Empty => NO_DOCS,
        Fault::EarlyEnd => EOF,
        Fault::IoError | Fault::Vanish | Fault::Abort | Fault::Hang => IO_ERROR,
    }
}

/// # Safety
/// By the standard `version` is null or a place for a word.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sane_feeder_init(version: *mut Word, _authorize: *const c_void) -> Status {
    if !version.is_null() {
        // SAFETY: not null, and a place for a word by the caller's promise. Major 1, minor 0, build 0.
        unsafe { *version = 1 << 24 };
    }
    GOOD
}

#[unsafe(no_mangle)]
pub extern "C" fn sane_feeder_exit() {}

/// # Safety
/// By the standard `list` is a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sane_feeder_get_devices(list: *mut *const *const Device, _local: Word) -> Status {
    let devices = if Feeder::open(&folder()).is_some() { ONE_DEVICE.0.as_ptr() } else { NO_DEVICE.0.as_ptr() };
    // SAFETY: a place for a pointer by the caller's promise.
    unsafe { *list = devices };
    GOOD
}

/// # Safety
/// By the standard `handle` is a place for a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sane_feeder_open(_name: *const c_char, handle: *mut Handle) -> Status {
    let Some(feeder) = Feeder::open(&folder()) else { return INVAL };
    let session = Box::new(Session { feeder, source: 0, resolution: 300 });
    // SAFETY: a place for a handle by the caller's promise.
    unsafe { *handle = Box::into_raw(session).cast() };
    GOOD
}

/// # Safety
/// `handle` is one of [`sane_feeder_open`], and not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sane_feeder_close(handle: Handle) {
    // SAFETY: made by `Box::into_raw` above.
    drop(unsafe { Box::from_raw(handle.cast::<Session>()) });
}

/// # Safety
/// `handle` is open and nobody else uses it, as the standard demands of every function below.
unsafe fn session<'a>(handle: Handle) -> &'a mut Session {
    // SAFETY: by the caller's promise.
    unsafe { &mut *handle.cast::<Session>() }
}

#[unsafe(no_mangle)]
pub extern "C" fn sane_feeder_get_option_descriptor(_handle: Handle, index: Word) -> *const OptionDescriptor {
    usize::try_from(index).ok().and_then(|index| OPTIONS.0.get(index)).map_or(ptr::null(), ptr::from_ref)
}

/// # Safety
/// See [`session`]; `value` has the size that the option's descriptor says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sane_feeder_control_option(
    handle: Handle,
    index: Word,
    action: c_int,
    value: *mut c_void,
    info: *mut Word,
) -> Status {
    // SAFETY: the caller's promises are passed on; every access below is within the descriptor's size.
    unsafe {
        let session = session(handle);
        if !info.is_null() {
            *info = 0;
        }
        let word = value.cast::<Word>();
        match (index, action) {
            (0, ACTION_GET) => *word = OPTIONS.0.len() as Word,
            (1, ACTION_GET) => {
                let name = SOURCE_NAMES[session.source].to_bytes_with_nul();
                ptr::copy_nonoverlapping(name.as_ptr(), value.cast(), name.len());
            }
            (1, ACTION_SET) => {
                let wanted = CStr::from_ptr(value.cast());
                let Some(source) = SOURCE_NAMES.iter().position(|name| *name == wanted) else { return INVAL };
                session.source = source;
            }
            (2, ACTION_GET) => *word = session.resolution,
            (2, ACTION_SET) => session.resolution = *word,
            (3, ACTION_GET) => *word = Word::from(session.feeder.double_feed),
            _ => return INVAL,
        }
    }
    GOOD
}

/// # Safety
/// See [`session`]; `parameters` is a place for them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sane_feeder_get_parameters(handle: Handle, parameters: *mut Parameters) -> Status {
    // SAFETY: by the caller's promises.
    let (session, parameters) = unsafe { (session(handle), &mut *parameters) };
    let Some(page) = &session.feeder.page else { return INVAL };
    let bytes_per_line = page.width * if page.colour { 3 } else { 1 };
    let format = c_int::from(page.colour);
    *parameters =
        Parameters { format, last_frame: 1, bytes_per_line, pixels_per_line: page.width, lines: page.height, depth: 8 };
    GOOD
}

/// # Safety
/// See [`session`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sane_feeder_start(handle: Handle) -> Status {
    // SAFETY: by the caller's promise.
    match unsafe { session(handle) }.feeder.start() {
        Ok(()) => GOOD,
        Err(fault) => status(fault),
    }
}

/// # Safety
/// See [`session`]; `buffer` has room for `most` bytes and `length` is a place for their number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sane_feeder_read(handle: Handle, buffer: *mut u8, most: Word, length: *mut Word) -> Status {
    // SAFETY: by the caller's promises; no more than `most` bytes are copied.
    unsafe {
        *length = 0;
        match session(handle).feeder.read(usize::try_from(most).unwrap_or(0)) {
            Read::Bytes(bytes) => {
                ptr::copy_nonoverlapping(bytes.as_ptr(), buffer, bytes.len());
                *length = bytes.len() as Word;
                GOOD
            }
            Read::End => EOF,
            Read::Fault(fault) => status(fault),
        }
    }
}

/// # Safety
/// See [`session`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sane_feeder_cancel(handle: Handle) {
    // SAFETY: by the caller's promise.
    unsafe { session(handle) }.feeder.page = None;
}

#[unsafe(no_mangle)]
pub extern "C" fn sane_feeder_set_io_mode(_handle: Handle, non_blocking: Word) -> Status {
    if non_blocking == 0 { GOOD } else { UNSUPPORTED }
}

#[unsafe(no_mangle)]
pub extern "C" fn sane_feeder_get_select_fd(_handle: Handle, _descriptor: *mut c_int) -> Status {
    UNSUPPORTED
}
