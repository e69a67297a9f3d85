//! Which frame of the reel is a page, and before which one is there room for another?

use std::collections::BTreeMap;

use film::Frame;
use record::words::Box as Rectangle;

use crate::arrange::{FrameMark, Placed};
use crate::spool::State;
use crate::unpack::strip::StripFacts;

/// Where something is on a reel: file, row of frames, place along the film, page.
type Place = (Option<u32>, u8, u32, u32);

/// From and to along the film.
pub const fn along(strip: &StripFacts, place: Rectangle) -> (u32, u32) {
    if strip.height > strip.width { (place.y, place.y + place.h) } else { (place.x, place.x + place.w) }
}

/// The numbers that an odometer would show, by page: from 1 in reel order. What is part of another frame has none.
pub fn numbers(state: &State, order: &[Placed]) -> BTreeMap<u32, u32> {
    let frames = order.iter().filter(|placed| placed.mark != Some(FrameMark::Merged));
    let mut places: Vec<Place> = frames.map(|placed| place(state, placed)).collect();
    places.sort_unstable();
    places.into_iter().zip(1..).map(|((.., page), number)| (page, number)).collect()
}

/// The page before which a frame of that strip stands; `None`: behind all.
pub fn next(state: &State, order: &[Placed], file: u32, frame: &Frame) -> Option<u32> {
    let from = state.strips.get(&file).map_or(0, |strip| along(strip, frame.place).0);
    let here = (Some(file), frame.channel, from, 0);
    order.iter().map(|placed| place(state, placed)).filter(|place| *place > here).min().map(|(.., page)| page)
}

fn place(state: &State, placed: &Placed) -> Place {
    let file = state.pages[placed.page as usize - 1].file;
    let strip = file.and_then(|file| state.strips.get(&file));
    match (strip, &state.page(placed).frame) {
        (Some(strip), Some(frame)) => (file, frame.channel, along(strip, frame.place).0, placed.page),
        _ => (file, 0, placed.page, placed.page),
    }
}
