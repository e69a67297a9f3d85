//! What are lines and blocks before they are ordered?

use record::words::Box as Rectangle;

use crate::engine::FoundWord;

/// Words that Tesseract put into one line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) words: Vec<FoundWord>,
    pub(super) place: Rectangle,
}

/// Lines that belong together; never empty.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    pub(super) lines: Vec<Line>,
    pub(super) place: Rectangle,
}

impl Line {
    /// `None` without words.
    pub(super) fn new(words: Vec<FoundWord>) -> Option<Self> {
        let place = words.iter().map(place).reduce(Rectangle::union)?;
        Some(Self { words, place })
    }

    pub(super) fn chars(&self) -> usize {
        self.words.iter().map(|word| word.text.chars().count()).sum()
    }
}

impl Block {
    /// `None` without lines.
    pub(super) fn new(lines: Vec<Line>) -> Option<Self> {
        let place = lines.iter().map(|line| line.place).reduce(Rectangle::union)?;
        Some(Self { lines, place })
    }
}

pub(super) fn place(word: &FoundWord) -> Rectangle {
    Rectangle { x: word.left, y: word.top, w: word.right - word.left, h: word.bottom - word.top }
}

/// Takes the words apart where Tesseract began blocks and lines.
pub(super) fn blocks(words: Vec<FoundWord>) -> Vec<Block> {
    let mut blocks: Vec<Vec<Vec<FoundWord>>> = Vec::new();
    for word in words {
        if word.starts_block || blocks.is_empty() {
            blocks.push(Vec::new());
        }
        let Some(block) = blocks.last_mut() else { continue };
        if word.starts_line || block.is_empty() {
            block.push(Vec::new());
        }
        block.last_mut().into_iter().for_each(|line| line.push(word.clone()));
    }
    let lines = |lines: Vec<Vec<FoundWord>>| lines.into_iter().filter_map(Line::new).collect();
    blocks.into_iter().filter_map(|block| Block::new(lines(block))).collect()
}

/// The words of all lines, in order.
pub(super) fn words(blocks: Vec<Block>) -> Vec<FoundWord> {
    let mut words = Vec::new();
    for block in blocks {
        let starts = words.len();
        for line in block.lines {
            let line = line.words.into_iter().enumerate();
            words.extend(line.map(|(at, word)| FoundWord { starts_block: false, starts_line: at == 0, ..word }));
        }
        words.get_mut(starts).into_iter().for_each(|word: &mut FoundWord| word.starts_block = true);
    }
    words
}

/// `None` of nothing.
pub(crate) fn median(values: impl Iterator<Item = u32>) -> Option<u32> {
    let mut values: Vec<u32> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

/// How far two stretches overlap, as a share of the shorter one.
pub(super) fn overlap(a: (u32, u32), b: (u32, u32)) -> f64 {
    let shared = a.1.min(b.1).saturating_sub(a.0.max(b.0));
    f64::from(shared) / f64::from((a.1 - a.0).min(b.1 - b.0).max(1))
}

pub(super) const fn meet(a: Rectangle, b: Rectangle) -> bool {
    a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
}

pub(super) fn across(place: Rectangle) -> (u32, u32) {
    (place.x, place.x + place.w)
}

pub(super) fn down(place: Rectangle) -> (u32, u32) {
    (place.y, place.y + place.h)
}
