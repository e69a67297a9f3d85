//! Which document marks stand beside the frames?
//!
//! Cameras with image management expose a mark beside each page: small for a page, larger for a file, largest for a batch
//! (levels 0, 1, 2; ANSI/AIIM MS8). They count the pages, whatever the pages look like.

use serde::{Deserialize, Serialize};

use crate::exposure::Exposure;

/// A mark beside the frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blip {
    /// Where it is along the film, in pixels of the picture.
    pub at: u32,
    /// 0 for a page, 1 for a file, 2 for a batch.
    pub level: u8,
}

/// A mark in columns and rows of the film.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pub centre: usize,
    width: usize,
    first: usize,
    last: usize,
    pub level: u8,
}

/// The marks in the lane of those rows, left to right; specks and scratches are none.
pub(crate) fn marks(film: &Exposure, lane: (usize, usize)) -> Vec<Mark> {
    // Marks are as light as paper; fog and specks mostly are not.
    let light = film.threshold.max(film.paper / 2);
    let (least, most) = ((film.height / 120).max(3), film.height / 14);
    let mut marks = Vec::new();
    let mut open: Option<Mark> = None;
    for x in 0..=film.width {
        let run = if x < film.width { run(&film.column(x)[lane.0..lane.1], light, (least, most)) } else { None };
        open = match (open, run) {
            (None, Some((first, last))) => Some(Mark { centre: x, width: 1, first, last, level: 0 }),
            (Some(mark), Some((first, last))) => {
                Some(Mark { width: mark.width + 1, first: mark.first.min(first), last: mark.last.max(last), ..mark })
            }
            (open, None) => {
                let is_mark = |mark: &Mark| (least..=most).contains(&mark.width) && mark.is_square();
                marks.extend(open.filter(is_mark).map(|mark| Mark { centre: mark.centre + mark.width / 2, ..mark }));
                None
            }
        };
    }
    levels(aligned(marks))
}

impl Mark {
    fn height(&self) -> usize {
        self.last - self.first
    }

    fn is_square(&self) -> bool {
        let (w, h) = (self.width, self.height());
        5 * w <= 11 * h && 5 * h <= 11 * w
    }
}

/// The longest run of rows as light as that, where it is as long as a mark and does not go on out of the lane.
fn run(lane: &[u8], light: u8, (least, most): (usize, usize)) -> Option<(usize, usize)> {
    let mut longest = (0, 0);
    let mut from = None;
    for y in 0..=lane.len() {
        match (lane.get(y).is_some_and(|&pixel| pixel > light), from) {
            (true, None) => from = Some(y),
            (false, Some(start)) => {
                if y - start > longest.1 - longest.0 {
                    longest = (start, y);
                }
                from = None;
            }
            _ => {}
        }
    }
    (least..=most).contains(&(longest.1 - longest.0)).then_some(longest)
}

/// Marks stand in one line: by their upper edges, middles or lower edges.
fn aligned(marks: Vec<Mark>) -> Vec<Mark> {
    let usual = |of: fn(&Mark) -> usize| {
        let mut rows: Vec<usize> = marks.iter().map(of).collect();
        rows.sort_unstable();
        rows.get(rows.len() / 2).copied().unwrap_or_default()
    };
    let lines: [fn(&Mark) -> usize; 3] = [|mark| mark.first, |mark| (mark.first + mark.last) / 2, |mark| mark.last];
    let usual = lines.map(usual);
    let stands = |mark: &Mark| lines.iter().zip(usual).any(|(line, usual)| line(mark).abs_diff(usual) <= 2);
    marks.iter().copied().filter(stands).collect()
}

/// By height, as the marks of pages are the most.
fn levels(mut marks: Vec<Mark>) -> Vec<Mark> {
    let mut heights: Vec<usize> = marks.iter().map(Mark::height).collect();
    heights.sort_unstable();
    let usual = heights.get(heights.len() / 3).copied().unwrap_or(1).max(1);
    for mark in &mut marks {
        mark.level = match mark.height() * 10 / usual {
            0..=14 => 0,
            15..=21 => 1,
            _ => 2,
        };
    }
    marks
}
