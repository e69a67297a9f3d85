//! What does each column of the film say: is it exposed, from where to where, how light, and does a page end here?

use crate::exposure::Exposure;

/// Exposed pixels in a row that are a page's edge and no scratch or speck.
const EDGE_RUN: usize = 5;

/// One column of one channel of the film.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Column {
    /// Part of the channel that is exposed.
    pub exposed: f32,
    /// How surely it belongs to a page, 0 to 1.
    pub page: f32,
    /// First and last exposed row.
    pub top: f32,
    pub bottom: f32,
    /// Light of the paper: the upper quartile of what is exposed.
    pub paper: f32,
    /// Exposed right across, both edges of the film too: a splice, or film that saw daylight.
    pub across: bool,
    /// How much speaks for a page ending or beginning here, in units of what is usual inside pages.
    pub seam: f32,
}

/// Columns of the rows `rows` of the film. `scale` is the film's own height, by which lengths are measured.
pub(crate) fn columns(film: &Exposure, rows: (usize, usize)) -> Vec<Column> {
    let mut columns: Vec<Column> = (0..film.width).map(|x| column(film, x, rows)).collect();
    seams(film, rows, &mut columns);
    columns
}

fn column(film: &Exposure, x: usize, (first, last): (usize, usize)) -> Column {
    let light = film.column(x);
    let inside = &light[first..last];
    let mut shades = [0_u16; 64];
    let (mut count, mut run) = (0, 0);
    let (mut top, mut bottom) = (None, 0);
    for (y, &pixel) in inside.iter().enumerate() {
        if pixel > film.threshold {
            shades[usize::from(pixel >> 2)] += 1;
            count += 1;
            run += 1;
            if run >= EDGE_RUN {
                top.get_or_insert(y + 1 - run);
                bottom = y + 1;
            }
        } else {
            run = 0;
        }
    }
    let mut above = count / 4;
    let paper = (0..64).rev().find(|&shade| {
        let here = usize::from(shades[shade]);
        let is_it = here > above;
        above = above.saturating_sub(here);
        is_it
    });
    let exposed = count as f32 / inside.len() as f32;
    let edge = (film.height / 40).max(2);
    let is_lit = |part: &[u8]| part.iter().filter(|&&pixel| pixel > film.threshold).count() * 10 >= part.len() * 8;
    let top = top.unwrap_or(inside.len() / 2) + first;
    Column {
        exposed,
        page: ((exposed - 0.03) / 0.07).clamp(0.0, 1.0),
        top: top as f32,
        bottom: (bottom + first).max(top) as f32,
        paper: paper.map_or(0.0, |shade| shade as f32 * 4.0),
        across: is_lit(&light[..edge]) && is_lit(&light[film.height - edge..]),
        seam: 0.0,
    }
}

/// Fills in what speaks for a seam: edges above and below that jump, paper that changes, a dip, a line right down.
fn seams(film: &Exposure, (first, last): (usize, usize), columns: &mut [Column]) {
    let unit = film.height as f32 / 190.0;
    let near = (film.height / 180).max(2);
    let far = (film.height / 40).max(near + 3);
    let width = columns.len();
    let seams: Vec<f32> = (0..width)
        .map(|x| {
            if x < far || x + far >= width || columns[x].page < 0.1 {
                return 0.0;
            }
            let (left, right) = (&columns[x - far..x - near + 1], &columns[x + near..=x + far]);
            let jump = |of: fn(&Column) -> f32| (middle(left, of) - middle(right, of)).abs();
            let edges = (jump(|c| c.top) / unit).min(4.0) + (jump(|c| c.bottom) / unit).min(4.0);
            let paper = (jump(|c| c.paper) / 12.0).min(3.0);
            let beside = middle(left, |c| c.exposed).min(middle(right, |c| c.exposed)).max(0.02);
            let dip = ((beside - columns[x].exposed) / beside).clamp(0.0, 1.0);
            let bright = middle(left, |c| c.paper).min(middle(right, |c| c.paper)).max(10.0);
            let shade = ((bright - columns[x].paper) / bright).clamp(0.0, 1.0);
            0.5 * edges + 0.7 * paper + 6.0 * dip + 5.0 * shade + line(film, x, (first, last), &columns[x])
        })
        .collect();
    columns.iter_mut().zip(seams).for_each(|(column, seam)| column.seam = seam);
}

fn middle(columns: &[Column], of: fn(&Column) -> f32) -> f32 {
    let mut values: Vec<f32> = columns.iter().map(of).collect();
    let half = values.len() / 2;
    *values.select_nth_unstable_by(half, f32::total_cmp).1
}

/// How much of the column steps the same way.
fn line(film: &Exposure, x: usize, _rows: (usize, usize), column: &Column) -> f32 {
    let (before, after) = (film.column(x - 2), film.column(x + 2));
    let rows = column.top as usize..column.bottom as usize;
    if rows.len() < 10 {
        return 0.0;
    }
    let (mut up, mut down) = (0_usize, 0_usize);
    for y in rows.clone() {
        let step = i16::from(after[y]) - i16::from(before[y]);
        up += usize::from(step > 12);
        down += usize::from(step < -12);
    }
    4.0 * up.abs_diff(down) as f32 / rows.len() as f32
}
