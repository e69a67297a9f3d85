//! How is a page drawn with its words lit, without a line of style? As an image with an SVG
//! over it whose view box is the master image's pixels, so that boxes need no arithmetic.

use record::PageId;
use record::words::Box;

/// A page, or a strip of it, with lit words.
#[derive(Debug, Clone)]
pub struct Sheet {
    pub src: String,
    pub alt: String,
    /// The part of the master image that is shown, in its pixels.
    pub part: Box,
    pub lit: Vec<Box>,
}

/// A strip shows the line of the hit with some air, at least this many times as wide as high.
const STRIP_ASPECT: u32 = 15;

impl Sheet {
    /// The whole page, fitted into `side` by `side` CSS pixels' worth of image.
    pub fn whole(page: PageId, (width, height): (u32, u32), lit: Vec<Box>, side: u32, alt: String) -> Self {
        let src = format!("/iiif/3/{page}/full/!{side},{side}/0/default.jpg");
        Self { src, alt, part: Box { x: 0, y: 0, w: width.max(1), h: height.max(1) }, lit }
    }

    /// The line around the first lit word, as wide as the page allows.
    pub fn strip(page: PageId, size: (u32, u32), lit: &[Box], alt: String) -> Option<Self> {
        let part = strip_around(*lit.first()?, size)?;
        let src = format!("/iiif/3/{page}/{},{},{},{}/!900,200/0/default.jpg", part.x, part.y, part.w, part.h);
        let lit = lit.iter().filter(|word| overlaps(word, &part)).copied().collect();
        Some(Self { src, alt, part, lit })
    }

    /// What was found, with some air around it, upright after a clockwise `turn`; the words lit where it is so already.
    pub fn cutting(page: PageId, (width, height): (u32, u32), found: &[Box], turn: u16, alt: String) -> Option<Self> {
        let whole = found.iter().copied().reduce(Box::union)?;
        let air = whole.w.min(whole.h) / 2 + 4;
        let (x, y) = (whole.x.saturating_sub(air), whole.y.saturating_sub(air));
        let (right, bottom) = ((whole.x + whole.w + air).min(width), (whole.y + whole.h + air).min(height));
        let part = Box { x, y, w: right.checked_sub(x)?, h: bottom.checked_sub(y)? };
        if part.w == 0 || part.h == 0 {
            return None;
        }
        let src = format!("/iiif/3/{page}/{x},{y},{},{}/!700,200/{turn}/default.jpg", part.w, part.h);
        let lit = if turn == 0 { found.to_vec() } else { Vec::new() };
        let part = if turn.is_multiple_of(180) { part } else { Box { w: part.h, h: part.w, ..part } };
        Some(Self { src, alt, part, lit })
    }

    /// `x y w h`, the view box.
    pub fn view_box(&self) -> String {
        format!("{} {} {} {}", self.part.x, self.part.y, self.part.w, self.part.h)
    }
}

fn strip_around(word: Box, (width, height): (u32, u32)) -> Option<Box> {
    if word.w == 0 || word.h == 0 || word.x >= width || word.y >= height {
        return None;
    }
    let h = (word.h.saturating_mul(3)).min(height);
    let w = h.saturating_mul(STRIP_ASPECT).max(word.w.saturating_mul(2)).min(width);
    let x = (word.x + word.w / 2).saturating_sub(w / 2).min(width - w);
    let y = (word.y + word.h / 2).saturating_sub(h / 2).min(height - h);
    Some(Box { x, y, w, h })
}

fn overlaps(a: &Box, b: &Box) -> bool {
    a.x < b.x + b.w && b.x < a.x.saturating_add(a.w) && a.y < b.y + b.h && b.y < a.y.saturating_add(a.h)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_stays_on_the_page_and_holds_its_word() {
        for word in [Box { x: 0, y: 0, w: 90, h: 30 }, Box { x: 1650, y: 2170, w: 50, h: 30 }] {
            let part = strip_around(word, (1700, 2200)).expect("on the page");
            assert!(part.x + part.w <= 1700 && part.y + part.h <= 2200, "{part:?}");
            assert!(part.x <= word.x && part.x + part.w >= word.x + word.w, "{part:?}");
            assert!(part.y <= word.y && part.y + part.h >= word.y + word.h, "{part:?}");
        }
    }

    #[test]
    fn boxes_off_the_page_make_no_strip() {
        assert!(strip_around(Box { x: 5000, y: 1, w: 9, h: 9 }, (1700, 2200)).is_none());
        assert!(strip_around(Box { x: 1, y: 1, w: 0, h: 9 }, (1700, 2200)).is_none());
        assert!(strip_around(Box { x: 1, y: 1, w: u32::MAX, h: u32::MAX }, (1700, 2200)).is_some());
    }
}
