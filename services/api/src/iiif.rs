//! What does an IIIF image address ask for? Parsing and drawing, after the IIIF Image API 3.0
//! (<https://iiif.io/api/image/3.0/>), sections 4.1 to 4.5 for the parameters and 4.7 for
//! their order.
//!
//! Level 2, with two things left out on purpose: cross-origin requests (patient data stays on
//! its own origin) and enlarging (`^`: no pixel is made up). Those are answered with 400.

use imaging::{ImageError, QuarterTurn, Raster};
use record::words::Box as Place;

use crate::problem::{Problem, Reply};

/// Quality of JPEGs for the screen: text stays clean, a tile has some 20 KB.
const JPEG_QUALITY: u8 = 80;

/// An image request, understood but not yet measured against an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request {
    region: Region,
    size: Size,
    turn: QuarterTurn,
    gray: bool,
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Region {
    Full,
    Square,
    Pixels(Place),
    /// x, y, w, h in percent.
    Percent([f64; 4]),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Size {
    Max,
    Width(u32),
    Height(u32),
    Percent(f64),
    Exactly(u32, u32),
    Within(u32, u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Jpeg,
    Png,
}

impl Format {
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

/// What is to be cut out, and how large it becomes, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Measured {
    region: Place,
    width: u32,
    height: u32,
}

impl Request {
    /// `file` is `{quality}.{format}`.
    pub fn parse(region: &str, size: &str, rotation: &str, file: &str) -> Reply<Self> {
        let (quality, format) = file.split_once('.').ok_or_else(|| bad("quality and format are missing"))?;
        Ok(Self {
            region: parse_region(region).ok_or_else(|| bad("the region is none of full, square, x,y,w,h, pct:…"))?,
            size: parse_size(size)
                .ok_or_else(|| bad("the size is none of max, w,  ,h  w,h  !w,h  pct:n; never enlarged"))?,
            turn: rotation
                .parse()
                .ok()
                .and_then(QuarterTurn::from_degrees)
                .ok_or_else(|| bad("the rotation is one of 0, 90, 180, 270"))?,
            gray: match quality {
                "default" | "color" => false,
                "gray" => true,
                _ => return Err(bad("the quality is one of default, color, gray")),
            },
            format: match format {
                "jpg" => Format::Jpeg,
                "png" => Format::Png,
                _ => return Err(bad("the format is jpg or png")),
            },
        })
    }

    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether an image of this size can be drawn as asked; before anything is decoded.
    pub fn check(&self, width: u32, height: u32) -> Reply<()> {
        self.measure(width, height).map(|_| ())
    }

    /// Cuts, scales, turns and encodes: the order of section 4.7.
    ///
    /// # Errors
    /// 400 where the region lies outside or the size would enlarge it.
    pub fn draw(&self, master: &Raster) -> Reply<Vec<u8>> {
        let Measured { region, width, height } = self.measure(master.width(), master.height())?;
        let mut picture = master.crop(region).ok_or_else(|| bad("the region lies outside the image"))?;
        if (picture.width(), picture.height()) != (width, height) {
            picture = picture.scale_to(width, height).map_err(undrawable)?;
        }
        if self.turn != QuarterTurn::None {
            picture = picture.rotate_quarter(self.turn);
        }
        if self.gray {
            picture = picture.to_gray();
        }
        match self.format {
            Format::Jpeg => picture.encode_jpeg(JPEG_QUALITY, 0),
            Format::Png => picture.encode_png(0),
        }
        .map_err(undrawable)
    }

    fn measure(&self, width: u32, height: u32) -> Reply<Measured> {
        let region = self.region.measure(width, height).ok_or_else(|| bad("the region lies outside the image"))?;
        let (w, h) = self.size.measure(region.w, region.h);
        let (w, h) = (w.max(1), h.max(1));
        if w > region.w || h > region.h {
            return Err(bad("the size is larger than the region: nothing is enlarged"));
        }
        Ok(Measured { region, width: w, height: h })
    }
}

impl Region {
    fn measure(self, width: u32, height: u32) -> Option<Place> {
        let side = width.min(height);
        let place = match self {
            Self::Full => Place { x: 0, y: 0, w: width, h: height },
            Self::Square => Place { x: (width - side) / 2, y: (height - side) / 2, w: side, h: side },
            Self::Pixels(place) => place,
            Self::Percent([x, y, w, h]) => {
                Place { x: part(width, x), y: part(height, y), w: part(width, w).max(1), h: part(height, h).max(1) }
            }
        };
        let inside = place.x < width && place.y < height && place.w > 0 && place.h > 0;
        inside.then(|| Place { w: place.w.min(width - place.x), h: place.h.min(height - place.y), ..place })
    }
}

impl Size {
    fn measure(self, width: u32, height: u32) -> (u32, u32) {
        match self {
            Self::Max => (width, height),
            Self::Width(w) => (w, scaled(height, w, width)),
            Self::Height(h) => (scaled(width, h, height), h),
            Self::Percent(percent) => (part(width, percent), part(height, percent)),
            Self::Exactly(w, h) => (w, h),
            // As large as fits into both, and never larger than the region itself.
            Self::Within(w, h) => {
                let (w, h) = (w.min(width), h.min(height));
                let by_width = scaled(height, w, width);
                if by_width <= h { (w, by_width) } else { (scaled(width, h, height), h) }
            }
        }
    }
}

/// `length · to / from`, rounded, at least 1.
fn scaled(length: u32, to: u32, from: u32) -> u32 {
    let from = u64::from(from.max(1));
    let scaled = (u64::from(length) * u64::from(to) + from / 2) / from;
    u32::try_from(scaled).unwrap_or(u32::MAX).max(1)
}

fn part(length: u32, percent: f64) -> u32 {
    (f64::from(length) * percent / 100.0).round().clamp(0.0, f64::from(u32::MAX)) as u32
}

fn parse_region(text: &str) -> Option<Region> {
    match text {
        "full" => Some(Region::Full),
        "square" => Some(Region::Square),
        _ => match text.strip_prefix("pct:") {
            Some(rest) => Some(Region::Percent(four(rest, percent)?)),
            None => {
                let [x, y, w, h] = four(text, |number| number.parse().ok())?;
                Some(Region::Pixels(Place { x, y, w, h }))
            }
        },
    }
}

fn parse_size(text: &str) -> Option<Size> {
    if text == "max" {
        return Some(Size::Max);
    }
    if let Some(rest) = text.strip_prefix("pct:") {
        return percent(rest).filter(|percent| *percent > 0.0).map(Size::Percent);
    }
    let (within, rest) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
    let (w, h) = rest.split_once(',')?;
    match (within, w, h) {
        (true, w, h) => Some(Size::Within(side(w)?, side(h)?)),
        (false, "", h) => Some(Size::Height(side(h)?)),
        (false, w, "") => Some(Size::Width(side(w)?)),
        (false, w, h) => Some(Size::Exactly(side(w)?, side(h)?)),
    }
}

fn side(text: &str) -> Option<u32> {
    text.parse().ok().filter(|side| *side > 0)
}

fn percent(text: &str) -> Option<f64> {
    text.parse().ok().filter(|percent| (0.0..=100.0).contains(percent))
}

fn four<T: Copy>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<[T; 4]> {
    let numbers: Option<Vec<T>> = text.split(',').map(parse).collect();
    numbers?.try_into().ok()
}

fn bad(detail: &'static str) -> Problem {
    Problem::malformed(detail)
}

fn undrawable(error: ImageError) -> Problem {
    Problem::refused("image", format!("failed to {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(region: &str, size: &str) -> Option<(Place, u32, u32)> {
        let request = Request::parse(region, size, "0", "default.jpg").ok()?;
        request.measure(1000, 600).ok().map(|m| (m.region, m.width, m.height))
    }

    fn place(x: u32, y: u32, w: u32, h: u32) -> Place {
        Place { x, y, w, h }
    }

    #[test]
    fn addresses_mean_what_the_standard_says() {
        assert_eq!(measured("full", "max"), Some((place(0, 0, 1000, 600), 1000, 600)));
        assert_eq!(measured("square", "max"), Some((place(200, 0, 600, 600), 600, 600)));
        assert_eq!(measured("900,500,512,512", "max"), Some((place(900, 500, 100, 100), 100, 100)));
        assert_eq!(measured("pct:50,50,10,10", "50,"), Some((place(500, 300, 100, 60), 50, 30)));
        assert_eq!(measured("full", ",60"), Some((place(0, 0, 1000, 600), 100, 60)));
        assert_eq!(measured("full", "pct:10"), Some((place(0, 0, 1000, 600), 100, 60)));
        assert_eq!(measured("full", "!200,200"), Some((place(0, 0, 1000, 600), 200, 120)));
        assert_eq!(measured("full", "10,10"), Some((place(0, 0, 1000, 600), 10, 10)));
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        for (region, size) in [
            ("1000,0,5,5", "max"),
            ("0,0,0,5", "max"),
            ("full", "1001,"),
            ("full", "^max"),
            ("full", "0,"),
            ("pct:0,0,200,1", "max"),
            ("full", "pct:NaN"),
            ("1,2,3", "max"),
            ("full", ""),
        ] {
            assert_eq!(measured(region, size), None, "{region} {size}");
        }
        assert!(Request::parse("full", "max", "45", "default.jpg").is_err());
        assert!(Request::parse("full", "max", "0", "bitonal.jpg").is_err());
        assert!(Request::parse("full", "max", "0", "default.webp").is_err());
    }

    #[test]
    fn a_tile_is_cut_scaled_and_turned() {
        let master = Raster::gray(100, 60, vec![200; 6000]).expect("fits");
        let request = Request::parse("0,0,50,60", "25,", "90", "gray.png").expect("fine");
        let drawn = imaging::decode(&request.draw(&master).expect("drawn")).expect("a PNG");
        assert_eq!((drawn.width(), drawn.height()), (30, 25));
    }
}
