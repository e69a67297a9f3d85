//! What is on a page, at the scale of the strip: light of the paper, lines of print as dashes, rules, pictures.

use super::random::Random;

/// Light of each pixel, row by row.
pub(super) struct Paper {
    pub width: usize,
    pub height: usize,
    pub light: Vec<f32>,
}

/// Draws a page of one of the kinds in the conditions' tables.
pub(super) fn draw(kind: &str, width: usize, height: usize, random: &mut Random) -> Paper {
    let light = random.between(200.0, 245.0) as f32;
    let mut paper = Paper { width, height, light: vec![light; width * height] };
    let ink = light - if kind == "faint" { random.between(25.0, 50.0) } else { random.between(110.0, 190.0) } as f32;
    match kind {
        "blank" => {}
        "dark" => paper.clouds(70.0, 110.0, 12.0, random),
        "photograph" => paper.clouds(60.0, 190.0, 40.0, random),
        "columns" => paper.text(&[(0.05, 0.47), (0.53, 0.95)], ink, random),
        "target" => paper.target(ink, random),
        "trace" => paper.trace(ink, random),
        "spread" => {
            paper.text(&[(0.03, 0.455), (0.545, 0.97)], ink, random);
            let fold = random.between(30.0, 140.0) as f32;
            paper.fill((0.49, 0.51), (0.0, 1.0), fold);
        }
        _ => paper.text(&[(0.06, 0.94)], ink, random),
    }
    if kind == "form" {
        paper.rules(ink, random);
    }
    paper
}

impl Paper {
    /// Parts of width and height.
    fn fill(&mut self, across: (f64, f64), down: (f64, f64), light: f32) {
        let (w, h) = (self.width as f64, self.height as f64);
        let (left, right) = ((across.0 * w) as usize, ((across.1 * w) as usize).min(self.width));
        for y in (down.0 * h) as usize..((down.1 * h) as usize).min(self.height) {
            self.light[y * self.width + left..y * self.width + right.max(left)].fill(light);
        }
    }

    /// Words of two to twelve pixels, lines of two, some left out.
    fn text(&mut self, columns: &[(f64, f64)], ink: f32, random: &mut Random) {
        for (left, right) in columns {
            let (left, right) = ((left * self.width as f64) as usize, (right * self.width as f64) as usize);
            let mut y = (self.height as f64 * random.between(0.04, 0.12)) as usize;
            while y + 2 < self.height * 95 / 100 {
                let mut x = if random.chance(0.9) { left } else { right };
                while x < right {
                    let end = (x + random.between(2.0, 12.0) as usize).min(right);
                    (y..y + 2).for_each(|y| self.light[y * self.width + x..y * self.width + end].fill(ink));
                    x = end + random.between(2.0, 4.0) as usize;
                }
                y += random.between(5.0, 8.0) as usize;
            }
        }
    }

    fn rules(&mut self, ink: f32, random: &mut Random) {
        let (w, h) = (self.width as f64, self.height as f64);
        for _ in 0..6 {
            let y = random.between(0.02, 0.97);
            self.fill((0.05, 0.95), (y, y + 2.0 / h), ink);
        }
        for _ in 0..4 {
            let x = random.between(0.03, 0.96);
            self.fill((x, x + 2.0 / w), (0.1, 0.9), ink);
        }
    }

    /// Few large letters on an empty sheet, as START and END targets are.
    fn target(&mut self, ink: f32, random: &mut Random) {
        let mut x = 0.1;
        while x < 0.85 {
            let wide = random.between(0.02, 0.06);
            self.fill((x, x + wide), (0.4, 0.6), ink);
            x += wide + 0.03;
        }
    }

    /// A grid of fine lines and three traces along it.
    fn trace(&mut self, ink: f32, random: &mut Random) {
        let pale = (ink + 3.0 * self.light[0]) / 4.0;
        for y in 0..self.height {
            for x in 0..self.width {
                if x % 7 == 3 || y % 7 == 3 {
                    self.light[y * self.width + x] = pale;
                }
            }
        }
        for lead in 1..4 {
            let mut y = self.height as f64 * f64::from(lead) / 4.0;
            for x in self.width / 20..self.width * 19 / 20 {
                y = (y + 3.0 * random.normal()).clamp(1.0, self.height as f64 - 2.0);
                self.light[y as usize * self.width + x] = ink;
            }
        }
    }

    /// Light between two bounds with soft patches, as a photograph or a dark page has.
    fn clouds(&mut self, least: f64, most: f64, deviation: f64, random: &mut Random) {
        let level = random.between(least, most);
        let (across, down) = (self.width / 40 + 2, self.height / 40 + 2);
        let knots: Vec<f64> = (0..across * down).map(|_| level + deviation * random.normal()).collect();
        for y in 0..self.height {
            for x in 0..self.width {
                let (u, v) = (x as f64 / 40.0, y as f64 / 40.0);
                let (i, j) = (u as usize, v as usize);
                let (p, q) = (u.fract(), v.fract());
                let at = |i: usize, j: usize| knots[j.min(down - 1) * across + i.min(across - 1)];
                let upper = at(i, j) * (1.0 - p) + at(i + 1, j) * p;
                let lower = at(i, j + 1) * (1.0 - p) + at(i + 1, j + 1) * p;
                self.light[y * self.width + x] = (upper * (1.0 - q) + lower * q) as f32;
            }
        }
    }
}
