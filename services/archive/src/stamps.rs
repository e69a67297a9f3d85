//! Which checkpoints has a time-stamping authority vouched for, and how long does its word hold?
//!
//! A token (RFC 3161) holds as long as the certificates in it. Before they end another token is got for the bytes of the one before, as
//! the timestamp renewal of RFC 4998 (section 5.2) demands: from then on the newest certificates vouch for all that the older ones said.
//!
//! ```text
//! log/timestamps/<size>.checkpoint   .tsr   .tsr.1   .tsr.2     each token for the file before it
//! ```

use bytes::Bytes;
use record::{Digest, Timestamp};

use crate::error::Result;
use crate::store::Store;

pub(crate) const TIMESTAMPS: &str = "log/timestamps";
/// A century of certificates that last a year.
const RENEWALS_MAX: usize = 100;

/// A checkpoint with its tokens, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped {
    pub name: String,
    pub checkpoint: Bytes,
    pub tokens: Vec<Bytes>,
}

impl Stamped {
    /// Where the n-th token lies.
    pub fn key(&self, n: usize) -> String {
        match n {
            0 => format!("{}.tsr", self.name),
            n => format!("{}.tsr.{n}", self.name),
        }
    }

    /// What the n-th token has to be for.
    pub fn subject(&self, n: usize) -> Digest {
        Digest::of(n.checked_sub(1).and_then(|before| self.tokens.get(before)).unwrap_or(&self.checkpoint))
    }

    /// The first token that is not for what stands before it; where there is none, that one.
    pub(crate) fn wrong(&self) -> Option<usize> {
        if self.tokens.is_empty() {
            return Some(0);
        }
        (0..self.tokens.len()).find(|n| {
            let subject = self.subject(*n);
            !self.tokens[*n].windows(32).any(|window| window == subject.as_bytes())
        })
    }

    /// When the newest token ceases to hold.
    pub fn ends(&self) -> Option<Moment> {
        self.tokens.last().and_then(|token| ends(token))
    }
}

/// To the second, in the digits of a GeneralizedTime: `20261128032157`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(String);

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self(at.to_string().chars().filter(char::is_ascii_digit).take(14).collect())
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.0.get(..4), self.0.get(4..6), self.0.get(6..8)) {
            (Some(year), Some(month), Some(day)) => write!(f, "{year}-{month}-{day}"),
            _ => f.write_str(&self.0),
        }
    }
}

/// When the first of the certificates in a token ends. They are not judged here, only looked for: a validity is a sequence of
/// two times and of nothing else (RFC 5280, section 4.1.2.5).
pub fn ends(token: &[u8]) -> Option<Moment> {
    let validities = (0..token.len()).filter_map(|at| {
        let (length, rest) = token[at..].strip_prefix(&[0x30])?.split_first()?;
        let (_, rest) = time(rest.get(..usize::from(*length))?)?;
        let (end, rest) = time(rest)?;
        rest.is_empty().then_some(end)
    });
    validities.min()
}

/// A time at the beginning of these bytes, and what follows: a UTCTime has two digits for its year, from 1950 on.
fn time(der: &[u8]) -> Option<(Moment, &[u8])> {
    let (century, digits, rest) = match *der {
        [0x17, 13, ref rest @ ..] => (true, rest.get(..12)?, rest.get(13..)?),
        [0x18, 15, ref rest @ ..] => (false, rest.get(..14)?, rest.get(15..)?),
        _ => return None,
    };
    let digits = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    let century = match (century, digits < "50") {
        (true, true) => "20",
        (true, false) => "19",
        (false, _) => "",
    };
    Some((Moment(format!("{century}{digits}")), rest))
}

/// All of them, oldest checkpoint first.
pub(crate) async fn all(store: &Store) -> Result<Vec<Stamped>> {
    let listed = store.list_all(TIMESTAMPS).await?;
    let mut names: Vec<_> = listed.iter().filter_map(|object| object.key.strip_suffix(".checkpoint")).collect();
    names.sort_unstable();
    let mut all = Vec::with_capacity(names.len());
    for name in names {
        all.push(load(store, name).await?);
    }
    Ok(all)
}

async fn load(store: &Store, name: &str) -> Result<Stamped> {
    let checkpoint = store.get(&format!("{name}.checkpoint")).await?.unwrap_or_default();
    let mut stamped = Stamped { name: name.to_owned(), checkpoint, tokens: Vec::new() };
    while stamped.tokens.len() < RENEWALS_MAX {
        let Some(token) = store.get(&stamped.key(stamped.tokens.len())).await? else { break };
        stamped.tokens.push(token);
    }
    Ok(stamped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_as_long_as_the_first_of_its_certificates() {
        let validity = |end: &[u8]| [&[0x30, 30, 0x17, 13][..], b"260101000000Z", &[0x17, 13], end].concat();
        let long = [&[0x30, 32, 0x17, 13][..], b"260101000000Z", &[0x18, 15], b"20510203040506Z"].concat();
        let two = [b"token".as_slice(), &validity(b"490101000000Z"), b"between", &long].concat();
        assert_eq!(ends(&two), Some(Moment("20490101000000".to_owned())));
        assert_eq!(ends(&long).expect("a time").to_string(), "2051-02-03");
        assert_eq!(ends(&validity(b"490101000000Z")[..20]), None);
        assert!(ends(&two) > Some(Moment::from(Timestamp(1_700_000_000_000))));
    }

    #[test]
    fn each_token_is_for_the_one_before_it() {
        let checkpoint = Bytes::from("a checkpoint");
        let token = |of: &Bytes, more: &str| Bytes::from([Digest::of(of).as_bytes(), more.as_bytes()].concat());
        let mut stamped = Stamped { name: "n".to_owned(), checkpoint: checkpoint.clone(), tokens: Vec::new() };
        assert_eq!(stamped.wrong(), Some(0));
        stamped.tokens.push(token(&checkpoint, "first"));
        stamped.tokens.push(token(&stamped.tokens[0], "second"));
        assert_eq!((stamped.wrong(), stamped.key(1).as_str()), (None, "n.tsr.1"));
        stamped.tokens.push(token(&checkpoint, "not for the second"));
        assert_eq!(stamped.wrong(), Some(2));
    }
}
