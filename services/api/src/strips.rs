//! Out of which strip of film was a page cut, and what does the strip show? A frame may begin on one tile and go on on the next: the
//! tile behind is that original of the document with which the frame's picture is the page, pixel by pixel.

use std::io::Cursor;

use bytes::Bytes;
use imaging::{ImageError, QuarterTurn, Raster};
use record::limits::{PAGE_BYTES_MAX, PAGE_PIXELS_MAX, PAGE_SIDE_PIXELS_MAX};
use record::words::Box as Place;
use record::{Digest, Manifest, PageEntry};

use crate::problem::{Problem, Reply};
use crate::state::App;

/// A frame that is less than this wide or high shows nothing.
pub const LEAST: u32 = 16;

/// Where a frame lies.
#[derive(Debug, Clone, Copy)]
pub struct Lying {
    pub strip: Digest,
    pub place: Place,
}

/// Where on which strip a page was cut out.
///
/// # Errors
/// 422 for a page that is no frame out of a strip.
pub fn lying(page: &PageEntry) -> Reply<Lying> {
    let place = page.frame.as_ref().and_then(|frame| frame.place);
    match (&page.from, place) {
        (Some(from), Some(place)) => Ok(Lying { strip: from.original, place }),
        _ => Err(Problem::refused(
            "no-strip",
            "this page was not cut out of a strip of film: there is nothing to cut it from",
        )),
    }
}

/// A tile of a strip, or all of one.
#[derive(Clone)]
struct Tile {
    digest: Digest,
    bytes: Bytes,
    size: (u32, u32),
}

impl Tile {
    async fn read(app: &App, digest: Digest) -> Reply<Self> {
        let bytes = app.archive.read(&digest).await?;
        let size = imaging::Blocks::open(Cursor::new(&bytes)).map(|blocks| blocks.size()).map_err(unreadable)?;
        Ok(Self { digest, bytes, size })
    }

    const fn is_tall(&self) -> bool {
        self.size.1 > self.size.0
    }

    fn goes_on_with(&self, next: &Self) -> bool {
        let across = |tile: &Self| if tile.is_tall() { tile.size.0 } else { tile.size.1 };
        self.is_tall() == next.is_tall() && across(self) == across(next)
    }
}

/// The strip of a frame, with the tile behind it where the frame goes on there. Places beyond the strip are on that.
#[derive(Clone)]
pub struct Film {
    strip: Tile,
    next: Option<Tile>,
}

impl Film {
    /// # Errors
    /// 422 for a page that is no frame out of a strip, or that goes on on a tile which is not there.
    pub async fn of(app: &App, manifest: &Manifest, page: &PageEntry) -> Reply<Self> {
        let Lying { strip, place } = lying(page)?;
        let alone = Self { strip: Tile::read(app, strip).await?, next: None };
        if is_on(place, alone.size()) {
            return Ok(alone);
        }
        let shown = app.archive.read(&page.image.digest).await?;
        let behind = manifest.originals.iter().skip_while(|original| original.digest != strip).skip(1);
        for original in behind {
            let next = Tile::read(app, original.digest).await.ok().filter(|next| alone.strip.goes_on_with(next));
            let Some(next) = next else { continue };
            let (film, shown) = (Self { next: Some(next), ..alone.clone() }, shown.clone());
            let is_it = move || Ok((is_on(place, film.size()) && film.look(place, &shown).is_ok()).then_some(film));
            if let Some(film) = app.rasters.apart(is_it).await? {
                return Ok(film);
            }
        }
        Err(Problem::refused(
            "no-tile",
            "the frame goes on on the next tile, which is not among the document's originals",
        ))
    }

    /// In pixels, with the tile behind.
    pub const fn size(&self) -> (u32, u32) {
        let (width, height) = self.strip.size;
        match &self.next {
            Some(next) if self.strip.is_tall() => (width, height.saturating_add(next.size.1)),
            Some(next) => (width.saturating_add(next.size.0), height),
            None => (width, height),
        }
    }

    /// The tile that a place begins on, and the place there.
    pub fn home(&self, place: Place) -> (Digest, Place) {
        let (width, height) = self.strip.size;
        let (x, y) = if self.strip.is_tall() { (0, height) } else { (width, 0) };
        match &self.next {
            Some(next) if place.x >= x && place.y >= y => {
                (next.digest, Place { x: place.x - x, y: place.y - y, ..place })
            }
            _ => (self.strip.digest, place),
        }
    }

    /// What lies at these places.
    ///
    /// # Errors
    /// 422 for one beyond the film.
    pub fn cut(&self, places: &[Place]) -> Reply<Vec<Raster>> {
        let (width, height) = self.size();
        if !places.iter().all(|place| is_on(*place, (width, height))) {
            let rule = format!("the frame reaches beyond the strip, which has {width} × {height} pixels");
            return Err(Problem::refused("place", rule));
        }
        match &self.next {
            None => film::cut(Cursor::new(&self.strip.bytes), places).map_err(unreadable),
            Some(next) => places.iter().map(|place| self.over_border(next, *place).map_err(unreadable)).collect(),
        }
    }

    fn over_border(&self, next: &Tile, place: Place) -> Result<Raster, ImageError> {
        let (first, second) = (Cursor::new(&self.strip.bytes), Cursor::new(&next.bytes));
        let (home, there) = self.home(place);
        match () {
            () if home == next.digest => film::cut(second, &[there]).map(|mut cut| cut.remove(0)),
            () if is_on(place, self.strip.size) => film::cut(first, &[place]).map(|mut cut| cut.remove(0)),
            () => film::cut_over_border(first, second, place),
        }
    }

    /// How the page at the place came from what lies there.
    ///
    /// # Errors
    /// 422 where it is another picture.
    pub fn look(&self, place: Place, shown: &[u8]) -> Reply<Look> {
        let lies = self.cut(&[place])?.remove(0);
        Look::of(&lies, &imaging::decode(shown).map_err(unreadable)?.to_gray()).ok_or_else(|| {
            Problem::refused(
                "other-picture",
                "the page is not what lies at its place on the strip: import the reel anew to cut it",
            )
        })
    }

    /// What lies around a frame, along the film as much as the frame itself on either side.
    pub const fn around(&self, place: Place) -> Place {
        let (width, height) = self.size();
        if height > width {
            let (y, h) = reach(place.y, place.h, height);
            Place { x: 0, y, w: width, h }
        } else {
            let (x, w) = reach(place.x, place.w, width);
            Place { x, y: 0, w, h: height }
        }
    }

    /// What the film shows there, for the screen.
    ///
    /// # Errors
    /// 400 for a part that is not on it.
    pub fn drawn(&self, part: Place, side: u32) -> Reply<Vec<u8>> {
        if !is_on(part, self.size()) || !is_page(&part) {
            return Err(Problem::malformed("that part is not on the strip, or larger or smaller than a page may be"));
        }
        let raster = self.cut(&[part])?.remove(0);
        let raster = raster.reduce(part.w.max(part.h).div_ceil(side.max(1)).max(1));
        raster.encode_jpeg(80, 0).map_err(unreadable)
    }
}

const fn reach(from: u32, size: u32, most: u32) -> (u32, u32) {
    let start = from.saturating_sub(size);
    let start = if start < most { start } else { most };
    let end = from.saturating_add(size.saturating_mul(2));
    (start, if end < most { end } else { most } - start)
}

fn is_on(place: Place, (width, height): (u32, u32)) -> bool {
    let (right, bottom) = (place.x.checked_add(place.w), place.y.checked_add(place.h));
    right.is_some_and(|right| right <= width) && bottom.is_some_and(|bottom| bottom <= height)
}

/// Whether what lies there may be a page.
pub const fn is_page(place: &Place) -> bool {
    let Place { w, h, .. } = *place;
    w >= LEAST
        && h >= LEAST
        && w <= PAGE_SIDE_PIXELS_MAX
        && h <= PAGE_SIDE_PIXELS_MAX
        && w as u64 * h as u64 <= PAGE_PIXELS_MAX
}

fn unreadable(error: ImageError) -> Problem {
    Problem::refused("image", format!("failed to {error}"))
}

pub struct Picture {
    pub bytes: Bytes,
    pub size: (u32, u32),
}

/// How a page was made of what lies on the strip.
pub struct Look {
    inverted: bool,
    turn: QuarterTurn,
}

impl Look {
    fn of(lies: &Raster, shown: &Raster) -> Option<Self> {
        let turns = [QuarterTurn::None, QuarterTurn::Right, QuarterTurn::Half, QuarterTurn::Left];
        let looks = turns.into_iter().flat_map(|turn| [true, false].map(|inverted| Self { inverted, turn }));
        looks.into_iter().find(|look| {
            let made = look.of_strip(lies.clone());
            (made.width(), made.height(), made.bytes()) == (shown.width(), shown.height(), shown.bytes())
        })
    }

    fn of_strip(&self, lies: Raster) -> Raster {
        let light = if self.inverted { lies.invert() } else { lies };
        if matches!(self.turn, QuarterTurn::None) { light } else { light.rotate_quarter(self.turn) }
    }

    /// A page made the same way.
    ///
    /// # Errors
    /// 422 where it is larger than a page may be.
    pub fn picture(&self, lies: Raster, dpi: u32) -> Reply<Picture> {
        let page = self.of_strip(lies);
        let bytes = page.encode_png(dpi).map_err(unreadable)?;
        if bytes.len() > PAGE_BYTES_MAX {
            return Err(Problem::refused("page-size", "the frame's image would have more than 256 MiB"));
        }
        Ok(Picture { bytes: bytes.into(), size: (page.width(), page.height()) })
    }
}
