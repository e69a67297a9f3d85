//! Words that are found and copied but not seen, over the place where they are seen.
//!
//! Rendering mode 3 (section 9.3.6) with a font of two-byte codes that are UTF-16 (sections 9.7.4 and 9.10.3), so that
//! no language is left out. Each word is stretched to the width of its box.

use std::fmt::Write as _;
use std::io::{self, Write};

use record::words::{Box, Line, PageText};

use super::file::{Number, PdfFile};

/// Advance of every glyph, and how far below the baseline a line reaches, in thousandths of the font size.
const ADVANCE: f64 = 0.5;
const DESCENT: f64 = 0.2;

/// The font, once per file.
pub(super) fn write_font<W: Write>(file: &mut PdfFile<W>) -> io::Result<Number> {
    let (font, descendant, descriptor) = (file.reserve(), file.reserve(), file.reserve());
    let to_unicode = file.stream("", to_unicode().as_bytes())?;
    file.object(
        descriptor,
        "<< /Type /FontDescriptor /FontName /Invisible /Flags 5 /FontBBox [0 -200 500 800] /ItalicAngle 0 \
         /Ascent 800 /Descent -200 /CapHeight 800 /StemV 80 >>",
    )?;
    file.object(
        descendant,
        &format!(
            "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Invisible /DW 500 /FontDescriptor {descriptor} \
             /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>"
        ),
    )?;
    file.object(
        font,
        &format!(
            "<< /Type /Font /Subtype /Type0 /BaseFont /Invisible /Encoding /Identity-H \
             /DescendantFonts [{descendant}] /ToUnicode {to_unicode} >>"
        ),
    )?;
    Ok(font)
}

/// Every code means itself. A range may not cross a first byte, and a list holds 100 ranges.
fn to_unicode() -> String {
    let mut map = String::from(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n/CMapName /Adobe-Identity-UCS def\n\
         /CMapType 2 def\n1 begincodespacerange <0000> <FFFF> endcodespacerange\n",
    );
    let high: Vec<u8> = (0..=255).collect();
    for list in high.chunks(100) {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(map, "{} beginbfrange", list.len());
        for high in list {
            let _ = writeln!(map, "<{high:02X}00> <{high:02X}FF> <{high:02X}00>");
        }
        map += "endbfrange\n";
    }
    map + "endcmap CMapName currentdict /CMap defineresource pop end end\n"
}

/// Content stream operators for all words. `scale` is points per pixel, `height` the page's, in points.
pub(super) fn invisible(text: &PageText, scale: f64, height: f64) -> String {
    let mut content = String::from("BT 3 Tr\n");
    for line in text.lines() {
        let level = level(line, text.rotation);
        for word in line.words.iter().filter(|word| !word.text.is_empty()) {
            let place = level.map_or(word.place, |level| on_level(word.place, level, text.rotation));
            put_word(&mut content, &word.text, place, text.rotation, scale, height);
        }
    }
    content + "ET\n"
}

/// A level line's common top and bottom, so that its words share one baseline; `None` where the line is slanted.
fn level(line: &Line, rotation: u16) -> Option<Box> {
    let tall = |place: Box| if rotation.is_multiple_of(180) { place.h } else { place.w };
    let whole = line.words.iter().map(|word| word.place).reduce(Box::union)?;
    let tallest = line.words.iter().map(|word| tall(word.place)).max()?;
    (f64::from(tall(whole)) <= 1.5 * f64::from(tallest)).then_some(whole)
}

fn on_level(word: Box, line: Box, rotation: u16) -> Box {
    if rotation.is_multiple_of(180) {
        Box { y: line.y, h: line.h, ..word }
    } else {
        Box { x: line.x, w: line.w, ..word }
    }
}

/// The text runs upright as the reader sees the page; on the master it runs turned back by `rotation`.
fn put_word(content: &mut String, text: &str, place: Box, rotation: u16, scale: f64, height: f64) {
    let [x, y, w, h] = [place.x, place.y, place.w, place.h].map(f64::from);
    // Direction of the baseline, its start on the master (y down), and the word's length and height as read.
    let ([a, b], [from_x, from_y], length, size) = match rotation {
        90 => ([0.0, 1.0], [x + w, y + h], h, w),
        180 => ([-1.0, 0.0], [x + w, y], w, h),
        270 => ([0.0, -1.0], [x, y], h, w),
        _ => ([1.0, 0.0], [x, y + h], w, h),
    };
    let (length, size) = ((length * scale).max(0.1), (size * scale).max(0.1));
    let rise = DESCENT * size;
    let (at_x, at_y) = (from_x * scale - b * rise, height - from_y * scale + a * rise);
    let units: Vec<u16> = text.encode_utf16().collect();
    let stretch = 100.0 * length / (units.len() as f64 * ADVANCE * size);
    let minus_b = -b;
    let _ = write!(content, "/F {size:.2} Tf {stretch:.2} Tz {a} {b} {minus_b} {a} {at_x:.2} {at_y:.2} Tm <");
    for unit in units {
        let _ = write!(content, "{unit:04X}");
    }
    content.push_str("> Tj\n");
}
