//! `scanner-agent recut`: a frame of film that is in the archive is cut another way out of its strip, which is there, too.

use anyhow::{Context, bail, ensure};
use record::DocumentId;
use record::words::Box as Rectangle;
use serde::Serialize;

use super::Exit;
use super::deliver::Archive;
use crate::cli;
use crate::handover::reels::Hit;
use crate::report::{print, print_json};

/// What became of it.
#[derive(Debug, Serialize)]
struct Cut {
    document: DocumentId,
    version: u32,
    supersedes: u32,
    cuts: Vec<Rectangle>,
}

pub fn run(args: &cli::Recut) -> anyhow::Result<Exit> {
    let archive = Archive::new(&args.server)?;
    let (reel, frame) = (&args.reel, args.frame);
    let hits = archive.frames(reel, frame)?;
    let [Hit { document, page }] = &hits[..] else {
        bail!(
            "failed to cut frame {frame} of reel {reel}: the archive has {} pages of that address{}",
            hits.len(),
            if hits.is_empty() { "" } else { "; cut it in the viewer, where they are told apart" }
        );
    };
    let shown = archive.document(*document)?;
    let lies = shown.pages.iter().find(|shown| shown.page == *page);
    let place = lies.and_then(|lies| lies.frame).and_then(|frame| frame.place);
    let place = place.with_context(|| format!("failed to cut frame {frame}: it came without a strip"))?;
    let cuts = cuts(args, place).with_context(|| format!("failed to cut frame {frame} of reel {reel}"))?;
    let version = archive.recut(*document, *page, shown.version, &cuts)?;
    if args.json {
        print_json(&Cut { document: *document, version, supersedes: shown.version, cuts })?;
    } else {
        print(&format!("Frame {frame} of reel {reel} is cut anew: version {version} of document {document}.\n"))?;
    }
    Ok(Exit::Done)
}

/// The place with the edges that were named, in one piece or two.
fn cuts(args: &cli::Recut, was: Rectangle) -> anyhow::Result<Vec<Rectangle>> {
    let (left, top) = (args.left.unwrap_or(was.x), args.top.unwrap_or(was.y));
    let (right, bottom) = (args.right.unwrap_or(was.x + was.w), args.bottom.unwrap_or(was.y + was.h));
    ensure!(left < right && top < bottom, "its left edge lies before its right one, and its top above its bottom");
    let whole = Rectangle { x: left, y: top, w: right - left, h: bottom - top };
    let inside = |at: u32, from: u32, to: u32| {
        ensure!(from < at && at < to, "it is divided between {from} and {to}");
        Ok(at - from)
    };
    Ok(match (args.divide_x, args.divide_y) {
        (Some(at), _) => {
            let first = inside(at, left, right)?;
            vec![Rectangle { w: first, ..whole }, Rectangle { x: at, w: whole.w - first, ..whole }]
        }
        (None, Some(at)) => {
            let first = inside(at, top, bottom)?;
            vec![Rectangle { h: first, ..whole }, Rectangle { y: at, h: whole.h - first, ..whole }]
        }
        (None, None) => vec![whole],
    })
}
