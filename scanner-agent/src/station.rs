//! What this station brings along: clock, random ids, its name, its folders, its environment.
//! The only place that asks the machine.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use record::{BatchId, DocumentId, PageId, Timestamp};
use uuid::Uuid;

pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

pub fn fresh_batch() -> BatchId {
    BatchId::from_uuid(Uuid::now_v7())
}

pub fn fresh_document() -> DocumentId {
    DocumentId::from_uuid(Uuid::now_v7())
}

pub fn fresh_page() -> PageId {
    PageId::from_uuid(Uuid::now_v7())
}

/// 244 random bits from the system, for what only one start of the program may know.
pub fn fresh_key() -> String {
    [Uuid::new_v4(), Uuid::new_v4()].map(|half| half.simple().to_string()).concat()
}

/// A number from 0 to 1, for spreading retries. Not for secrets.
pub fn jitter() -> f64 {
    f64::from(u32::from_be_bytes([0, 1, 2, 3].map(|at| Uuid::new_v4().as_bytes()[at]))) / f64::from(u32::MAX)
}

/// The name under which the archive knows this station.
pub fn name() -> String {
    let read = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = read.trim().chars().take(record::limits::NAME_CHARS_MAX).collect();
    if name.is_empty() { "station".into() } else { name }
}

/// `$XDG_STATE_HOME/chartroom`, else `~/.local/state/chartroom`.
pub fn default_spool() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = folder("XDG_STATE_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("chartroom/spool"))
}

/// This very program, to be started again as a child.
pub fn own_program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

/// What a SANE driver needs to find its configuration and libraries; nothing else goes along.
pub fn sane_environment() -> Vec<(String, String)> {
    std::env::vars()
        .filter(|(name, _)| name.starts_with("SANE_") || ["LD_LIBRARY_PATH", "HOME", "PATH"].contains(&name.as_str()))
        .collect()
}
