//! What was read on a page, and where.

use serde::{Deserialize, Serialize};

/// A rectangle in pixels of the master image, as stored: x to the right, y down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Box {
    pub x: u32,
    pub y: u32,
    pub w: u32,
    pub h: u32,
}

impl Box {
    /// The smallest box around both.
    pub fn union(self, other: Self) -> Self {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let right = (self.x + self.w).max(other.x + other.w);
        let bottom = (self.y + self.h).max(other.y + other.h);
        Self { x, y, w: right - x, h: bottom - y }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word {
    /// As printed: a word that goes on in the next line keeps its hyphen.
    pub text: String,
    pub place: Box,
    /// 0 to 100.
    pub confidence: u8,
    /// Set where the word is one part of a word that was broken at a line end.
    pub part: Option<Part>,
    /// A person has looked at it: confirmed or corrected.
    pub corrected: bool,
}

impl Word {
    /// A whole word as an engine read it.
    pub fn read(text: impl Into<String>, place: Box, confidence: u8) -> Self {
        Self { text: text.into(), place, confidence, part: None, corrected: false }
    }

    /// What stands before the one hyphen that the word ends in, and that hyphen.
    pub fn before_hyphen(&self) -> Option<(&str, char)> {
        let hyphen = self.text.chars().next_back().filter(|c| is_hyphen(*c))?;
        let before = &self.text[..self.text.len() - hyphen.len_utf8()];
        let more = before.chars().next_back().is_none_or(is_hyphen);
        (!more).then_some((before, hyphen))
    }
}

/// What print breaks words with: hyphen-minus, hyphen, non-breaking and soft hyphen, the double hyphen of blackletter,
/// and the not sign that engines take for it.
pub fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{2011}' | '\u{AD}' | '\u{2E17}' | '\u{AC}')
}

/// Which part of a broken word, and the whole of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    First(String),
    Second(String),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    pub words: Vec<Word>,
    /// The page's where absent.
    pub language: Option<String>,
}

impl Line {
    pub fn of(words: Vec<Word>) -> Self {
        Self { words, language: None }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    pub lines: Vec<Line>,
    /// Set where the block is a cell of a table. The cells of a table follow each other, row by row.
    pub cell: Option<Cell>,
}

impl Block {
    pub fn of(lines: Vec<Line>) -> Self {
        Self { lines, cell: None }
    }
}

/// A place in a table; all counted from 0, tables over the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    pub table: u32,
    pub row: u32,
    pub column: u32,
}

/// What kind of page it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PageKind {
    #[default]
    Text,
    /// Nothing is on it.
    Blank,
    /// A picture without text.
    Picture,
}

impl PageKind {
    pub const ALL: [Self; 3] = [Self::Text, Self::Blank, Self::Picture];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Blank => "blank",
            Self::Picture => "picture",
        }
    }
}

/// Why a page, or a part of it, needs a person though it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttentionReason {
    /// There is writing that is not print.
    Handwriting,
    /// There is a picture; text on it may be missing.
    Picture,
    /// There is ink too faint to be read.
    Faint,
    /// Text runs over the edge of the image.
    CutOff,
    /// There is print, and what was made of it is doubtful.
    Doubtful,
}

impl AttentionReason {
    pub const ALL: [Self; 5] = [Self::Handwriting, Self::Picture, Self::Faint, Self::CutOff, Self::Doubtful];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Handwriting => "handwriting",
            Self::Picture => "picture",
            Self::Faint => "faint",
            Self::CutOff => "cut-off",
            Self::Doubtful => "doubtful",
        }
    }

    pub const fn explain(self) -> &'static str {
        match self {
            Self::Handwriting => "there is handwriting, which is not read",
            Self::Picture => "there is a picture; text on it may be missing",
            Self::Faint => "the print is too faint to be read with certainty",
            Self::CutOff => "text runs over the edge of the image",
            Self::Doubtful => "what was read is doubtful",
        }
    }
}

/// A part of the page that a person should look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attention {
    pub reason: AttentionReason,
    pub place: Box,
}

/// One page's text in reading order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageText {
    /// Size of the master image.
    pub width: u32,
    pub height: u32,
    /// Clockwise turn, in degrees (0, 90, 180, 270), that makes the master upright.
    pub rotation: u16,
    /// What was left to straighten after that turn, in hundredths of a degree, clockwise positive.
    pub skew_centidegrees: i32,
    pub language: String,
    pub engine: Engine,
    pub kind: PageKind,
    pub blocks: Vec<Block>,
    /// The most pressing first.
    pub attention: Vec<Attention>,
}

impl PageText {
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.blocks.iter().flat_map(|block| &block.lines)
    }

    pub fn words(&self) -> impl Iterator<Item = &Word> {
        self.lines().flat_map(|line| &line.words)
    }

    /// Mean confidence weighted by word length; 0 for a page without words.
    pub fn confidence(&self) -> u8 {
        let (mut sum, mut weight) = (0_u64, 0_u64);
        for word in self.words() {
            let chars = word.text.chars().count() as u64;
            sum += u64::from(word.confidence) * chars;
            weight += chars;
        }
        sum.checked_div(weight).map_or(0, |mean| mean.min(100) as u8)
    }

    /// Lines by newlines, blocks by blank lines.
    pub fn plain(&self) -> String {
        let blocks: Vec<String> = self
            .blocks
            .iter()
            .map(|block| {
                let lines: Vec<String> = block
                    .lines
                    .iter()
                    .map(|line| line.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "))
                    .collect();
                lines.join("\n")
            })
            .collect();
        blocks.join("\n\n")
    }
}

/// Everything needed to read the page again and get the same text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engine {
    pub name: String,
    pub version: String,
    /// `eng` and the like, with the digest of the model file.
    pub model: String,
    pub model_digest: String,
    /// The steps and parameters, `key=value` joined by spaces.
    pub recipe: String,
    /// Counts up whenever a change of the steps makes other text; 0 for text nobody numbered. Pages
    /// read with a lower one are worth reading again.
    pub generation: u32,
}
