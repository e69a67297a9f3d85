//! A disk for tests that takes less than it is given. Loaded before the C library (`LD_PRELOAD`), it stands in the way of what a program
//! writes to regular files; what it says and what it sends goes by.
//!
//! `SMALL_DISK=0`: of each write it takes half, so that a program which does not look at how much was taken loses something. `SMALL_DISK=7`:
//! of the seventh write it takes half, and from then on the disk is full. `SMALL_DISK_WHILE=FILE`: it is full while there is such a file. It
//! says on standard error that it has begun.
//!
//! strace can make a call fail, and cannot make it do less.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Once, OnceLock};

/// A part of a scattered write, as POSIX has it (`struct iovec`).
#[repr(C)]
pub struct Part {
    base: *const c_void,
    len: usize,
}

type Write = unsafe extern "C" fn(c_int, *const c_void, usize) -> isize;
type WriteAt = unsafe extern "C" fn(c_int, *const c_void, usize, i64) -> isize;
type WriteParts = unsafe extern "C" fn(c_int, *const Part, c_int) -> isize;

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    fn __errno_location() -> *mut c_int;
}

/// The next library that has the name.
const NEXT: *mut c_void = -1_isize as *mut c_void;
const ENOSPC: c_int = 28;
const WORDS: &[u8] = b"small-disk: less was taken than was given\n";

static WRITES: AtomicU64 = AtomicU64::new(0);

/// Which write is the first that is not taken whole; 0 where none is.
fn first() -> Option<u64> {
    static FIRST: OnceLock<Option<u64>> = OnceLock::new();
    *FIRST.get_or_init(|| std::env::var("SMALL_DISK").ok()?.parse().ok())
}

/// Whether it is full for now.
fn is_full_for_now() -> bool {
    static WHILE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let file = WHILE.get_or_init(|| std::env::var_os("SMALL_DISK_WHILE").map(PathBuf::from));
    file.as_ref().is_some_and(|file| file.exists())
}

/// How much of this write is taken; nothing where the disk is full.
fn room(file: c_int, len: usize) -> Option<usize> {
    if len == 0 || file <= 2 || !is_regular(file) {
        return Some(len);
    }
    if is_full_for_now() {
        static SAID: Once = Once::new();
        SAID.call_once(say);
        return None;
    }
    let Some(first) = first() else { return Some(len) };
    let half = len.div_ceil(2);
    let number = WRITES.fetch_add(1, Ordering::Relaxed) + 1;
    if number == first.max(1) {
        say();
    }
    match first {
        0 => Some(half),
        _ if number < first => Some(len),
        _ if number == first => Some(half),
        _ => None,
    }
}

fn is_regular(file: c_int) -> bool {
    // SAFETY: the file is only asked what it is, and not closed here.
    let file = ManuallyDrop::new(unsafe { File::from_raw_fd(file) });
    file.metadata().is_ok_and(|about| about.is_file())
}

fn say() {
    // SAFETY: a slice with its own length.
    let _ = unsafe { real_write()(2, WORDS.as_ptr().cast(), WORDS.len()) };
}

fn full() -> isize {
    // SAFETY: the C library's own place for this thread's error.
    unsafe { *__errno_location() = ENOSPC };
    -1
}

fn next(name: &CStr) -> *mut c_void {
    // SAFETY: a name that ends with a zero.
    let found = unsafe { dlsym(NEXT, name.as_ptr()) };
    if found.is_null() {
        let _ = io::Error::last_os_error();
        std::process::abort();
    }
    found
}

fn real_write() -> Write {
    static REAL: OnceLock<Write> = OnceLock::new();
    // SAFETY: the C library's function of this name has this type.
    *REAL.get_or_init(|| unsafe { std::mem::transmute::<*mut c_void, Write>(next(c"write")) })
}

fn real_write_at() -> WriteAt {
    static REAL: OnceLock<WriteAt> = OnceLock::new();
    // SAFETY: the C library's function of this name has this type.
    *REAL.get_or_init(|| unsafe { std::mem::transmute::<*mut c_void, WriteAt>(next(c"pwrite64")) })
}

fn real_write_parts() -> WriteParts {
    static REAL: OnceLock<WriteParts> = OnceLock::new();
    // SAFETY: the C library's function of this name has this type.
    *REAL.get_or_init(|| unsafe { std::mem::transmute::<*mut c_void, WriteParts>(next(c"writev")) })
}

/// # Safety
/// As of write(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(file: c_int, bytes: *const c_void, len: usize) -> isize {
    // SAFETY: no more than the caller has promised.
    room(file, len).map_or_else(full, |len| unsafe { real_write()(file, bytes, len) })
}

/// # Safety
/// As of pwrite(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite64(file: c_int, bytes: *const c_void, len: usize, at: i64) -> isize {
    // SAFETY: no more than the caller has promised.
    room(file, len).map_or_else(full, |len| unsafe { real_write_at()(file, bytes, len, at) })
}

/// # Safety
/// As of pwrite(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite(file: c_int, bytes: *const c_void, len: usize, at: i64) -> isize {
    // SAFETY: as the caller has promised.
    unsafe { pwrite64(file, bytes, len, at) }
}

/// Of several parts the first alone is taken, and half of it.
///
/// # Safety
/// As of writev(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn writev(file: c_int, parts: *const Part, count: c_int) -> isize {
    // SAFETY: so many parts are there by the caller's promise.
    let given = unsafe { std::slice::from_raw_parts(parts, usize::try_from(count).unwrap_or(0)) };
    let whole = given.iter().map(|part| part.len).sum();
    match (room(file, whole), given.iter().find(|part| part.len > 0)) {
        (None, _) => full(),
        (Some(len), Some(part)) if len < whole => {
            // SAFETY: no more than the first part has.
            unsafe { real_write()(file, part.base, part.len.div_ceil(2)) }
        }
        // SAFETY: just what the caller has promised.
        _ => unsafe { real_write_parts()(file, parts, count) },
    }
}
