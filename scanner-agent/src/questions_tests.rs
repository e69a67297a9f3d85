use record::manifest::{Source, SourceKind};
use record::words::Box as Place;
use record::{Descriptor, Digest};

use super::*;
use crate::spool::event::{Captured, CapturedPage, Event, Opened};
use crate::stage::Stage;

const LABEL: &str = "[[rule]]\nname = 'label'\nmatch = '(?<mrn>MRN-[0-9]{6})'\ndoes = 'field'\n";

fn page(number: usize, codes: &[&str]) -> Event {
    let place = Place { x: 0, y: 0, w: 1, h: 1 };
    let code = |text: &&str| Code { format: "QR Code".into(), text: (*text).into(), identifier: String::new(), place };
    let quality = Quality {
        skew: None,
        sharpness: None,
        paper: 240,
        contrast: 200,
        clipped: None,
        cut: Vec::new(),
        marks: u32::from(number != 2) * 9,
    };
    let page = CapturedPage {
        image: Descriptor::of("image/png", &[number as u8]),
        width: 1,
        height: 1,
        dpi: 300,
        from: None,
        brought: None,
        codes: Some(codes.iter().map(code).collect()),
        quality: Some(quality),
        frame: None,
    };
    Event::Captured(Captured { file: None, original: None, pages: vec![page], refused: Vec::new(), strip: None })
}

fn batch(rules: &str, pages: &[&[&str]]) -> State {
    let source = Source { kind: SourceKind::Scan, station: "test".into(), device: None };
    let opened = Opened {
        batch: record::BatchId::derived([Digest::of(b"b").as_bytes().as_slice()]),
        name: "b".into(),
        source,
        defaults: CapturedFields::default(),
        files: Vec::new(),
        refused: Vec::new(),
        rules: Some(rules.to_owned()),
        two_sided: false,
        held: false,
        operator: None,
        reel: None,
    };
    let pages = pages.iter().enumerate().map(|(at, codes)| page(at + 1, codes));
    let events = std::iter::once(Event::BatchOpened(Box::new(opened))).chain(pages);
    State::of(events.chain([Event::CaptureComplete, Event::Moved { stage: Stage::Review, reason: None }]))
}

fn asked(state: &State, known: Known) -> Vec<(&'static str, Option<u32>, Vec<String>)> {
    let text = state.opened.as_ref().and_then(|opened| opened.rules.clone());
    let rules = Rules::of(text.as_deref()).expect("well formed");
    let told = |question: Question| {
        (question.code, question.page, question.answers.into_iter().map(|answer| answer.label).collect())
    };
    questions(state, &rules, &|_| known.clone()).into_iter().map(told).collect()
}

#[test]
fn labels_that_disagree_are_candidates_and_one_answer_settles_it() {
    let mut state = batch(LABEL, &[&["MRN-104233"], &["MRN-200117"], &[]]);
    let open = asked(&state, Known::Unasked);
    let labels = ["MRN-104233: QR Code on page 1", "MRN-200117: QR Code on page 2"].map(str::to_owned);
    assert_eq!(open[0], ("codes-disagree", Some(2), labels.to_vec()));
    // The second page has a label and no marks: flagged as blank all the same.
    assert_eq!((open[1].0, open[1].1, open.len()), ("blank", Some(2), 2));
    let fields = CapturedFields { mrn: "MRN-200117".parse().ok(), ..CapturedFields::default() };
    state.apply(Event::Edited { edit: crate::arrange::Edit::Index { page: 1, fields, by: None } });
    state.apply(Event::Edited { edit: crate::arrange::Edit::Judge { page: 2, wrong: None, by: None } });
    assert_eq!(asked(&state, Known::Unasked), []);
    assert_eq!(asked(&state, Known::No)[0].0, "unknown-patient");
}

#[test]
fn counts_and_rejected_pages_have_to_be_answered() {
    let mut state = batch(LABEL, &[&["MRN-104233"]]);
    state.apply(Event::Expected { sheets: 2 });
    let reject = crate::arrange::Edit::Judge { page: 1, wrong: Some("cut off".into()), by: None };
    state.apply(Event::Edited { edit: reject });
    let codes: Vec<&str> = asked(&state, Known::Unasked).into_iter().map(|(code, ..)| code).collect();
    assert_eq!(codes, ["miscount", "rejected"]);
    state.apply(Event::Undone);
    state.apply(Event::Explained { reason: "one was a folded letter".into() });
    assert_eq!(asked(&state, Known::Unasked), []);
    let count = state.sheet_count().expect("was expected");
    assert_eq!((count.expected, count.fed, count.explained.is_some()), (2, 1, true));
}

#[test]
fn keyed_twice_it_asks_for_the_second_and_tells_nobody_what_the_first_wrote() {
    const TWICE: &str = "[entry]\ntwice = true\n";
    let mut state = batch(TWICE, &[&[]]);
    let key = |state: &mut State, by: &str, mrn: &str| {
        let fields = CapturedFields { mrn: mrn.parse().ok(), ..CapturedFields::default() };
        state.apply(Event::Edited { edit: crate::arrange::Edit::Index { page: 1, fields, by: Some(by.into()) } });
    };
    assert_eq!(asked(&state, Known::Unasked)[0].0, "key");
    key(&mut state, "ana", "MRN-104233");
    let open = asked(&state, Known::Unasked);
    assert_eq!((open[0].0, open[0].2.len()), ("key-again", 0));
    let rules = Rules::of(Some(TWICE)).expect("well formed");
    assert_eq!(plan::outline(&state, &rules)[0].fields.mrn, None, "the first entry is not shown");
    key(&mut state, "ben", "MRN-104323");
    let open = asked(&state, Known::Unasked);
    assert_eq!((open[0].0, open[0].2.len()), ("keyed-differently", 2));
    key(&mut state, "ben", "MRN-104233");
    assert_eq!(asked(&state, Known::Unasked), []);
}
