//! Which blocks are parts of a table or a form, and is read across?
//!
//! Tesseract's layout analysis takes the columns of a table for columns of text and reads them down. Blocks are
//! columns of a table where they stand in one grid of rules, or beside each other with short lines at the same
//! heights. Lines of prose are long: those columns are left as they are.

use imaging::Grid;
use record::words::Box as Rectangle;

use super::line::{Block, Line, across, blocks, down, overlap};
use super::rows::{boundaries, number, rows};
use crate::engine::FoundWord;

/// Lines of cells are shorter than this on average, those of the narrowest columns of prose are longer.
const CELL_CHARS_MAX: usize = 24;
/// Those of a column of units or flags.
const UNIT_CHARS_MAX: usize = 10;
/// So much of a column of numbers are digits.
const DIGITS_MIN: f64 = 0.6;
/// A column has more than a few lines.
const COLUMN_LINES_MIN: usize = 4;
/// Blocks beside each other with no more lines than this are a letterhead or the top of a form.
const HEADING_LINES_MAX: usize = 6;
/// So much of the lines must have another beside them.
const ALIGNED_MIN: f64 = 0.6;

/// The same words, rows of tables read across.
pub(super) fn in_order(words: Vec<FoundWord>, grids: &[Grid]) -> Vec<FoundWord> {
    let blocks = blocks(words);
    let group = groups(&blocks, grids);
    let mut blocks: Vec<Option<Block>> = blocks.into_iter().map(Some).collect();
    let (mut ordered, mut table) = (Vec::new(), 0);
    for at in 0..blocks.len() {
        let members = (at..blocks.len()).filter(|other| group[*other] == group[at]);
        let taken: Vec<Block> = members.filter_map(|other| blocks[other].take()).collect();
        let place = taken.iter().map(|block| block.place).reduce(Rectangle::union);
        let grid = place.and_then(|place| grids.iter().find(|grid| holds(grid, place)));
        let lines = taken.iter().flat_map(|block| block.lines.iter().cloned()).collect();
        match taken.len() > 1
            || grid.is_some_and(|grid| is_table(grid) && !taken.iter().any(|block| is_prose(block, grid)))
        {
            true => {
                ordered.extend(read_across(table, lines, grid));
                table += 1;
            }
            false => ordered.extend(lines),
        }
    }
    ordered.into_iter().flat_map(|line| line.words).collect()
}

/// The same words, all lines side by side joined.
pub(super) fn in_rows(words: Vec<FoundWord>) -> Vec<FoundWord> {
    let lines = blocks(words).into_iter().flat_map(|block| block.lines).collect();
    let mut words = Vec::new();
    for row in rows(lines) {
        let first = words.is_empty();
        let row = row.into_iter().flat_map(|line| line.words).enumerate();
        words.extend(row.map(|(at, word)| FoundWord { starts_block: first && at == 0, starts_line: at == 0, ..word }));
    }
    words
}

/// Whether a column of prose has something beside it.
pub(super) fn has_prose_columns(words: &[FoundWord]) -> bool {
    let blocks = blocks(words.to_vec());
    let is_column = |block: &&Block| block.lines.len() >= COLUMN_LINES_MIN;
    let prose = blocks.iter().filter(is_column).filter(|block| mean_chars(block) > CELL_CHARS_MAX * 3 / 2);
    prose.into_iter().any(|prose| blocks.iter().filter(is_column).any(|other| stand_beside(prose, other)))
}

fn read_across(table: u32, lines: Vec<Line>, grid: Option<&Grid>) -> Vec<Line> {
    let rows = rows(lines);
    let boundaries = boundaries(&rows, grid.map_or(&[], |grid| grid.down.as_slice()));
    number(table, rows, &boundaries)
}

/// A number for each block; blocks of one table have the same.
fn groups(blocks: &[Block], grids: &[Grid]) -> Vec<usize> {
    let grid_of = |block: &Block| grids.iter().find(|grid| holds(grid, block.place));
    let mut group: Vec<usize> = (0..blocks.len()).collect();
    for (a, left) in blocks.iter().enumerate() {
        for (b, right) in blocks.iter().enumerate().skip(a + 1) {
            let one = match (grid_of(left), grid_of(right)) {
                (None, None) => beside(left, right),
                (one, other) => {
                    one == other
                        && one.is_some_and(|grid| is_table(grid) && !is_prose(left, grid) && !is_prose(right, grid))
                }
            };
            if one && group[a] != group[b] {
                let (old, new) = (group[b].max(group[a]), group[a].min(group[b]));
                group.iter_mut().filter(|group| **group == old).for_each(|group| *group = new);
            }
        }
    }
    group
}

/// More than a frame.
pub(super) fn is_table(grid: &Grid) -> bool {
    grid.across.len() + grid.down.len() >= 5
}

fn holds(grid: &Grid, place: Rectangle) -> bool {
    let (x, y) = (place.x + place.w / 2, place.y + place.h / 2);
    let within = |at: u32, stretch: (u32, u32)| (stretch.0..stretch.1).contains(&at);
    within(x, across(grid.place)) && within(y, down(grid.place))
}

/// Long lines, and more of them than the rules across make rows, or lines that no cell has.
fn is_prose(block: &Block, grid: &Grid) -> bool {
    let (chars, lines) = (mean_chars(block), block.lines.len());
    chars > CELL_CHARS_MAX && lines > grid.across.len() * 2 || chars > CELL_CHARS_MAX * 2 && lines >= COLUMN_LINES_MIN
}

fn mean_chars(block: &Block) -> usize {
    block.lines.iter().map(Line::chars).sum::<usize>() / block.lines.len().max(1)
}

fn stand_beside(a: &Block, b: &Block) -> bool {
    overlap(across(a.place), across(b.place)) < 0.1 && overlap(down(a.place), down(b.place)) >= 0.5
}

/// Two columns of one table without rules.
fn beside(a: &Block, b: &Block) -> bool {
    let columns = is_numbers(a) && is_short(b) || is_short(a) && is_numbers(b);
    stand_beside(a, b) && (columns || is_heading(a) && is_heading(b)) && aligned(a, b)
}

fn is_short(block: &Block) -> bool {
    mean_chars(block) <= CELL_CHARS_MAX
}

/// Numbers, in one or more columns, or their units.
fn is_numbers(block: &Block) -> bool {
    let chars = || block.lines.iter().flat_map(|line| &line.words).flat_map(|word| word.text.chars());
    let (digits, letters) = chars().fold((0, 0), |(digits, letters), char| {
        (digits + usize::from(char.is_numeric()), letters + usize::from(char.is_alphabetic()))
    });
    let numbers = digits as f64 >= (digits + letters) as f64 * DIGITS_MIN;
    block.lines.len() >= 2 && (numbers || mean_chars(block) <= UNIT_CHARS_MAX && block.lines.len() >= 3)
}

/// Few lines, and short ones. What is taller and has no rules may be a column of prose beside a picture or a table, which
/// is read down.
fn is_heading(block: &Block) -> bool {
    let longest = block.lines.iter().map(Line::chars).max().unwrap_or(0);
    (2..=HEADING_LINES_MAX).contains(&block.lines.len()) && longest <= CELL_CHARS_MAX * 3 / 2
}

/// Most lines of the block with fewer of them have a line of the other beside them.
fn aligned(a: &Block, b: &Block) -> bool {
    let (few, many) = if a.lines.len() <= b.lines.len() { (a, b) } else { (b, a) };
    let has_mate = |line: &&Line| many.lines.iter().any(|other| overlap(down(line.place), down(other.place)) >= 0.6);
    few.lines.iter().filter(has_mate).count() as f64 >= few.lines.len() as f64 * ALIGNED_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `starts` says whether the word begins a block; each word is a line.
    fn word(text: &str, left: u32, top: u32, starts: bool) -> FoundWord {
        let (right, bottom) = (left + 12 * text.len() as u32, top + 20);
        let text = text.to_owned();
        FoundWord {
            text,
            left,
            top,
            right,
            bottom,
            confidence: 90.0,
            starts_block: starts,
            starts_line: true,
            cell: None,
        }
    }

    fn texts(words: &[FoundWord]) -> Vec<&str> {
        words.iter().map(|word| word.text.as_str()).collect()
    }

    #[test]
    fn columns_of_a_table_are_read_across_and_numbered() {
        let down = [
            word("Sodium", 0, 0, true),
            word("Chloride", 0, 40, false),
            word("134", 300, 2, true),
            word("104", 300, 41, false),
        ];
        let read = in_order(down.to_vec(), &[]);
        assert_eq!(texts(&read), ["Sodium", "134", "Chloride", "104"]);
        let cells: Vec<_> = read.iter().filter_map(|word| word.cell).map(|cell| (cell.row, cell.column)).collect();
        assert_eq!(cells, [(0, 0), (0, 1), (1, 0), (1, 1)]);
    }

    #[test]
    fn columns_of_prose_are_read_down() {
        let long = "a-line-of-prose-without-end-that-fills-its-column";
        let page =
            [word(long, 0, 0, true), word(long, 0, 40, false), word(long, 900, 0, true), word(long, 900, 40, false)];
        assert_eq!(in_order(page.to_vec(), &[]), page);
    }
}
