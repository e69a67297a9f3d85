//! Small plain strips; what film is really like is drawn by the benches, which this crate does not know.

use imaging::Raster;
use record::words::Box as Rectangle;

use crate::{Doubt, Found, Reducer, Strip, find};

const HEIGHT: u32 = 300;
const WIDTH: u32 = 2_400;

/// Places on dark film, as light as paper with print on it.
fn film(places: &[Rectangle], width: u32) -> Vec<u8> {
    let mut samples: Vec<u8> = (0..width * HEIGHT).map(|n| 38 + (n * 7 % 5) as u8).collect();
    for place in places {
        for y in place.y..place.y + place.h {
            for x in place.x..place.x + place.w {
                let is_print = (y - place.y) % 8 < 2 && (10..place.w - 10).contains(&(x - place.x)) && x % 9 < 6;
                samples[(y * width + x) as usize] = if is_print { 90 } else { 220 };
            }
        }
    }
    samples
}

pub(crate) fn frames(count: u32, y: u32, h: u32) -> Vec<Rectangle> {
    (0..count).map(|n| Rectangle { x: 200 + n * 190, y: y + n % 3 * 2, w: 170, h }).collect()
}

pub(crate) fn wide(places: &[Rectangle]) -> Raster {
    let width = places.last().map_or(WIDTH, |last| last.x + 400).max(WIDTH);
    Raster::gray(width, HEIGHT, film(places, width)).expect("fits")
}

fn found(picture: &Raster) -> Found {
    find(&Strip::of(picture))
}

fn assert_near(found: &Found, places: &[Rectangle]) {
    let near = |a: u32, b: u32| a.abs_diff(b) <= 4;
    let are = found.frames.iter().map(|frame| frame.place);
    assert_eq!(found.frames.len(), places.len(), "{found:?}");
    for (is, place) in are.zip(places) {
        assert!(
            near(is.x, place.x) && near(is.y, place.y) && near(is.w, place.w) && near(is.h, place.h),
            "{is:?} {place:?}"
        );
    }
}

#[test]
fn frames_are_found_whichever_way_round_the_strip_is() {
    let places = frames(10, 50, 190);
    let picture = wide(&places);
    let plain = found(&picture);
    assert_near(&plain, &places);
    assert!(!plain.negative && plain.frames.iter().all(|frame| frame.doubts.is_empty()), "{plain:?}");
    let negative = found(&picture.clone().invert());
    assert!(negative.negative);
    assert_near(&negative, &places);
    let down = (0..WIDTH as usize).flat_map(|x| picture.bytes()[x..].iter().step_by(WIDTH as usize).copied()).collect();
    let tall = found(&Raster::gray(HEIGHT, WIDTH, down).expect("fits"));
    let turned = |place: &Rectangle| Rectangle { x: place.y, y: place.x, w: place.h, h: place.w };
    assert_near(&tall, &places.iter().map(turned).collect::<Vec<_>>());
}

#[test]
fn a_strip_that_begins_within_a_frame_says_so() {
    let mut places = frames(10, 50, 190);
    places.insert(0, Rectangle { x: 0, y: 50, w: 170, h: 190 });
    let found = found(&wide(&places));
    assert!(found.frames[0].doubts.contains(&Doubt::CutOff), "{found:?}");
}

#[test]
fn front_and_back_side_by_side_are_two_channels() {
    let (fronts, backs) = (frames(10, 30, 100), frames(10, 170, 100));
    let found = found(&wide(&[fronts.clone(), backs.clone()].concat()));
    assert_near(&found, &[fronts, backs].concat());
    assert_eq!(found.frames.iter().filter(|frame| frame.channel == 1).count(), 10);
}

/// The film on a black bed, rising by so many rows from end to end.
fn on_bed(picture: &Raster, rise: u32, beside: u32) -> Raster {
    let (w, h) = (picture.width(), picture.height() + rise + 2 * beside);
    let row = |x: u32, y: u32| y.checked_sub(beside + x * rise / w).filter(|y| *y < picture.height());
    let level = |n: u32| row(n % w, n / w).map_or(3, |y| picture.bytes()[(y * w + n % w) as usize]);
    Raster::gray(w, h, (0..w * h).map(level).collect()).expect("fits")
}

#[test]
fn film_askew_on_a_black_bed_is_found_whichever_way_round_it_is() {
    let places = frames(24, 50, 190);
    let picture = wide(&places);
    // With the bed on both sides, and where the picture is no wider than the film needs.
    for (rise, beside) in [(0, 12), (40, 12), (24, 0), (60, 4)] {
        for negative in [true, false] {
            let film = if negative { picture.clone().invert() } else { picture.clone() };
            let found = found(&on_bed(&film, rise, beside));
            assert_eq!((found.negative, found.frames.len()), (negative, places.len()), "{rise} {beside}");
            for (frame, place) in found.frames.iter().zip(&places) {
                let lies = place.y + beside + (place.x + place.w / 2) * rise / picture.width();
                let is = frame.place;
                assert!(is.x.abs_diff(place.x) <= 5 && is.y.abs_diff(lies) <= 6, "{rise} {beside}: {is:?} {place:?}");
                assert!((is.y + is.h).abs_diff(lies + place.h) <= 6, "{rise} {beside}: {is:?} {place:?}");
            }
        }
    }
}

#[test]
fn unexposed_film_has_no_frame() {
    assert_eq!(found(&wide(&[])).frames, []);
}

#[test]
fn blocks_in_any_order_make_the_same_strip() {
    let picture = Raster::gray(4_000, 1_200, (0..4_800_000_u32).map(|n| (n * 31 % 253) as u8).collect()).expect("fits");
    let mut reducer = Reducer::new(4_000, 1_200, None);
    for at in [3, 0, 2, 1] {
        let place = Rectangle { x: at * 1_000, y: 0, w: 1_000, h: 1_200 };
        reducer.add(place, picture.crop(place).expect("inside").bytes());
    }
    assert_eq!(reducer.finish().samples, Strip::of(&picture).samples);
}

#[test]
fn no_picture_is_too_small() {
    for (width, height) in [(1, 1), (3, 200), (200, 32), (70, 70)] {
        let picture = Raster::gray(width, height, (0..width * height).map(|n| (n * 97 % 251) as u8).collect());
        let places = found(&picture.expect("fits")).frames;
        assert!(places.iter().all(|frame| frame.place.x + frame.place.w <= width), "{places:?}");
    }
}
