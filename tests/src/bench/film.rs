//! Are the frames of a strip found? On strips with other seeds, papers, contents and conditions than those that may be looked
//! at while frames are looked for (`tests::film`), beside the light of the columns against Otsu's threshold.

use std::collections::BTreeMap;

use anyhow::Result;
use film::{Confidence, Found, Frame, Strip};
use imaging::Raster;
use record::words::Box as Rectangle;
use serde_json::json;
use tests::film::{Level, Split, strip};

use crate::report::{Report, cpu_seconds, rounded};

const FRAMES: usize = 60;
/// Boxes are the same where they share so much of their union.
const SAME: f64 = 0.75;

/// Counts over the strips of a level.
#[derive(Default)]
struct Tally {
    truth: usize,
    found: usize,
    hit: usize,
    /// Frames merged or missed, and nothing there says that a person should look.
    silent: usize,
    doubtful: usize,
    /// Columns of the truth that are in no frame and not named as left over.
    lost: f64,
    kinds: BTreeMap<&'static str, (usize, usize)>,
}

pub fn run(report: &mut Report) -> Result<()> {
    for level in Level::ALL {
        let (mut ours, mut otsu) = (Tally::default(), Tally::default());
        let (mut seconds, mut polarity, mut counts) = (0.0, 0, 0);
        for seed in Split::HeldOut.seeds() {
            let drawn = strip(level, Split::HeldOut, seed, FRAMES);
            let before = cpu_seconds()?;
            let found = film::find(&Strip::of(&drawn.picture));
            seconds += cpu_seconds()? - before;
            polarity += usize::from(found.negative == drawn.negative);
            counts += usize::from(found.frames.len() == drawn.frames.len());
            ours.add(&drawn, &found);
            otsu.add(&drawn, &by_otsu(&drawn.picture));
        }
        let strips = Split::HeldOut.seeds().count();
        report.line(&json!({
            "bench": "film",
            "level": level.name(),
            "unit": format!("F1 at IoU ≥ {SAME}, held-out strips"),
            "ours": rounded(ours.f1()),
            "floor": "Otsu",
            "floor_value": rounded(otsu.f1()),
            "precision": rounded(ours.hit as f64 / ours.found as f64),
            "recall": rounded(ours.hit as f64 / ours.truth as f64),
            "frames": ours.truth,
            "silently_merged_or_missed": ours.silent,
            "doubtful": rounded(ours.doubtful as f64 / ours.found as f64),
            "exposed_and_unaccounted": rounded(ours.lost / ours.truth as f64),
            "polarity_right": format!("{polarity}/{strips}"),
            "count_right": format!("{counts}/{strips}"),
            "cpu_ms_per_frame": rounded(1_000.0 * seconds / ours.truth as f64),
            "recall_by_kind": ours.kinds.iter().map(|(kind, (hit, of))| (*kind, format!("{hit}/{of}"))).collect::<BTreeMap<_, _>>(),
        }))?;
    }
    Ok(())
}

impl Tally {
    fn add(&mut self, drawn: &tests::film::Strip, found: &Found) {
        let mut taken = vec![false; found.frames.len()];
        for truth in &drawn.frames {
            let close = |(at, frame): (usize, &Frame)| (overlap(frame.place, truth.place), at);
            let free = found.frames.iter().enumerate().filter(|(at, _)| !taken[*at]);
            let best = free.map(close).max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(same, _)| *same >= SAME);
            let kind = self.kinds.entry(truth.kind).or_default();
            kind.1 += 1;
            if let Some((_, at)) = best {
                (taken[at], kind.0) = (true, kind.0 + 1);
                self.hit += 1;
            } else if !is_flagged(found, truth.place) {
                self.silent += 1;
            }
            self.lost += unaccounted(found, truth.place);
        }
        self.truth += drawn.frames.len();
        self.found += found.frames.len();
        self.doubtful += found.frames.iter().filter(|frame| !frame.doubts.is_empty()).count();
    }

    fn f1(&self) -> f64 {
        2.0 * self.hit as f64 / (self.truth + self.found) as f64
    }
}

fn area(place: Rectangle) -> f64 {
    f64::from(place.w) * f64::from(place.h)
}

fn shared(a: Rectangle, b: Rectangle) -> f64 {
    let along =
        |from: (u32, u32), to: (u32, u32)| f64::from((from.0 + from.1).min(to.0 + to.1)) - f64::from(from.0.max(to.0));
    along((a.x, a.w), (b.x, b.w)).max(0.0) * along((a.y, a.h), (b.y, b.h)).max(0.0)
}

fn overlap(a: Rectangle, b: Rectangle) -> f64 {
    shared(a, b) / (area(a) + area(b) - shared(a, b))
}

fn is_flagged(found: &Found, place: Rectangle) -> bool {
    let doubtful = found.frames.iter().filter(|frame| !frame.doubts.is_empty()).map(|frame| frame.place);
    doubtful.chain(found.unassigned.iter().copied()).any(|other| shared(other, place) > 0.02 * area(place))
}

/// The part of a page that is neither in frames nor named as left over; what frames' edges leave of it is not counted.
fn unaccounted(found: &Found, place: Rectangle) -> f64 {
    let places = found.frames.iter().map(|frame| frame.place).chain(found.unassigned.iter().copied());
    let covered: f64 = places.map(|other| shared(other, place)).sum();
    if covered < 0.5 * area(place) { 1.0 - covered / area(place) } else { 0.0 }
}

/// Runs of columns that are lighter than Otsu's threshold (IEEE Trans. SMC 9, 1979), at their whole height; polarity is given
/// by the corners, and nothing is ever doubted.
fn by_otsu(picture: &Raster) -> Found {
    let tall = picture.height() > picture.width();
    let (along, across) = if tall { (picture.height(), picture.width()) } else { (picture.width(), picture.height()) };
    let pixel = |x: u32, y: u32| {
        let (x, y) = if tall { (y, x) } else { (x, y) };
        picture.bytes()[(y * picture.width() + x) as usize]
    };
    let middle = across / 10..across * 9 / 10;
    let light: Vec<u8> = (0..along)
        .map(|x| (middle.clone().map(|y| u32::from(pixel(x, y))).sum::<u32>() / middle.len() as u32) as u8)
        .collect();
    let negative = light[..20].iter().map(|&light| u32::from(light)).sum::<u32>() > 20 * 128;
    let light: Vec<u8> = light.into_iter().map(|light| if negative { 255 - light } else { light }).collect();
    let threshold = otsu(&light);
    let mut frames = Vec::new();
    let mut from = None;
    for x in 0..=along {
        match (light.get(x as usize).is_some_and(|&light| light > threshold), from) {
            (true, None) => from = Some(x),
            (false, Some(start)) => {
                from = None;
                frames.extend(otsu_frame(start, x, across, tall, |x, y| {
                    let light = pixel(x, y);
                    (if negative { 255 - light } else { light }) > threshold
                }));
            }
            _ => {}
        }
    }
    Found { negative, frames, ..Found::default() }
}

fn otsu_frame(from: u32, to: u32, across: u32, tall: bool, is_light: impl Fn(u32, u32) -> bool) -> Option<Frame> {
    let is_page = |y: &u32| (from..to).step_by(4).filter(|&x| is_light(x, *y)).count() * 16 > (to - from) as usize;
    let inside = across / 12..across * 11 / 12;
    let (top, bottom) = (inside.clone().find(|y| is_page(y))?, inside.rev().find(|y| is_page(y))?);
    let (x, y, w, h) = (from, top, to - from, bottom + 1 - top);
    let place = if tall { Rectangle { x: y, y: x, w: h, h: w } } else { Rectangle { x, y, w, h } };
    (w > across / 10).then(|| Frame { place, confidence: Confidence::SURE, doubts: Vec::new(), channel: 0, blip: None })
}

fn otsu(values: &[u8]) -> u8 {
    let mut counts = [0.0; 256];
    values.iter().for_each(|&value| counts[usize::from(value)] += 1.0);
    let (whole, sum): (f64, f64) = (values.len() as f64, (0..256).map(|at| at as f64 * counts[at]).sum());
    let (mut below, mut sum_below, mut best) = (0.0, 0.0, (0.0, 0));
    for (at, count) in counts.iter().enumerate() {
        below += count;
        sum_below += at as f64 * count;
        if below > 0.0 && below < whole {
            let apart = sum_below / below - (sum - sum_below) / (whole - below);
            let between = below * (whole - below) * apart * apart;
            best = if between > best.0 { (between, at as u8) } else { best };
        }
    }
    best.1
}
