//! Where is the dark frame around the page, and what if it were paper?
//!
//! Film and copiers leave a black border, which Tesseract takes for a picture or for letters. It is what is black in
//! absolute terms and touches the edge of the image: a global threshold takes half of a shaded page for border.

use crate::Raster;

/// Darker than this is no paper, however shaded, and no print at the working scale.
const BLACK: u8 = 72;
/// The working copy is this much smaller; what is thinner than five of its pixels is print that touches the edge.
const FACTOR: u32 = 4;
const THIN: usize = 2;
/// The border's own edge is soft.
const SOFT: usize = 3;

/// The border of a page: which pixels of a copy [`FACTOR`] times smaller belong to it.
pub struct Border {
    width: usize,
    height: usize,
    mask: Vec<bool>,
    share: f64,
}

impl Border {
    pub fn find(page: &Raster) -> Self {
        let small = page.reduce(FACTOR);
        let (width, height) = (small.width() as usize, small.height() as usize);
        let black: Vec<bool> = small.bytes().iter().map(|&sample| sample < BLACK).collect();
        let thick = spread(&black, width, THIN, false);
        let mut reached = touching_the_edge(&thick, width);
        let share = reached.iter().filter(|&&is| is).count() as f64 / reached.len() as f64;
        if share > 0.0 {
            reached = spread(&reached, width, THIN + SOFT, true);
        }
        Self { width, height, mask: reached, share }
    }

    /// Share of the page that it covers, 0 to 1.
    pub fn share(&self) -> f64 {
        self.share
    }

    /// The page with `paper` where the border was.
    pub fn fill(&self, page: &Raster, paper: u8) -> Raster {
        let mut filled = page.to_gray();
        let (page_width, factor) = (page.width() as usize, FACTOR as usize);
        for (y, row) in filled.bytes_mut().chunks_exact_mut(page_width).enumerate() {
            let from = (y / factor).min(self.height - 1) * self.width;
            let mask = &self.mask[from..from + self.width];
            for (x, block) in row.chunks_mut(factor).enumerate() {
                if mask[x.min(self.width - 1)] {
                    block.fill(paper);
                }
            }
        }
        filled
    }
}

/// Grows (or shrinks) the marked pixels by `radius` in each direction.
pub(crate) fn spread(marked: &[bool], width: usize, radius: usize, grow: bool) -> Vec<bool> {
    let across: Vec<bool> =
        marked.chunks_exact(width).flat_map(|row| spread_line(row.to_vec(), radius, grow)).collect();
    let height = marked.len() / width;
    let mut spread = vec![false; marked.len()];
    for x in 0..width {
        let column = (0..height).map(|y| across[y * width + x]).collect();
        for (y, is) in spread_line(column, radius, grow).into_iter().enumerate() {
            spread[y * width + x] = is;
        }
    }
    spread
}

/// `grow`: marked where anything within `radius` is; otherwise: where everything within it is. Outside counts as the rim.
fn spread_line(line: Vec<bool>, radius: usize, grow: bool) -> Vec<bool> {
    let mut since = radius + 1;
    let mut out = line.clone();
    for (out, &is) in out.iter_mut().zip(&line) {
        since = if is == grow { 0 } else { since + 1 };
        *out = (since <= radius) == grow;
    }
    since = radius + 1;
    for (out, &is) in out.iter_mut().zip(&line).rev() {
        since = if is == grow { 0 } else { since + 1 };
        if since <= radius {
            *out = grow;
        }
    }
    out
}

/// Marked pixels that are connected, by their sides, to one at the edge.
fn touching_the_edge(marked: &[bool], width: usize) -> Vec<bool> {
    let height = marked.len() / width;
    let mut reached = vec![false; marked.len()];
    let rim = |at: usize| at < width || at / width + 1 == height || at.is_multiple_of(width) || at % width + 1 == width;
    let mut open: Vec<usize> = (0..marked.len()).filter(|&at| marked[at] && rim(at)).collect();
    open.iter().for_each(|&at| reached[at] = true);
    while let Some(at) = open.pop() {
        let x = at % width;
        let sides = [
            (x > 0).then(|| at - 1),
            (x + 1 < width).then(|| at + 1),
            at.checked_sub(width),
            Some(at + width).filter(|&below| below < marked.len()),
        ];
        for side in sides.into_iter().flatten() {
            if marked[side] && !reached[side] {
                reached[side] = true;
                open.push(side);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(shade: u8) -> Raster {
        let at = |x: usize, y: usize| match (x, y) {
            (0..60, _) | (_, 0..40) => 10,
            (200..280, 200..204) => 0,
            _ => shade,
        };
        Raster::gray(400, 400, (0..160_000).map(|n| at(n % 400, n / 400)).collect()).expect("fits")
    }

    #[test]
    fn the_frame_becomes_paper_and_print_stays() {
        let border = Border::find(&page(220));
        assert!((0.15..0.30).contains(&border.share()), "{}", border.share());
        let filled = border.fill(&page(220), 220);
        assert_eq!(filled.bytes()[10 * 400 + 10], 220);
        assert_eq!(filled.bytes()[201 * 400 + 240], 0);
    }

    #[test]
    fn shade_is_no_border() {
        let shaded = (0..160_000).map(|n| 90 + (n % 400 / 4) as u8).collect();
        assert_eq!(Border::find(&Raster::gray(400, 400, shaded).expect("fits")).share(), 0.0);
        assert_eq!(Border::find(&Raster::gray(1, 1, vec![255]).expect("fits")).share(), 0.0);
    }
}
