//! The checksums that others seal with. What they sealed with old ones is read here; nothing of ours is.

use std::fmt;
use std::io::{self, Read};

use sha2::digest::DynDigest;

/// Read at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// A kind of checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sum {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Sum {
    const ALL: [Self; 6] = [Self::Md5, Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    /// By its name in lower case, without a hyphen.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sum| sum.to_string() == name)
    }

    /// A checksum of this kind, from its hex digits in any case.
    pub fn parse(self, hex: &str) -> Option<Vec<u8>> {
        let mut bytes = vec![0; self.hasher().output_size()];
        // The decoder alone would take a 0x before them.
        let decoded = hex.len() == 2 * bytes.len() && hex::decode_to_slice(hex, &mut bytes).is_ok();
        decoded.then_some(bytes)
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

/// Checksums of these kinds over what is read once, and its length.
///
/// # Errors
/// What reading gives.
pub fn sums(mut reader: impl Read, kinds: &[Sum]) -> io::Result<(Vec<Vec<u8>>, u64)> {
    let (mut chunk, mut length) = (vec![0; CHUNK_BYTES], 0);
    let mut hashers: Vec<_> = kinds.iter().map(|sum| sum.hasher()).collect();
    loop {
        let read = match reader.read(&mut chunk) {
            Ok(0) => return Ok((hashers.into_iter().map(|hasher| hasher.finalize().into_vec()).collect(), length)),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hashers.iter_mut().for_each(|hasher| hasher.update(&chunk[..read]));
        length += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4 and RFC 1321 give these of "abc".
    #[test]
    fn each_kind_has_its_known_answer() {
        let known = [
            (Sum::Md5, "900150983cd24fb0d6963f7d28e17f72"),
            (Sum::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (Sum::Sha224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
            (Sum::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ];
        let (found, length) = sums(b"abc".as_slice(), &known.map(|(sum, _)| sum)).expect("read");
        for ((sum, hex), found) in known.into_iter().zip(found) {
            assert_eq!((sum.parse(hex), Sum::named(&sum.to_string())), (Some(found.clone()), Some(sum)));
            assert_eq!(sum.parse(&hex.to_uppercase()), Some(found));
            assert_eq!((sum.parse(&hex[2..]), sum.parse(&format!("0x{}", &hex[2..]))), (None, None));
        }
        assert_eq!((length, Sum::named("SHA-256")), (3, None));
    }
}
