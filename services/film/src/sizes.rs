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

    /// From where frames begin and end, in their order.
    pub fn of(film: usize, frames: &[(usize, usize)]) -> Self {
        let mut sizes = Self::unknown(film);
        if frames.len() < 3 {
            return sizes;
        }
        sizes.learn(frames, |_| 1.0);
        let halves = sizes.halves(frames);
        sizes.learn(frames, |at| if halves[at] { 0.15 } else { 1.0 });
        sizes.doubt_sums();
        sizes
    }

    fn learn(&mut self, frames: &[(usize, usize)], weight: impl Fn(usize) -> f32) {
        let mut share = vec![0.0; self.range().end + 1];
        for (at, (from, to)) in frames.iter().enumerate() {
            let (width, weight) = (to - from, weight(at));
            let spread = 0.015 * width as f32 + 2.0;
            let reach = (3.0 * spread) as usize;
            for near in width.saturating_sub(reach)..(width + reach + 1).min(share.len()) {
                let off = (near as f32 - width as f32) / spread;
                share[near] += weight * (-0.5 * off * off).exp() / frames.len() as f32;
            }
        }
        self.share = share;
    }

    /// Two alike, close to each other and together as wide as a more frequent frame: an open book with a dark fold.
    fn halves(&self, frames: &[(usize, usize)]) -> Vec<bool> {
        let mut halves = vec![false; frames.len()];
        for (at, pair) in frames.windows(2).enumerate() {
            let ((a, b), (c, d)) = (pair[0], pair[1]);
            let is_alike = (b - a).abs_diff(d - c) * 20 < d - c && c - b < self.film / 40;
            if is_alike && self.share_of(d - a) > self.share_of(b - a) {
                (halves[at], halves[at + 1]) = (true, true);
            }
        }
        halves
    }

    fn share_of(&self, width: usize) -> f32 {
        self.share.get(width).copied().unwrap_or_default()
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
                let (from, to) = (sum.saturating_sub(slack), (sum + slack + 1).min(shares.len()));
                for (share, &was) in self.share.iter_mut().zip(&shares).take(to).skip(from) {
                    if was < often {
                        *share = was * 0.2;
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
