//! How does the memory of a page go back to the system?
//!
//! The C library keeps freed blocks, up to 32 MiB each, in an arena for every thread: two dozen pages' worth for a batch in colour.
//! With a threshold of its own (mallopt(3)) blocks of a page's size are mapped alone and unmapped when they are freed.

const BLOCK_BYTES_MIN: i32 = 1 << 20;

/// The same for a child, in its environment.
pub const GIVE_BACK: (&str, &str) = ("MALLOC_MMAP_THRESHOLD_", "1048576");

/// For this process; to be called before there are threads.
pub fn give_back() {
    // SAFETY: it sets one number of the allocator and has no preconditions; where it is refused, all stays as it was.
    unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, BLOCK_BYTES_MIN) };
}

#[cfg(test)]
mod tests {
    #[test]
    fn children_and_parents_give_back_the_same() {
        assert_eq!(super::GIVE_BACK.1, super::BLOCK_BYTES_MIN.to_string());
    }
}
