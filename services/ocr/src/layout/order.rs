//! Which block is read first?
//!
//! Tesseract's own order, but a block is never read before one that stands above it in its column: letterheads and
//! footers of several short lines are now and then put at the wrong end of the page. The relation is the first of the two
//! of T. Breuel, "High performance document layout analysis" (2003).

use super::line::{Block, across, down, overlap};

/// Blocks are in one column that share this part of the narrower one's width.
const SHARED_MIN: f64 = 0.2;
/// A page of more blocks than this is no text whose order could be mended.
const BLOCKS_MAX: usize = 400;

pub(super) fn from_top(mut blocks: Vec<Block>) -> Vec<Block> {
    if blocks.len() > BLOCKS_MAX {
        return blocks;
    }
    let mut ordered = Vec::with_capacity(blocks.len());
    while !blocks.is_empty() {
        let is_next = |block: &Block| !blocks.iter().any(|other| is_above(other, block));
        let next = blocks.iter().position(is_next).unwrap_or(0);
        ordered.push(blocks.remove(next));
    }
    ordered
}

fn is_above(other: &Block, block: &Block) -> bool {
    down(other.place).1 <= down(block.place).0 && overlap(across(other.place), across(block.place)) >= SHARED_MIN
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::FoundWord;
    use crate::layout::line;

    fn block(text: &str, left: u32, top: u32, right: u32) -> FoundWord {
        let text = text.to_owned();
        FoundWord {
            text,
            left,
            top,
            right,
            bottom: top + 20,
            starts_block: true,
            starts_line: true,
            ..Default::default()
        }
    }

    fn read(words: &[FoundWord]) -> Vec<String> {
        let ordered = from_top(line::blocks(words.to_vec()));
        ordered.into_iter().flat_map(|block| block.lines).flat_map(|line| line.words).map(|word| word.text).collect()
    }

    #[test]
    fn a_footer_that_came_first_is_read_last() {
        let page = [block("footer", 0, 900, 600), block("letterhead", 200, 0, 400), block("body", 0, 100, 600)];
        assert_eq!(read(&page), ["letterhead", "body", "footer"]);
    }

    #[test]
    fn columns_stay_as_they_were_read() {
        let page = [
            block("title", 0, 0, 600),
            block("left", 0, 100, 290),
            block("left below", 0, 200, 290),
            block("right", 310, 100, 600),
            block("right below", 310, 200, 600),
        ];
        assert_eq!(read(&page), ["title", "left", "left below", "right", "right below"]);
    }
}
