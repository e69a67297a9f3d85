//! Drivers that misbehave, played by shell scripts that write frames.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;

const PAGE: PageFacts = PageFacts { colour: false, depth: 8, width: 4, height: Some(2), bytes_per_line: 4 };

fn frame(frame: &Frame) -> Vec<u8> {
    let mut bytes = Vec::new();
    frames::write(&mut bytes, frame).expect("writes");
    bytes
}

fn message(message: Message) -> Vec<u8> {
    frame(&Frame::Message(message))
}

fn page(bytes: usize) -> Vec<u8> {
    [message(Message::Page(PAGE)), frame(&Frame::Data(vec![7; bytes])), message(Message::PageEnd)].concat()
}

/// Plays the frames, then does what `then` says.
fn play(frames: &[Vec<u8>], then: &str) -> (usize, End) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("frames"), frames.concat()).expect("writes");
    let program = folder.path().join("helper");
    write_script(&program, &format!("#!/bin/sh\ncat \"$1\"\n{then}\n"));
    let mut helper = Helper::new(program, vec![folder.path().join("frames").display().to_string()], Vec::new());
    helper.environment.push(("PATH".into(), "/usr/bin:/bin".into()));
    (helper.before_data, helper.in_page) = (Duration::from_secs(2), Duration::from_millis(500));
    let mut pages = 0;
    let end = helper.capture(
        || None,
        |_| {
            pages += 1;
            Ok(())
        },
    );
    (pages, end.expect("runs"))
}

fn write_script(path: &Path, text: &str) {
    std::fs::write(path, text).expect("writes");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).expect("may");
}

fn fault(kind: Fault, sheet: u32, text: &str) -> End {
    End::Fault(Mishap { kind, sheet: Some(sheet), text: text.into() })
}

#[test]
fn whole_pages_come_through_until_the_feeder_is_empty() {
    let end = message(Message::Finished { why: Finish::FeederEmpty });
    assert_eq!(play(&[page(8), page(8), end], ""), (2, End::Finished(Finish::FeederEmpty)));
}

#[test]
fn a_short_page_is_a_fault_and_never_a_page() {
    let (pages, end) = play(&[page(8), page(5)], "");
    assert_eq!((pages, end), (1, fault(Fault::Short, 2, "the page is short: 5 bytes came instead of 8 bytes")));
}

#[test]
fn a_jam_names_its_sheet_and_keeps_the_sheets_before() {
    let jam = message(Message::Fault { kind: Fault::Jam, text: "Document feeder jammed".into() });
    let begun = [message(Message::Page(PAGE)), frame(&Frame::Data(vec![7; 3]))].concat();
    assert_eq!(play(&[page(8), page(8), begun, jam], ""), (2, fault(Fault::Jam, 3, "Document feeder jammed")));
}

#[test]
fn a_driver_that_dies_or_hangs_in_a_page_is_noticed() {
    let begun = [message(Message::Page(PAGE)), frame(&Frame::Data(vec![7; 3]))].concat();
    assert_eq!(
        play(&[page(8), begun.clone()], "kill -ABRT $$"),
        (1, fault(Fault::Crashed, 2, "the scanner's driver crashed"))
    );
    let (pages, end) = play(&[page(8), begun], "exec sleep 60");
    assert_eq!((pages, end), (1, fault(Fault::Silent, 2, "the scanner sent nothing for 0 s")));
}

#[test]
fn more_bytes_than_announced_are_not_believed() {
    assert_eq!(play(&[page(9)], ""), (0, fault(Fault::Other, 1, "the driver sent more bytes than it announced")));
}
