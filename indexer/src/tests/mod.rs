//! Properties over generated pages; the generator is seeded, so a failure comes back.

mod analysis;
mod audit;
mod disk;
mod finding;
mod hostile;
mod mending;
mod most;
mod stopping;

use record::manifest::SourceKind;
use record::words::{Block, Box as Place, Engine, Line, PageText, Word};
use record::{BatchId, Date, DocumentId, PageId, Timestamp};

use crate::{DocumentFields, Edges, Index, PageDocument, Scope, SearchRequest, SearchResult, Synonyms, Vocabulary};

/// Xorshift64* (Marsaglia 2003, Vigna 2016).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Up to `length` characters of any script, with all that is special to us more often.
    pub fn text(&mut self, length: usize) -> String {
        let special: Vec<char> =
            "\"'*-~?()/.,:\n\t \u{0}\u{7}\u{200F}\u{AD}\u{301}½ﬁßÉ漢ー5a\u{10FFFF}".chars().collect();
        let length = self.below(length + 1);
        (0..length)
            .filter_map(|_| match self.below(3) {
                0 => Some(*self.pick(&special)),
                1 => char::from_u32(self.below(0x11_0000) as u32),
                _ => char::from_u32(0x20 + self.below(0x60) as u32),
            })
            .collect()
    }
}

/// A page of these lines; each word is 10 pixels a letter, each line 30 pixels high.
pub fn text_of(lines: &[&str]) -> PageText {
    let line = |(row, line): (usize, &&str)| {
        let mut x = 100;
        let words = line.split_whitespace().map(|text| {
            let w = 10 * text.chars().count() as u32;
            let place = Place { x, y: 200 + 40 * row as u32, w, h: 30 };
            x += w + 12;
            Word::read(text, place, 90)
        });
        Line::of(words.collect())
    };
    let engine = Engine {
        name: "none".into(),
        version: "1".into(),
        model: "none".into(),
        model_digest: String::new(),
        recipe: String::new(),
        ..Engine::default()
    };
    PageText {
        width: 2550,
        height: 3300,
        rotation: 0,
        skew_centidegrees: 0,
        language: "eng".into(),
        engine,
        blocks: vec![Block::of(lines.iter().enumerate().map(line).collect())],
        ..PageText::default()
    }
}

pub fn page_id(document: &str, number: u32) -> PageId {
    PageId::derived([document.as_bytes(), &number.to_be_bytes()])
}

pub fn document_id(document: &str) -> DocumentId {
    DocumentId::derived([document.as_bytes()])
}

/// A filed letter of 1999 for patient MRN-1.
pub fn page(document: &str, number: u32, lines: &[&str]) -> PageDocument {
    let fields = DocumentFields {
        document: document_id(document),
        batch: BatchId::derived([b"batch".as_slice()]),
        filed: true,
        mrn: "MRN-1".parse().ok(),
        encounter: None,
        document_type: "LETTER".parse().ok(),
        department: None,
        date: "1999-05-17".parse::<Date>().ok(),
        source: SourceKind::Scan,
        station: "desk".into(),
        scanned: Timestamp(1_700_000_000_000),
        reel: None,
    };
    PageDocument {
        page: page_id(document, number),
        number,
        frame: None,
        arrived: 0,
        fields,
        text: text_of(lines),
        before: Edges::default(),
        behind: Edges::default(),
    }
}

pub struct Shelf {
    pub index: Index,
    pub dir: tempfile::TempDir,
}

impl Shelf {
    pub fn of(pages: &[PageDocument]) -> Self {
        Self::knowing("", "", pages)
    }

    /// One that knows these words, and these synonyms.
    pub fn knowing(words: &str, synonyms: &str, pages: &[PageDocument]) -> Self {
        let mut vocabulary =
            Vocabulary { synonyms: Synonyms::parse(synonyms).expect("parses"), ..Vocabulary::default() };
        vocabulary.lexicon.learn(words);
        Self::with(vocabulary, pages)
    }

    pub fn with(vocabulary: Vocabulary, pages: &[PageDocument]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let index = Index::open_with(dir.path(), vocabulary).expect("opens");
        let shelf = Self { index, dir };
        shelf.put(pages, 1);
        shelf
    }

    pub fn put(&self, pages: &[PageDocument], cursor: u64) {
        pages.iter().for_each(|page| self.index.put(page).expect("put"));
        self.index.commit(cursor).expect("commit");
    }

    pub fn search(&self, query: &str) -> SearchResult {
        self.index.search(&SearchRequest::new(query, Scope::FILED)).expect("searches")
    }

    /// Words lit on page 1 of `document`.
    pub fn lit(&self, document: &str, query: &str) -> Vec<String> {
        let boxes = self.index.lit(&page_id(document, 1), query).expect("lights");
        boxes.into_iter().map(|lit| lit.word).collect()
    }
}
