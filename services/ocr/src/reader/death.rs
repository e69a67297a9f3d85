//! Why did a reader die, and was it the page that killed it?
//!
//! A page can crash its reader or starve it of memory. What it cannot do is send the signals by which people and service
//! managers end a process: whoever did that, the page is to be read again, and it was not at fault.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use record::event::UnreadableReason;
use rustix::process::Signal;

/// How those say it that ask for memory and get none: Rust, C++ and Leptonica.
const STARVED: [&str; 3] = ["memory allocation of", "std::bad_alloc", "alloc fail"];
const FROM_OUTSIDE: [Signal; 4] = [Signal::KILL, Signal::TERM, Signal::INT, Signal::HUP];

/// `by_kernel`: the out-of-memory killer, which sends a 9 and leaves no word, was at work meanwhile.
pub(super) fn classify(status: ExitStatus, last_words: &[u8], by_kernel: bool) -> UnreadableReason {
    let said = String::from_utf8_lossy(last_words);
    let is = |signal: &Signal| status.signal() == Some(signal.as_raw());
    if STARVED.iter().any(|mark| said.contains(mark)) || (by_kernel && is(&Signal::KILL)) {
        UnreadableReason::OutOfMemory
    } else if FROM_OUTSIDE.iter().any(is) {
        UnreadableReason::Lost
    } else {
        UnreadableReason::Crashed
    }
}

/// How many processes the kernel has killed for want of memory: `oom_kill` of `/proc/vmstat`, of the whole machine and of
/// every control group. Where it is not told, none.
pub(super) fn kernel_kills() -> u64 {
    let told = std::fs::read_to_string("/proc/vmstat").unwrap_or_default();
    let count = told.lines().find_map(|line| line.strip_prefix("oom_kill "));
    count.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deaths_are_told_apart() {
        let of = |signal, said: &str| classify(ExitStatus::from_raw(signal), said.as_bytes(), false);
        assert_eq!(of(11, ""), UnreadableReason::Crashed);
        assert_eq!(of(6, "thread overflowed its stack"), UnreadableReason::Crashed);
        assert_eq!(of(6, "memory allocation of 9 bytes failed"), UnreadableReason::OutOfMemory);
        assert_eq!(of(6, "an instance of 'std::bad_alloc'"), UnreadableReason::OutOfMemory);
        assert_eq!(of(11, "Error in pixCreateNoInit: pixdata_malloc fail"), UnreadableReason::OutOfMemory);
        assert_eq!(of(9, ""), UnreadableReason::Lost);
        assert_eq!(of(15, ""), UnreadableReason::Lost);
        assert_eq!(classify(ExitStatus::from_raw(9), b"", true), UnreadableReason::OutOfMemory);
        assert_eq!(classify(ExitStatus::from_raw(11), b"", true), UnreadableReason::Crashed);
    }
}
