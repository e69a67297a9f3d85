//! A page as it rests in the index: what a hit shows, in about seven bytes a word, so that
//! snippets and lit boxes need no other store.
//!
//! Layout, version 4: version byte · page, document, batch (16 bytes each) · number, frame (0 for none),
//! flags, confidence, width, height · scanned, date (0 for none, else days + 2^20) · station, mrn,
//! encounter, type, department, reel · mends (first byte as a difference, length, term) · word count · columns: lengths with end-of-line bits, text, then x, y, w, h
//! as differences, confidences. Integers as in [`crate::varint`].

use record::manifest::SourceKind;
use record::words::{Box as Place, PageText};
use record::{BatchId, Date, DocumentId, PageId, Timestamp, limits};
use uuid::Uuid;

use crate::analysis::{Tokens, is_gap};
use crate::hits::{DocumentFields, PageDocument};
use crate::mend::Mend;
use crate::varint::{Reader, Writer};

const VERSION: u8 = 4;
pub const SOURCES: [SourceKind; 3] = [SourceKind::Scan, SourceKind::Import, SourceKind::Film];
/// A guess, for room: a word's letters, and as much for where it stands.
const BYTES_A_WORD: usize = 8;
/// Keeps every date of the common era apart from "none", which is 0.
const DATE_OFFSET: i64 = 1 << 20;

#[derive(Debug, Clone, PartialEq)]
pub struct StoredPage {
    pub page: PageId,
    pub number: u32,
    pub frame: Option<u32>,
    pub confidence: u8,
    pub width: u32,
    pub height: u32,
    pub fields: DocumentFields,
    /// As it is analyzed: each word, and behind it a space or the end of its line.
    pub text: String,
    pub words: Vec<StoredWord>,
    /// What the lexicon said when the page was put.
    pub mends: Vec<Mend>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredWord {
    /// Where it stands in [`StoredPage::text`].
    pub start: usize,
    pub end: usize,
    pub place: Place,
    pub confidence: u8,
    pub ends_line: bool,
}

impl StoredPage {
    pub fn of(page: &PageDocument) -> Self {
        let (text, words) = words(&page.text);
        Self {
            page: page.page,
            number: page.number,
            frame: page.frame,
            confidence: page.text.confidence(),
            width: page.text.width,
            height: page.text.height,
            fields: page.fields.clone(),
            text,
            words,
            mends: Vec::new(),
        }
    }

    /// A word as it was read.
    pub fn word(&self, index: usize) -> &str {
        self.words.get(index).map_or("", |word| &self.text[word.start..word.end])
    }

    /// The terms of the text, with what was mended.
    pub fn tokens(&self) -> Tokens {
        let mut tokens = Tokens::default();
        self.fill(&mut tokens);
        tokens
    }

    /// The same, in the place of another text's.
    pub fn fill(&self, tokens: &mut Tokens) {
        tokens.analyze(&self.text);
        tokens.apply(&self.mends);
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(self.text.len() + self.words.len() * BYTES_A_WORD);
        out.byte(VERSION);
        self.encode_head(&mut out);
        encode_mends(&self.mends, &mut out);
        self.encode_words(&mut out);
        out.into_bytes()
    }

    fn encode_head(&self, out: &mut Writer) {
        let fields = &self.fields;
        out.raw(self.page.as_uuid().as_bytes());
        out.raw(fields.document.as_uuid().as_bytes());
        out.raw(fields.batch.as_uuid().as_bytes());
        out.uint(self.number.into());
        out.uint(self.frame.unwrap_or_default().into());
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
        out.optional_text(fields.department.as_ref().map(|department| department.reveal()));
        out.optional_text(fields.reel.as_deref());
    }

    fn encode_words(&self, out: &mut Writer) {
        out.uint(self.words.len() as u64);
        for word in &self.words {
            out.uint(((word.end - word.start) as u64) << 1 | u64::from(word.ends_line));
        }
        (0..self.words.len()).for_each(|index| out.raw(self.word(index).as_bytes()));
        // Along a line x goes on where the word before ended, and y and h hardly change.
        let mut before = [0; 4];
        for word in &self.words {
            let Place { x, y, w, h } = word.place;
            let here = [x, y, w, h].map(i64::from);
            for (value, guess) in here.into_iter().zip([before[0] + before[2], before[1], 0, before[3]]) {
                out.int(value - guess);
            }
            before = here;
        }
        self.words.iter().for_each(|word| out.byte(word.confidence));
    }

    /// `None` where the bytes are no page of this version.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let mut page = Self::decode_head(&mut reader)?;
        page.mends = decode_mends(&mut reader)?;
        (page.text, page.words) = decode_words(&mut reader)?;
        (reader.left() == 0).then_some(page)
    }

    /// What is known of its document, without its words.
    pub fn decode_fields(bytes: &[u8]) -> Option<DocumentFields> {
        Self::decode_head(&mut Reader::new(bytes)).map(|page| page.fields)
    }

    /// Which page of which document it is.
    pub fn decode_names(bytes: &[u8]) -> Option<(PageId, DocumentId)> {
        Self::decode_head(&mut Reader::new(bytes)).map(|page| (page.page, page.fields.document))
    }

    fn decode_head(reader: &mut Reader<'_>) -> Option<Self> {
        if reader.byte()? != VERSION {
            return None;
        }
        let page = PageId::from_uuid(uuid(reader)?);
        let document = DocumentId::from_uuid(uuid(reader)?);
        let batch = BatchId::from_uuid(uuid(reader)?);
        let number = reader.small()?;
        let frame = Some(reader.small()?).filter(|frame| *frame != 0);
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
            department: optional(reader.text()?)?,
            reel: Some(reader.text()?.to_owned()).filter(|reel| !reel.is_empty()),
        };
        let (text, words, mends) = Default::default();
        Some(Self { page, number, frame, confidence, width, height, fields, text, words, mends })
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

pub fn words(page: &PageText) -> (String, Vec<StoredWord>) {
    let count = page.lines().map(|line| line.words.len()).sum();
    let (mut text, mut words) = (String::with_capacity(count * BYTES_A_WORD), Vec::with_capacity(count));
    for line in page.lines() {
        let before = words.len();
        for word in line.words.iter().filter(|word| !word.text.chars().all(is_gap)) {
            let start = text.len();
            match word.text.contains(is_gap) {
                // A line break inside a word would shift the lines.
                true => text.extend(word.text.chars().map(|c| if is_gap(c) { ' ' } else { c })),
                false => text.push_str(&word.text),
            }
            let end = text.len();
            words.push(StoredWord { start, end, place: word.place, confidence: word.confidence, ends_line: false });
            text.push(' ');
        }
        if let Some(last) = words[before..].last_mut() {
            last.ends_line = true;
            text.pop();
            text.push('\n');
        }
    }
    (text, words)
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
    let mut mends = Vec::with_capacity(count.min(limits::PAGE_WORDS_MAX));
    for _ in 0..count {
        before = before.checked_add(reader.int()?)?;
        let start = usize::try_from(before).ok()?;
        let end = start.checked_add(usize::try_from(reader.uint()?).ok()?)?;
        mends.push(Mend { bytes: start..end, term: reader.text()?.to_owned() });
    }
    Some(mends)
}

fn decode_words(reader: &mut Reader<'_>) -> Option<(String, Vec<StoredWord>)> {
    let count = reader.length().filter(|count| *count <= limits::PAGE_WORDS_MAX)?;
    let mut words = Vec::with_capacity(count);
    let (mut bytes, place) = (0, Place::default());
    for _ in 0..count {
        let length = reader.uint()?;
        let start = bytes + words.len();
        bytes = bytes.checked_add(usize::try_from(length >> 1).ok()?)?;
        words.push(StoredWord { start, end: bytes + words.len(), place, confidence: 0, ends_line: length & 1 == 1 });
    }
    let text = spaced(std::str::from_utf8(reader.raw(bytes)?).ok()?, &words)?;
    let mut before = place;
    for word in &mut words {
        before = decode_place(reader, before)?;
        word.place = before;
    }
    for (word, confidence) in words.iter_mut().zip(reader.raw(count)?) {
        word.confidence = *confidence;
    }
    Some((text, words))
}

/// The words' letters with what stands behind each word; `None` where the lengths cut a letter in two.
fn spaced(letters: &str, words: &[StoredWord]) -> Option<String> {
    let mut text = String::with_capacity(letters.len() + words.len());
    for (index, word) in words.iter().enumerate() {
        text.push_str(letters.get(word.start - index..word.end - index)?);
        text.push(if word.ends_line { '\n' } else { ' ' });
    }
    Some(text)
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
