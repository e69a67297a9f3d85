//! What was read on a page, and where.

use serde::{Deserialize, Serialize};

/// A rectangle in pixels of the master image, as stored: x to the right, y down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub place: Box,
    /// 0 to 100.
    pub confidence: u8,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    pub words: Vec<Word>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    pub lines: Vec<Line>,
}

/// One page's text in reading order.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    pub blocks: Vec<Block>,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engine {
    pub name: String,
    pub version: String,
    /// `eng` and the like, with the digest of the model file.
    pub model: String,
    pub model_digest: String,
    /// The steps and parameters, `key=value` joined by spaces.
    pub recipe: String,
}
