//! Which cleaning does this page need, and no more?
//!
//! One fixed chain of cleaning steps helps spoiled pages and harms decent ones, so every step has its own evidence.
//! The order matters: grain is amplified by evening out the light, and both are by enlarging.
//!
//! | step | taken when | pages it is for (character error before → after, see the README for all) |
//! |---|---|---|
//! | invert | the print is lighter than the paper | film negatives |
//! | border | black touches the edge | film, copies |
//! | median, smooth | specks, or grain that is strong beside the print | salt and pepper, Gaussian noise, faded print |
//! | sharpen | letters are out of focus and there is no grain | bad focus |
//! | scratches | it is film | film |
//! | light | the paper's brightness varies, or the print is faint | book folds, shadows, faded print |

use imaging::{Border, Light, Raster};

/// A border smaller than this share of the page is a shadow at its rim.
const BORDER_MIN: f64 = 0.004;
/// With more of it, the page comes from film or a copier.
const BORDER_FILM: f64 = 0.05;
/// Levels between the darkest and the lightest paper that print does not suffer from.
const UNEVEN_MIN: u8 = 45;
/// Levels between paper and print from which on Tesseract needs no help.
const CONTRAST_FULL: u8 = 60;
/// Grain, as a share of the contrast, that Tesseract copes with.
const GRAIN_MIN: f64 = 0.07;
/// With more of it, one pass of smoothing is not enough.
const GRAIN_STRONG: f64 = 0.14;
/// Share of single pixels that stand apart.
const SPECKS_MIN: f64 = 0.004;
/// A page less sharp is out of focus.
const SHARP_MIN: f64 = 0.15;
const SHARPEN: i16 = 4;
const FILL: u8 = 235;

/// A page made readable, and what was done to it.
pub struct Cleaned {
    pub image: Raster,
    pub steps: Vec<&'static str>,
    /// As the page came.
    pub light: Light,
}

/// Cleans a gray page as far as it needs it.
pub fn clean(master: Raster) -> Cleaned {
    let light = imaging::light(&master);
    let mut page = Cleaned { image: master, steps: Vec::new(), light };
    let negative = imaging::is_negative(&page.image);
    if negative {
        page.image = page.image.invert();
        page.steps.push("invert");
    }
    let border = Border::find(&page.image);
    if border.share() > BORDER_MIN {
        let paper = page.light_now().paper.max(FILL / 2);
        page.image = border.fill(&page.image, paper);
        page.steps.push("border");
    }
    if negative || border.share() > BORDER_FILM {
        page.restore_film();
    } else {
        page.denoise();
    }
    page.focus();
    page.even_light();
    page
}

impl Cleaned {
    /// Film has scratches down its run, and grain that is wider than a pixel.
    fn restore_film(&mut self) {
        if let Some(clean) = imaging::without_scratches(&self.image) {
            self.image = clean;
            self.steps.push("scratches");
        }
        self.step("median", imaging::median);
        self.step("smooth", imaging::smooth);
    }

    /// Out of focus, letters run into each other. Grain would be sharpened too, so noisy pages stay as they are.
    fn focus(&mut self) {
        if !self.steps.is_empty() {
            return;
        }
        let blurred = imaging::sharpness(&self.middle()).is_some_and(|sharpness| sharpness < SHARP_MIN);
        if blurred && let Some(height) = imaging::glyph_height(&self.image) {
            let radius = (height / 7).clamp(1, 6);
            self.step("sharpen", |page| imaging::sharpen(page, radius, SHARPEN));
        }
    }

    fn middle(&self) -> Raster {
        let (w, h) = (self.image.width(), self.image.height());
        let middle = record::words::Box { x: w * 3 / 8, y: h / 4, w: w / 4, h: h / 2 };
        self.image.crop(middle).unwrap_or_else(|| self.image.clone())
    }

    fn denoise(&mut self) {
        let noise = imaging::noise(&self.image);
        let contrast = f64::from(self.light_now().contrast.max(20));
        let grain = noise.grain / contrast;
        if noise.specks > SPECKS_MIN && grain < GRAIN_STRONG {
            self.step("median", imaging::median);
            self.step("smooth", imaging::smooth);
        } else if grain > GRAIN_MIN {
            self.step("median", imaging::median);
            self.step("smooth", imaging::smooth);
            if grain > GRAIN_STRONG {
                self.step("smooth", imaging::smooth);
                self.step("median", imaging::median);
            }
        }
    }

    fn even_light(&mut self) {
        let light = self.light_now();
        if light.unevenness > UNEVEN_MIN || light.contrast < CONTRAST_FULL {
            self.step("light", imaging::even_light);
        }
    }

    /// Most pages need no step, and their light is measured once.
    fn light_now(&self) -> Light {
        if self.steps.is_empty() { self.light } else { imaging::light(&self.image) }
    }

    fn step(&mut self, name: &'static str, change: impl Fn(&Raster) -> Raster) {
        self.image = change(&self.image);
        self.steps.push(name);
    }
}
