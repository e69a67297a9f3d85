//! A SANE device without pointers: list, open, set options by name, start, read.

use std::ffi::{CStr, CString, c_char, c_int, c_void};

use super::ffi::{self, Functions, RawHandle, RawOption, RawParameters, Word};
use super::frames::DeviceFacts;
use crate::fault::Fault;

/// A SANE status other than "good".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text} (SANE status {code})")]
pub struct Status {
    pub code: c_int,
    text: String,
}

impl Status {
    pub fn is_feeder_empty(&self) -> bool {
        self.code == ffi::STATUS_NO_DOCS
    }

    /// What it says of the sheet, as far as a status can.
    pub fn fault(&self) -> Fault {
        match self.code {
            ffi::STATUS_JAMMED => Fault::Jam,
            ffi::STATUS_COVER_OPEN => Fault::CoverOpen,
            _ => Fault::Other,
        }
    }

    pub fn is_end_of_page(&self) -> bool {
        self.code == ffi::STATUS_EOF
    }
}

#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    #[error("load libsane.so.1: {0}; install the package libsane1")]
    NoLibrary(libloading::Error),
    #[error("{what}: {status}")]
    Status { what: String, status: Status },
    #[error("set option `{name}`: {reason}")]
    Option { name: String, reason: String },
}

pub struct Sane {
    functions: Functions,
}

impl Sane {
    pub fn start() -> Result<Self, DeviceError> {
        let functions = Functions::load().map_err(DeviceError::NoLibrary)?;
        let sane = Self { functions };
        // SAFETY: both pointers may be null by the standard.
        let code = unsafe { (sane.functions.sane_init)(std::ptr::null_mut(), std::ptr::null()) };
        sane.check(code).map_err(|status| DeviceError::Status { what: "start SANE".into(), status })?;
        Ok(sane)
    }

    fn check(&self, code: c_int) -> Result<(), Status> {
        if code == ffi::STATUS_GOOD {
            return Ok(());
        }
        // SAFETY: libsane returns a static string for every number.
        let text = unsafe { text((self.functions.sane_strstatus)(code)) };
        Err(Status { code, text })
    }

    pub fn devices(&self) -> Result<Vec<DeviceFacts>, DeviceError> {
        let mut list = std::ptr::null();
        // SAFETY: `list` is a valid place for the pointer; the list stays until the next call.
        let code = unsafe { (self.functions.sane_get_devices)(&mut list, 0) };
        self.check(code).map_err(|status| DeviceError::Status { what: "list the devices".into(), status })?;
        let mut devices = Vec::new();
        // SAFETY: the list ends with a null pointer, and each device's strings are C strings.
        unsafe {
            while !list.is_null() && !(*list).is_null() {
                let device = &**list;
                let (name, kind) = (text(device.name), text(device.kind));
                devices.push(DeviceFacts { name, vendor: text(device.vendor), model: text(device.model), kind });
                list = list.add(1);
            }
        }
        Ok(devices)
    }

    pub fn open(&self, name: &str) -> Result<Device<'_>, DeviceError> {
        let what = || format!("open device `{name}`");
        let no_name = || DeviceError::Option { name: "device".into(), reason: "its name holds a NUL".into() };
        let c_name = CString::new(name).map_err(|_| no_name())?;
        let mut handle = std::ptr::null_mut();
        // SAFETY: a C string and a valid place for the handle.
        let code = unsafe { (self.functions.sane_open)(c_name.as_ptr(), &mut handle) };
        self.check(code).map_err(|status| DeviceError::Status { what: what(), status })?;
        Ok(Device { sane: self, handle })
    }
}

impl Drop for Sane {
    fn drop(&mut self) {
        // SAFETY: devices borrow `self`, so all are closed by now.
        unsafe { (self.functions.sane_exit)() }
    }
}

pub struct Device<'a> {
    sane: &'a Sane,
    handle: RawHandle,
}

/// What kind of value an option takes, and where it stands.
struct Slot {
    index: Word,
    value_type: c_int,
    size: usize,
    active: bool,
    settable: bool,
}

impl Device<'_> {
    /// Looked up anew each time: setting one option may change the others.
    fn slot(&self, name: &str) -> Option<Slot> {
        // Option 0 is the number of options; this bound only guards against a driver without end.
        (1..4096).map_while(|index| self.describe(index).map(|option| (index, option))).find_map(|(index, option)| {
            // SAFETY: names are C strings or null.
            let found = unsafe { text(option.name) } == name;
            found.then(|| Slot {
                index,
                value_type: option.value_type,
                size: usize::try_from(option.size).unwrap_or(0),
                active: option.capabilities & ffi::CAP_INACTIVE == 0,
                settable: option.capabilities & ffi::CAP_SOFT_SELECT != 0,
            })
        })
    }

    pub(super) fn describe(&self, index: Word) -> Option<&RawOption> {
        // SAFETY: the descriptor is null behind the last option and else lives until the device closes.
        unsafe { (self.sane.functions.sane_get_option_descriptor)(self.handle, index).as_ref() }
    }

    /// Sets an option by name; numbers may carry a unit, as in `300dpi`.
    pub fn set(&self, name: &str, value: &str) -> Result<(), DeviceError> {
        let refuse = |reason: &str| DeviceError::Option { name: name.to_owned(), reason: reason.to_owned() };
        let slot = self
            .slot(name)
            .ok_or_else(|| refuse("the device has no such option: `scanner-agent probe` lists those it has"))?;
        if !slot.active || !slot.settable {
            return Err(refuse("the device does not let it be set with these other options"));
        }
        let mut bytes = encode(&slot, value).map_err(|reason| refuse(&reason))?;
        self.control(&slot, ffi::ACTION_SET, &mut bytes)
            .map_err(|status| DeviceError::Status { what: format!("set option `{name}`"), status })
    }

    /// The value as text, as the device really has it now; `None` where it has no such option.
    pub fn get(&self, name: &str) -> Option<String> {
        let slot = self.slot(name).filter(|slot| slot.active)?;
        let mut bytes = vec![0; slot.size.max(size_of::<Word>()) + 1];
        self.control(&slot, ffi::ACTION_GET, &mut bytes).ok()?;
        let word = Word::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        match slot.value_type {
            ffi::TYPE_BOOL => Some((word != 0).to_string()),
            ffi::TYPE_INT => Some(word.to_string()),
            ffi::TYPE_FIXED => Some((f64::from(word) / FIXED_ONE).to_string()),
            ffi::TYPE_STRING => CStr::from_bytes_until_nul(&bytes).ok()?.to_str().ok().map(str::to_owned),
            _ => None,
        }
    }

    fn control(&self, slot: &Slot, action: c_int, bytes: &mut [u8]) -> Result<(), Status> {
        debug_assert!(bytes.len() >= slot.size);
        let mut info = 0;
        let value = bytes.as_mut_ptr().cast::<c_void>();
        // SAFETY: `bytes` has at least the size the descriptor names, aligned for words because
        // every allocation of a `Vec` this large is; drivers copy bytewise in any case.
        let code =
            unsafe { (self.sane.functions.sane_control_option)(self.handle, slot.index, action, value, &mut info) };
        self.sane.check(code)
    }

    pub fn start(&self) -> Result<(), Status> {
        // SAFETY: the handle is open.
        self.sane.check(unsafe { (self.sane.functions.sane_start)(self.handle) })
    }

    pub fn parameters(&self) -> Result<RawParameters, Status> {
        let mut parameters = RawParameters::default();
        // SAFETY: the handle is open and the place valid.
        self.sane.check(unsafe { (self.sane.functions.sane_get_parameters)(self.handle, &mut parameters) })?;
        Ok(parameters)
    }

    /// Bytes read, possibly none yet; the end of a page and every fault are a [`Status`].
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize, Status> {
        let most = Word::try_from(buffer.len()).unwrap_or(Word::MAX);
        let mut got = 0;
        // SAFETY: the driver writes at most `most` bytes.
        let code = unsafe { (self.sane.functions.sane_read)(self.handle, buffer.as_mut_ptr(), most, &mut got) };
        self.sane.check(code)?;
        Ok(usize::try_from(got).unwrap_or(0).min(buffer.len()))
    }

    /// Ends a batch; not for use between the pages of a feeder.
    pub fn cancel(&self) {
        // SAFETY: the handle is open.
        unsafe { (self.sane.functions.sane_cancel)(self.handle) }
    }
}

impl Drop for Device<'_> {
    fn drop(&mut self) {
        // SAFETY: opened by us, closed once.
        unsafe { (self.sane.functions.sane_close)(self.handle) }
    }
}

/// SANE's fixed-point numbers have 16 bits behind the point.
pub(super) const FIXED_ONE: f64 = 65_536.0;

fn encode(slot: &Slot, value: &str) -> Result<Vec<u8>, String> {
    let word = |word: Word| -> Result<Vec<u8>, String> {
        if slot.size == size_of::<Word>() {
            Ok(word.to_ne_bytes().to_vec())
        } else {
            Err("it takes a list of numbers, which is not supported".into())
        }
    };
    let number = || {
        let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
        digits.trim().parse::<f64>().map_err(|_| "it takes a number".to_owned())
    };
    match slot.value_type {
        ffi::TYPE_BOOL => match value {
            "yes" | "true" | "on" | "1" => word(1),
            "no" | "false" | "off" | "0" => word(0),
            _ => Err("it takes yes or no".into()),
        },
        ffi::TYPE_INT => word(number()?.round() as Word),
        ffi::TYPE_FIXED => word((number()? * FIXED_ONE).round() as Word),
        ffi::TYPE_STRING if value.len() < slot.size => {
            let mut bytes = value.as_bytes().to_vec();
            bytes.resize(slot.size, 0);
            Ok(bytes)
        }
        ffi::TYPE_STRING => Err(format!("it takes at most {} bytes", slot.size.saturating_sub(1))),
        _ => Err("it is a button or a heading".into()),
    }
}

/// # Safety
/// `pointer` is null or a C string.
pub(super) unsafe fn text(pointer: *const c_char) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: not null, and a C string by the caller's promise.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}
