//! Film and what happens to it: pages are exposed on it, then it is handled, stored and scanned.

use imaging::Raster;

use super::Lying;
use super::conditions::Conditions;
use super::paper::Paper;
use super::random::Random;

/// Light that the film lets through where it was exposed as paper is; the film runs across the picture.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    light: Vec<f32>,
}

impl Canvas {
    pub fn unexposed(width: usize, height: usize, random: &mut Random) -> Self {
        Self { width, height, light: vec![random.between(25.0, 55.0) as f32; width * height] }
    }

    fn inside(
        &self,
        (left, right): (f64, f64),
        (top, bottom): (f64, f64),
    ) -> impl Iterator<Item = (usize, usize)> + use<> {
        let x = left.max(0.0) as usize..(right.max(0.0).ceil() as usize).min(self.width);
        let y = top.max(0.0) as usize..(bottom.max(0.0).ceil() as usize).min(self.height);
        y.flat_map(move |y| x.clone().map(move |x| (x, y)))
    }

    /// The camera's board shows around the page.
    pub fn board(&mut self, page: &Lying, light: f64, random: &mut Random) {
        let ((x, y), (w, h), edge) = (page.centre, page.reach(), random.between(3.0, 10.0));
        let light = (light + 2.0 * random.normal()) as f32;
        for (x, y) in self.inside((x - w - edge, x + w + edge), (y - h - edge, y + h + edge)) {
            let pixel = &mut self.light[y * self.width + x];
            *pixel = pixel.max(light);
        }
    }

    /// Light adds up to the stronger one where pages overlap; lamps leave the left and right of a page darker.
    pub fn expose(&mut self, page: &Lying, paper: &Paper) {
        let ((cx, cy), (w, h)) = (page.centre, page.reach());
        let (sine, cosine) = page.degrees.to_radians().sin_cos();
        for (x, y) in self.inside((cx - w, cx + w), ((cy - h).max(2.0), (cy + h).min(self.height as f64 - 2.0))) {
            let (dx, dy) = (x as f64 + 0.5 - cx, y as f64 + 0.5 - cy);
            let (u, v) = (dx * cosine + dy * sine + page.width / 2.0, dy * cosine - dx * sine + page.height / 2.0);
            if u < 0.0 || v < 0.0 || u as usize >= paper.width || v as usize >= paper.height {
                continue;
            }
            let lamps = 1.0 - 0.12 * (dx / w).powi(2);
            let light = paper.light[v as usize * paper.width + u as usize] * lamps as f32;
            let pixel = &mut self.light[y * self.width + x];
            *pixel = pixel.max(light);
        }
    }

    /// Document marks under the page: small for a page, larger for a file and a batch (levels 0, 1, 2). How many were drawn.
    pub fn blips(&mut self, page: &Lying, conditions: &Conditions, random: &mut Random) -> usize {
        let (size, _) = *random.weighted(&[(8.0, 0.85), (14.0, 0.1), (20.0, 0.05)], |(_, weight)| *weight);
        let count = if random.chance(conditions.blip_missing) {
            0
        } else {
            1 + usize::from(random.chance(conditions.blip_doubled))
        };
        let bottom = self.height as f64 - 4.0;
        for mark in 0..count {
            let x = page.centre.0 + mark as f64 * page.width / 4.0;
            for (x, y) in self.inside((x, x + size), (bottom - size, bottom)) {
                self.light[y * self.width + x] = 225.0;
            }
        }
        count
    }

    /// Density along and across the film, fog from the edges, scratches, specks and splices.
    pub fn wear(&mut self, conditions: &Conditions, random: &mut Random) {
        let (width, height) = (self.width as f64, self.height as f64);
        self.density(conditions, random);
        for _ in 0..conditions.fogs {
            self.fog(random);
        }
        for _ in 0..conditions.scratches {
            let (y, x) = (random.between(0.0, height), random.between(0.0, width));
            let (length, light) = (random.between(1_000.0, 9_000.0), random.between(30.0, 90.0) as f32);
            self.inside((x, x + length), (y.floor(), y.floor() + 1.0))
                .for_each(|(x, y)| self.light[y * self.width + x] += light);
        }
        for _ in 0..conditions.specks {
            let (x, y, r) = (random.between(0.0, width), random.between(0.0, height), random.between(1.0, 5.0));
            let light = random.between(90.0, 255.0) as f32;
            self.inside((x - r, x + r), (y - r, y + r))
                .filter(|(px, py)| (*px as f64 - x).hypot(*py as f64 - y) <= r)
                .for_each(|(x, y)| self.light[y * self.width + x] = light);
        }
        for _ in 0..conditions.splices {
            let (x, light) = (random.between(1_000.0, width - 1_000.0), random.between(120.0, 230.0) as f32);
            self.inside((x, x + random.between(4.0, 9.0)), (0.0, height))
                .for_each(|(x, y)| self.light[y * self.width + x] = light);
        }
    }

    fn density(&mut self, conditions: &Conditions, random: &mut Random) {
        let knots: Vec<f64> = (0..21).map(|_| conditions.drift * random.normal()).collect();
        let tilt = random.between(-6.0, 6.0);
        let (width, height) = (self.width, self.height);
        let along = (0..width).map(|x| {
            let at = x as f64 / width as f64 * 20.0;
            knots[at as usize] * (1.0 - at.fract()) + knots[at as usize + 1] * at.fract()
        });
        let along: Vec<f64> = along.collect();
        for (y, row) in self.light.chunks_exact_mut(width).enumerate() {
            let across = tilt * (2.0 * y as f64 / height as f64 - 1.0);
            row.iter_mut().zip(&along).for_each(|(pixel, along)| *pixel += (along + across) as f32);
        }
    }

    /// Light that fell in from one edge: it fades into the film and along it.
    fn fog(&mut self, random: &mut Random) {
        let (centre, reach) = (random.between(0.0, self.width as f64), random.between(300.0, 1_200.0));
        let (light, depth, from_top) = (random.between(10.0, 40.0), random.between(60.0, 250.0), random.chance(0.5));
        for (x, y) in self.inside((centre - reach, centre + reach), (0.0, self.height as f64)) {
            let deep = if from_top { y } else { self.height - 1 - y } as f64;
            let along = (1.0 + ((x as f64 - centre) / reach * std::f64::consts::PI).cos()) / 2.0;
            self.light[y * self.width + x] += (light * along * (-deep / depth).exp()) as f32;
        }
    }

    /// Soft as the scanner's lens, with grain; reversed and on the scanner's bed as the strip is to be.
    pub fn finish(self, grain: f64, scanned: &Scanned, random: &mut Random) -> Raster {
        let Self { width, height, light } = self;
        let soft = soften(&soften(&light, 1), width);
        let whole = height + 2 * scanned.margin;
        let mut samples = vec![scanned.bed; width * whole];
        for (sample, light) in samples[scanned.margin * width..].iter_mut().zip(soft) {
            let light = (f64::from(light) + grain * random.normal()).clamp(0.0, 255.0) as u8;
            *sample = if scanned.negative { 255 - light } else { light };
        }
        let strip = if scanned.tall {
            let down = (0..width).flat_map(|x| samples[x..].iter().step_by(width).copied()).collect();
            Raster::gray(whole as u32, width as u32, down)
        } else {
            Raster::gray(width as u32, whole as u32, samples)
        };
        strip.expect("a strip has pixels")
    }
}

/// How the strip was scanned.
pub(super) struct Scanned {
    pub negative: bool,
    /// The film runs down the picture, its columns being rows.
    pub tall: bool,
    /// Rows of the scanner's bed on either side of the film.
    pub margin: usize,
    pub bed: u8,
}

/// A quarter of either neighbour, half of itself: a Gaussian of deviation 0.7.
fn soften(light: &[f32], step: usize) -> Vec<f32> {
    let last = light.len() - 1;
    let at = |n: usize| light[n.min(last)];
    (0..light.len()).map(|n| at(n.saturating_sub(step)) / 4.0 + light[n] / 2.0 + at(n + step) / 4.0).collect()
}
