//! What does each column of the film say: is it exposed, from where to where, how light, and does a page end here?

use crate::exposure::Exposure;

/// Exposed pixels in a row that are a page's edge and no scratch or speck.
const EDGE_RUN: usize = 8;

/// One column of one channel of the film.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Column {
    /// How surely it is exposed, 0 to 1.
    pub page: f32,
    /// Part of the channel that is as light as paper, lines of print counted in.
    pub filled: f32,
    /// First and last row of paper.
    pub top: f32,
    pub bottom: f32,
    /// Light of the paper: the upper quartile of what is exposed.
    pub paper: f32,
    /// Exposed right across, both edges of the film too: a splice, or film that saw daylight.
    pub across: bool,
    /// How much speaks for a page ending or beginning here, in units of what is usual inside pages.
    pub seam: f32,
}

/// Columns of the rows `rows` of the film.
pub(crate) fn columns(film: &Exposure, rows: (usize, usize)) -> Vec<Column> {
    let mut columns: Vec<Column> = (0..film.width).map(|x| lit(film, x, rows)).collect();
    let reach = film.height / 40;
    for x in 0..film.width {
        let near = &columns[x.saturating_sub(reach)..(x + reach + 1).min(film.width)];
        let paper = near.iter().map(|column| column.paper).fold(0.0, f32::max);
        outline(film, x, rows, paper, &mut columns[x]);
    }
    seams(film, &mut columns);
    columns
}

/// How much of the column is exposed at all, and how light its paper is.
fn lit(film: &Exposure, x: usize, (first, last): (usize, usize)) -> Column {
    let light = film.column(x);
    let inside = &light[first..last];
    let mut shades = [0_u16; 64];
    inside.iter().filter(|&&pixel| pixel > film.threshold).for_each(|&pixel| shades[usize::from(pixel >> 2)] += 1);
    let count: u16 = shades.iter().sum();
    let mut above = count / 4;
    let paper = (0..64_u8).rev().find(|&shade| {
        let here = shades[usize::from(shade)];
        let is_it = here > above;
        above = above.saturating_sub(here);
        is_it
    });
    let exposed = f32::from(count) / inside.len() as f32;
    let edge = (film.height / 40).max(2);
    let is_lit = |part: &[u8]| part.iter().filter(|&&pixel| pixel > film.threshold).count() * 10 >= part.len() * 8;
    Column {
        page: ((exposed - 0.03) / 0.07).clamp(0.0, 1.0),
        paper: paper.map_or(0.0, |shade| f32::from(shade) * 4.0),
        across: is_lit(&light[..edge]) && is_lit(&light[film.height - edge..]),
        ..Column::default()
    }
}

/// From where to where the column is paper, by what the paper around is like: a camera's board is darker than that.
fn outline(film: &Exposure, x: usize, (first, last): (usize, usize), paper: f32, column: &mut Column) {
    let inside = &film.column(x)[first..last];
    let least = film.threshold.max((0.5 * paper) as u8);
    // Lines of print are lower than this, a gap is not.
    let blocks = inside.chunks(EDGE_RUN);
    let filled = blocks.clone().filter(|block| block.iter().any(|&pixel| pixel > least)).count();
    let (mut run, mut top, mut bottom) = (0, None, 0);
    for (y, &pixel) in inside.iter().enumerate() {
        run = if pixel > least { run + 1 } else { 0 };
        if run >= EDGE_RUN {
            top.get_or_insert(y + 1 - run);
            bottom = y + 1;
        }
    }
    let top = top.unwrap_or(inside.len() / 2);
    column.filled = filled as f32 / blocks.len() as f32;
    column.top = (top + first) as f32;
    column.bottom = (bottom.max(top) + first) as f32;
}

/// Fills in what speaks for a seam: edges above and below that jump, paper that changes, a dip, a line right down.
fn seams(film: &Exposure, columns: &mut [Column]) {
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
            let beside = middle(left, |c| c.filled).min(middle(right, |c| c.filled)).max(0.02);
            let dip = ((beside - columns[x].filled) / beside).clamp(0.0, 1.0);
            let bright = middle(left, |c| c.paper).min(middle(right, |c| c.paper)).max(10.0);
            let shade = ((bright - columns[x].paper) / bright).clamp(0.0, 1.0);
            0.5 * edges + 0.7 * paper + 6.0 * dip + 5.0 * shade + line(film, x, &columns[x])
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
fn line(film: &Exposure, x: usize, column: &Column) -> f32 {
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
