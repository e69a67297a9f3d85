//! What survives, and what is noticed.

use super::{Shelf, page, page_id};
use crate::{Error, Index};

#[test]
fn what_was_not_committed_is_gone_and_may_be_put_again() {
    let shelf = Shelf::of(&[page("a", 1, &["fever"])]);
    shelf.index.put(&page("b", 1, &["fever"])).expect("put");
    assert_eq!(shelf.search("fever").pages, 1, "not before the commit");
    let Shelf { index, dir } = shelf;
    drop(index);
    let shelf = Shelf { index: Index::open(dir.path()).expect("opens"), dir };
    assert_eq!((shelf.index.cursor(), shelf.index.pages()), (1, 1));
    shelf.put(&[page("a", 1, &["fever"]), page("b", 1, &["fever"])], 2);
    assert_eq!((shelf.index.cursor(), shelf.search("fever").pages), (2, 2));
}

#[test]
fn a_page_put_again_replaces_itself() {
    let shelf = Shelf::of(&[page("a", 1, &["fever"])]);
    shelf.put(&[page("a", 1, &["rash"]), page("a", 1, &["cough"])], 2);
    assert_eq!((shelf.search("fever").pages, shelf.search("rash").pages, shelf.search("cough").pages), (0, 0, 1));
    assert!(shelf.index.contains(&page_id("a", 1)).expect("reads"));
    shelf.index.remove(&page_id("a", 1)).expect("removes");
    shelf.index.commit(3).expect("commits");
    assert!(!shelf.index.contains(&page_id("a", 1)).expect("reads"));
    assert_eq!(shelf.index.pages(), 0);
}

#[test]
fn a_page_without_words_counts_but_is_not_found_by_words() {
    let shelf = Shelf::of(&[page("a", 1, &[])]);
    assert_eq!((shelf.index.pages(), shelf.search("").pages, shelf.search("fever").pages), (1, 1, 0));
    assert!(shelf.search("").hits[0].pages[0].snippet.is_empty());
}

#[test]
fn clearing_and_recreating_start_at_zero() {
    let shelf = Shelf::of(&[page("a", 1, &["fever"])]);
    shelf.index.clear().expect("clears");
    assert_eq!((shelf.index.cursor(), shelf.index.pages()), (0, 0));
    shelf.put(&[page("a", 1, &["fever"])], 5);
    let Shelf { index, dir } = shelf;
    drop(index);
    let index = Index::recreate(dir.path()).expect("recreates");
    assert_eq!((index.cursor(), index.pages()), (0, 0));
}

#[test]
fn one_process_writes_and_others_read() {
    let shelf = Shelf::of(&[page("a", 1, &["fever"])]);
    assert!(matches!(Index::open(shelf.dir.path()), Err(Error::Busy)));
    let reader = Index::open_to_read(shelf.dir.path()).expect("opens");
    assert_eq!((reader.pages(), reader.cursor()), (1, 1));
    assert!(matches!(reader.put(&page("b", 1, &[])), Err(Error::ReadOnly)));
}

#[test]
fn small_commits_do_not_pile_up_segments() {
    let shelf = Shelf::of(&[]);
    for number in 1..=60 {
        shelf.put(&[page("a", number, &["fever"])], number.into());
    }
    assert!(shelf.index.segments() <= 25, "{}", shelf.index.segments());
    assert_eq!(shelf.search("fever").pages, 60);
    shelf.index.check().expect("sound");
}

#[test]
fn pages_put_again_leave_little_behind() {
    let words = "fever cough rash pulse ward nurse chest pain left right".repeat(20);
    let pages: Vec<_> = (1..=1_000).map(|number| page("a", number, &[words.as_str(), &format!("w{number}")])).collect();
    let shelf = Shelf::of(&pages);
    let live = bytes(shelf.dir.path());
    for (cursor, few) in (2..).zip(pages.chunks(50).chain(pages.chunks(50))) {
        shelf.put(few, cursor);
    }
    shelf.index.retire().expect("merges");
    assert_eq!((shelf.index.pages(), shelf.search("fever").pages), (1_000, 1_000));
    let all = bytes(shelf.dir.path());
    assert!(all * 2 <= live * 3, "{live} bytes have become {all}");
}

fn bytes(dir: &std::path::Path) -> u64 {
    let files = std::fs::read_dir(dir).expect("lists");
    files.map(|entry| entry.expect("an entry").metadata().expect("a file").len()).sum()
}

#[test]
fn damage_asks_for_a_rebuild() {
    for damage in ["meta.json cut", "meta.json empty", "foreign schema", "segment cut", "segment gone"] {
        let Shelf { index, dir } = Shelf::of(&[page("a", 1, &["fever"])]);
        drop(index);
        spoil(dir.path(), damage);
        let error = Index::open(dir.path()).expect_err(damage);
        assert!(error.wants_rebuild(), "{damage}: {error:?}");
        let index = Index::recreate(dir.path()).expect("recreates");
        assert_eq!((index.cursor(), index.pages()), (0, 0));
    }
}

fn spoil(dir: &std::path::Path, damage: &str) {
    let meta = dir.join("meta.json");
    let text = std::fs::read_to_string(&meta).expect("reads");
    let segment = || {
        let files = std::fs::read_dir(dir).expect("lists").map(|entry| entry.expect("an entry").path());
        let mut files: Vec<_> =
            files.filter(|path| path.extension().is_some_and(|e| e == "idx" || e == "term")).collect();
        files.sort();
        files.remove(0)
    };
    match damage {
        "meta.json cut" => std::fs::write(&meta, &text[..text.len() / 2]),
        "meta.json empty" => std::fs::write(&meta, ""),
        "foreign schema" => std::fs::write(&meta, text.replace("chartroom-3", "chartroom-0")),
        "segment cut" => std::fs::write(segment(), b"short"),
        _ => std::fs::remove_file(segment()),
    }
    .expect("writes");
}
