//! A page as it rests in the index: what a hit shows, in about seven bytes a word, so that
//! snippets and lit boxes need no other store.
//!
//! Layout, version 2: version byte · page, document, batch (16 bytes each) · number, flags,
//! confidence, width, height · scanned, date (0 for none, else days + 2^20) · station, mrn,
//! encounter, type, reel · mends (first byte as a difference, length, term) · word count · columns: lengths with end-of-line bits, text, then x, y, w, h
//! as differences, confidences. Integers as in [`crate::varint`].

use record::manifest::SourceKind;
use record::words::{Box as Place, PageText};
use record::{BatchId, Date, DocumentId, PageId, Timestamp, limits};
use uuid::Uuid;

use crate::analysis::{Tokens, is_gap};
use crate::hits::{DocumentFields, PageDocument};
use crate::mend::Mend;
use crate::varint::{Reader, Writer};

const VERSION: u8 = 2;
const SOURCES: [SourceKind; 3] = [SourceKind::Scan, SourceKind::Import, SourceKind::Film];
/// Keeps every date of the common era apart from "none", which is 0.
const DATE_OFFSET: i64 = 1 << 20;

#[derive(Debug, Clone, PartialEq)]
pub struct StoredPage {
    pub page: PageId,
    pub number: u32,
    pub confidence: u8,
    pub width: u32,
    pub height: u32,
    pub fields: DocumentFields,
    pub words: Vec<StoredWord>,
    /// What the lexicon said when the page was put.
    pub mends: Vec<Mend>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredWord {
    pub text: String,
    pub place: Place,
    pub confidence: u8,
    pub ends_line: bool,
}

impl StoredPage {
    pub fn of(page: &PageDocument) -> Self {
        Self {
            page: page.page,
            number: page.number,
            confidence: page.text.confidence(),
            width: page.text.width,
            height: page.text.height,
            fields: page.fields.clone(),
            words: words(&page.text),
            mends: Vec::new(),
        }
    }

    /// The text as it is analyzed, and the byte at which each word begins.
    pub fn text(&self) -> (String, Vec<usize>) {
        let mut text = String::new();
        let mut starts = Vec::with_capacity(self.words.len());
        for word in &self.words {
            starts.push(text.len());
            text.push_str(&word.text);
            text.push(if word.ends_line { '\n' } else { ' ' });
        }
        (text, starts)
    }

    /// The terms of the text, with what was mended.
    pub fn tokens(&self) -> Tokens {
        let mut tokens = Tokens::of(&self.text().0);
        tokens.apply(&self.mends);
        tokens
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.byte(VERSION);
        self.encode_head(&mut out);
        encode_mends(&self.mends, &mut out);
        encode_words(&self.words, &mut out);
        out.into_bytes()
    }

    fn encode_head(&self, out: &mut Writer) {
        let fields = &self.fields;
        out.raw(self.page.as_uuid().as_bytes());
        out.raw(fields.document.as_uuid().as_bytes());
        out.raw(fields.batch.as_uuid().as_bytes());
        out.uint(self.number.into());
        out.byte(u8::from(fields.filed) | (source_code(fields.source) as u8) << 1);
        out.byte(self.confidence);
        out.uint(self.width.into());
        out.uint(self.height.into());
        out.int(fields.scanned.0);
        out.int(fields.date.map_or(0, |date| date.days_since_epoch() + DATE_OFFSET));
        out.text(&fields.station);
        out.optional_text(fields.mrn.as_ref().map(|mrn| mrn.reveal()));
        out.optional_text(fields.encounter.as_ref().map(|encounter| encounter.reveal()));
        out.optional_text(fields.document_type.as_ref().map(|kind| kind.reveal()));
        out.optional_text(fields.reel.as_deref());
    }

    /// `None` where the bytes are no page of this version.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        if reader.byte()? != VERSION {
            return None;
        }
        let page = PageId::from_uuid(uuid(&mut reader)?);
        let document = DocumentId::from_uuid(uuid(&mut reader)?);
        let batch = BatchId::from_uuid(uuid(&mut reader)?);
        let number = reader.small()?;
        let flags = reader.byte()?;
        let confidence = reader.byte()?;
        let (width, height) = (reader.small()?, reader.small()?);
        let fields = DocumentFields {
            document,
            batch,
            filed: flags & 1 == 1,
            source: source_of(u64::from(flags >> 1))?,
            scanned: Timestamp(reader.int()?),
            date: decode_date(reader.int()?)?,
            station: reader.text()?.to_owned(),
            mrn: optional(reader.text()?)?,
            encounter: optional(reader.text()?)?,
            document_type: optional(reader.text()?)?,
            reel: Some(reader.text()?.to_owned()).filter(|reel| !reel.is_empty()),
        };
        let mends = decode_mends(&mut reader)?;
        let words = decode_words(&mut reader)?;
        (reader.left() == 0).then_some(Self { page, number, confidence, width, height, fields, words, mends })
    }
}

/// The number that stands for a kind of source in the index.
pub fn source_code(kind: SourceKind) -> u64 {
    match kind {
        SourceKind::Scan => 0,
        SourceKind::Import => 1,
        SourceKind::Film => 2,
    }
}

pub fn source_of(code: u64) -> Option<SourceKind> {
    SOURCES.get(usize::try_from(code).ok()?).copied()
}

fn words(text: &PageText) -> Vec<StoredWord> {
    let mut out: Vec<StoredWord> = Vec::new();
    for line in text.lines() {
        let before = out.len();
        out.extend(line.words.iter().filter_map(|word| {
            let text = clean(&word.text);
            let stored = || StoredWord { text, place: word.place, confidence: word.confidence, ends_line: false };
            (!word.text.chars().all(is_gap)).then(stored)
        }));
        if let Some(last) = out[before..].last_mut() {
            last.ends_line = true;
        }
    }
    out
}

/// A line break inside a word would shift the lines.
fn clean(word: &str) -> String {
    word.chars().map(|c| if is_gap(c) { ' ' } else { c }).collect()
}

fn encode_mends(mends: &[Mend], out: &mut Writer) {
    out.uint(mends.len() as u64);
    let mut before = 0;
    for Mend { bytes, term } in mends {
        out.int(bytes.start as i64 - before);
        out.uint(bytes.len() as u64);
        out.text(term);
        before = bytes.start as i64;
    }
}

fn decode_mends(reader: &mut Reader<'_>) -> Option<Vec<Mend>> {
    let count = reader.length()?;
    let mut before = 0_i64;
    let mut mends = Vec::new();
    for _ in 0..count {
        before = before.checked_add(reader.int()?)?;
        let start = usize::try_from(before).ok()?;
        let end = start.checked_add(usize::try_from(reader.uint()?).ok()?)?;
        mends.push(Mend { bytes: start..end, term: reader.text()?.to_owned() });
    }
    Some(mends)
}

fn encode_words(words: &[StoredWord], out: &mut Writer) {
    out.uint(words.len() as u64);
    for word in words {
        out.uint((word.text.len() as u64) << 1 | u64::from(word.ends_line));
    }
    for word in words {
        out.raw(word.text.as_bytes());
    }
    // Along a line x goes on where the word before ended, and y and h hardly change.
    let mut before = [0; 4];
    for word in words {
        let Place { x, y, w, h } = word.place;
        let here = [x, y, w, h].map(i64::from);
        for (value, guess) in here.into_iter().zip([before[0] + before[2], before[1], 0, before[3]]) {
            out.int(value - guess);
        }
        before = here;
    }
    out.raw(&words.iter().map(|word| word.confidence).collect::<Vec<_>>());
}

fn decode_words(reader: &mut Reader<'_>) -> Option<Vec<StoredWord>> {
    let count = reader.length().filter(|count| *count <= limits::PAGE_WORDS_MAX)?;
    let lengths: Vec<u64> = (0..count).map(|_| reader.uint()).collect::<Option<_>>()?;
    let mut words = Vec::with_capacity(count);
    for length in lengths {
        let text = std::str::from_utf8(reader.raw(usize::try_from(length >> 1).ok()?)?).ok()?;
        let place = Place { x: 0, y: 0, w: 0, h: 0 };
        words.push(StoredWord { text: text.to_owned(), place, confidence: 0, ends_line: length & 1 == 1 });
    }
    let mut before = Place { x: 0, y: 0, w: 0, h: 0 };
    for word in &mut words {
        before = decode_place(reader, before)?;
        word.place = before;
    }
    for (word, confidence) in words.iter_mut().zip(reader.raw(count)?) {
        word.confidence = *confidence;
    }
    Some(words)
}

fn decode_place(reader: &mut Reader<'_>, before: Place) -> Option<Place> {
    let mut value = |guess: i64| u32::try_from(reader.int()?.checked_add(guess)?).ok();
    let x = value(i64::from(before.x) + i64::from(before.w))?;
    Some(Place { x, y: value(before.y.into())?, w: value(0)?, h: value(before.h.into())? })
}

fn decode_date(days: i64) -> Option<Option<Date>> {
    if days == 0 {
        return Some(None);
    }
    Date::from_days_since_epoch(days.checked_sub(DATE_OFFSET)?).map(Some)
}

fn uuid(reader: &mut Reader<'_>) -> Option<Uuid> {
    Uuid::from_slice(reader.raw(16)?).ok()
}

/// The outer `None` is for text that breaks the field's rule.
fn optional<T: std::str::FromStr>(text: &str) -> Option<Option<T>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}
