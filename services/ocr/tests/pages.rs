//! Are the right words found, at the right place of the master, however the page lies on the glass?

use std::path::{Path, PathBuf};
use std::time::Duration;

use imaging::{QuarterTurn, Raster};
use ocr::engine::{Engine, EngineError, GrayImage, Recognizer, Segmentation, installed};
use ocr::read::{ReadPageError, read};
use ocr::reader::{PageImage, Reader, ReaderOptions};
use ocr::steps::Steps;
use record::PageId;
use record::event::UnreadableReason;
use record::words::{Box, PageText, Word};

/// A letter page at 150 dpi: an invented discharge summary, 1-bit PNG.
const SAMPLE: &[u8] = include_bytes!("samples/discharge.png");
const TIME: Duration = Duration::from_secs(100);
/// Words that stand once on the sample, and where: measured on the picture.
const WORDS: [(&str, Box); 4] = [
    ("Summary", Box { x: 342, y: 118, w: 196, h: 41 }),
    ("throughout.", Box { x: 728, y: 499, w: 134, h: 26 }),
    ("hypertension,", Box { x: 377, y: 583, w: 158, h: 26 }),
    ("tablets.", Box { x: 723, y: 835, w: 85, h: 20 }),
];

fn engine() -> Engine {
    Engine::new("eng", None).expect("Debian's tesseract-ocr-eng is installed")
}

/// Reads through a reader: only there Tesseract keeps to one thread.
fn text_of(png: &[u8]) -> PageText {
    let page = PageImage { page: PageId::derived([png]), media_type: "image/png", dpi: 0, bytes: png, brought: None };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let reading = runtime.block_on(async {
        let options = ReaderOptions::new(env!("CARGO_BIN_EXE_ocr-worker").into());
        Reader::start(options).await.expect("installed").read(page).await.expect("readable")
    });
    formats::alto::parse(&reading.alto).expect("ALTO")
}

fn find<'a>(text: &'a PageText, wanted: &str) -> &'a Word {
    text.words().find(|word| word.text == wanted).unwrap_or_else(|| panic!("{wanted} was not read:\n{}", text.plain()))
}

/// Reads the sample, changed by `change`, and looks for each word at the place that `to` gives for
/// the middle of it; boxes may be larger by `slack` pixels a side.
fn words_are_found(change: impl Fn(&Raster) -> Raster, to: impl Fn(f64, f64) -> (f64, f64), slack: u32) -> PageText {
    let changed = change(&imaging::decode(SAMPLE).expect("a PNG"));
    let png = changed.encode_png(150).expect("memory");
    let text = text_of(&png);
    assert_eq!((text.width, text.height), (changed.width(), changed.height()));
    for (wanted, place) in WORDS {
        let found = find(&text, wanted);
        let (x, y) = to(f64::from(place.x) + f64::from(place.w) / 2.0, f64::from(place.y) + f64::from(place.h) / 2.0);
        let middle = (
            f64::from(found.place.x) + f64::from(found.place.w) / 2.0,
            f64::from(found.place.y) + f64::from(found.place.h) / 2.0,
        );
        assert!(
            (middle.0 - x).abs() < 8.0 && (middle.1 - y).abs() < 8.0,
            "{wanted} at {:?}, not around {x}, {y}",
            found.place
        );
        let (long, short) = (place.w.max(place.h), place.w.min(place.h));
        let got = (found.place.w.max(found.place.h), found.place.w.min(found.place.h));
        assert!(got.0.abs_diff(long) <= slack && got.1.abs_diff(short) <= slack, "{wanted} is {:?}", found.place);
    }
    text
}

#[test]
fn an_upright_page() {
    let text = words_are_found(Raster::to_gray, |x, y| (x, y), 8);
    assert_eq!((text.rotation, text.skew_centidegrees), (0, 0));
    assert!(text.confidence() > 90, "{}", text.confidence());
    assert!(text.plain().starts_with("Discharge Summary\n"));
    assert_eq!((text.blocks.len() > 1, text.lines().count()), (true, 16));
    assert_eq!(text.engine.name, "Tesseract");
    assert!(text.engine.model_digest.starts_with("sha256:"));
}

#[test]
fn an_upside_down_page() {
    let text = words_are_found(|page| page.rotate_quarter(QuarterTurn::Half), |x, y| (1275.0 - x, 1650.0 - y), 8);
    assert_eq!(text.rotation, 180);
}

#[test]
fn a_page_on_its_right_side() {
    let text = words_are_found(|page| page.rotate_quarter(QuarterTurn::Right), |x, y| (1650.0 - y, x), 8);
    assert_eq!(text.rotation, 270);
}

#[test]
fn a_page_on_its_left_side() {
    let text = words_are_found(|page| page.rotate_quarter(QuarterTurn::Left), |x, y| (y, 1275.0 - x), 8);
    assert_eq!(text.rotation, 90);
}

#[test]
fn a_crooked_page() {
    let degrees = 4.0_f64;
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (width, height) = (1275.0 * cos + 1650.0 * sin, 1275.0 * sin + 1650.0 * cos);
    let turn = |x: f64, y: f64| {
        let (dx, dy) = (x - 637.5, y - 825.0);
        (width / 2.0 + dx * cos - dy * sin, height / 2.0 + dx * sin + dy * cos)
    };
    // The upright box around a crooked word is larger than the word.
    let text = words_are_found(|page| page.rotate(degrees), turn, 24);
    assert!((text.skew_centidegrees + 400).abs() <= 15, "{}", text.skew_centidegrees);
}

#[test]
fn an_empty_page_has_no_words() {
    let white = Raster::gray(1000, 1400, vec![255; 1_400_000]).expect("fits").encode_png(150).expect("memory");
    let text = text_of(&white);
    assert_eq!((text.words().count(), text.confidence()), (0, 0));
}

#[test]
fn what_is_no_image_is_undecodable() {
    for bytes in [b"".as_slice(), b"%PDF-1.7", &SAMPLE[..SAMPLE.len() / 2]] {
        let error = read(&mut engine(), bytes, 300, TIME, &mut Steps::default()).expect_err("no page");
        assert_eq!(error.reason(), UnreadableReason::Undecodable);
    }
}

#[test]
fn noise_meets_the_deadline_and_the_engine_lives_on() {
    let mut engine = engine();
    let error = read(&mut engine, &noise(1000), 300, Duration::from_millis(50), &mut Steps::default())
        .expect_err("it takes longer");
    assert!(matches!(error, ReadPageError::Engine(EngineError::TimedOut)), "{error}");
    let title = imaging::decode(SAMPLE).expect("a PNG").to_gray();
    let title = title.crop(Box { x: 0, y: 0, w: 1275, h: 180 }).expect("inside");
    let image = GrayImage { pixels: title.bytes(), width: title.width(), height: title.height(), dpi: 150 };
    let words = engine.recognize(image, Segmentation::Auto, TIME).expect("readable");
    assert_eq!(words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>(), ["Discharge", "Summary"]);
}

#[test]
fn impossible_sizes_and_models_are_refused() {
    let wrong = GrayImage { pixels: &[0; 5], width: 2, height: 2, dpi: 300 };
    assert!(matches!(engine().recognize(wrong, Segmentation::Auto, TIME), Err(EngineError::Size { .. })));
    assert!(matches!(Engine::new("e\0g", None), Err(EngineError::NotInstalled { .. })));
    let said = Engine::new("eng+tlh_latn", None).err().expect("nobody has it").to_string();
    assert!(said.contains("`tlh_latn`") && said.contains("eng") && said.contains("tesseract-ocr-tlh-latn"), "{said}");
    assert!(installed(None).contains(&"eng".to_owned()));
    assert_eq!(installed(Some(Path::new("/nowhere"))), Vec::<String>::new());
}

/// Specks without any order, which keep Tesseract busy for long.
fn noise(side: u32) -> Vec<u8> {
    let mut state = 1_u64;
    let pixels = (0..side * side).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    });
    Raster::gray(side, side, pixels.collect()).expect("fits").encode_png(150).expect("memory")
}

/// As scripts/setup installs it.
fn second_engine() -> PathBuf {
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    let data = data.or_else(|| Some(std::env::home_dir()?.join(".local/share"))).expect("a home");
    data.join("chartroom/second-engine.onnx")
}

#[test]
fn a_word_is_read_by_the_second_engine_alone() {
    let recognizer = Recognizer::new(&second_engine()).expect("scripts/setup installed it");
    let page = imaging::decode(SAMPLE).expect("a PNG").to_gray();
    for (word, place) in WORDS {
        let (read, sure) = page.crop(place).and_then(|picture| recognizer.read(&picture)).expect("a word");
        assert_eq!(read.trim_end_matches(['.', ',']), word.trim_end_matches(['.', ',']));
        assert!((0.8..=1.0).contains(&sure), "{word}: {sure}");
    }
    let white = Raster::gray(100, 40, vec![255; 4_000]).expect("fits");
    assert_eq!(recognizer.read(&white), None);
}

#[test]
fn a_page_says_that_a_second_engine_looked_at_it() {
    let mut two = engine().with_second(&second_engine()).expect("scripts/setup installed it");
    let text = read(&mut two, SAMPLE, 150, TIME, &mut Steps::default()).expect("readable");
    assert!(text.engine.recipe.contains(" second=sha256:"), "{}", text.engine.recipe);
    find(&text, "hypertension,");
    let missing = engine().with_second(Path::new("no/such/file.onnx"));
    assert!(matches!(missing, Err(EngineError::Second { .. })));
}
