//! The text of a page as hOCR 1.2: XHTML that shows the words and says where they stand.
//!
//! Format: <https://kba.github.io/hocr-spec/1.2/>. A block is an `ocr_carea` with one `ocr_par`; the cells of a table are
//! the cells of an `ocr_table`; a picture is an `ocr_image`. A hyphen that breaks a word is a soft one, as the standard
//! asks. What hOCR has no name for, such as why a person should look at the page, is only in ALTO.

use std::fmt::{Result, Write as _};

use record::words::{AttentionReason, Block, Box, Line, PageText, Part, Word};

use crate::language;
use crate::xml::clean;

/// What hOCR calls the things that are in here.
const CAPABILITIES: &str = "ocr_page ocr_carea ocr_par ocr_line ocrx_word ocr_table ocr_image";

/// Page `number` of a file, counted from 1, with the name of its image.
pub fn write(text: &PageText, image: &str, number: u32) -> String {
    let mut html = String::with_capacity(2_000 + 150 * text.words().count());
    // Writing to a string cannot fail; `fmt::Result` only satisfies the trait.
    let _ = document(&mut html, text, image, number);
    html
}

fn document(html: &mut String, text: &PageText, image: &str, number: u32) -> Result {
    writeln!(html, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE html>")?;
    let languages: Vec<String> = text.language.split('+').filter_map(language::to_xml).collect();
    let main = languages.first().map(|tag| lang(tag)).unwrap_or_default();
    writeln!(html, "<html xmlns=\"http://www.w3.org/1999/xhtml\"{main}>\n<head>")?;
    let (image, engine) = (clean(image), &text.engine);
    writeln!(html, "<title>{image}</title>\n<meta charset=\"utf-8\"/>")?;
    writeln!(html, "<meta name=\"ocr-system\" content=\"{} {}\"/>", clean(&engine.name), clean(&engine.version))?;
    writeln!(html, "<meta name=\"ocr-capabilities\" content=\"{CAPABILITIES}\"/>")?;
    writeln!(html, "<meta name=\"ocr-langs\" content=\"{}\"/>", languages.join(" "))?;
    writeln!(html, "<meta name=\"ocr-number-of-pages\" content=\"1\"/>\n</head>\n<body>")?;
    let page = bbox(Box { x: 0, y: 0, w: text.width, h: text.height });
    // In the title a name stands in quotes, so it cannot have any; `ppageno` counts from 0.
    let (name, before) = (image.replace("&quot;", ""), number.saturating_sub(1));
    write!(html, "<div class=\"ocr_page\" id=\"page_{number}\" ")?;
    writeln!(html, "title=\"image &quot;{name}&quot;; {page}; ppageno {before}\">")?;
    blocks(html, text, number)?;
    writeln!(html, "</div>\n</body>\n</html>")
}

fn blocks(html: &mut String, text: &PageText, page: u32) -> Result {
    let writer = Writer { page, textangle: textangle(text) };
    let numbered: Vec<(usize, &Block)> = text.blocks.iter().enumerate().collect();
    for group in numbered.chunk_by(|(_, a), (_, b)| a.cell.map(|cell| cell.table) == b.cell.map(|cell| cell.table)) {
        match group[0].1.cell {
            Some(_) => writer.table(html, group)?,
            None => group.iter().try_for_each(|(number, block)| writer.block(html, block, *number, "div"))?,
        }
    }
    let pictures = text.attention.iter().filter(|attention| attention.reason == AttentionReason::Picture);
    for (number, picture) in pictures.enumerate() {
        let (number, place) = (number + 1, bbox(picture.place));
        writeln!(html, "<div class=\"ocr_image\" id=\"image_{page}_{number}\" title=\"{place}\"></div>")?;
    }
    Ok(())
}

struct Writer {
    page: u32,
    /// Of every line; blank where the page stands upright.
    textangle: String,
}

impl Writer {
    fn table(&self, html: &mut String, cells: &[(usize, &Block)]) -> Result {
        let place = around(cells.iter().flat_map(|(_, block)| words(block)));
        writeln!(html, "<table class=\"ocr_table\" title=\"{place}\">")?;
        let row_of = |block: &Block| block.cell.map(|cell| cell.row);
        for row in cells.chunk_by(|(_, a), (_, b)| row_of(a) == row_of(b)) {
            writeln!(html, "<tr>")?;
            row.iter().try_for_each(|(number, block)| self.block(html, block, *number, "td"))?;
            writeln!(html, "</tr>")?;
        }
        writeln!(html, "</table>")
    }

    fn block(&self, html: &mut String, block: &Block, number: usize, element: &str) -> Result {
        let (page, number, place) = (self.page, number + 1, around(words(block)));
        writeln!(html, "<{element} class=\"ocr_carea\" id=\"block_{page}_{number}\" title=\"{place}\">")?;
        writeln!(html, "<p class=\"ocr_par\" id=\"par_{page}_{number}\" title=\"{place}\">")?;
        for (at, line) in block.lines.iter().enumerate() {
            self.line(html, line, number, at + 1)?;
        }
        writeln!(html, "</p>\n</{element}>")
    }

    fn line(&self, html: &mut String, line: &Line, block: usize, number: usize) -> Result {
        let (page, place, angle) = (self.page, around(line.words.iter()), &self.textangle);
        let tag = line.language.as_deref().and_then(language::to_xml).map(|tag| lang(&tag)).unwrap_or_default();
        write!(html, "<span class=\"ocr_line\" id=\"line_{page}_{block}_{number}\"{tag} title=\"{place}{angle}\">")?;
        for (at, word) in line.words.iter().enumerate() {
            let (id, place) = (format!("word_{page}_{block}_{number}_{}", at + 1), bbox(word.place));
            let (sure, shown) = (word.confidence, clean(&printed(word)));
            let gap = if at > 0 { " " } else { "" };
            write!(
                html,
                "{gap}<span class=\"ocrx_word\" id=\"{id}\" title=\"{place}; x_wconf {sure}\">{shown}</span>"
            )?;
        }
        writeln!(html, "</span>")
    }
}

fn printed(word: &Word) -> String {
    let broken = word.before_hyphen().filter(|_| matches!(word.part, Some(Part::First(_))));
    broken.map_or_else(|| word.text.clone(), |(stem, _)| format!("{stem}\u{AD}"))
}

/// In degrees counterclockwise, as the standard counts.
fn textangle(text: &PageText) -> String {
    let turned = f64::from(text.rotation) + f64::from(text.skew_centidegrees) / 100.0;
    if turned == 0.0 { String::new() } else { format!("; textangle {turned}") }
}

fn words(block: &Block) -> impl Iterator<Item = &Word> {
    block.lines.iter().flat_map(|line| &line.words)
}

fn around<'a>(words: impl Iterator<Item = &'a Word>) -> String {
    bbox(words.map(|word| word.place).reduce(Box::union).unwrap_or_default())
}

fn bbox(Box { x, y, w, h }: Box) -> String {
    format!("bbox {x} {y} {} {}", x.saturating_add(w), y.saturating_add(h))
}

fn lang(tag: &str) -> String {
    format!(" lang=\"{tag}\" xml:lang=\"{tag}\"")
}

#[cfg(test)]
mod tests {
    use quick_xml::Reader;
    use quick_xml::events::Event;
    use record::words::{Attention, Cell, Engine};

    use super::*;

    fn sample() -> PageText {
        let word = |text: &str, x| Word::read(text, Box { x, y: 40, w: 90, h: 30 }, 96);
        let mut broken = Line::of(vec![word("some", 10), word("infor-", 120)]);
        broken.words[1].part = Some(Part::First("information".into()));
        let rest = Line { words: vec![word("<mation>&\"", 10)], language: Some("deu_latf".into()) };
        let cell = |row, column| Block {
            lines: vec![Line::of(vec![word("5mg", 300)])],
            cell: Some(Cell { table: 0, row, column }),
        };
        let place = Box { x: 1, y: 2, w: 3, h: 4 };
        PageText {
            width: 600,
            height: 800,
            rotation: 270,
            skew_centidegrees: 25,
            language: "eng+deu".into(),
            engine: Engine { name: "Tesseract".into(), version: "5.3.0".into(), ..Engine::default() },
            blocks: vec![Block::of(vec![broken, rest]), cell(0, 0), cell(0, 1), cell(1, 0), Block::default()],
            attention: vec![Attention { reason: AttentionReason::Picture, place }],
            ..PageText::default()
        }
    }

    #[test]
    fn everything_is_where_hocr_has_it() {
        let html = write(&sample(), "scan \"1\" & 2.tif", 3);
        for there in [
            r#"<meta name="ocr-system" content="Tesseract 5.3.0"/>"#,
            r#"<meta name="ocr-langs" content="eng deu"/>"#,
            r#"title="image &quot;scan 1 &amp; 2.tif&quot;; bbox 0 0 600 800; ppageno 2""#,
            r#"<div class="ocr_carea" id="block_3_1" title="bbox 10 40 210 70">"#,
            r#"<span class="ocr_line" id="line_3_1_1" title="bbox 10 40 210 70; textangle 270.25">"#,
            r#" lang="deu-latf" xml:lang="deu-latf" title="#,
            "title=\"bbox 120 40 210 70; x_wconf 96\">infor\u{AD}</span>",
            "&lt;mation&gt;&amp;",
            r#"<div class="ocr_image" id="image_3_1" title="bbox 1 2 4 6"></div>"#,
        ] {
            assert!(html.contains(there), "{there} is not in {html}");
        }
        assert_eq!((html.matches("<tr>").count(), html.matches("<td class=\"ocr_carea\"").count()), (2, 3));
    }

    #[test]
    fn it_is_xml_whatever_the_words_are() {
        let mut text = sample();
        text.blocks[0].lines[0].words[0].text = "</span>\u{0}]]>'\"&amp;".into();
        for text in [text, PageText::default()] {
            let html = write(&text, "</title>", 1);
            let mut reader = Reader::from_str(&html);
            loop {
                if reader.read_event().expect("well-formed") == Event::Eof {
                    break;
                }
            }
        }
    }
}
