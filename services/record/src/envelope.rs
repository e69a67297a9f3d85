//! What a capture station signs: a batch's manifest, in a DSSE envelope
//! (<https://github.com/secure-systems-lab/dsse>, version 1.0.2), with an Ed25519 key that never leaves the station.
//!
//! Nobody at the archive can invent a capture without that key, and public tools check the envelope.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::digest::{Digest, Hasher};
use crate::id::{BatchId, DocumentId};
use crate::manifest::Refused;

/// The media type of an envelope, and of what is in ours.
pub const MEDIA_TYPE: &str = "application/vnd.dsse.envelope.v1+json";
pub const CAPTURE_TYPE: &str = "application/vnd.chartroom.capture.v1+json";

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    #[error("is no envelope of a capture: {0}")]
    Malformed(&'static str),
    #[error("is signed by none of the stations that are enrolled")]
    Stranger,
    #[error("carries a wrong signature by `{0}`")]
    BadSignature(String),
}

/// What one batch is, by the station's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    pub batch: BatchId,
    /// Pages that were captured, sheets included.
    pub captured: u32,
    pub documents: Vec<CapturedDocument>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapturedDocument {
    pub document: DocumentId,
    /// The pages' images, in their order.
    pub pages: Vec<Digest>,
}

/// One digest for these pages in this order.
pub fn fingerprint<'a>(pages: impl IntoIterator<Item = &'a Digest>) -> Digest {
    let mut hasher = Hasher::new();
    pages.into_iter().for_each(|page| hasher.update(page.as_bytes()));
    hasher.finish()
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Envelope {
    pub payload_type: String,
    pub payload: String,
    pub signatures: Vec<EnvelopeSignature>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvelopeSignature {
    pub keyid: String,
    pub sig: String,
}

/// `PAE(type, body)` of the protocol: what is signed.
fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

impl Envelope {
    /// The capture, once the signature of one of these stations is found to be right.
    pub fn open<'a>(&self, stations: &'a [StationKey]) -> Result<(Capture, &'a StationKey), EnvelopeError> {
        if self.payload_type != CAPTURE_TYPE {
            return Err(EnvelopeError::Malformed("its type is another"));
        }
        let payload = BASE64.decode(&self.payload).map_err(|_| EnvelopeError::Malformed("its payload is no base64"))?;
        let signed = pre_authentication(&self.payload_type, &payload);
        let by = |key: &&StationKey| self.signatures.iter().any(|signature| signature.keyid == key.id());
        let station = stations.iter().find(by).ok_or(EnvelopeError::Stranger)?;
        let signature = self.signatures.iter().find(|signature| signature.keyid == station.id());
        let bytes = signature.and_then(|signature| BASE64.decode(&signature.sig).ok()).unwrap_or_default();
        let right = Signature::from_slice(&bytes).is_ok_and(|sig| station.key.verify_strict(&signed, &sig).is_ok());
        if !right {
            return Err(EnvelopeError::BadSignature(station.name.clone()));
        }
        let capture = canonical::from_bytes(&payload);
        Ok((capture.map_err(|_| EnvelopeError::Malformed("its payload is no capture"))?, station))
    }
}

/// The public key of a station: `name+<base64>`, a line in the archive's list of stations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StationKey {
    name: String,
    key: VerifyingKey,
}

impl StationKey {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of the key's 32 bytes.
    pub fn digest(&self) -> Digest {
        Digest::of(self.key.as_bytes())
    }

    /// That digest in hex, as `sha256sum` gives it.
    pub fn id(&self) -> String {
        self.digest().hex()
    }

    /// A list of keys, one a line; blank lines and those that begin with `#` are passed over.
    pub fn list(text: &str) -> Result<Vec<Self>, EnvelopeError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(str::parse).collect()
    }
}

impl fmt::Display for StationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.name, BASE64.encode(self.key.as_bytes()))
    }
}

impl FromStr for StationKey {
    type Err = EnvelopeError;

    fn from_str(text: &str) -> Result<Self, EnvelopeError> {
        let malformed = EnvelopeError::Malformed("a station's key is `name+<base64 of 32 bytes>`");
        // Base64 may hold '+', names may not.
        let (name, key) = text.trim().split_once('+').ok_or_else(|| malformed.clone())?;
        let bytes = BASE64.decode(key).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let key = bytes.and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok()).ok_or_else(|| malformed.clone())?;
        if name.is_empty() { Err(malformed) } else { Ok(Self { name: name.to_owned(), key }) }
    }
}

/// The private key of a station. Only that station holds it.
pub struct StationSigner {
    name: String,
    key: SigningKey,
}

impl StationSigner {
    /// `seed` is 32 random bytes, drawn by the caller. What a name may not hold is left out of it.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Self {
        let name: String = name.chars().filter(|c| !c.is_whitespace() && !c.is_control() && *c != '+').collect();
        let name = if name.is_empty() { "station".into() } else { name };
        Self { name, key: SigningKey::from_bytes(seed) }
    }

    pub fn public(&self) -> StationKey {
        StationKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    pub fn sign(&self, capture: &Capture) -> Result<Envelope, CanonicalError> {
        let payload = canonical::to_bytes(capture)?;
        let sig = self.key.sign(&pre_authentication(CAPTURE_TYPE, &payload));
        let signature = EnvelopeSignature { keyid: self.public().id(), sig: BASE64.encode(sig.to_bytes()) };
        let (payload_type, payload) = (CAPTURE_TYPE.to_owned(), BASE64.encode(payload));
        Ok(Envelope { payload_type, payload, signatures: vec![signature] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture() -> Capture {
        let document =
            CapturedDocument { document: DocumentId::derived([b"d".as_slice()]), pages: vec![Digest::of(b"p")] };
        Capture { batch: BatchId::derived([b"b".as_slice()]), captured: 1, documents: vec![document], refused: vec![] }
    }

    #[test]
    fn the_pre_authentication_is_the_protocols_own_example() {
        assert_eq!(
            pre_authentication("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn only_an_enrolled_station_is_believed_and_only_for_what_it_signed() {
        let (ours, other) =
            (StationSigner::from_seed("front desk+1", &[1; 32]), StationSigner::from_seed("b", &[2; 32]));
        let key: StationKey = ours.public().to_string().parse().expect("own spelling");
        assert_eq!((key.name(), &key), ("frontdesk1", &ours.public()));
        let envelope = ours.sign(&capture()).expect("signs");
        let enrolled = [other.public(), key];
        assert_eq!(envelope.open(&enrolled).expect("opens").0, capture());
        assert_eq!(envelope.open(&enrolled[..1]).expect_err("not enrolled"), EnvelopeError::Stranger);
        let mut changed = envelope.clone();
        changed.payload = other.sign(&Capture { captured: 2, ..capture() }).expect("signs").payload;
        assert_eq!(changed.open(&enrolled), Err(EnvelopeError::BadSignature("frontdesk1".into())));
        let mut lent = other.sign(&capture()).expect("signs");
        lent.signatures[0].keyid = enrolled[1].id();
        assert!(matches!(lent.open(&enrolled), Err(EnvelopeError::BadSignature(_))));
    }
}
