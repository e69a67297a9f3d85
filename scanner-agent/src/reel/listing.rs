//! What is on the reel, frame by frame? A list for a spreadsheet, beside the film in its box. It names no patient.

use std::collections::BTreeMap;

use super::account::quoted;
use super::order::numbers;
use crate::arrange::Placed;
use crate::spool::State;

const HEAD: &str = "reel,frame,page,strip,x,y,width,height,confidence,blip,is,doubts\r\n";

/// One line a frame in reel order (RFC 4180).
pub fn csv(state: &State) -> String {
    let order = state.arranged();
    let numbers = numbers(state, &order);
    let label = quoted(state.reel().map_or("", |reel| &reel.label));
    let frames = order.iter().filter_map(|placed| Some((*numbers.get(&placed.page)?, placed)));
    let frames: BTreeMap<u32, &Placed> = frames.collect();
    let lines = frames.into_iter().map(|(number, placed)| format!("{label},{number},{}\r\n", line(state, placed)));
    HEAD.to_owned() + &lines.collect::<String>()
}

fn line(state: &State, placed: &Placed) -> String {
    let page = state.page(placed);
    let is = match (placed.mark, placed.hidden) {
        (Some(mark), _) => mark.name(),
        (None, true) => "left out",
        (None, false) => "",
    };
    let number = |number: Option<u32>| number.map_or(String::new(), |number| number.to_string());
    let strip = number(state.strip_of(placed.page).map(|file| file + 1));
    let Some(frame) = &page.frame else {
        return format!("{},{strip},,,{},{},,,{is},", placed.page, page.width, page.height);
    };
    let (place, blip) = (frame.place, number(frame.blip.map(u32::from)));
    let doubts: Vec<&str> = frame.doubts.iter().map(|doubt| doubt.explain()).collect();
    let (confidence, doubts) = (f64::from(frame.confidence), quoted(&doubts.join("; ")));
    let (x, y, w, h) = (place.x, place.y, place.w, place.h);
    format!("{},{strip},{x},{y},{w},{h},{confidence:.3},{blip},{is},{doubts}", placed.page)
}
