//! Which lines stand side by side, and in which column is each piece of them?

use record::words::Cell;

use super::line::{Line, down, overlap};

/// A gap wider than this, in heights of the line, ends a cell.
const GAP_HEIGHTS: f64 = 1.0;

/// What stands in one row of a table, left to right.
pub(super) type Row = Vec<Line>;

/// Sorts lines into rows: a line belongs to the row that covers half of its height.
pub(super) fn rows(mut lines: Vec<Line>) -> Vec<Row> {
    lines.sort_by_key(|line| line.place.y * 2 + line.place.h);
    let mut rows: Vec<Row> = Vec::new();
    for line in lines {
        let beside = |row: &&mut Row| row.iter().all(|other| overlap(down(other.place), down(line.place)) >= 0.5);
        match rows.last_mut().filter(beside) {
            Some(row) => row.push(line),
            None => rows.push(vec![line]),
        }
    }
    rows.into_iter().map(into_cells).collect()
}

/// The row cut at its wide gaps, whatever Tesseract took for a line.
fn into_cells(row: Row) -> Row {
    let height = row.iter().map(|line| line.place.h).max().unwrap_or(0);
    let mut words: Vec<_> = row.into_iter().flat_map(|line| line.words).collect();
    words.sort_by_key(|word| word.left);
    let gap = (f64::from(height) * GAP_HEIGHTS) as u32;
    let cells = words.chunk_by(|left, right| right.left.saturating_sub(left.right) <= gap);
    cells.filter_map(|words| Line::new(words.to_vec())).collect()
}

/// Where columns end: at the rules, or, where there are none, between the cells of the fullest row.
pub(super) fn boundaries(rows: &[Row], rules: &[u32]) -> Vec<u32> {
    if let [_, inner @ .., _] = rules
        && !inner.is_empty()
    {
        return inner.to_vec();
    }
    let fullest = rows.iter().rev().max_by_key(|row| row.len());
    let between = |pair: &[Line]| (pair[0].place.x + pair[0].place.w + pair[1].place.x) / 2;
    fullest.map(|row| row.windows(2).map(between).collect()).unwrap_or_default()
}

/// Numbers the words' cells, and marks where cells begin.
pub(super) fn number(table: u32, rows: Vec<Row>, boundaries: &[u32]) -> Vec<Line> {
    let mut numbered: Vec<Line> = Vec::new();
    for (row, cells) in (0..).zip(rows) {
        for mut cell in cells {
            let middle = cell.place.x + cell.place.w / 2;
            let column = boundaries.iter().filter(|boundary| **boundary < middle).count() as u32;
            let place = Some(Cell { table, row, column });
            // Two pieces in one column are one cell.
            let goes_on = numbered.last().and_then(|last| last.words.first()).is_some_and(|word| word.cell == place);
            for (at, word) in cell.words.iter_mut().enumerate() {
                word.cell = place;
                word.starts_block = at == 0 && !goes_on;
                word.starts_line = word.starts_block;
            }
            numbered.push(cell);
        }
    }
    numbered
}
