//! The checksums that bags are made with. What others seal with old ones is read here; nothing of ours is.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use sha2::digest::DynDigest;

/// Read at a time.
const CHUNK_BYTES: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Sum {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Sum {
    const ALL: [Self; 6] = [Self::Md5, Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sum| sum.to_string() == name)
    }

    /// In bytes.
    pub const fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    fn hasher(self) -> Box<dyn DynDigest> {
        match self {
            Self::Md5 => Box::<md5::Md5>::default(),
            Self::Sha1 => Box::<sha1::Sha1>::default(),
            Self::Sha224 => Box::<sha2::Sha224>::default(),
            Self::Sha256 => Box::<sha2::Sha256>::default(),
            Self::Sha384 => Box::<sha2::Sha384>::default(),
            Self::Sha512 => Box::<sha2::Sha512>::default(),
        }
    }
}

impl fmt::Display for Sum {
    /// As in the name of a manifest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        })
    }
}

/// All of these of one file, which is read once, and its size.
pub(super) fn of_file(path: &Path, sums: &[Sum]) -> io::Result<(Vec<Vec<u8>>, u64)> {
    let (mut file, mut chunk, mut size) = (File::open(path)?, vec![0; CHUNK_BYTES], 0);
    let mut hashers: Vec<_> = sums.iter().map(|sum| sum.hasher()).collect();
    loop {
        let read = match file.read(&mut chunk) {
            Ok(0) => return Ok((hashers.into_iter().map(|hasher| hasher.finalize().into_vec()).collect(), size)),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hashers.iter_mut().for_each(|hasher| hasher.update(&chunk[..read]));
        size += read as u64;
    }
}
