//! Checkpoints as signed notes, byte for byte as C2SP defines them:
//! <https://c2sp.org/signed-note>, <https://c2sp.org/tlog-checkpoint>.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::digest::{Digest, Hasher};

const ED25519: u8 = 1;

pub use crate::log_key::LogKey;

/// One key of a log, in the form that C2SP calls vkey.
pub type Vkey = NoteKey<ED25519>;
pub type LogSigner = NoteSigner<ED25519>;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("is not a signed note: {0}")]
    Malformed(&'static str),
    #[error(
        "is no public key: one is a line like `name+<8 hex digits>+<base64>`, as `log.pub` has it, and a log's is of another \
         kind than a witness's"
    )]
    NoKey,
    #[error("carries no signature by `{0}` with this key; it may have had another: see what log/keys/ tells")]
    NotSigned(String),
    #[error(
        "is of {size} events, and signed with a key of the log that does not count there: it was changed at {changed}"
    )]
    OutOfTerm { size: u64, changed: u64 },
    #[error("carries a wrong signature by `{0}`")]
    BadSignature(String),
    #[error("is a checkpoint of `{found}`, not of `{expected}`")]
    OtherLog { expected: String, found: String },
}

/// What the log's head says: how many events there are, and the root over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    pub origin: String,
    pub size: u64,
    pub root: Digest,
}

impl Checkpoint {
    /// The note text that is signed.
    pub fn body(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root.as_bytes()))
    }

    fn parse(body: &str) -> Result<Self, NoteError> {
        let mut lines = body.split_terminator('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(NoteError::Malformed("a checkpoint has three lines"));
        };
        if origin.is_empty()
            || size.is_empty()
            || !size.bytes().all(|b| b.is_ascii_digit())
            || size.len() > 1 && size.starts_with('0')
        {
            return Err(NoteError::Malformed("a checkpoint names its origin and its size in decimal"));
        }
        let root: [u8; 32] = BASE64
            .decode(root)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(NoteError::Malformed("a checkpoint's root is 32 bytes in base64"))?;
        Ok(Self {
            origin: origin.to_owned(),
            size: size.parse().map_err(|_| NoteError::Malformed("a checkpoint's size fits 64 bits"))?,
            root: Digest::from_bytes(root),
        })
    }
}

/// Opens a signed checkpoint: the one way to get from text to a [`Checkpoint`].
pub fn open(note: &str, key: &LogKey) -> Result<Checkpoint, NoteError> {
    let (body, signatures) = split(note)?;
    let checkpoint = Checkpoint::parse(body)?;
    key.verify(body, signatures, checkpoint.size)?;
    if checkpoint.origin != key.name() {
        return Err(NoteError::OtherLog { expected: key.name().to_owned(), found: checkpoint.origin });
    }
    Ok(checkpoint)
}

/// The text with its final newline, and the signature lines after the blank one.
pub(crate) fn split(note: &str) -> Result<(&str, &str), NoteError> {
    if note.bytes().any(|b| b < 0x20 && b != b'\n') {
        return Err(NoteError::Malformed("control characters"));
    }
    let at = note.rfind("\n\n").ok_or(NoteError::Malformed("no blank line before the signatures"))?;
    let (body, signatures) = (&note[..=at], &note[at + 2..]);
    if signatures.is_empty() || !signatures.ends_with('\n') {
        return Err(NoteError::Malformed("no signature line, or the last one is cut off"));
    }
    Ok((body, signatures))
}

/// What a note says it is a checkpoint of; nothing vouches for that yet.
pub fn origin(note: &str) -> &str {
    note.lines().next().unwrap_or_default()
}

/// A public key in the form other people's verifiers read, `name+<8 hex digits>+<base64>`, of the kind of signature that C2SP
/// gives this number.
#[derive(Clone, PartialEq, Eq)]
pub struct NoteKey<const KIND: u8> {
    name: String,
    key: VerifyingKey,
}

impl<const KIND: u8> NoteKey<KIND> {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same 32 bytes, under whatever name.
    pub(crate) fn is_same_key(&self, other: &Self) -> bool {
        self.key == other.key
    }

    /// C2SP signed-note: the first four bytes of SHA-256 over name, newline, type and key.
    fn id(&self) -> [u8; 4] {
        let mut hasher = Hasher::new();
        hasher.update(self.name.as_bytes());
        hasher.update(b"\n");
        hasher.update(&[KIND]);
        hasher.update(self.key.as_bytes());
        let [a, b, c, d, ..] = *hasher.finish().as_bytes();
        [a, b, c, d]
    }

    /// What this key has put on its signature lines, without the key's id. Lines by other keys are passed over, as the format
    /// demands: witnesses add theirs.
    pub(crate) fn signed(&self, signatures: &str) -> Result<Vec<Vec<u8>>, NoteError> {
        let (id, mut found) = (self.id(), Vec::new());
        for line in signatures.split_terminator('\n') {
            let rest =
                line.strip_prefix("\u{2014} ").ok_or(NoteError::Malformed("a signature line starts with a dash"))?;
            let (name, encoded) = rest.split_once(' ').ok_or(NoteError::Malformed("a signature line names its key"))?;
            let bytes = BASE64.decode(encoded).map_err(|_| NoteError::Malformed("a signature is base64"))?;
            if name == self.name && bytes.get(..4) == Some(&id) {
                found.push(bytes[4..].to_vec());
            }
        }
        Ok(found)
    }

    pub(crate) fn check(&self, message: &[u8], signature: &[u8]) -> Result<(), NoteError> {
        let bad = || NoteError::BadSignature(self.name.clone());
        let signature = Signature::from_slice(signature).map_err(|_| bad())?;
        self.key.verify_strict(message, &signature).map_err(|_| bad())
    }
}

impl<const KIND: u8> fmt::Display for NoteKey<KIND> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut typed = vec![KIND];
        typed.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{}+{}", self.name, hex::encode(self.id()), BASE64.encode(typed))
    }
}

impl<const KIND: u8> fmt::Debug for NoteKey<KIND> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const KIND: u8> FromStr for NoteKey<KIND> {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        // Base64 may hold '+', names may not.
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::NoKey);
        };
        let typed = BASE64.decode(key).map_err(|_| NoteError::NoKey)?;
        let Some(Ok(bytes)) = typed.strip_prefix(&[KIND]).map(<[u8; 32]>::try_from) else {
            return Err(NoteError::NoKey);
        };
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| NoteError::NoKey)?;
        let parsed = Self { name: name.to_owned(), key };
        if name.is_empty() || hex::encode(parsed.id()) != id {
            return Err(NoteError::NoKey);
        }
        Ok(parsed)
    }
}

/// A private key: a log's, which only its sequencer holds, or a witness's.
pub struct NoteSigner<const KIND: u8> {
    name: String,
    key: SigningKey,
}

impl<const KIND: u8> NoteSigner<KIND> {
    /// `seed` is 32 random bytes, drawn by the caller; `name`, a log's origin, holds neither spaces nor `+`.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+') {
            return Err(NoteError::Malformed("a log's or witness's name has no spaces and no plus signs"));
        }
        Ok(Self { name: name.to_owned(), key: SigningKey::from_bytes(seed) })
    }

    pub fn public_key(&self) -> NoteKey<KIND> {
        NoteKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// A signature line over `message`, with `before` between the key's id and the signature.
    pub(crate) fn line(&self, before: &[u8], message: &[u8]) -> String {
        let signature = self.key.sign(message).to_bytes();
        let line = [self.public_key().id().as_slice(), before, &signature].concat();
        format!("\u{2014} {} {}\n", self.name, BASE64.encode(line))
    }
}

impl LogSigner {
    pub fn public(&self) -> LogKey {
        self.public_key().into()
    }

    pub fn sign(&self, size: u64, root: Digest) -> String {
        let body = Checkpoint { origin: self.name.clone(), size, root }.body();
        format!("{body}\n{}", self.line(&[], body.as_bytes()))
    }

    /// The same note with this key's line below the others.
    pub fn sign_too(&self, note: &str) -> Result<String, NoteError> {
        let (body, _) = split(note)?;
        Ok(format!("{note}{}", self.line(&[], body.as_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> LogSigner {
        LogSigner::from_seed("chartroom.example/log", &[7; 32]).expect("a good name")
    }

    #[test]
    fn signs_and_opens() {
        let (signer, root) = (signer(), Digest::of(b"root"));
        let note = signer.sign(3, root);
        let key: LogKey = signer.public().to_string().parse().expect("own spelling");
        assert_eq!(open(&note, &key), Ok(Checkpoint { origin: "chartroom.example/log".into(), size: 3, root }));
        // A witness's line is passed over.
        let witnessed = format!("{note}\u{2014} witness.example AAAAAAAA\n");
        assert!(open(&witnessed, &key).is_ok());
    }

    #[test]
    fn refuses_what_was_changed() {
        let (signer, root) = (signer(), Digest::of(b"root"));
        let (note, key) = (signer.sign(3, root), signer.public());
        assert_eq!(open(&note.replace("\n3\n", "\n4\n"), &key), Err(NoteError::BadSignature(key.name().to_owned())));
        assert!(open(&note[..note.len() - 1], &key).is_err());
        let other = LogSigner::from_seed("chartroom.example/log", &[8; 32]).expect("a good name").public();
        assert_eq!(open(&note, &other), Err(NoteError::NotSigned(key.name().to_owned())));
    }
}
