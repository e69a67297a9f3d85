//! Does the foot of the page stand in columns?
//!
//! Letterheads end in two or three short columns: the offices, the branches, a motto. Layout analysis finds no columns in
//! so few lines and reads across them. Here gutters that run through all lines of the foot part them, as the white
//! streams of H. Baird, "Background structure in document images" (1994), and each column is read by itself.

use record::words::Box as Rectangle;

use super::line::{Block, Line, down, median, overlap};
use crate::engine::FoundWord;

/// More lines than this are no foot.
const LINES_MAX: usize = 16;
/// So many heights of a word above the foot are empty, and so many at most within it.
const ABOVE_HEIGHTS: u32 = 4;
const WITHIN_HEIGHTS: u32 = 3;
/// And so many heights wide is a gutter.
const GUTTER_HEIGHTS: u32 = 5;
/// A column is of more than one line, of words rather than numbers, and not of a table.
const COLUMN_LINES_MIN: usize = 2;

/// The same words, the columns of a foot one after the other.
pub(super) fn in_columns(blocks: Vec<Block>) -> Vec<Block> {
    let Some(top) = top_of_foot(&blocks) else { return blocks };
    let is_foot = |line: &Line| line.place.y >= top;
    let foot: Vec<&Line> = blocks.iter().flat_map(|block| &block.lines).filter(|line| is_foot(line)).collect();
    let columns = columns(&foot);
    if columns.len() < 2 || !columns.iter().all(is_column) {
        return blocks;
    }
    let body = blocks
        .into_iter()
        .filter_map(|block| Block::new(block.lines.into_iter().filter(|line| !is_foot(line)).collect()));
    body.chain(columns).collect()
}

/// Where the last lines of the page begin, if white parts them from the rest.
fn top_of_foot(blocks: &[Block]) -> Option<u32> {
    let mut lines: Vec<Rectangle> = blocks.iter().flat_map(|block| &block.lines).map(|line| line.place).collect();
    let height = median(blocks.iter().flat_map(|block| &block.lines).flat_map(|line| &line.words).map(height))?;
    lines.sort_by_key(|line| std::cmp::Reverse(down(*line).1));
    let mut top = lines.first()?.y;
    for (count, line) in lines.into_iter().enumerate() {
        let gap = top.saturating_sub(down(line).1);
        if gap >= ABOVE_HEIGHTS * height {
            return Some(top);
        }
        if count == LINES_MAX || gap > WITHIN_HEIGHTS * height {
            return None;
        }
        top = top.min(line.y);
    }
    None
}

/// The words of all lines, parted where no line has a word.
fn columns(foot: &[&Line]) -> Vec<Block> {
    let words = || foot.iter().flat_map(|line| &line.words);
    let Some(height) = median(words().map(height)) else { return Vec::new() };
    let mut spans: Vec<(u32, u32)> = words().map(|word| (word.left, word.right)).collect();
    spans.sort_unstable();
    let mut columns: Vec<(u32, u32)> = Vec::new();
    for (left, right) in spans {
        match columns.last_mut() {
            Some(last) if left < last.1 + GUTTER_HEIGHTS * height => last.1 = last.1.max(right),
            _ => columns.push((left, right)),
        }
    }
    columns.into_iter().filter_map(|column| within(foot, column)).collect()
}

/// What of the lines stands in a column, from its top.
fn within(foot: &[&Line], column: (u32, u32)) -> Option<Block> {
    let part = |line: &&Line| {
        let words = line.words.iter().filter(|word| (column.0..column.1).contains(&word.left));
        Line::new(words.cloned().collect())
    };
    let mut lines: Vec<Line> = foot.iter().filter_map(part).collect();
    lines.sort_by_key(|line| line.place.y);
    Block::new(lines)
}

fn is_column(column: &Block) -> bool {
    let text = || column.lines.iter().flat_map(|line| &line.words).flat_map(|word| word.text.chars());
    let (letters, digits) = (text().filter(|c| c.is_alphabetic()).count(), text().filter(char::is_ascii_digit).count());
    let rows = column.lines.windows(2).filter(|two| overlap(down(two[0].place), down(two[1].place)) < 0.5).count() + 1;
    let is_table = column.lines.iter().flat_map(|line| &line.words).any(|word| word.cell.is_some());
    rows >= COLUMN_LINES_MIN && letters > digits && !is_table
}

const fn height(word: &FoundWord) -> u32 {
    word.bottom - word.top
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::line;

    fn word(text: &str, left: u32, top: u32, begins: bool) -> FoundWord {
        let (right, bottom) = (left + 20 * text.len() as u32, top + 20);
        let text = text.to_owned();
        FoundWord { text, left, top, right, bottom, starts_block: begins, starts_line: begins, ..FoundWord::default() }
    }

    fn read(words: Vec<FoundWord>) -> String {
        let words = line::words(in_columns(line::blocks(words)));
        words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn columns_at_the_foot_are_read_one_after_the_other() {
        let page = |gap: u32| {
            let foot = 200 + gap;
            vec![
                word("Enclosures", 0, 180, true),
                word("Office", 0, foot, true),
                word("Savings", 500, foot, false),
                word("Street", 0, foot + 30, true),
                word("deserved", 500, foot + 30, false),
            ]
        };
        assert_eq!(read(page(200)), "Enclosures Office Street Savings deserved");
        assert_eq!(read(page(20)), "Enclosures Office Savings Street deserved", "it belongs to what is above");
    }

    #[test]
    fn numbers_and_single_lines_are_no_columns() {
        let foot = |right: [&str; 2]| {
            vec![
                word("Enclosures", 0, 0, true),
                word("Total", 0, 400, true),
                word(right[0], 500, 400, false),
                word("Due", 0, 430, true),
                word(right[1], 500, 430, false),
            ]
        };
        assert_eq!(read(foot(["120.00", "80.00"])), "Enclosures Total 120.00 Due 80.00");
        let one = vec![word("Above", 0, 0, true), word("Page", 0, 400, true), word("Draft", 500, 400, false)];
        assert_eq!(read(one), "Above Page Draft");
    }
}
