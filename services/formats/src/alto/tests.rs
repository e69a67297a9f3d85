//! What was written comes back, whatever it was; what was not written by us is read or refused.

use proptest::prelude::*;
use record::PageId;
use record::words::{Attention, AttentionReason, Block, Box, Cell, Engine, Line, PageKind, PageText, Part, Word};

use super::*;

fn page_id() -> PageId {
    PageId::derived([b"a page".as_slice()])
}

fn word(text: &str, x: u32, confidence: u8) -> Word {
    Word::read(text, Box { x, y: 40, w: 90, h: 30 }, confidence)
}

fn cell(row: u32, column: u32, text: &str) -> Block {
    let lines = if text.is_empty() { vec![] } else { vec![Line::of(vec![word(text, 100 * column, 80)])] };
    Block { lines, cell: Some(Cell { table: 0, row, column }) }
}

/// Has everything that a page can have.
fn sample() -> PageText {
    let mut broken = Line::of(vec![word("Größe", 10, 96), word("<5&\"'", 120, 7), word("infor-", 230, 100)]);
    broken.words[0].corrected = true;
    broken.words[2].part = Some(Part::First("information".into()));
    let mut rest = Line { words: vec![word("mation", 10, 91)], language: Some("deu_latf".into()) };
    rest.words[0].part = Some(Part::Second("information".into()));
    let blocks =
        vec![Block::of(vec![broken, rest]), cell(0, 0, "Drug"), cell(0, 1, ""), cell(2, 1, "5mg"), Block::default()];
    let place = Box { x: 5, y: 900, w: 700, h: 120 };
    PageText {
        width: 2480,
        height: 3508,
        rotation: 90,
        skew_centidegrees: -137,
        language: "eng+deu".into(),
        engine: Engine {
            name: "Tesseract".into(),
            version: "5.3.0".into(),
            model: "eng".into(),
            model_digest: "sha256:ab".into(),
            recipe: "psm=3 dpi=300".into(),
            generation: 7,
        },
        kind: PageKind::Picture,
        blocks,
        attention: [AttentionReason::Handwriting, AttentionReason::CutOff, AttentionReason::Handwriting]
            .map(|reason| Attention { reason, place })
            .to_vec(),
    }
}

#[test]
fn what_was_written_comes_back() {
    let text = sample();
    let xml = write(&text, page_id());
    assert_eq!(parse(xml.as_bytes()), Ok(text));
    for there in [
        r#"CONTENT="&lt;5&amp;&quot;&apos;""#,
        r#"WC="0.07""#,
        r#"SUBS_TYPE="HypPart1" SUBS_CONTENT="information" CONTENT="infor"/>
<HYP CONTENT="-"/>"#,
        r#"SUBS_TYPE="HypPart2" SUBS_CONTENT="information" CONTENT="mation""#,
        r#"CS="true" CONTENT="Größe""#,
        r#"ROTATION="88.63" LANG="eng" OTHERLANGS="deu""#,
        r#"LANG="deu-latf""#,
        r#"PAGECLASS="picture""#,
        r#"<StructureTag ID="row-2" TYPE="row" LABEL="2"/>"#,
        r#"TYPE="row" TAGREFS="row-2""#,
        r#"TYPE="handwriting" TAGREFS="attention-handwriting" HPOS="5""#,
    ] {
        assert!(xml.contains(there), "{there} is not in {xml}");
    }
}

#[test]
fn the_hyphen_of_a_whole_word_stays_with_it() {
    let mut text = sample();
    text.blocks[0].lines[0].words[2].part = None;
    let xml = write(&text, page_id());
    assert!(xml.contains(r#"CONTENT="infor-""#) && !xml.contains("HYP"), "{xml}");
}

#[test]
fn control_characters_do_not_reach_the_file() {
    let mut text = sample();
    text.blocks[0].lines[0].words[0].text = "a\u{0}b\u{1b}\u{fffe}c\n".into();
    let again = parse(write(&text, page_id()).as_bytes()).expect("still well-formed");
    assert_eq!(again.words().next().map(|word| word.text.as_str()), Some("abc"));
}

#[test]
fn lines_without_words_are_left_out() {
    let mut text = sample();
    text.blocks[0].lines.insert(1, Line::default());
    assert_eq!(parse(write(&text, page_id()).as_bytes()), Ok(sample()));
}

/// As this program wrote it before it knew rotations as attributes, tables and attention.
#[test]
fn older_files_are_read() {
    let file = format!(
        r#"<alto xmlns="{NAMESPACE}" SCHEMAVERSION="4.4"><Description><MeasurementUnit>pixel</MeasurementUnit>
<Processing ID="reading"><processingStepSettings>model=eng
language=eng
rotation=270
skew-centidegrees=-25
recipe=psm=3</processingStepSettings></Processing></Description><Layout><Page ID="p" PHYSICAL_IMG_NR="1" WIDTH="9"
HEIGHT="8"><PrintSpace><TextBlock ID="b"><TextLine><String HPOS="1" VPOS="2" WIDTH="3" HEIGHT="4" WC="0.5"
CONTENT="a"/></TextLine><TextLine ID="empty"/></TextBlock></PrintSpace></Page></Layout></alto>"#
    );
    let text = parse(file.as_bytes()).expect("sound");
    assert_eq!((text.rotation, text.skew_centidegrees, text.language.as_str()), (270, -25, "eng"));
    assert_eq!((text.kind, text.lines().count(), text.engine.generation), (PageKind::Text, 2, 0));
    assert_eq!(text.words().collect::<Vec<_>>(), [&Word::read("a", Box { x: 1, y: 2, w: 3, h: 4 }, 50)]);
}

/// Other programs write no settings and no numbers of rows.
#[test]
fn files_of_others_are_read() {
    let block = |text: &str| {
        let place = r#"HPOS="1" VPOS="2" WIDTH="3" HEIGHT="4""#;
        format!(r#"<TextBlock ID="{text}"><TextLine><String {place} CONTENT="{text}"/></TextLine></TextBlock>"#)
    };
    let row = |id: u8, cells: [&str; 2]| {
        format!(r#"<ComposedBlock ID="r{id}" TYPE="row">{}</ComposedBlock>"#, cells.map(block).concat())
    };
    let file = format!(
        r#"<a:alto xmlns:a="{NAMESPACE}"><Description><MeasurementUnit>pixel</MeasurementUnit></Description><Layout>
<Page ID="p" PHYSICAL_IMG_NR="1" WIDTH="9" HEIGHT="8" ROTATION="181.5" LANG="sv" OTHERLANGS="de en-GB"><PrintSpace>
<ComposedBlock ID="t" TYPE="table">{}{}</ComposedBlock>{}<Illustration ID="i" TYPE="photo"/>
</PrintSpace></Page></Layout></a:alto>"#,
        row(0, ["a", "b"]),
        row(1, ["c", "d"]),
        block("e"),
    );
    let text = parse(file.as_bytes()).expect("sound");
    assert_eq!((text.rotation, text.skew_centidegrees, text.language.as_str()), (180, 150, "sv+de+en_GB"));
    let places: Vec<_> = text.blocks.iter().map(|block| block.cell.map(|cell| (cell.row, cell.column))).collect();
    assert_eq!(places, [Some((0, 0)), Some((0, 1)), Some((1, 0)), Some((1, 1)), None]);
    assert_eq!(text.attention, []);
}

#[test]
fn hostile_files_are_errors() {
    let good = write(&sample(), page_id());
    let wrong = [
        String::new(),
        "no XML".into(),
        "<html/>".into(),
        good[..good.len() / 2].into(),
        good.replace(r#"HPOS="120""#, r#"HPOS="4294967290""#),
        good.replace(r#"HPOS="120""#, r#"HPOS="-1""#),
        good.replace("pixel", "mm10"),
        good.replace("ns-v4#", "ns-v2#"),
        good.replace(r#"LABEL="2""#, r#"LABEL="4294967295""#),
        good.replace("88.63", "1e9"),
        good.replace(r#"SUBS_CONTENT="i"#, &format!(r#"SUBS_CONTENT="{}"#, "i".repeat(900))),
        good.replacen("<alto", "<!DOCTYPE alto [<!ENTITY a \"b\">]><alto", 1),
        good.replace("&lt;", "&a;"),
        "<a>".repeat(100_000),
    ];
    for (n, file) in wrong.iter().enumerate() {
        assert!(parse(file.as_bytes()).is_err(), "file {n} passed");
    }
    assert!(parse(b"\xff\xfe<").is_err());
}

fn place() -> impl Strategy<Value = Box> {
    (0..9_000_u32, 0..9_000_u32, 0..500_u32, 0..500_u32).prop_map(|(x, y, w, h)| Box { x, y, w, h })
}

/// Anything but control characters and what is no character.
const TEXT: &str = "[^\\p{C}\u{fffe}\u{ffff}]{0,12}";

fn any_word() -> impl Strategy<Value = Word> {
    let part = prop_oneof![
        Just(None),
        TEXT.prop_map(|whole| Some(Part::First(whole))),
        TEXT.prop_map(|whole| Some(Part::Second(whole))),
    ];
    let hyphen = prop::sample::select(vec!["", "", "-", "--", "\u{AD}", "\u{2010}"]);
    (TEXT, hyphen, place(), 0..=100_u8, part, any::<bool>()).prop_map(
        |(text, hyphen, place, confidence, part, corrected)| Word {
            text: text + hyphen,
            place,
            confidence,
            part,
            corrected,
        },
    )
}

fn any_lines() -> impl Strategy<Value = Vec<Line>> {
    let language = prop::option::of("[a-z]{3}(_[a-z]{1,4})?");
    let line = (prop::collection::vec(any_word(), 1..5), language);
    prop::collection::vec(line.prop_map(|(words, language)| Line { words, language }), 0..4)
}

/// Plain blocks, and tables of which some cells are missing.
fn any_blocks() -> impl Strategy<Value = Vec<Block>> {
    let cell = (0..40_u32, 0..9_u32);
    let cells = prop::collection::btree_set(cell, 0..5);
    let part = (prop::collection::vec(any_lines(), 1..3), cells, any_lines());
    prop::collection::vec(part, 0..3).prop_map(|parts| {
        let mut blocks = Vec::new();
        let mut tables = 0;
        for (plain, cells, content) in parts {
            blocks.extend(plain.into_iter().map(Block::of));
            let table = tables;
            tables += u32::from(!cells.is_empty());
            blocks.extend(
                cells
                    .into_iter()
                    .map(|(row, column)| Block { lines: content.clone(), cell: Some(Cell { table, row, column }) }),
            );
        }
        blocks
    })
}

fn any_engine() -> impl Strategy<Value = Engine> {
    let name = "[ -~äß€]{0,16}";
    (name, name, name, name, name, any::<u32>()).prop_map(|(name, version, model, model_digest, recipe, generation)| {
        Engine { name, version, model, model_digest, recipe, generation }
    })
}

prop_compose! {
    fn any_text()(
        (width, height) in (1..60_000_u32, 1..60_000_u32),
        rotation in prop::sample::select(vec![0_u16, 90, 180, 270]),
        skew_centidegrees in -4_500..4_500_i32,
        language in "[ -~äß€]{0,16}",
        engine in any_engine(),
        kind in prop::sample::select(PageKind::ALL.to_vec()),
        blocks in any_blocks(),
        attention in prop::collection::vec((prop::sample::select(AttentionReason::ALL.to_vec()), place()), 0..4),
    ) -> PageText {
        let attention = attention.into_iter().map(|(reason, place)| Attention { reason, place }).collect();
        PageText { width, height, rotation, skew_centidegrees, language, engine, kind, blocks, attention }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_text_comes_back(text in any_text()) {
        prop_assert_eq!(parse(write(&text, page_id()).as_bytes()), Ok(text));
    }

    #[test]
    fn mutated_bytes_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = write(&sample(), page_id()).into_bytes();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = parse(&bytes);
    }
}
