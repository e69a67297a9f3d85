//! From a strip to its frames, and to what is left over.

use record::words::Box as Rectangle;
use serde::{Deserialize, Serialize};

use crate::blips::{self, Blip, Mark};
use crate::chain::{Anchors, Piece};
use crate::exposure::Exposure;
use crate::profile::{self, Column};
use crate::sizes::Sizes;
use crate::{Strip, askew, chain};

/// What was found is not looked at again where this much speaks for it.
const SURE: f32 = 0.9;
/// Half the width of an edge, askew as pages are, in columns.
const EDGE: usize = 7;
/// A picture that is narrower shows no film.
const LEAST: usize = 32;
/// Rounds of learning the frames' widths and where their marks stand.
const ROUNDS: usize = 3;

/// One frame: bounds of what was exposed at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    #[serde(flatten)]
    pub place: Rectangle,
    /// How much of what explains the film has a frame here.
    pub confidence: Confidence,
    /// Why a person should look at it; empty for a frame that nothing speaks against.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Doubt>,
    /// 0, or 1 for the second row of frames of a duplex or duo film.
    pub channel: u8,
    /// Its mark's level, on film with marks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blip: Option<u8>,
}

/// From 0 to 1, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "f64", from = "f64")]
pub struct Confidence(u16);

impl Confidence {
    pub const SURE: Self = Self(1_000);

    fn of(part: f32) -> Self {
        f64::from(part).into()
    }
}

impl From<f64> for Confidence {
    fn from(part: f64) -> Self {
        Self((part.clamp(0.0, 1.0) * 1_000.0).round() as u16)
    }
}

impl From<Confidence> for f64 {
    fn from(Confidence(thousandths): Confidence) -> Self {
        Self::from(thousandths) / 1_000.0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// The cut is not clear.
    Unclear,
    /// No other frame of the reel is so wide.
    OddWidth,
    /// Its mark is missing, on film with marks.
    NoBlip,
    /// More than one mark: two frames may be one.
    SeveralBlips,
    /// The strip begins or ends within it.
    CutOff,
}

impl Doubt {
    /// What a person reads.
    pub const fn explain(self) -> &'static str {
        match self {
            Self::Unclear => "the cut is not clear",
            Self::OddWidth => "no other frame is so wide",
            Self::NoBlip => "has no blip",
            Self::SeveralBlips => "has several blips",
            Self::CutOff => "the strip begins or ends within it",
        }
    }
}

/// What is on a strip.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub negative: bool,
    pub frames: Vec<Frame>,
    pub blips: Vec<Blip>,
    /// Exposed, and in no frame.
    pub unassigned: Vec<Rectangle>,
    /// Exposed right across: splices, and film that saw daylight.
    pub across: Vec<Rectangle>,
    /// Pixels of the strip for one that was looked at.
    #[serde(skip)]
    pub step: u32,
    /// Light along the film, 0 to 255, for people to look at; a value for each `step` pixels.
    #[serde(skip)]
    pub curve: Vec<u8>,
}

/// Finds the frames of a strip.
pub fn find(strip: &Strip) -> Found {
    find_as(strip, None)
}

/// The same of film that is known to be negative, or not.
pub(crate) fn find_as(strip: &Strip, negative: Option<bool>) -> Found {
    if strip.width.min(strip.height) < LEAST {
        return Found::default();
    }
    let straight = askew::straightened(strip);
    let strip = straight.as_ref().unwrap_or(strip);
    let film = Exposure::of(strip, negative);
    let shares = row_shares(&film);
    let lanes = lanes(&shares);
    let marks = [(0, lanes.0), (lanes.1, film.height)].map(|lane| blips::marks(&film, lane));
    // Cameras expose marks in one lane at a time; the fuller one has them, the other has specks.
    let marks = if marks[0].len() > marks[1].len() { &marks[0] } else { &marks[1] };
    let mut found = Found { negative: film.negative, step: strip.factor(), ..Found::default() };
    found.blips = marks
        .iter()
        .map(|mark| Blip { at: strip.in_picture((mark.centre, mark.centre), (0, 0)).along(strip), level: mark.level })
        .collect();
    for (channel, rows) in (0..).zip(channels(&shares, lanes)) {
        let channel = Channel { strip, film: &film, rows, number: channel, marks };
        channel.find(&mut found);
    }
    found.frames.sort_by_key(|frame| (frame.channel, frame.place.along(strip)));
    found
}

trait Along {
    fn along(&self, strip: &Strip) -> u32;
}

impl Along for Rectangle {
    fn along(&self, strip: &Strip) -> u32 {
        if strip.is_tall() { self.y } else { self.x }
    }
}

/// For each row of the film, which part of its exposed columns is exposed there.
fn row_shares(film: &Exposure) -> Vec<f32> {
    let mut counts = vec![0_u32; film.height];
    let mut columns = 0;
    for x in (0..film.width).step_by(3) {
        let exposed: Vec<bool> = (0..film.height).map(|y| film.is_exposed(x, y)).collect();
        if exposed.iter().filter(|is| **is).count() * 12 > film.height {
            columns += 1;
            counts.iter_mut().zip(exposed).for_each(|(count, is)| *count += u32::from(is));
        }
    }
    counts.into_iter().map(|count| count as f32 / (columns.max(1)) as f32).collect()
}

/// Where the lanes beside the frames end and begin.
fn lanes(shares: &[f32]) -> (usize, usize) {
    let (height, most) = (shares.len(), shares.len() * 14 / 100);
    let top = shares[..most].iter().position(|&share| share > 0.25).unwrap_or(most);
    let bottom = shares[height - most..]
        .iter()
        .rposition(|&share| share > 0.25)
        .map_or(height - most, |y| height - most + y + 1);
    (top, bottom)
}

/// One row of frames, or two on duplex and duo film: there the middle is as unexposed as the edges.
fn channels(shares: &[f32], (first, last): (usize, usize)) -> Vec<(usize, usize)> {
    let height = shares.len();
    let middle = height * 35 / 100..height * 65 / 100;
    let most = |rows: &[f32]| rows.iter().copied().fold(0.0, f32::max);
    let free: Vec<usize> = middle.filter(|&y| shares[y] < 0.06).collect();
    match (free.first(), free.last()) {
        (Some(&from), Some(&to))
            if to - from + 1 == free.len()
                && free.len() * 80 > height
                && most(&shares[first..from]) > 0.3
                && most(&shares[to..last]) > 0.3 =>
        {
            let centre = (from + to) / 2;
            vec![(first, centre), (centre, last)]
        }
        _ => vec![(first, last)],
    }
}

struct Channel<'a> {
    strip: &'a Strip,
    film: &'a Exposure,
    rows: (usize, usize),
    number: u8,
    marks: &'a [Mark],
}

impl Channel<'_> {
    fn find(&self, found: &mut Found) {
        let columns = profile::columns(self.film, self.rows);
        let (pieces, sizes, anchors) = self.pieces(&columns);
        let known = Known { columns: &columns, sizes, anchors };
        let mut is_free: Vec<bool> = columns.iter().map(|column| column.page > 0.5 && !column.across).collect();
        for piece in &pieces {
            if let Some(frame) = self.frame(piece, &known) {
                is_free[piece.from..piece.to].fill(false);
                found.frames.push(frame);
            }
        }
        let left = runs(is_free, self.film.height / 40).into_iter().map(|run| self.in_picture(run, self.rows));
        found.unassigned.extend(left);
        if self.number == 0 {
            let across = runs(columns.iter().map(|column| column.across).collect(), 2);
            found.across = across.into_iter().map(|run| self.in_picture(run, (0, self.film.height))).collect();
            found.curve = columns.iter().map(|column| column.paper as u8).collect();
        }
    }

    fn in_picture(&self, along: (usize, usize), (first, last): (usize, usize)) -> Rectangle {
        self.strip.in_picture(along, (first + self.film.film.0, last + self.film.film.0))
    }

    /// First with nothing known; then with the widths and the marks' places that the frames before agree on.
    fn pieces(&self, columns: &[Column]) -> (Vec<Piece>, Sizes, Anchors) {
        let film = self.film.height;
        let (mut sizes, mut anchors) = (Sizes::unknown(film), Anchors::default());
        let mut pieces = Vec::new();
        for round in 0..ROUNDS {
            if round > 0 {
                let clear = pieces.iter().filter(|piece: &&Piece| piece.confidence > 0.5);
                sizes = Sizes::of(film, &clear.map(|piece| (piece.from, piece.to)).collect::<Vec<_>>());
                anchors = Anchors::of(self.marks, &pieces);
            }
            pieces = chain::Chain { columns, sizes: &sizes, anchors: &anchors, film }.best();
        }
        (pieces, sizes, anchors)
    }

    fn frame(&self, piece: &Piece, known: &Known) -> Option<Frame> {
        // Corners of skewed neighbours reach in at the ends.
        let trim = (piece.to - piece.from) / 14;
        let inside = known.columns[piece.from + trim..piece.to - trim].iter();
        let inside: Vec<&Column> = inside.filter(|column| column.page > 0.5).collect();
        let along = self.paper(piece, known.columns);
        let top = part(&inside, 8, |column| column.top)?;
        let across = self.beyond(piece, top, part(&inside, 92, |column| column.bottom)?);
        if self.is_density(along, across, &inside) {
            return None;
        }
        let mut marks = self.marks.iter().filter(|mark| known.anchors.count && piece.holds(mark.centre));
        Some(Frame {
            place: self.in_picture(along, across),
            confidence: Confidence::of(piece.confidence),
            doubts: known.doubts(piece),
            channel: self.number,
            blip: marks.next().map(|mark| mark.level),
        })
    }

    /// Much paler than paper, and from edge to edge or without an edge: film that is a little darker or lighter here, and no
    /// page. It stays in the list of what is in no frame.
    fn is_density(&self, (from, to): (usize, usize), (top, bottom): (usize, usize), inside: &[&Column]) -> bool {
        let faint = f32::from(self.film.paper) * 0.3;
        let light = inside.iter().map(|column| column.paper).sum::<f32>() / inside.len() as f32;
        let from_edge_to_edge = top <= 2 && bottom + 2 >= self.film.height;
        let step = |x: usize| {
            let (before, after) = (x.saturating_sub(EDGE), (x + EDGE).min(self.film.width - 1));
            (self.film.mean(after, (top, bottom)) - self.film.mean(before, (top, bottom))).abs()
        };
        bottom <= top || light < faint && (from_edge_to_edge || step(from).max(step(to)) < 0.3 * light)
    }

    /// Without the camera's board beside the page, which is darker than the page.
    fn paper(&self, piece: &Piece, columns: &[Column]) -> (usize, usize) {
        let inside = &columns[piece.from..piece.to];
        let mut light: Vec<f32> = inside.iter().map(|column| column.paper).collect();
        let middle = light.len() / 2;
        let usual = *light.select_nth_unstable_by(middle, f32::total_cmp).1;
        let is_paper = |column: &Column| column.paper > 0.55 * usual;
        let most = self.film.height / 30;
        let left = inside.iter().take(most).position(is_paper).unwrap_or(0);
        let right = inside.iter().rev().take(most).position(is_paper).unwrap_or(0);
        (piece.from + left, piece.to - right)
    }

    /// A page larger than most reaches into the lanes.
    fn beyond(&self, piece: &Piece, top: usize, bottom: usize) -> (usize, usize) {
        let is_page = |y: usize| {
            let exposed = (piece.from..piece.to).step_by(3).filter(|&x| self.film.is_exposed(x, y)).count();
            exposed * 3 * 5 > (piece.to - piece.from) * 2
        };
        let (mut first, mut last) = (top, bottom);
        while top <= self.rows.0 + 2 && first > 0 && is_page(first - 1) {
            first -= 1;
        }
        while bottom + 2 >= self.rows.1 && last < self.film.height && is_page(last) {
            last += 1;
        }
        (first, last)
    }
}

/// The row that so many hundredths of the columns stay below.
fn part(columns: &[&Column], hundredths: usize, row: impl Fn(&Column) -> f32) -> Option<usize> {
    let mut rows: Vec<f32> = columns.iter().map(|column| row(column)).collect();
    let at = rows.len().checked_sub(1)? * hundredths / 100;
    Some(*rows.select_nth_unstable_by(at, f32::total_cmp).1 as usize)
}

/// What was learned of a channel.
struct Known<'a> {
    columns: &'a [Column],
    sizes: Sizes,
    anchors: Anchors,
}

impl Known<'_> {
    fn doubts(&self, piece: &Piece) -> Vec<Doubt> {
        let (none, several) = (self.anchors.count && piece.marks == 0, self.anchors.count && piece.marks > 1);
        let doubts = [
            (piece.confidence < SURE, Doubt::Unclear),
            (!self.sizes.is_usual(piece.to - piece.from), Doubt::OddWidth),
            (none, Doubt::NoBlip),
            (several, Doubt::SeveralBlips),
            (piece.from == 0 || piece.to == self.columns.len(), Doubt::CutOff),
        ];
        doubts.into_iter().filter(|(is, _)| *is).map(|(_, doubt)| doubt).collect()
    }
}

/// Where it is so for at least so long.
fn runs(is: Vec<bool>, least: usize) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut from = None;
    for (x, is) in is.into_iter().chain([false]).enumerate() {
        match (is, from) {
            (true, None) => from = Some(x),
            (false, Some(start)) => {
                from = None;
                runs.extend((x - start >= least).then_some((start, x)));
            }
            _ => {}
        }
    }
    runs
}
