//! Which chain of frames and gaps explains the film best, and how sure is each frame?
//!
//! A hidden semi-Markov chain: frames have widths, gaps do not; frames may touch. The best chain is Viterbi's, the sureness of
//! a frame its posterior by the forward and backward sums (Rabiner 1989, Yu 2010).

use crate::blips::Mark;
use crate::profile::Column;
use crate::sizes::Sizes;

/// A column in a frame that is not exposed, and one in a gap that is.
const HOLE: f32 = 0.10;
const WASTE: f32 = 0.22;
/// What a seam says, as the logarithm of how much more frequent it is between frames than within: less than nothing without any
/// trace of one, and so much for each unit, up to the most that anything may say.
const SEAMLESS: f32 = -3.6;
const SEAM: f32 = 1.05;
const CLEAR: f32 = 5.5;
/// Frames that touch, and frames with a gap between them, as they are on most films.
const TOUCH: f32 = -1.5;
const GAP: f32 = -0.3;
/// A frame without its mark, or with two.
const MISCOUNT: f32 = -3.5;
/// What is measured in neighbouring columns is nearly the same: evidence counts less than its sum.
const HEAT: f32 = 1.5;
const NEVER: f32 = -1e9;

/// A frame along the film.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    pub from: usize,
    pub to: usize,
    pub confidence: f32,
    pub marks: usize,
}

impl Piece {
    pub fn holds(&self, x: usize) -> bool {
        (self.from..self.to).contains(&x)
    }
}

/// Marks, and where they stand in their frames once that is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Anchors {
    pub centres: Vec<usize>,
    /// Part of the frame's width, where all marks stand alike.
    pub offset: Option<f32>,
    pub count: bool,
}

impl Anchors {
    pub fn of(marks: &[Mark], pieces: &[Piece]) -> Self {
        let mut anchors = Self { centres: marks.iter().map(|mark| mark.centre).collect(), offset: None, count: false };
        let marked: Vec<f32> = pieces
            .iter()
            .filter(|piece| anchors.inside(piece.from, piece.to) == 1)
            .filter_map(|piece| {
                let at = anchors.centres.iter().find(|at| (piece.from..piece.to).contains(at))?;
                Some((at - piece.from) as f32 / (piece.to - piece.from) as f32)
            })
            .collect();
        anchors.count = marks.len() >= 4 && 2 * marked.len() >= pieces.len();
        let mut sorted = marked.clone();
        sorted.sort_by(f32::total_cmp);
        let usual = sorted.get(sorted.len() / 2).copied().unwrap_or(0.5);
        let close = marked.iter().filter(|offset| (**offset - usual).abs() < 0.08).count();
        anchors.offset = (anchors.count && close * 10 >= marked.len() * 7).then_some(usual);
        anchors
    }

    pub fn inside(&self, from: usize, to: usize) -> usize {
        self.centres.partition_point(|&at| at < to) - self.centres.partition_point(|&at| at < from)
    }

    fn likelihood(&self, from: usize, to: usize) -> f32 {
        if !self.count {
            return 0.0;
        }
        let first = self.centres.partition_point(|&at| at < from);
        match (self.inside(from, to), self.offset) {
            (1, Some(usual)) => {
                let offset = (self.centres[first] - from) as f32 / (to - from) as f32;
                -((offset - usual).abs() / 0.05).powi(2).min(9.0) / 4.0
            }
            (1, None) => 0.0,
            (0, _) => MISCOUNT,
            (more, _) => MISCOUNT * (more - 1) as f32,
        }
    }
}

/// Sums up to each column, so that whatever is asked of a range takes one step.
struct Sums {
    page: Vec<f32>,
    top: Vec<[f64; 6]>,
    bottom: Vec<[f64; 6]>,
}

impl Sums {
    fn of(columns: &[Column], reach: usize) -> Self {
        let mut sums = Self { page: vec![0.0], top: vec![[0.0; 6]], bottom: vec![[0.0; 6]] };
        let tops = steadied(columns, reach, |column| column.top);
        let bottoms = steadied(columns, reach, |column| column.bottom);
        let (mut page, mut top, mut bottom) = (0.0, [0.0; 6], [0.0; 6]);
        for (x, column) in columns.iter().enumerate() {
            page += if column.across { 0.5 } else { column.page };
            if column.page > 0.9 && !column.across {
                add(&mut top, x as f64, f64::from(tops[x]));
                add(&mut bottom, x as f64, f64::from(bottoms[x]));
            }
            sums.page.push(page);
            sums.top.push(top);
            sums.bottom.push(bottom);
        }
        sums
    }

    fn page(&self, from: usize, to: usize) -> f32 {
        self.page[to] - self.page[from]
    }

    /// Mean square distance of upper and lower edge from straight lines.
    fn crookedness(&self, from: usize, to: usize) -> f32 {
        let lower = residual(&self.bottom[from], &self.bottom[to]);
        (residual(&self.top[from], &self.top[to]) + lower) as f32
    }
}

fn add(sums: &mut [f64; 6], x: f64, y: f64) {
    for (sum, value) in sums.iter_mut().zip([1.0, x, y, x * y, x * x, y * y]) {
        *sum += value;
    }
}

/// What a straight line leaves unexplained, per column (least squares from sums).
fn residual(before: &[f64; 6], after: &[f64; 6]) -> f64 {
    let [n, x, y, xy, xx] = std::array::from_fn(|at| after[at] - before[at]);
    if n < 8.0 {
        return 0.0;
    }
    let (over, under) = (xy - x * y / n, xx - x * x / n);
    let yy = (after[5] - before[5]) - y * y / n;
    ((yy - over * over / under.max(1e-6)) / n).max(0.0)
}

/// Medians of an edge over a few columns: corners of skewed pages, scratches and specks are narrower.
fn steadied(columns: &[Column], reach: usize, of: impl Fn(&Column) -> f32) -> Vec<f32> {
    let mut window = Vec::with_capacity(2 * reach + 1);
    (0..columns.len())
        .map(|x| {
            let near = &columns[x.saturating_sub(reach)..(x + reach + 1).min(columns.len())];
            window.clear();
            window.extend(near.iter().filter(|column| column.page > 0.5).map(&of));
            let half = window.len() / 2;
            if window.is_empty() { of(&columns[x]) } else { *window.select_nth_unstable_by(half, f32::total_cmp).1 }
        })
        .collect()
}

pub(crate) struct Chain<'a> {
    pub columns: &'a [Column],
    pub sizes: &'a Sizes,
    pub anchors: &'a Anchors,
    /// The film's width in rows, by which lengths are measured.
    pub film: usize,
}

/// A frame from one candidate to another, and how well it explains its columns.
struct Guess {
    from: usize,
    to: usize,
    score: f32,
}

impl Chain<'_> {
    pub fn best(&self) -> Vec<Piece> {
        let cuts = self.cuts();
        let sums = Sums::of(self.columns, self.film / 60);
        let guesses = self.guesses(&cuts, &sums);
        let seams: Vec<f32> = cuts.iter().map(|&x| self.seam(x)).collect();
        let ends: Vec<f32> = cuts.iter().map(|&x| self.end(x)).collect();
        let gaps: Vec<f32> = cuts.windows(2).map(|pair| -WASTE * sums.page(pair[0], pair[1])).collect();
        let net = Net { cuts: &cuts, guesses: &guesses, seams: &seams, ends: &ends, gaps: &gaps };
        let posterior = net.posterior();
        let piece = |guess: &Guess| {
            let (from, to) = (cuts[guess.from], cuts[guess.to]);
            Piece { from, to, confidence: net.sureness(guess, &posterior), marks: self.anchors.inside(from, to) }
        };
        net.viterbi().into_iter().map(piece).collect()
    }

    /// Where a frame may begin or end: where exposure begins or ends, and at the strongest seams around.
    fn cuts(&self) -> Vec<usize> {
        let near = (self.film / 140).max(2);
        let width = self.columns.len();
        let edge =
            |x: usize| (self.columns[(x + 1).min(width - 1)].page - self.columns[x.saturating_sub(2)].page).abs();
        let peak = |x: usize, of: &dyn Fn(usize) -> f32, least: f32| {
            let here = of(x);
            here >= least
                && (x.saturating_sub(near)..(x + near + 1).min(width))
                    .all(|other| of(other) < here || (of(other) == here && other <= x))
        };
        let seam = |x: usize| self.columns[x].seam;
        let is_cut = |x: &usize| peak(*x, &edge, 0.25) || peak(*x, &seam, 0.9);
        std::iter::once(0).chain((1..width).filter(is_cut)).chain([width]).collect()
    }

    fn guesses(&self, cuts: &[usize], sums: &Sums) -> Vec<Guess> {
        let widths = self.sizes.range();
        let mut guesses = Vec::new();
        for (to, &end) in cuts.iter().enumerate() {
            for from in (0..to).rev() {
                let width = end - cuts[from];
                if width >= widths.end {
                    break;
                }
                if widths.contains(&width) {
                    guesses.push(Guess { from, to, score: self.score(cuts[from], end, sums) });
                }
            }
        }
        guesses
    }

    fn score(&self, from: usize, to: usize, sums: &Sums) -> f32 {
        let width = to - from;
        let holes = HOLE * (width as f32 - sums.page(from, to));
        let inset = (self.film / 55).min(width / 4);
        let crooked = (sums.crookedness(from + inset, to - inset) / 1.5).min(4.0);
        self.sizes.likelihood(width) + self.anchors.likelihood(from, to) - holes - crooked
    }

    fn seam(&self, x: usize) -> f32 {
        let near = (self.film / 190).max(1);
        let around = &self.columns[x.saturating_sub(near)..(x + near + 1).min(self.columns.len())];
        let seam = around.iter().map(|column| column.seam).fold(0.0, f32::max);
        TOUCH + (SEAMLESS + SEAM * seam).min(CLEAR)
    }

    /// What the film behind a frame says for its end: all that can be said where some columns are not exposed at all.
    fn end(&self, x: usize) -> f32 {
        let near = &self.columns[x..(x + self.film / 40).min(self.columns.len())];
        let empty: f32 = near.iter().map(|column| 1.0 - column.page).sum();
        GAP + CLEAR * (empty / 3.0).min(1.0)
    }
}

/// The chain's candidates, and what each step costs.
struct Net<'a> {
    cuts: &'a [usize],
    /// Ordered by where they end.
    guesses: &'a [Guess],
    seams: &'a [f32],
    ends: &'a [f32],
    gaps: &'a [f32],
}

impl Net<'_> {
    fn viterbi(&self) -> Vec<&Guess> {
        let count = self.cuts.len();
        let (mut gap, mut frame) = (vec![NEVER; count], vec![NEVER; count]);
        let mut last: Vec<Option<&Guess>> = vec![None; count];
        gap[0] = 0.0;
        let mut guesses = self.guesses.iter().peekable();
        for at in 0..count {
            if at > 0 {
                gap[at] = gap[at - 1].max(frame[at - 1] + self.ends[at - 1]) + self.gaps[at - 1];
            }
            while let Some(guess) = guesses.next_if(|guess| guess.to == at) {
                let score = gap[guess.from].max(frame[guess.from] + self.seams[guess.from]) + guess.score;
                if score > frame[at] {
                    (frame[at], last[at]) = (score, Some(guess));
                }
            }
        }
        self.walk_back(&gap, &frame, &last)
    }

    fn walk_back<'a>(&self, gap: &[f32], frame: &[f32], last: &[Option<&'a Guess>]) -> Vec<&'a Guess> {
        let mut chosen = Vec::new();
        let mut at = self.cuts.len() - 1;
        let mut in_gap = gap[at] >= frame[at];
        loop {
            match (in_gap, last[at]) {
                (false, Some(guess)) => {
                    chosen.push(guess);
                    at = guess.from;
                    in_gap = gap[at] >= frame[at] + self.seams[at];
                }
                (_, _) if at == 0 => break,
                _ => {
                    at -= 1;
                    in_gap = gap[at] >= frame[at] + self.ends[at];
                }
            }
        }
        chosen.reverse();
        chosen
    }

    /// For every guess, how much of all chains' weight goes through it.
    fn posterior(&self) -> Vec<f32> {
        let (gap, frame) = self.forward();
        let after_frame = self.backward();
        let last = self.cuts.len() - 1;
        let whole = plus(gap[last], frame[last]);
        let through = |guess: &Guess| self.enter(&gap, &frame, guess.from) + guess.score / HEAT + after_frame[guess.to];
        self.guesses.iter().map(|guess| (through(guess) - whole).exp()).collect()
    }

    /// The weight of all chains up to each cut, whose last step there is a gap or a frame.
    fn forward(&self) -> (Vec<f32>, Vec<f32>) {
        let count = self.cuts.len();
        let (mut gap, mut frame) = (vec![NEVER; count], vec![NEVER; count]);
        gap[0] = 0.0;
        let mut guesses = self.guesses.iter().peekable();
        for at in 0..count {
            if at > 0 {
                gap[at] = plus(gap[at - 1], frame[at - 1] + self.ends[at - 1] / HEAT) + self.gaps[at - 1] / HEAT;
            }
            while let Some(guess) = guesses.next_if(|guess| guess.to == at) {
                frame[at] = plus(frame[at], self.enter(&gap, &frame, guess.from) + guess.score / HEAT);
            }
        }
        (gap, frame)
    }

    /// The weight of all chains from each cut on, where a frame ended there.
    fn backward(&self) -> Vec<f32> {
        let count = self.cuts.len();
        let (mut after_gap, mut after_frame) = (vec![NEVER; count], vec![NEVER; count]);
        let mut starting: Vec<Vec<&Guess>> = vec![Vec::new(); count];
        self.guesses.iter().for_each(|guess| starting[guess.from].push(guess));
        for at in (0..count).rev() {
            let follow = |guess: &&Guess| guess.score / HEAT + after_frame[guess.to];
            let frames = starting[at].iter().map(follow).fold(NEVER, plus);
            let wait = if at + 1 < count { self.gaps[at] / HEAT + after_gap[at + 1] } else { NEVER };
            let end = if at + 1 == count { 0.0 } else { NEVER };
            after_gap[at] = plus(plus(frames, wait), end);
            let onward = plus(frames + self.seams[at] / HEAT, wait + self.ends[at] / HEAT);
            after_frame[at] = plus(onward, end);
        }
        after_frame
    }

    /// How much weight goes through this guess and those that are nearly the same.
    fn sureness(&self, guess: &Guess, posterior: &[f32]) -> f32 {
        let (from, to) = (self.cuts[guess.from], self.cuts[guess.to]);
        let near = (to - from) / 16 + 4;
        let begin = self.guesses.partition_point(|other| self.cuts[other.to] + near < to);
        let others = self.guesses[begin..].iter().zip(&posterior[begin..]);
        let alike = others
            .take_while(|(other, _)| self.cuts[other.to] <= to + near)
            .filter(|(other, _)| self.cuts[other.from].abs_diff(from) <= near);
        alike.map(|(_, posterior)| posterior).sum::<f32>().min(1.0)
    }

    fn enter(&self, gap: &[f32], frame: &[f32], at: usize) -> f32 {
        plus(gap[at], frame[at] + self.seams[at] / HEAT)
    }
}

/// The logarithm of the sum of two numbers given by their logarithms.
fn plus(a: f32, b: f32) -> f32 {
    let (more, less) = if a > b { (a, b) } else { (b, a) };
    if less <= NEVER / 2.0 { more } else { more + (less - more).exp().ln_1p() }
}
