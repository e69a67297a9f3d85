//! Does the next sheet still fit on the disk?

use std::path::Path;

use record::limits;
use rustix::fs::statvfs;

use super::SpoolError;

/// Too little room on the spool's disk for what comes next.
#[derive(Debug, thiserror::Error)]
#[error(
    "only {megabytes} MB are free on the spool's disk, and {} MB are kept in reserve so that no page is lost. Every page \
     so far is safe; free some space and go on",
    limits::SPOOL_RESERVE_BYTES / 1_000_000
)]
pub struct NearlyFull {
    megabytes: u64,
}

/// Room for the next sheet, or for so many bytes more; asked before each: a page that did not fit would be lost.
pub fn has_room(folder: &Path, more: u64) -> Result<(), SpoolError> {
    let disk = statvfs(folder).map_err(|error| SpoolError::at(folder)(error.into()))?;
    let left = disk.f_bavail.saturating_mul(disk.f_frsize);
    if left >= limits::SPOOL_RESERVE_BYTES + more {
        Ok(())
    } else {
        Err(SpoolError::NearlyFull(NearlyFull { megabytes: left / 1_000_000 }))
    }
}

/// Why there is no room for another sheet, if there is none.
pub fn no_room(folder: &Path) -> Option<String> {
    match has_room(folder, 0) {
        Ok(()) => None,
        Err(SpoolError::NearlyFull(full)) => Some(full.to_string()),
        Err(error) => Some(format!("failed to {error}")),
    }
}
