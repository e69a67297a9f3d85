//! How much memory does a program take, and those that it started?

use std::fs;
use std::path::Path;

/// With its children, at this moment.
pub fn all_kb(process: u32) -> u64 {
    resident_kb(process) + children(process).into_iter().map(resident_kb).sum::<u64>()
}

/// `Pss` of `/proc/PID/smaps_rollup` (proc(5)); nothing for a process that has just ended.
pub fn resident_kb(process: u32) -> u64 {
    kb(&format!("/proc/{process}/smaps_rollup"), "Pss:")
}

/// `RssAnon` of this process (proc(5)): what it allocated, without the files that it has mapped.
pub fn heap_kb() -> u64 {
    kb("/proc/self/status", "RssAnon:")
}

fn kb(file: &str, name: &str) -> u64 {
    let told = fs::read_to_string(file).unwrap_or_default();
    let line = told.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

fn children(process: u32) -> Vec<u32> {
    let threads =
        fs::read_dir(Path::new("/proc").join(process.to_string()).join("task")).into_iter().flatten().flatten();
    let of_thread = |thread: fs::DirEntry| fs::read_to_string(thread.path().join("children")).unwrap_or_default();
    threads
        .map(of_thread)
        .flat_map(|ids| ids.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<u32>>())
        .collect()
}
