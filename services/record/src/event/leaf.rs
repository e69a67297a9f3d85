//! The commonest leaves, read as the one text that each of them can be.
//!
//! A ledger is views, readings and sealings above all, and whoever verifies it reads every one of them. Canonical JSON leaves no choice
//! but of the values: the members of each kind stand in one order, with nothing between. So a leaf is passed over once, from left to
//! right, and is neither written anew nor compared. Whatever else a leaf is, [`super::Event::from_leaf`] reads it, or says what is
//! wrong.

use std::str::FromStr;

use serde::Deserialize;
use serde::de::IntoDeserializer as _;
use serde::de::value::{Error, StrDeserializer};

use super::{Actor, Event, EventKind};
use crate::digest::Digest;
use crate::time::Timestamp;

const ID_LENGTH: usize = 36;
const DIGEST_LENGTH: usize = "sha256:".len() + 64;
/// Of a number below 2^53.
const DIGITS_MAX: usize = 16;

/// The event, where it is of a common kind and these are its bytes.
pub(super) fn read(leaf: &[u8]) -> Option<Event> {
    let mut text = Text { rest: std::str::from_utf8(leaf).ok()?, first: true };
    text.pass("{")?;
    let actor = text.actor("actor")?;
    let at = Timestamp(text.number("at")?);
    text.name("event")?;
    text.pass("{")?;
    text.first = true;
    let kinds: [fn(&mut Text<'_>) -> Option<EventKind>; 4] = [viewed, page_read, sealed, patient_searched];
    kinds.iter().find_map(|kind| {
        let mut text = text.clone();
        let event = kind(&mut text)?;
        (text.rest == "}}").then_some(Event { actor, at, event })
    })
}

fn viewed(text: &mut Text<'_>) -> Option<EventKind> {
    let (document, form, page) = (text.id("document")?, text.code("form")?, text.maybe("page", Text::id)?);
    text.kind("viewed")?;
    Some(EventKind::Viewed { document, page, form })
}

fn page_read(text: &mut Text<'_>) -> Option<EventKind> {
    let attention = text.maybe("attention", Text::code)?;
    let (confidence, document) = (text.number("confidence")?, text.id("document")?);
    // Left out where it is zero.
    let generation = text.maybe("generation", Text::number)?.map_or(Some(0), |n| (n != 0).then_some(n))?;
    let (page, read) = (text.id("page")?, text.digest("text")?);
    text.kind("read")?;
    let words = text.number("words")?;
    Some(EventKind::Read { document, page, text: read, words, confidence, attention, generation })
}

fn sealed(text: &mut Text<'_>) -> Option<EventKind> {
    let (batch, document) = (text.id("batch")?, text.id("document")?);
    let (manifest, pages) = (text.digest("manifest")?, text.number("pages")?);
    text.kind("sealed")?;
    Some(EventKind::Sealed { document, version: text.number("version")?, manifest, batch, pages })
}

fn patient_searched(text: &mut Text<'_>) -> Option<EventKind> {
    let (body, documents) = (text.digest("body")?, text.number("documents")?);
    text.kind("patient-searched")?;
    Some(EventKind::PatientSearched { body, documents })
}

/// What is left of a leaf, within an object. Where something else stands there, nothing is taken.
///
/// Its methods are inlined where they are asked for a name: it is then compared by a few instructions.
#[derive(Clone)]
struct Text<'a> {
    rest: &'a str,
    /// No member of the object has been taken.
    first: bool,
}

impl<'a> Text<'a> {
    #[inline]
    fn pass(&mut self, words: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(words)?;
        Some(())
    }

    #[inline]
    fn name(&mut self, name: &str) -> Option<()> {
        let rest = if self.first { self.rest } else { self.rest.strip_prefix(',')? };
        self.rest = rest.strip_prefix('"')?.strip_prefix(name)?.strip_prefix("\":")?;
        self.first = false;
        Some(())
    }

    /// A member that may not be there.
    #[inline]
    fn maybe<T>(&mut self, name: &str, value: fn(&mut Self, &str) -> Option<T>) -> Option<Option<T>> {
        if self.clone().name(name).is_none() { Some(None) } else { value(self, name).map(Some) }
    }

    #[inline]
    fn kind(&mut self, kind: &str) -> Option<()> {
        (self.text("type")? == kind).then_some(())
    }

    /// What stands between quotation marks. None of the values that are made of it has one, or anything that is escaped.
    #[inline]
    fn text(&mut self, name: &str) -> Option<&'a str> {
        self.name(name)?;
        let rest = self.rest.strip_prefix('"')?;
        let (text, rest) = rest.split_at(rest.bytes().position(|byte| byte == b'"')?);
        self.rest = &rest[1..];
        Some(text)
    }

    /// So much, and the quotation mark behind it.
    #[inline]
    fn ending(&mut self, length: usize) -> Option<&'a str> {
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest.strip_prefix('"')?;
        Some(text)
    }

    #[inline]
    fn id<T: FromStr>(&mut self, name: &str) -> Option<T> {
        self.name(name)?;
        self.pass("\"")?;
        self.ending_id()
    }

    /// An id can be told in other forms and in capitals, but is written in one.
    #[inline]
    fn ending_id<T: FromStr>(&mut self) -> Option<T> {
        let id = self.ending(ID_LENGTH)?;
        if id.bytes().any(|byte| byte.is_ascii_uppercase()) { None } else { id.parse().ok() }
    }

    #[inline]
    fn digest(&mut self, name: &str) -> Option<Digest> {
        self.name(name)?;
        self.pass("\"")?;
        self.ending(DIGEST_LENGTH)?.parse().ok()
    }

    #[inline]
    fn actor(&mut self, name: &str) -> Option<Actor> {
        self.name(name)?;
        if self.pass("\"system\"").is_some() {
            Some(Actor::System)
        } else if self.pass("\"account:").is_some() {
            self.ending_id().map(Actor::Account)
        } else {
            self.pass("\"token:")?;
            self.ending_id().map(Actor::Token)
        }
    }

    /// One of the words that a type has.
    #[inline]
    fn code<T: Deserialize<'a>>(&mut self, name: &str) -> Option<T> {
        let word: StrDeserializer<'a, Error> = self.text(name)?.into_deserializer();
        T::deserialize(word).ok()
    }

    /// A number below 2^53, which has no sign here.
    #[inline]
    fn number<T: TryFrom<u64>>(&mut self, name: &str) -> Option<T> {
        self.name(name)?;
        let end = self.rest.bytes().position(|byte| !byte.is_ascii_digit())?;
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        let one_spelling = digits.len() == 1 || !digits.starts_with('0');
        if !(1..=DIGITS_MAX).contains(&digits.len()) || !one_spelling {
            return None;
        }
        let number = digits.bytes().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
        T::try_from(number).ok().filter(|_| number < 1 << 53)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{UnreadableReason, ViewForm};
    use crate::id::{AccountId, BatchId, DocumentId, PageId, TokenId};
    use crate::words::AttentionReason;

    fn common() -> Vec<Event> {
        let (document, page) = (DocumentId::derived([b"d".as_slice()]), PageId::derived([b"p".as_slice()]));
        let (batch, text) = (BatchId::derived([b"b".as_slice()]), Digest::of(b"t"));
        let kinds = [
            EventKind::Viewed { document, page: None, form: ViewForm::Screen },
            EventKind::Viewed { document, page: Some(page), form: ViewForm::Bundle },
            EventKind::Read { document, page, text, words: 0, confidence: 0, attention: None, generation: 0 },
            EventKind::Read {
                document,
                page,
                text,
                words: 301,
                confidence: 100,
                attention: Some(AttentionReason::CutOff),
                generation: 12,
            },
            EventKind::Sealed { document, version: 10, manifest: text, batch, pages: 217 },
            EventKind::PatientSearched { body: text, documents: 3 },
        ];
        let account = Actor::Account(AccountId::derived([b"a".as_slice()]));
        let actors = [Actor::System, account, Actor::Token(TokenId::derived([b"t".as_slice()]))];
        let all = kinds.into_iter().zip(actors.into_iter().cycle());
        all.map(|(event, actor)| Event { actor, at: Timestamp(1_700_000_000_000), event }).collect()
    }

    #[test]
    fn common_leaves_are_read_and_others_left_to_the_parser() {
        for event in common() {
            assert_eq!(read(&event.to_leaf().expect("small")), Some(event));
        }
        let (document, page) = (DocumentId::derived([b"d".as_slice()]), PageId::derived([b"p".as_slice()]));
        let event = EventKind::Unreadable { document, page, reason: UnreadableReason::Crashed };
        let rare = Event { actor: Actor::System, at: Timestamp(-1), event };
        let leaf = rare.to_leaf().expect("small");
        assert_eq!((read(&leaf), Event::from_leaf(&leaf).expect("canonical")), (None, rare));
    }

    /// Every leaf that is a few bytes away from a true one: read are only those that are just what would be written.
    #[test]
    fn nothing_is_read_that_has_another_spelling() {
        let (mut read_so, mut tried) = (0, 0);
        let mut hold = |leaf: &[u8]| {
            tried += 1;
            if let Some(event) = read(leaf) {
                read_so += 1;
                assert_eq!(String::from_utf8_lossy(&event.to_leaf().expect("small")), String::from_utf8_lossy(leaf));
                assert_eq!(serde_json::from_slice::<Event>(leaf).expect("JSON"), event);
            }
        };
        for leaf in common().iter().map(|event| event.to_leaf().expect("small")) {
            for at in 0..leaf.len() {
                for byte in 0..=u8::MAX {
                    let mut other = leaf.clone();
                    other[at] = byte;
                    hold(&other);
                    other.insert(at, leaf[at]);
                    hold(&other);
                }
                for length in 1..8.min(leaf.len() - at) {
                    hold(&[&leaf[..at], &leaf[at + length..]].concat());
                    hold(&[&leaf[..at + length], &leaf[at..]].concat());
                }
            }
            hold(&[&leaf, b"\n".as_slice()].concat());
        }
        assert!(read_so > 1_000 && tried > 500_000, "{read_so} of {tried}");
        let text = String::from_utf8(common()[3].to_leaf().expect("small")).expect("UTF-8");
        for (true_one, other) in [
            (r#""generation":12"#, r#""generation":0"#),
            (r#""generation":12"#, r#""generation":012"#),
            (r#""generation":12,"#, r#""generation":12,"generation":12,"#),
            (r#""words":301"#, r#""words":-0"#),
            (r#""words":301"#, r#""words":4294967296"#),
            (r#""at":1700000000000"#, r#""at":9007199254740992"#),
            ("cut-off", "cut\\u002doff"),
        ] {
            assert_eq!(
                (text.contains(true_one), read(text.replace(true_one, other).as_bytes())),
                (true, None),
                "{other}"
            );
        }
        let id = DocumentId::derived([b"d".as_slice()]).to_string();
        for other in [id.to_uppercase(), id.replace('-', ""), format!("{{{id}}}"), format!("urn:uuid:{id}")] {
            assert_eq!(read(text.replace(&id, &other).as_bytes()), None, "{other}");
        }
    }
}
