//! Memory that was freed is used again. The C library gives each thread a heap of its own, and much of what is freed back to the kernel: read by
//! two dozen threads that come and go, nearly every file would be read into memory that the kernel has to clear first.

/// Of the 200 MB that a run may take.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT_BYTES: libc::c_int = 64 << 20;

/// For the whole process, before it has threads.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn keep() {
    const WHOLE_FILES: libc::c_int = 8 << 20;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let heaps = libc::c_int::try_from(cores).unwrap_or(libc::c_int::MAX);
    for (what, value) in
        [(libc::M_ARENA_MAX, heaps), (libc::M_TRIM_THRESHOLD, KEPT_BYTES), (libc::M_MMAP_THRESHOLD, WHOLE_FILES)]
    {
        // SAFETY: takes two numbers. Where it refuses them, memory is as it was.
        unsafe { libc::mallopt(what, value) };
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep() {}
