//! How good is a page's picture, and is there anything on it?
//!
//! Measured once, beside the codes, and kept in the journal; which measures raise a flag is the job's business
//! ([`Limits`], the `[quality]` section of a rule file), so that a limit can change without a page being looked at again.
//! A flag is a hint for people. Nothing is dropped for it, and a page is never called blank by its share of black: a
//! one-line note has less of it than an empty sheet with a shadow along its edge.

use imaging::Raster;
use record::words::Box as Place;
use serde::{Deserialize, Serialize};

/// What was measured on one page. Whole numbers, so that they read back as they were written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    /// Hundredths of a degree that the lines are turned clockwise; absent where no line is clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skew: Option<i32>,
    /// Hundredths: about 100 for a crisp scan, below 30 out of focus; absent for a page without edges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharpness: Option<u32>,
    /// Level of the typical paper, 0 to 255.
    pub paper: u8,
    /// Levels between paper and the darkest print.
    pub contrast: u8,
    /// Thousandths of the pixels that are wholly black or wholly white; absent for a page of two levels, whose pixels all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clipped: Option<u32>,
    /// Edges over which print runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cut: Vec<Edge>,
    /// Marks on the page, without dust, punch holes and the sheet's edges: the blank score. 0 is a blank page.
    pub marks: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edge {
    Top,
    Right,
    Bottom,
    Left,
}

/// Enough to see a pencil line.
const MARKS_DPI: u32 = 150;

/// Measured on a grey page; `dpi` 0 where nobody knows.
pub fn measure(page: &Raster, dpi: u32) -> Quality {
    // What is measured on whole marks needs no more, and costs a quarter.
    let factor = (dpi / MARKS_DPI).max(1);
    let small = page.reduce(factor);
    let (paper, level) = (imaging::light(&small).paper, imaging::level(&small));
    Quality {
        skew: level.is_clear().then_some((level.degrees * 100.0).round() as i32),
        sharpness: imaging::sharpness(&middle(page)).map(|sharpness| (sharpness * 100.0).round() as u32),
        paper,
        contrast: paper.saturating_sub(ink(page)),
        clipped: clipped(page),
        cut: cut_edges(page, dpi),
        marks: imaging::blankness(&small, dpi / factor).marks,
    }
}

/// The level of the darkest thousandth: one line of print on a page is as much.
fn ink(page: &Raster) -> u8 {
    let (mut histogram, mut seen) = ([0_usize; 256], 0);
    page.bytes().iter().step_by(5).for_each(|&level| histogram[usize::from(level)] += 1);
    let least = page.bytes().len().div_ceil(5_000);
    let level = histogram.iter().position(|count| {
        seen += count;
        seen >= least
    });
    level.unwrap_or(0) as u8
}

/// The middle half each way: focus is the same everywhere, and a quarter of the pixels show it.
fn middle(page: &Raster) -> Raster {
    let (w, h) = (page.width(), page.height());
    page.crop(Place { x: w / 4, y: h / 4, w: w / 2, h: h / 2 }).unwrap_or_else(|| page.clone())
}

fn clipped(page: &Raster) -> Option<u32> {
    let (mut clipped, mut between, mut seen) = (0_usize, false, 0_usize);
    for level in page.bytes().iter().step_by(5) {
        clipped += usize::from(matches!(level, 0 | 255));
        between |= (1..255).contains(level);
        seen += 1;
    }
    between.then(|| (clipped * 1_000 / seen.max(1)) as u32)
}

/// Print that was cut off runs over the edge in several pieces; a shadow is one long piece, and dust does not reach inward.
const PIECES_MIN: usize = 4;
const PIECE_MM_MAX: f64 = 8.0;
/// How far inward a piece has to reach.
const REACH_MM: f64 = 1.5;

fn cut_edges(page: &Raster, dpi: u32) -> Vec<Edge> {
    let dpi = if dpi > 0 { f64::from(dpi) } else { f64::from(page.width().min(page.height())) / 8.4 };
    let factor = ((dpi / 100.0).round() as u32).max(1);
    let small = page.reduce(factor);
    let per_mm = dpi / f64::from(factor) / 25.4;
    let ink = imaging::light(&small).paper / 2;
    let edges = [Edge::Top, Edge::Right, Edge::Bottom, Edge::Left];
    edges.into_iter().filter(|edge| pieces(&small, *edge, ink, per_mm) >= PIECES_MIN).collect()
}

/// Pieces of ink along an edge that reach inward.
fn pieces(page: &Raster, edge: Edge, ink: u8, per_mm: f64) -> usize {
    let (width, height) = (page.width() as usize, page.height() as usize);
    let (along, inward) = if matches!(edge, Edge::Top | Edge::Bottom) { (width, height) } else { (height, width) };
    let reach = ((REACH_MM * per_mm) as usize).clamp(1, inward);
    let level = |at: usize, depth: usize| match edge {
        Edge::Top => page.bytes()[depth * width + at],
        Edge::Bottom => page.bytes()[(height - 1 - depth) * width + at],
        Edge::Left => page.bytes()[at * width + depth],
        Edge::Right => page.bytes()[at * width + width - 1 - depth],
    };
    let reaches: Vec<bool> = (0..along).map(|at| (0..reach).all(|depth| level(at, depth) < ink)).collect();
    let runs = reaches.chunk_by(|a, b| a == b).filter(|run| run[0]);
    runs.filter(|run| (run.len() as f64) < PIECE_MM_MAX * per_mm).count()
}

/// What raises a flag: the `[quality]` section of a rule file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Degrees.
    pub skew_max: f64,
    /// As measured: about 1 for a crisp scan.
    pub sharpness_min: f64,
    /// Levels, 0 to 255.
    pub paper_min: u8,
    pub contrast_min: u8,
    /// Percent of the pixels.
    pub clipped_max: f64,
    pub cut_edges: bool,
    /// Blank pages are left out of documents; they are kept in the archive with the document they lay in.
    pub hide_blank: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            skew_max: 3.0,
            sharpness_min: 0.25,
            paper_min: 150,
            contrast_min: 50,
            clipped_max: 60.0,
            cut_edges: true,
            hide_blank: false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flag {
    Blank,
    Askew,
    Unsharp,
    Dark,
    Faint,
    Clipped,
    CutOff,
}

impl Flag {
    /// What a technician reads.
    pub const fn explain(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::Askew => "askew",
            Self::Unsharp => "out of focus",
            Self::Dark => "dark paper",
            Self::Faint => "faint print",
            Self::Clipped => "clipped to black or white",
            Self::CutOff => "print runs over the edge",
        }
    }
}

impl Quality {
    pub const fn is_blank(&self) -> bool {
        self.marks == 0
    }

    /// What the job's limits say to it. A blank page is not blamed for the print that it lacks.
    pub fn flags(&self, limits: &Limits) -> Vec<Flag> {
        if self.is_blank() {
            return vec![Flag::Blank];
        }
        let raised = [
            (Flag::Askew, self.skew.is_some_and(|skew| f64::from(skew.abs()) > limits.skew_max * 100.0)),
            (Flag::Unsharp, self.sharpness.is_some_and(|sharp| f64::from(sharp) < limits.sharpness_min * 100.0)),
            (Flag::Dark, self.paper < limits.paper_min),
            (Flag::Faint, self.contrast < limits.contrast_min),
            (Flag::Clipped, self.clipped.is_some_and(|clipped| f64::from(clipped) > limits.clipped_max * 10.0)),
            (Flag::CutOff, limits.cut_edges && !self.cut.is_empty()),
        ];
        raised.into_iter().filter_map(|(flag, raised)| raised.then_some(flag)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of 150 dpi with lines of something like text, `draw(x, y)` over it.
    fn page(draw: impl Fn(u32, u32) -> Option<u8>) -> Raster {
        let (width, height) = (1_275_u32, 1_650_u32);
        let level = |x: u32, y: u32| {
            let text =
                (150..1_100).contains(&x) && (200..1_500).contains(&y) && y % 34 < 12 && (x * 7 + y / 34 * 5) % 13 < 6;
            let grain = (x.wrapping_mul(31).wrapping_add(y).wrapping_mul(2_654_435_761) >> 30) as u8;
            draw(x, y).unwrap_or(if text { 40 + grain } else { 236 + grain })
        };
        Raster::gray(width, height, (0..width * height).map(|n| level(n % width, n / width)).collect()).expect("fits")
    }

    #[test]
    fn a_good_page_raises_no_flag_and_each_fault_its_own() {
        let limits = Limits::default();
        let flags = |page: &Raster| measure(page, 150).flags(&limits);
        let good = page(|_, _| None);
        assert_eq!(flags(&good), []);
        assert!(flags(&good.rotate(5.0)).contains(&Flag::Askew));
        let blurred = (0..12).fold(good.clone(), |page, _| imaging::smooth(&page));
        assert_eq!(flags(&blurred), [Flag::Unsharp]);
        let over_the_edge = page(|x, y| (x < 60 && y % 34 < 12).then_some(40));
        assert_eq!(measure(&over_the_edge, 150).cut, [Edge::Left]);
        let shadow = page(|x, _| (x < 12).then_some(20));
        assert_eq!(measure(&shadow, 150).cut, []);
        let dark = Raster::gray(good.width(), good.height(), good.bytes().iter().map(|level| level / 2).collect());
        assert!(flags(&dark.expect("fits")).contains(&Flag::Dark));
    }

    #[test]
    fn a_blank_page_is_told_by_its_marks() {
        let empty = page(|x, y| Some(240 + ((x.wrapping_mul(31) + y).wrapping_mul(2_654_435_761) >> 30) as u8));
        assert_eq!(measure(&empty, 150).flags(&Limits::default()), [Flag::Blank]);
        // A line of pencil: hardly darker than the paper, and a note all the same.
        let pencil = page(|x, y| {
            let stroke = (300..700).contains(&x) && (800..803).contains(&(y + x / 9 % 5));
            Some(if stroke { 205 } else { 240 })
        });
        assert!(!measure(&pencil, 150).is_blank());
    }
}
