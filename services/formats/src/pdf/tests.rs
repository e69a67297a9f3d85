//! What is written is read back; what is more than a scan is not taken for one.

use proptest::prelude::*;
use record::words::{Block, Box, Line, PageText, Word};

use super::png::{Colour, Png};
use super::*;
use crate::tiff::{Ccitt, tag, wrap_ccitt};

/// Enough of a JPEG for whoever does not decode it: size, three components, end.
fn jpeg() -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 0, 20, 0, 30, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0];
    bytes.extend(b"entropy\xff\xd9");
    bytes
}

fn text(rotation: u16) -> PageText {
    let word = |text: &str, x| Word::read(text, Box { x, y: 4, w: 9, h: 5 }, 90);
    PageText {
        width: 30,
        height: 20,
        rotation,
        skew_centidegrees: 0,
        language: "eng".into(),
        blocks: vec![Block::of(vec![Line::of(vec![word("Größe", 2), word("7", 15)])])],
        ..PageText::default()
    }
}

fn written(image: &[u8], text: Option<&PageText>, rotation: u16) -> Vec<u8> {
    let mut writer = DocumentWriter::new(Vec::new()).expect("memory takes all");
    let page = ScannedPage { image, width: 30, height: 20, dpi: 200, rotation, text };
    writer.page(&page).expect("embeds");
    writer.finish().expect("one page")
}

fn read(file: &[u8]) -> Untouched {
    let pages = Pages::open(file).expect("opens");
    assert_eq!(pages.len(), 1);
    match pages.page(1).expect("is there") {
        PageContent::Untouched(page) => page,
        PageContent::NeedsRendering { why, .. } => panic!("not taken for a scan: {why}"),
    }
}

#[test]
fn a_jpeg_comes_back_byte_for_byte() {
    for rotation in [0, 90, 180, 270] {
        let page = read(&written(&jpeg(), Some(&text(rotation)), rotation));
        assert_eq!((page.media_type, page.bytes), ("image/jpeg", jpeg()));
        assert_eq!((page.width, page.height, page.dpi, page.rotation), (30, 20, 200, rotation));
    }
}

#[test]
fn fax_bytes_come_back_in_the_same_wrapping() {
    for (compression, t4_options) in [(4, 0), (3, 0), (3, 1), (3, 5), (2, 0)] {
        for inverted in [false, true] {
            let picture = Ccitt { width: 30, height: 20, compression, t4_options, inverted, dpi: (200, 200) };
            let tiff = wrap_ccitt(&picture, b"fax coded").expect("small");
            let page = read(&written(&tiff, None, 0));
            assert_eq!((page.media_type, page.bytes), ("image/tiff", tiff), "{picture:?}");
        }
    }
}

#[test]
fn packed_pixels_come_back() {
    let palette = (0..4_u8).map(|n| [n, n * 2, 255 - n]).collect();
    for (colour, bits) in [(Colour::Gray, 1), (Colour::Gray, 8), (Colour::Rgb, 8), (Colour::Palette(palette), 2)] {
        let png = Png { width: 30, height: 20, bits, colour, dpi: (200, 200) };
        let samples: Vec<u8> = (0..png.row_bytes() * 20).map(|n| (n * n) as u8).collect();
        let file = png.encode(&samples).expect("memory takes all");
        let page = read(&written(&file, Some(&text(0)), 0));
        assert_eq!((page.media_type, page.bytes), ("image/png", file), "{bits} bits");
    }
}

/// Two rows a strip, in every coding that is packed anew: the same samples come back as one image.
#[test]
fn strips_become_one_image() {
    let samples: Vec<u8> = (0..30 * 20).map(|n| (n / 7 * 13) as u8).collect();
    let strips: Vec<&[u8]> = samples.chunks(60).collect();
    let lzw = |strip: &&[u8]| {
        let mut encoder = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
        encoder.encode(strip).expect("memory takes all")
    };
    let deflate = |strip: &&[u8]| super::file::deflated(strip).expect("memory takes all");
    for (compression, coded) in [
        (1, strips.iter().map(|strip| strip.to_vec()).collect::<Vec<_>>()),
        (5, strips.iter().map(lzw).collect()),
        (8, strips.iter().map(deflate).collect()),
    ] {
        let coded: Vec<&[u8]> = coded.iter().map(Vec::as_slice).collect();
        let page = read(&written(&tiff_of_strips(compression, &coded), None, 0));
        let png = Png { width: 30, height: 20, bits: 8, colour: Colour::Gray, dpi: (200, 200) };
        assert_eq!(page.bytes, png.encode(&samples).expect("memory takes all"), "compression {compression}");
        let mut cut = coded.clone();
        cut[3] = &cut[3][..3];
        let mut writer = DocumentWriter::new(Vec::new()).expect("memory takes all");
        let image = &tiff_of_strips(compression, &cut);
        let page = ScannedPage { image, width: 30, height: 20, dpi: 200, rotation: 0, text: None };
        assert!(matches!(writer.page(&page), Err(PdfError::NotEmbeddable(_))), "compression {compression}, cut");
    }
    let fax: Vec<&[u8]> = vec![b"fax"; 10];
    let mut writer = DocumentWriter::new(Vec::new()).expect("memory takes all");
    let image = &tiff_of_strips(4, &fax);
    let page = ScannedPage { image, width: 30, height: 20, dpi: 200, rotation: 0, text: None };
    assert!(matches!(writer.page(&page), Err(PdfError::NotEmbeddable(_))));
}

/// 30 × 20 pixels of 8 bits, black is zero, two rows a strip. Little-endian, all fields long.
fn tiff_of_strips(compression: u32, strips: &[&[u8]]) -> Vec<u8> {
    let count = strips.len() as u32;
    // Header, nine fields, two lists, strips.
    let lists = 8 + 2 + 9 * 12 + 4;
    let fields: [(u16, u32, u32); 9] = [
        (tag::WIDTH, 1, 30),
        (tag::HEIGHT, 1, 20),
        (tag::BITS, 1, 8),
        (tag::COMPRESSION, 1, compression),
        (tag::PHOTOMETRIC, 1, 1),
        (tag::STRIP_OFFSETS, count, lists),
        (tag::SAMPLES, 1, 1),
        (tag::ROWS_PER_STRIP, 1, 2),
        (tag::STRIP_LENGTHS, count, lists + 4 * count),
    ];
    let mut file = [b"II*\0\x08\0\0\0".as_slice(), &9_u16.to_le_bytes()].concat();
    for (tag, count, value) in fields {
        file.extend([tag.to_le_bytes(), 4_u16.to_le_bytes()].as_flattened());
        file.extend([count, value].map(u32::to_le_bytes).as_flattened());
    }
    file.extend([0; 4]);
    let mut at = lists + 8 * count;
    for strip in strips {
        file.extend(at.to_le_bytes());
        at += strip.len() as u32;
    }
    strips.iter().for_each(|strip| file.extend((strip.len() as u32).to_le_bytes()));
    [file, strips.concat()].concat()
}

/// Where a part of an image of 600 × 400 pixels is once it is turned clockwise.
fn seen(place: Box, rotation: u16) -> Box {
    let Box { x, y, w, h } = place;
    match rotation {
        90 => Box { x: 400 - y - h, y: x, w: h, h: w },
        180 => Box { x: 600 - x - w, y: 400 - y - h, w, h },
        270 => Box { x: y, y: 600 - x - w, w: h, h: w },
        _ => place,
    }
}

/// What was written over the page is read back from there, whichever way the page is turned.
#[test]
fn the_words_a_page_brings_are_where_they_were_put() {
    let word = |text: &str, x, y| Word::read(text, Box { x, y, w: 200, h: 40 }, 90);
    let lines = [vec![word("Größe", 100, 100), word("𝔄ncient", 330, 100)], vec![word("ﬁfth", 100, 180)]];
    for rotation in [0, 90, 180, 270] {
        let blocks = vec![Block::of(lines.iter().cloned().map(Line::of).collect())];
        let text = PageText { width: 600, height: 400, rotation, blocks, ..PageText::default() };
        let png = Png { width: 600, height: 400, bits: 1, colour: Colour::Gray, dpi: (200, 200) };
        let image = png.encode(&[0xff; 75 * 400]).expect("memory takes all");
        let mut writer = DocumentWriter::new(Vec::new()).expect("memory takes all");
        let page = ScannedPage { image: &image, width: 600, height: 400, dpi: 200, rotation, text: Some(&text) };
        writer.page(&page).expect("embeds");
        let file = writer.finish().expect("one page");
        let image = read(&file);
        let layers = Layers::open(file, 1).expect("opens");
        let found = layers.page(1, &image).expect("has words");
        assert_eq!((found.width, found.height, found.rotation), (600, 400, rotation));
        let pairs: Vec<_> = found.words().zip(text.words()).collect();
        assert_eq!(pairs.len(), 3, "{found:?}");
        for (found, put) in pairs {
            assert_eq!(found.text, put.text);
            let (a, b) = (found.place, put.place);
            for (one, other) in [(a.x, b.x), (a.y, b.y), (a.x + a.w, b.x + b.w), (a.y + a.h, b.y + b.h)] {
                assert!(one.abs_diff(other) <= 3, "{rotation}: {found:?} instead of {put:?}");
            }
        }
        assert!(layers.page(2, &image).is_none());
        let (width, height) = if rotation % 180 == 0 { (600, 400) } else { (400, 600) };
        let drawn = layers.drawn(1, width, height).expect("has words");
        assert_eq!((drawn.width, drawn.height, drawn.rotation), (width, height, 0));
        for (drawn, put) in drawn.words().zip(text.words()) {
            let (a, b) = (drawn.place, seen(put.place, rotation));
            for (one, other) in [(a.x, b.x), (a.y, b.y), (a.w, b.w), (a.h, b.h)] {
                assert!(one.abs_diff(other) <= 4, "{rotation}: {a:?} instead of {b:?}");
            }
        }
    }
    let bare = written(&jpeg(), None, 0);
    let image = read(&bare);
    assert!(Layers::open(bare, 1).expect("opens").page(1, &image).is_none(), "a scan without words");
}

/// What `pdftotext` and people see of the words is tried in the suite; this is how they are put.
#[test]
fn words_are_put_along_their_lines() {
    let put = |text: &PageText| {
        let mut alphabet = super::font::Alphabet::default();
        String::from_utf8_lossy(&super::text::invisible(text, 20, &mut alphabet)).into_owned()
    };
    let level = put(&text(0));
    assert!(level.starts_with("BT 3 Tr 1 0 0 1 0 0 Tm\n2 12 Td 72 Tz/F0 5 Tf("), "{level}");
    assert!(level.contains("13 0 Td 360 Tz(7 )Tj"), "{level}");
    assert!(put(&text(90)).starts_with("BT 3 Tr 0 1 -1 0 0 0 Tm"));
    // At 30 degrees letters are lower than their box; the words still lie level, around the same middle.
    let slanted = put(&PageText { skew_centidegrees: 3_000, ..text(0) });
    assert!(slanted.starts_with("BT 3 Tr 1 0 0 1 0 0 Tm\n2 13 Td"), "{slanted}");
    assert!(slanted.contains("/F0 1 Tf"), "{slanted}");
}

#[test]
fn the_same_pages_give_the_same_bytes() {
    assert_eq!(written(&jpeg(), Some(&text(90)), 90), written(&jpeg(), Some(&text(90)), 90));
}

#[test]
fn an_unusual_image_leaves_the_writer_as_it_was() {
    let mut writer = DocumentWriter::new(Vec::new()).expect("memory takes all");
    let page = |image| ScannedPage { image, width: 30, height: 20, dpi: 0, rotation: 0, text: None };
    let whole = jpeg();
    // PDF 1.4 has no samples of 16 bits.
    let deep = Png { width: 30, height: 20, bits: 16, colour: Colour::Gray, dpi: (0, 0) };
    let deep = deep.encode(&[7; 1200]).expect("memory takes all");
    for image in [b"GIF89a".as_slice(), b"\x89PNG\r\n\x1a\n", b"II*\0", &whole[..9], &deep] {
        assert!(matches!(writer.page(&page(image)), Err(PdfError::NotEmbeddable(_))));
    }
    writer.page(&page(&whole)).expect("embeds");
    read(&writer.finish().expect("one page"));
    let empty = DocumentWriter::new(Vec::new()).expect("memory takes all");
    assert!(matches!(empty.finish(), Err(PdfError::NoPages)));
}

fn sheet() -> SheetPage {
    let symbol = Symbol {
        columns: 3,
        rows: 1,
        dark: vec![true, false, true],
        width_mm: 60.0,
        height_mm: 20.0,
        caption: "CR1/D/…".into(),
    };
    SheetPage {
        title: "Separator".into(),
        lines: vec![("Type".into(), "LETTER".into())],
        symbols: vec![symbol],
        edges: None,
    }
}

#[test]
fn a_sheet_is_no_scan() {
    let file = write_sheets(&[sheet(), sheet()], Paper::Letter, Vec::new()).expect("writes");
    let pages = Pages::open(&file).expect("opens");
    assert_eq!(pages.len(), 2);
    match pages.page(2).expect("is there") {
        PageContent::NeedsRendering { width_points, height_points, why } => {
            assert_eq!((width_points, height_points, why), (612.0, 792.0, "it has visible text"));
        }
        PageContent::Untouched(_) => panic!("a sheet was taken for a scan"),
    }
    let huge = Symbol { width_mm: 300.0, ..sheet().symbols.remove(0) };
    let sheet = SheetPage { symbols: vec![huge], ..sheet() };
    assert!(matches!(write_sheets(&[sheet], Paper::A4, Vec::new()), Err(PdfError::NotEmbeddable(_))));
}

/// The content stream is the only one that is not packed here, so it can be exchanged.
fn with_content(content: &str) -> PageContent {
    let mut file = super::file::PdfFile::new(Vec::new()).expect("memory takes all");
    let tree = file.reserve();
    let image = "/Subtype /Image /Width 2 /Height 2 /BitsPerComponent 8 /ColorSpace /DeviceGray";
    let image = file.stream(image, &[1, 2, 3, 4]).expect("memory takes all");
    let content = file.stream("", content.as_bytes()).expect("memory takes all");
    let page = file.reserve();
    let resources = format!("<< /XObject << /I {image} >> /ExtGState << /G << /ca 0.5 >> >> >>");
    let body = format!("<< /Parent {tree} /MediaBox [0 0 72 72] /Contents {content} /Resources {resources} >>");
    file.object(page, &body).expect("memory takes all");
    let file = file.finish(tree, &[page], "").expect("memory takes all");
    Pages::open(&file).expect("opens").page(1).expect("is there")
}

#[test]
fn whatever_would_look_otherwise_is_drawn() {
    let plain = with_content("q 72 0 0 72 0 0 cm 0 0 1 1 re W n /I Do Q BT 3 Tr /F 9 Tf (x) Tj ET");
    assert!(matches!(plain, PageContent::Untouched(Untouched { dpi: 2, .. })), "{plain:?}");
    for (content, want) in [
        ("", "it has no image"),
        ("q 72 0 0 72 0 0 cm /I Do Q BT /F 9 Tf (x) Tj ET", "it has visible text"),
        ("q 72 0 0 72 0 0 cm /I Do Q q 9 0 0 9 0 0 cm /I Do Q", "it has several images"),
        ("q 72 0 0 72 0 0 cm /I Do Q 0 0 9 9 re f", "it has lines or areas"),
        ("q 0 72 -72 0 72 0 cm /I Do Q", "its image is turned, mirrored or slanted"),
        ("q 30 0 0 30 0 0 cm /I Do Q", "its image does not cover it"),
        ("q 200 0 0 200 0 0 cm /I Do Q", "a part of its image is hidden"),
        ("q 72 0 0 72 0 0 cm 0 0 .5 .5 re W n /I Do Q", "its image does not cover it"),
        ("q /G gs 72 0 0 72 0 0 cm /I Do Q", "it is drawn with transparency"),
        ("q 72 0 0 72 0 0 cm /Missing Do Q", "a part of it is missing"),
    ] {
        match with_content(content) {
            PageContent::NeedsRendering { why, .. } => assert_eq!(why, want, "{content}"),
            PageContent::Untouched(_) => panic!("taken for a scan: {content}"),
        }
    }
}

#[test]
fn what_cannot_be_opened_is_named() {
    assert!(matches!(Pages::open(b""), Err(PdfError::NotPdf)));
    assert!(matches!(Pages::open(b"%PDF-1.4\n"), Err(PdfError::Damaged(_) | PdfError::NoPages)));
    let good = written(&jpeg(), None, 0);
    let at = good.windows(6).rposition(|window| window == b"/Root ").expect("has a trailer");
    let mut locked = good.clone();
    locked.splice(at..at, b"/Encrypt << /Filter /Standard /V 1 /R 2 >> ".iter().copied());
    assert!(matches!(Pages::open(&locked), Err(PdfError::Encrypted)));
    assert!(matches!(Pages::open(&good).expect("opens").page(2), Err(PdfError::NoSuchPage(2))));
}

#[test]
fn a_promised_page_that_is_not_there_is_missed() {
    let good = String::from_utf8_lossy(&written(&jpeg(), None, 0)).into_owned();
    assert!(good.contains("/Count 1"));
    let bytes = written(&jpeg(), None, 0);
    let at = bytes.windows(8).position(|window| window == b"/Count 1").expect("has a page tree");
    let mut bytes = bytes;
    bytes[at + 7] = b'3';
    let pages = Pages::open(&bytes).expect("opens");
    assert_eq!(pages.len(), 2);
    assert!(matches!(pages.page(2), Err(PdfError::PageMissing { page: 2, promised: 3 })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn mutated_files_never_panic(
        which in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut bytes = match which {
            true => written(&jpeg(), Some(&text(0)), 0),
            false => write_sheets(&[sheet()], Paper::A4, Vec::new()).expect("writes"),
        };
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(pages) = Pages::open(&bytes) {
            let layers = Layers::open(bytes, pages.len());
            for number in 1..=pages.len() {
                if let (Ok(PageContent::Untouched(image)), Some(layers)) = (pages.page(number), &layers) {
                    let _ = layers.page(number, &image);
                }
            }
        }
    }

    #[test]
    fn mutated_images_never_panic(
        which in 0..3_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let picture = Ccitt { width: 30, height: 20, compression: 4, t4_options: 0, inverted: false, dpi: (200, 200) };
        let png = Png { width: 30, height: 20, bits: 8, colour: Colour::Gray, dpi: (0, 0) };
        let mut image = match which {
            0 => jpeg(),
            1 => wrap_ccitt(&picture, b"fax coded").expect("small"),
            _ => png.encode(&[7; 600]).expect("memory takes all"),
        };
        for (at, value) in changes {
            let at = at.index(image.len());
            image[at] = value;
        }
        let mut writer = DocumentWriter::new(Vec::new()).expect("memory takes all");
        let _ = writer.page(&ScannedPage { image: &image, width: 30, height: 20, dpi: 0, rotation: 0, text: None });
    }
}
