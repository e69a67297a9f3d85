//! How does the image of a text line come to Tesseract's recognizer? As it lies in memory.
//!
//! Tesseract up to 5.3 packs each line as PNG with `pixWriteMem` and unpacks it again at once (`ImageData` in its
//! `imagedata.cpp`), which is one part in fourteen of the time that a page takes. A function of a program comes before
//! that of the same name in a library (System V ABI, chapter 5), and Leptonica knows what it unpacks by its first bytes:
//! here its own serialized form, a copy of the pixels. The text stays the same to the letter.

use std::ffi::c_int;

use leptess::capi;

/// As Leptonica's, whatever the format asked for.
///
/// # Safety
/// As Leptonica's: `data` and `size` are to be written to, `pix` is a live image or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pixWriteMem(
    data: *mut *mut u8,
    size: *mut usize,
    pix: *mut capi::PIX,
    _format: c_int,
) -> c_int {
    // SAFETY: the caller's promise is the same one.
    unsafe { capi::pixWriteMemSpix(data, size, pix) }
}
