//! How do bytes get onto the disk so that a power cut cannot take them back?
//!
//! Write to a temporary name, fsync, rename, fsync the directory: afterwards the name holds
//! either nothing or all of the bytes. Linux only promises this in that order.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use record::{Digest, Hasher};

/// Spooled pages are patients' pages: nobody but the operator's account may read them.
const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;

pub fn make_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(path)?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_directory(parent),
        _ => Ok(()),
    }
}

pub fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Puts `bytes` at `path`, whole or not at all.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, |file| file.write_all(bytes))
}

/// Puts at `path` what `fill` writes, whole or not at all.
pub fn put<T>(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<T>) -> io::Result<T> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    let temporary = Path::new(&temporary);
    let filled = fill_and_sync(temporary, fill).inspect_err(|_| {
        // A half-written file on a full disk must not keep the disk full.
        let _ = fs::remove_file(temporary);
    })?;
    fs::rename(temporary, path)?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_directory(parent)?,
        _ => {}
    }
    Ok(filled)
}

fn fill_and_sync<T>(temporary: &Path, fill: impl FnOnce(&mut File) -> io::Result<T>) -> io::Result<T> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(temporary)?;
    let filled = fill(&mut file)?;
    file.sync_all()?;
    Ok(filled)
}

/// The digest and size of what a stream holds.
pub fn digest(from: &mut dyn Read) -> io::Result<(Digest, u64)> {
    copy_and_digest(from, &mut io::sink())
}

/// Copies to the end of the stream; the digest and size of what was copied.
pub fn copy_and_digest(from: &mut dyn Read, to: &mut dyn Write) -> io::Result<(Digest, u64)> {
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut size = 0;
    loop {
        let n = from.read(&mut buffer)?;
        if n == 0 {
            return Ok((hasher.finish(), size));
        }
        hasher.update(&buffer[..n]);
        to.write_all(&buffer[..n])?;
        size += n as u64;
    }
}
