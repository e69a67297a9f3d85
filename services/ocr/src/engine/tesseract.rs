//! Which C calls are made, and why is each of them sound?
//!
//! Thin owners of Tesseract's handles over `leptess::capi`: what goes in is checked here, what comes
//! out is copied here, and no pointer leaves this file. leptess's own types reach neither the
//! deadline nor the word iterator.
//!
//! Source of the contracts: `tesseract/capi.h`, `baseapi.h` and `resultiterator.h` of Tesseract 5.

use std::ffi::{CStr, CString, c_int};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use leptess::capi;
use record::limits;

use super::{EngineError, FoundWord, SIDE_PIXELS_MAX};

const WORD: capi::TessPageIteratorLevel = capi::TessPageIteratorLevel_RIL_WORD;

/// Reads automatically found blocks, without looking for the orientation.
pub(super) const MODE_AUTO: capi::TessPageSegMode = capi::TessPageSegMode_PSM_AUTO;
/// One block of text, line under line.
pub(super) const MODE_BLOCK: capi::TessPageSegMode = capi::TessPageSegMode_PSM_SINGLE_BLOCK;
/// Text anywhere, without order.
pub(super) const MODE_SPARSE: capi::TessPageSegMode = capi::TessPageSegMode_PSM_SPARSE_TEXT;

/// Version of the linked library, as in `5.3.0`.
pub(super) fn version() -> String {
    // SAFETY: TessVersion returns a static, NUL-terminated string and has no preconditions.
    let text = unsafe { CStr::from_ptr(capi::TessVersion()) };
    text.to_string_lossy().into_owned()
}

/// Names of the models in the folder `data`, or in Tesseract's default one, sorted.
pub(super) fn installed(data: Option<&CStr>) -> Vec<String> {
    // SAFETY: no preconditions; null is checked.
    let Some(api) = NonNull::new(unsafe { capi::TessBaseAPICreate() }) else { return Vec::new() };
    let handle = Handle { api };
    handle.set(c"debug_file", c"/dev/null");
    let data = data.map_or(ptr::null(), CStr::as_ptr);
    // It looks for its folder only when it is asked to load something; nothing is called so.
    // SAFETY: the handle is live; `data` is null or, like the name, NUL-terminated and outlives the call.
    unsafe { capi::TessBaseAPIInit3(handle.api.as_ptr(), data, c"none".as_ptr()) };
    // SAFETY: the handle is live; the call allocates an array of strings that ends with a null, or returns null.
    let names = unsafe { capi::TessBaseAPIGetAvailableLanguagesAsVector(handle.api.as_ptr()) };
    if names.is_null() {
        return Vec::new();
    }
    // SAFETY: `add` stays within the array, which ends with a null.
    let strings = (0..).map(|at| unsafe { *names.add(at) }).take_while(|name| !name.is_null());
    // SAFETY: each string is NUL-terminated and copied here.
    let copies = strings.map(|name| unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()).collect();
    // SAFETY: allocated by the call above, which says to free it so; freed once, after the last use.
    unsafe { capi::TessDeleteTextArray(names) };
    copies
}

/// One initialised TessBaseAPI.
pub(super) struct Handle {
    api: NonNull<capi::TessBaseAPI>,
}

impl Handle {
    /// `data` of `None` is Tesseract's own default folder.
    pub(super) fn new(data: Option<&CStr>, model: &CStr, mode: capi::TessPageSegMode) -> Option<Self> {
        // SAFETY: no preconditions; null is checked.
        let api = NonNull::new(unsafe { capi::TessBaseAPICreate() })?;
        let handle = Self { api };
        let data = data.map_or(ptr::null(), CStr::as_ptr);
        // Tesseract writes warnings to stderr, some with pieces of the text. Once for the messages of
        // loading, and again because loading puts the variables back to their defaults.
        handle.set(c"debug_file", c"/dev/null");
        // SAFETY: the handle is live; `data` is null or, like `model`, a NUL-terminated string that
        // outlives the call. Tesseract copies both.
        let refused = unsafe { capi::TessBaseAPIInit3(handle.api.as_ptr(), data, model.as_ptr()) } != 0;
        if refused {
            return None;
        }
        handle.set(c"debug_file", c"/dev/null");
        // Whether letters have one width is asked for the old recognizer alone; the text is the same without.
        handle.set(c"textord_all_prop", c"1");
        handle.segment(mode);
        Some(handle)
    }

    /// `mode` is one of this file's constants.
    pub(super) fn segment(&self, mode: capi::TessPageSegMode) {
        // SAFETY: the handle is live and `mode` is a constant of the same header.
        unsafe { capi::TessBaseAPISetPageSegMode(self.api.as_ptr(), mode) };
    }

    fn set(&self, name: &CStr, value: &CStr) {
        // SAFETY: the handle is live, both strings are NUL-terminated and copied by the call.
        unsafe { capi::TessBaseAPISetVariable(self.api.as_ptr(), name.as_ptr(), value.as_ptr()) };
    }

    /// The folder the model was found in.
    pub(super) fn data_path(&self) -> Option<CString> {
        // SAFETY: the handle is live; the string belongs to it and is copied before anything changes it.
        let text = unsafe { capi::TessBaseAPIGetDatapath(self.api.as_ptr()) };
        // SAFETY: not null, NUL-terminated by std::string::c_str.
        (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_owned())
    }

    /// Shows Tesseract 8-bit gray pixels, rows without padding. It copies them.
    pub(super) fn show(&mut self, pixels: &[u8], width: u32, height: u32, dpi: u32) -> Result<(), EngineError> {
        let size = u64::from(width) * u64::from(height);
        let sides = 1..=SIDE_PIXELS_MAX;
        if !sides.contains(&width) || !sides.contains(&height) || pixels.len() as u64 != size {
            return Err(EngineError::Size { width, height });
        }
        if is_bilevel(pixels) {
            self.show_bits(&packed(pixels, width as usize), width, height);
        } else {
            let (width, height) = (width as c_int, height as c_int);
            // SAFETY: the handle is live; `pixels` holds exactly height rows of width bytes (checked above,
            // both fit in 15 bits), 1 byte per pixel; the call copies them into a Pix of its own.
            unsafe { capi::TessBaseAPISetImage(self.api.as_ptr(), pixels.as_ptr(), width, height, 1, width) };
        }
        // SAFETY: the handle is live and has an image.
        unsafe { capi::TessBaseAPISetSourceResolution(self.api.as_ptr(), dpi as c_int) };
        Ok(())
    }

    /// Where there is no gray, Tesseract needs no threshold: it takes rows of whole bytes, the first pixel highest, 1 for white.
    fn show_bits(&mut self, rows: &[u8], width: u32, height: u32) {
        let per_row = width.div_ceil(8);
        assert_eq!(rows.len() as u64, u64::from(per_row) * u64::from(height), "rows of whole bytes");
        let (width, height, per_row) = (width as c_int, height as c_int, per_row as c_int);
        // SAFETY: the handle is live; `rows` holds exactly height rows of so many bytes (checked above), and 0 bytes
        // per pixel says that they are bits; the call copies them into a Pix of its own.
        unsafe { capi::TessBaseAPISetImage(self.api.as_ptr(), rows.as_ptr(), width, height, 0, per_row) };
    }

    /// Recognizes what was shown; false where Tesseract gave up or the deadline passed.
    pub(super) fn recognize(&mut self, milliseconds: u32) -> bool {
        let Some(monitor) = Monitor::new(milliseconds) else { return false };
        // SAFETY: handle and monitor are live for the whole call. Without an image it returns an error.
        unsafe { capi::TessBaseAPIRecognize(self.api.as_ptr(), monitor.0.as_ptr()) == 0 }
    }

    /// The words of the last recognition, in reading order.
    pub(super) fn words(&self) -> Vec<FoundWord> {
        let mut words = Vec::new();
        let Some(mut iterator) = Words::new(self) else { return words };
        loop {
            words.extend(iterator.word());
            if words.len() >= limits::PAGE_WORDS_MAX || !iterator.next() {
                return words;
            }
        }
    }

    /// Forgets the image and the words, not the model.
    pub(super) fn clear(&mut self) {
        // SAFETY: the handle is live, and no iterator over it is: they borrow the handle.
        unsafe { capi::TessBaseAPIClear(self.api.as_ptr()) };
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: made by TessBaseAPICreate, deleted once, iterators borrow it and are gone.
        unsafe { capi::TessBaseAPIDelete(self.api.as_ptr()) };
    }
}

fn is_bilevel(pixels: &[u8]) -> bool {
    pixels.iter().all(|&pixel| pixel == 0 || pixel == 255)
}

/// Eight pixels to a byte, each row from a byte of its own on.
fn packed(pixels: &[u8], width: usize) -> Vec<u8> {
    let byte = |eight: &[u8]| eight.iter().zip(0..).fold(0, |byte, (&pixel, at)| byte | (pixel & 0x80) >> at);
    pixels.chunks(width).flat_map(|row| row.chunks(8).map(byte)).collect()
}

/// Carries the deadline into a recognition. It is looked at about once per text line.
struct Monitor(NonNull<capi::ETEXT_DESC>);

impl Monitor {
    fn new(milliseconds: u32) -> Option<Self> {
        // SAFETY: no preconditions; null is checked.
        let monitor = Self(NonNull::new(unsafe { capi::TessMonitorCreate() })?);
        let milliseconds = c_int::try_from(milliseconds).unwrap_or(c_int::MAX);
        // SAFETY: the monitor is live.
        unsafe { capi::TessMonitorSetDeadlineMSecs(monitor.0.as_ptr(), milliseconds) };
        Some(monitor)
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        // SAFETY: made by TessMonitorCreate and deleted once.
        unsafe { capi::TessMonitorDelete(self.0.as_ptr()) };
    }
}

/// Walks over the words of a recognition; borrows the handle whose results it walks over.
struct Words<'a> {
    iterator: NonNull<capi::TessResultIterator>,
    handle: PhantomData<&'a Handle>,
}

impl<'a> Words<'a> {
    fn new(handle: &'a Handle) -> Option<Self> {
        // SAFETY: the handle is live; without results the call returns null.
        let iterator = NonNull::new(unsafe { capi::TessBaseAPIGetIterator(handle.api.as_ptr()) })?;
        Some(Self { iterator, handle: PhantomData })
    }

    fn next(&mut self) -> bool {
        // SAFETY: the iterator is live.
        unsafe { capi::TessResultIteratorNext(self.iterator.as_ptr(), WORD) != 0 }
    }

    /// The word it stands on; `None` for a picture, a rule or blank text.
    fn word(&self) -> Option<FoundWord> {
        let text = self.text()?;
        let (left, top, right, bottom) = self.bounds()?;
        // SAFETY: the iterator is live and stands on a word.
        let confidence = unsafe { capi::TessResultIteratorConfidence(self.iterator.as_ptr(), WORD) };
        Some(FoundWord {
            text,
            left,
            top,
            right,
            bottom,
            confidence: confidence.clamp(0.0, 100.0),
            starts_block: self.starts(capi::TessPageIteratorLevel_RIL_BLOCK),
            starts_line: self.starts(capi::TessPageIteratorLevel_RIL_TEXTLINE),
            cell: None,
        })
    }

    fn text(&self) -> Option<String> {
        // SAFETY: the iterator is live; at a place without text the call returns null.
        let raw = unsafe { capi::TessResultIteratorGetUTF8Text(self.iterator.as_ptr(), WORD) };
        if raw.is_null() {
            return None;
        }
        // SAFETY: not null and NUL-terminated; it is copied before it is freed.
        let text = unsafe { CStr::from_ptr(raw) }.to_string_lossy().into_owned();
        // SAFETY: `raw` was allocated by the call above, which says to free it so; freed once.
        unsafe { capi::TessDeleteText(raw) };
        Some(text)
    }

    fn bounds(&self) -> Option<(u32, u32, u32, u32)> {
        let (mut left, mut top, mut right, mut bottom) = (0, 0, 0, 0);
        // SAFETY: the page iterator is a view of the live result iterator; the pointers are to locals.
        let found = unsafe {
            let page = capi::TessResultIteratorGetPageIteratorConst(self.iterator.as_ptr());
            capi::TessPageIteratorBoundingBox(page, WORD, &mut left, &mut top, &mut right, &mut bottom)
        };
        let side = |value: c_int| u32::try_from(value).ok();
        let bounds = (side(left)?, side(top)?, side(right)?, side(bottom)?);
        (found != 0 && bounds.0 < bounds.2 && bounds.1 < bounds.3).then_some(bounds)
    }

    fn starts(&self, level: capi::TessPageIteratorLevel) -> bool {
        // SAFETY: the page iterator is a view of the live result iterator.
        unsafe {
            let page = capi::TessResultIteratorGetPageIteratorConst(self.iterator.as_ptr());
            capi::TessPageIteratorIsAtBeginningOf(page, level) != 0
        }
    }
}

impl Drop for Words<'_> {
    fn drop(&mut self) {
        // SAFETY: made by TessBaseAPIGetIterator and deleted once.
        unsafe { capi::TessResultIteratorDelete(self.iterator.as_ptr()) };
    }
}
