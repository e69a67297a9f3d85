//! Who may write?
//!
//! One at a time, by flock(2). A child process that another thread starts has the lock for the moment until it becomes another
//! program, even if the file was closed meanwhile: so it is asked for a few times.

use std::fs::File;
use std::io;
use std::thread::sleep;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

const TRIES: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(5);

/// Locks a file until it is closed, however that comes about.
///
/// # Errors
/// Somebody else has it.
pub fn take(file: &File) -> io::Result<()> {
    for _ in 1..TRIES {
        if flock(file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            return Ok(());
        }
        sleep(BETWEEN);
    }
    Ok(flock(file, FlockOperation::NonBlockingLockExclusive)?)
}
