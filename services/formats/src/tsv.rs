//! The text of a page as the table that `tesseract … tsv` writes.
//!
//! Twelve columns between tabs (tesseract(1), `TessBaseAPI::GetTSVText`): level (1 page, 2 block, 3 paragraph, 4 line,
//! 5 word), the numbers of each from 1, the box, the confidence (-1 above words) and the word. A block here is one
//! paragraph.

use std::fmt::{Result, Write as _};

use record::words::{Box, Line, PageText, Word};

/// The first line of a table.
pub const HEADER: &str =
    "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n";

/// The lines of page `number` of a file, counted from 1; without the [`HEADER`].
pub fn write(text: &PageText, number: u32) -> String {
    let mut table = String::with_capacity(60 * (1 + text.words().count()));
    // Writing to a string cannot fail; `fmt::Result` only satisfies the trait.
    let _ = page(&mut table, text, number);
    table
}

fn page(table: &mut String, text: &PageText, page: u32) -> Result {
    row(table, 1, [page, 0, 0, 0, 0], Box { x: 0, y: 0, w: text.width, h: text.height })?;
    for (block, number) in text.blocks.iter().zip(1..) {
        let place = around(block.lines.iter().flat_map(|line| &line.words));
        row(table, 2, [page, number, 0, 0, 0], place)?;
        row(table, 3, [page, number, 1, 0, 0], place)?;
        for (line, at) in block.lines.iter().zip(1..) {
            lines(table, line, [page, number, 1, at, 0])?;
        }
    }
    Ok(())
}

fn lines(table: &mut String, line: &Line, numbers: [u32; 5]) -> Result {
    row(table, 4, numbers, around(line.words.iter()))?;
    let [page, block, paragraph, line_number, _] = numbers;
    for (word, number) in line.words.iter().zip(1..) {
        start(table, 5, [page, block, paragraph, line_number, number], word.place)?;
        writeln!(table, "{}\t{}", word.confidence, flat(&word.text))?;
    }
    Ok(())
}

/// Everything above a word.
fn row(table: &mut String, level: u8, numbers: [u32; 5], place: Box) -> Result {
    start(table, level, numbers, place)?;
    writeln!(table, "-1\t")
}

fn start(table: &mut String, level: u8, numbers: [u32; 5], Box { x, y, w, h }: Box) -> Result {
    let [page, block, paragraph, line, word] = numbers;
    write!(table, "{level}\t{page}\t{block}\t{paragraph}\t{line}\t{word}\t{x}\t{y}\t{w}\t{h}\t")
}

fn around<'a>(words: impl Iterator<Item = &'a Word>) -> Box {
    words.map(|word| word.place).reduce(Box::union).unwrap_or_default()
}

/// Nothing that would end a field or a line.
fn flat(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use record::words::Block;

    use super::*;

    #[test]
    fn it_has_tesseracts_columns() {
        let word = |text: &str, x| Word::read(text, Box { x, y: 4, w: 9, h: 3 }, 96);
        let block = Block::of(vec![Line::of(vec![word("chest", 10), word("a\tb\n", 30)])]);
        let text = PageText { width: 600, height: 800, blocks: vec![block, Block::default()], ..PageText::default() };
        let wanted = "1\t2\t0\t0\t0\t0\t0\t0\t600\t800\t-1\t\n\
                      2\t2\t1\t0\t0\t0\t10\t4\t29\t3\t-1\t\n\
                      3\t2\t1\t1\t0\t0\t10\t4\t29\t3\t-1\t\n\
                      4\t2\t1\t1\t1\t0\t10\t4\t29\t3\t-1\t\n\
                      5\t2\t1\t1\t1\t1\t10\t4\t9\t3\t96\tchest\n\
                      5\t2\t1\t1\t1\t2\t30\t4\t9\t3\t96\ta b \n\
                      2\t2\t2\t0\t0\t0\t0\t0\t0\t0\t-1\t\n\
                      3\t2\t2\t1\t0\t0\t0\t0\t0\t0\t-1\t\n";
        assert_eq!(write(&text, 2), wanted);
        assert!(wanted.lines().chain(HEADER.lines()).all(|line| line.matches('\t').count() == 11));
    }
}
