//! Is all of a reel accounted for? A reel is closed only when every difference is found or explained.

use std::collections::BTreeSet;

use record::words::Box as Rectangle;
use serde::Serialize;

use crate::arrange::{FrameMark, Placed};
use crate::reel::filed::Filed;
use crate::reel::order::along;
use crate::reel::tiles::{self, beyond, following, stretched};
use crate::report::counted;
use crate::spool::State;
use crate::unpack::strip::StripFacts;

/// So many runs, or refused files, are told; more would hide the rest.
const TOLD_MAX: usize = 12;
/// One part in so many of exposed film is not left out by a nudge of a cut.
const BARE_PART: u32 = 4;

/// What came of a reel, in frames.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    pub blips: u32,
    pub found: u32,
    /// In documents.
    pub accepted: u32,
    pub targets: u32,
    pub leaders: u32,
    pub retakes: u32,
    pub blanks: u32,
    pub splices: u32,
    /// Left out without a mark that says why.
    pub hidden: u32,
    /// Frames that somebody has to look at, and nobody has said what they are.
    pub doubtful: Vec<u32>,
    /// Places on the film that are exposed and in no frame.
    pub unassigned: u32,
    /// Which ones, by their strip's number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<Outside>,
    /// Files, or frames of one, that could not be taken in, and why.
    pub refused: Vec<String>,
    /// Frames that are the very picture of another one.
    pub doubled: Vec<u32>,
    /// Where documents begin whose patient number breaks the reel's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub misplaced: Vec<u32>,
    /// Where documents begin whose patient is not among those that the reel's box names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub foreign: Vec<u32>,
    /// What keeps the reel from being closed, for people.
    pub differences: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explained: Option<String>,
}

/// Exposed film in no frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outside {
    /// From 1, in the order of the files.
    pub strip: u32,
    #[serde(flatten)]
    pub place: Rectangle,
}

impl Account {
    /// Of a batch that is a reel; `None` for any other.
    pub fn of(state: &State) -> Option<Self> {
        let reel = state.opened.as_ref()?.reel.as_ref()?;
        let order = state.arranged();
        let merged = order.iter().filter(|placed| placed.mark == Some(FrameMark::Merged)).count();
        let outside: Vec<Outside> = state.strips.keys().flat_map(|file| outside(state, &order, *file)).collect();
        let Filed { misplaced, foreign } = Filed::of(state);
        let mut account = Self {
            expected: state.expected.or(reel.frames),
            blips: state.strips.values().map(|strip| strip.blips).sum::<u32>() - tiles::split_blips(state),
            found: (state.pages.len() - merged) as u32,
            unassigned: outside.len() as u32,
            outside,
            refused: state.refused.iter().map(|refused| format!("{}: {}", refused.file, refused.reason)).collect(),
            doubled: doubled(state, &order),
            misplaced,
            foreign,
            explained: state.explained.clone(),
            ..Self::default()
        };
        order.iter().for_each(|placed| account.count(state, placed));
        account.doubtful.sort_unstable();
        account.differences = account.compare();
        Some(account)
    }

    fn count(&mut self, state: &State, placed: &Placed) {
        let frame = state.page(placed).frame.as_ref();
        let in_doubt = placed.mark.is_none() && frame.is_some_and(|frame| !frame.doubts.is_empty());
        if in_doubt && !placed.hidden {
            self.doubtful.push(placed.page);
        }
        *match placed.mark {
            Some(FrameMark::Target) => &mut self.targets,
            Some(FrameMark::Leader) => &mut self.leaders,
            Some(FrameMark::Retake) => &mut self.retakes,
            Some(FrameMark::Blank) => &mut self.blanks,
            Some(FrameMark::Splice) => &mut self.splices,
            Some(FrameMark::Merged) => return,
            Some(FrameMark::Page) | None if !placed.hidden => &mut self.accepted,
            _ => &mut self.hidden,
        } += 1;
    }

    fn compare(&self) -> Vec<String> {
        let mut differences = Vec::new();
        if let Some(expected) = self.expected.filter(|expected| *expected != self.found) {
            differences.push(format!("{expected} frames were expected and {} found", self.found));
        }
        // On film without blips there are none; a speck or two are no marks.
        if 2 * self.blips >= self.found && self.blips != self.found {
            differences.push(format!("{} blips stand beside {} frames", self.blips, self.found));
        }
        if !self.doubtful.is_empty() {
            differences.push(format!("nobody has looked at the doubtful frames {}", spans(&self.doubtful)));
        }
        if self.unassigned > 0 {
            let places = counted(self.unassigned as usize, "place");
            differences.push(format!("the film is exposed at {places} outside of frames"));
        }
        if !self.doubled.is_empty() {
            differences.push(format!("frames {} are the same picture as another one", spans(&self.doubled)));
        }
        if !self.misplaced.is_empty() {
            let frames = spans(&self.misplaced);
            differences
                .push(format!("by their patient numbers frames {frames} break the reel's order: misread, or misfiled"));
        }
        if !self.foreign.is_empty() {
            let frames = spans(&self.foreign);
            differences.push(format!(
                "frames {frames} are of patients whom the reel's box does not name: is it the right reel?"
            ));
        }
        differences.extend(self.refused.iter().take(TOLD_MAX).cloned());
        differences
    }

    /// Why the reel cannot be closed, if it cannot.
    pub fn open_question(&self) -> Option<String> {
        let is_open = !self.differences.is_empty() && self.explained.is_none();
        is_open.then(|| format!("{}: find the difference, or explain it", self.differences.join("; ")))
    }

    pub(super) fn figures(&self) -> [(&'static str, u32); 12] {
        [
            ("expected", self.expected.unwrap_or_default()),
            ("blips", self.blips),
            ("found", self.found),
            ("accepted", self.accepted),
            ("targets", self.targets),
            ("leaders", self.leaders),
            ("retakes", self.retakes),
            ("blanks", self.blanks),
            ("splices", self.splices),
            ("hidden", self.hidden),
            ("doubtful", self.doubtful.len() as u32),
            ("exposed outside of frames", self.unassigned),
        ]
    }

    /// For printing.
    pub fn text(&self, label: &str) -> String {
        let mut text = format!("Reel “{label}”\n");
        for (what, count) in self.figures() {
            text += &format!("  {what:26}{count:6}\n");
        }
        for difference in &self.differences {
            text += &format!("  difference: {difference}\n");
        }
        if let Some(reason) = &self.explained {
            text += &format!("  explained: {reason}\n");
        }
        text + if self.open_question().is_none() { "  accounted for\n" } else { "  not accounted for\n" }
    }

    /// One line a figure (RFC 4180).
    pub fn csv(&self, label: &str) -> String {
        let mut text = String::from("reel,what,count\r\n");
        for (what, count) in self.figures() {
            text += &format!("{},{what},{count}\r\n", quoted(label));
        }
        for difference in &self.differences {
            text += &format!("{},{},\r\n", quoted(label), quoted(difference));
        }
        text
    }
}

/// Frames whose picture was there before: the film, or a file of it, was taken in twice.
fn doubled(state: &State, order: &[Placed]) -> Vec<u32> {
    let mut seen = BTreeSet::new();
    let standing = order.iter().filter(|placed| placed.mark != Some(FrameMark::Merged));
    let again = standing.filter(|placed| !seen.insert(state.page(placed).image.digest));
    again.map(|placed| placed.page).collect()
}

/// What was exposed on a strip, as it was found, and is in no frame as the frames are now: film that a narrower cut leaves out
/// is not forgotten.
fn outside(state: &State, order: &[Placed], file: u32) -> Vec<Outside> {
    let Some(strip) = state.strips.get(&file) else { return Vec::new() };
    let frames = standing(state, order, file);
    let found = state.pages.iter().filter(|placed| placed.file == Some(file));
    let found = found.filter_map(|placed| placed.page.frame.as_ref()).map(|frame| frame.place);
    let exposed = found.chain(strip.unassigned.iter().copied());
    let open = exposed.filter_map(|place| bare(strip, place, &frames));
    open.map(|place| Outside { strip: file + 1, place }).collect()
}

/// The frames as they are now, with what reaches onto the strip from the tile before it.
fn standing(state: &State, order: &[Placed], file: u32) -> Vec<Rectangle> {
    let on = |file: u32| {
        let here = order.iter().filter(move |placed| state.strip_of(placed.page) == Some(file));
        let here = here.filter(|placed| placed.mark != Some(FrameMark::Merged));
        here.filter_map(|placed| state.page(placed).frame.as_ref()).map(|frame| frame.place)
    };
    let before = file.checked_sub(1).filter(|before| following(state, *before).is_some());
    let over = before.into_iter().flat_map(|before| {
        let strip = &state.strips[&before];
        on(before).map(|place| stretched(strip, place, (0, beyond(strip, place))))
    });
    over.chain(on(file)).collect()
}

/// The longest stretch of the place that no frame has, where that is much of it.
fn bare(strip: &StripFacts, place: Rectangle, frames: &[Rectangle]) -> Option<Rectangle> {
    let (first, last) = along(strip, place);
    let across = |other: Rectangle| if strip.height > strip.width { (other.x, other.w) } else { (other.y, other.h) };
    let meets = |(at, size): (u32, u32), (from, length): (u32, u32)| at < from + length && from < at + size;
    let beside = frames.iter().filter(|frame| meets(across(**frame), across(place)));
    let spans = beside.map(|frame| along(strip, *frame));
    let mut spans: Vec<(u32, u32)> = spans.filter(|(start, end)| *start < last && first < *end).collect();
    spans.sort_unstable();
    let (mut longest, mut from) = ((first, first), first);
    for (start, end) in spans.into_iter().chain([(last, last)]) {
        let start = start.clamp(from, last);
        if start - from > longest.1 - longest.0 {
            longest = (from, start);
        }
        from = from.max(end.min(last));
    }
    let length = longest.1 - longest.0;
    (BARE_PART * length > last - first).then(|| stretched(strip, place, longest))
}

pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// 3, 7 to 9: numbers in order, the first few of them.
fn spans(numbers: &[u32]) -> String {
    let mut spans: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match spans.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => spans.push((number, number)),
        }
    }
    let told = spans
        .iter()
        .take(TOLD_MAX)
        .map(|(from, to)| if from == to { format!("{from}") } else { format!("{from}-{to}") });
    let more = if spans.len() > TOLD_MAX { " …" } else { "" };
    told.collect::<Vec<_>>().join(", ") + more
}
