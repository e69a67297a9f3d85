//! SHA-256 digests: the name of every sealed byte string.

mod lanes;
mod readers;
mod short;
mod sum;

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256, Sha512};

pub use self::readers::of_readers;
pub use self::short::of_each;
pub use self::sum::{Sum, sums};

/// A SHA-256 digest, written `sha256:<64 hex digits>` wherever people or JSON see it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hex digits without the algorithm's name, as used in object keys.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    pub fn from_hex(text: &str) -> Result<Self, DigestError> {
        // One digest, one spelling: object keys and JCS bytes depend on it.
        if text.len() != 2 * size_of::<Self>() || text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(DigestError);
        }
        hex::decode_to_array(text).map(Self).map_err(|_| DigestError)
    }
}

/// A SHA-512 digest, where another format than ours asks for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest512([u8; 64]);

impl Digest512 {
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha512::digest(bytes).into())
    }

    /// 128 hex digits.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

/// Hashes bytes that arrive in pieces.
#[derive(Default)]
pub struct Hasher(Sha256);

impl Hasher {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// Likewise, for a [`Digest512`].
#[derive(Default)]
pub struct Hasher512(Sha512);

impl Hasher512 {
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub fn finish(self) -> Digest512 {
        Digest512(self.0.finalize().into())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a digest is `sha256:` and 64 lower-case hex digits")]
pub struct DigestError;

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        Self::from_hex(text.strip_prefix("sha256:").ok_or(DigestError)?)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hex = [0; 64];
        hex::encode_to_slice(self.0, &mut hex).map_err(|_| fmt::Error)?;
        f.write_str("sha256:")?;
        f.write_str(std::str::from_utf8(&hex).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answer_and_one_spelling() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        let hex = digest.hex();
        for other in
            [hex.to_uppercase(), format!("0x{hex}"), format!("0x{}", &hex[2..]), hex[1..].to_owned(), format!("{hex}0")]
        {
            assert_eq!(Digest::from_hex(&other), Err(DigestError), "{other}");
        }
        let mut hasher = Hasher::new();
        hasher.update(b"a");
        hasher.update(b"bc");
        assert_eq!(hasher.finish(), digest);
    }
}
