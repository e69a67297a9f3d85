//! A page that is not in the index as it should be is seen, however that came to be.

use super::{Shelf, document_id, page, page_id};
use crate::{Flaw, PageDocument};

#[test]
fn each_flaw_is_told_by_its_name() {
    let sound = page("a", 1, &["fever and rnorphine", "since Monday"]);
    let shelf = Shelf::knowing("morphine\nfever\n", "", std::slice::from_ref(&sound));
    let flaw = |page: &PageDocument| shelf.index.flaw(page).expect("reads");
    assert_eq!(flaw(&sound), None, "mended words are its own");
    assert_eq!(flaw(&page("a", 2, &["fever"])), Some(Flaw::Missing));
    assert_eq!(flaw(&page("a", 1, &["fever and rash"])), Some(Flaw::OtherText));
    let changed = |change: fn(&mut PageDocument)| {
        let mut page = sound.clone();
        change(&mut page);
        page
    };
    assert_eq!(flaw(&changed(|page| page.fields.mrn = "MRN-2".parse().ok())), Some(Flaw::OtherPatient));
    assert_eq!(flaw(&changed(|page| page.fields.document = document_id("b"))), Some(Flaw::OtherDocument));
    assert_eq!(flaw(&changed(|page| page.fields.filed = false)), Some(Flaw::OtherFields));
    assert_eq!(flaw(&changed(|page| page.number = 7)), Some(Flaw::OtherFields));

    // It rests there as it should, under words that are not its own.
    shelf.index.put_amiss(&sound, "quite other words").expect("put");
    shelf.index.commit(2).expect("commits");
    assert_eq!(flaw(&sound), Some(Flaw::NotFound));
    let mut pages = Vec::new();
    shelf.index.each_page(|page, document| pages.push((page, document))).expect("reads");
    assert_eq!(pages, [(page_id("a", 1), document_id("a"))]);
}
