//! How wide are the frames of this reel? Learned from the frames that stand alone.

use std::ops::Range;

/// Frames are no narrower than this part of the film's width …
const LEAST: f32 = 0.14;
/// … and no wider.
const MOST: f32 = 2.1;
/// Wider than this only where the reel has many of them: a camera for 16 mm film does not.
const USUAL_MOST: f32 = 1.1;

pub(crate) struct Sizes {
    film: usize,
    /// Which part of the frames is as wide, give or take what scanning and paper do; empty before anything is known.
    share: Vec<f32>,
}

impl Sizes {
    pub fn unknown(film: usize) -> Self {
        Self { film, share: Vec::new() }
    }

    pub fn range(&self) -> Range<usize> {
        let part = |part: f32| (part * self.film as f32) as usize;
        part(LEAST).max(8)..part(MOST)
    }

    pub fn of(film: usize, widths: &[usize]) -> Self {
        let mut sizes = Self::unknown(film);
        if widths.len() < 3 {
            return sizes;
        }
        sizes.share = vec![0.0; sizes.range().end + 1];
        for &width in widths {
            let spread = 0.015 * width as f32 + 2.0;
            let reach = (3.0 * spread) as usize;
            for near in width.saturating_sub(reach)..(width + reach + 1).min(sizes.share.len()) {
                let off = (near as f32 - width as f32) / spread;
                sizes.share[near] += (-0.5 * off * off).exp() / widths.len() as f32;
            }
        }
        sizes.doubt_sums();
        sizes
    }

    /// What is as wide as two more frequent frames beside each other is most likely that.
    fn doubt_sums(&mut self) {
        let is_mode = |w: usize| {
            let near = &self.share[w.saturating_sub(6)..(w + 7).min(self.share.len())];
            self.share[w] > 0.03 && near.iter().all(|&share| share <= self.share[w])
        };
        let modes: Vec<usize> = (1..self.share.len()).filter(|&w| is_mode(w)).collect();
        let shares = self.share.clone();
        for (at, &a) in modes.iter().enumerate() {
            for &b in &modes[at..] {
                let (sum, often) = (a + b, shares[a].min(shares[b]));
                let slack = sum / 25;
                for w in sum.saturating_sub(slack)..(sum + slack + 1).min(self.share.len()) {
                    if shares[w] < often {
                        self.share[w] = shares[w] * 0.2;
                    }
                }
            }
        }
    }

    /// The logarithm of how likely a frame is so wide.
    pub fn likelihood(&self, width: usize) -> f32 {
        let relative = width as f32 / self.film as f32;
        let far = (relative - USUAL_MOST).max(0.0) * 8.0;
        match self.share.get(width) {
            Some(share) => (0.93 * share + 0.003 * (-far).exp()).ln(),
            None => -5.0 - far,
        }
    }

    /// Whether the reel has more frames of this width.
    pub fn is_usual(&self, width: usize) -> bool {
        self.share.get(width).is_none_or(|&share| share > 0.04)
    }
}
