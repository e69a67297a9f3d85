//! Page text to ALTO.

use std::fmt::Write as _;

use quick_xml::escape::escape;
use record::PageId;
use record::words::{Block, Box, Line, PageText, Word};

use super::NAMESPACE;

/// The text of `page` as an ALTO 4 file. Characters that XML cannot hold, and control characters, are dropped.
pub fn write(text: &PageText, page: PageId) -> String {
    let mut xml = String::with_capacity(2_000 + 130 * text.words().count());
    // Writing to a string cannot fail; `fmt::Result` only satisfies the trait.
    let _ = document(&mut xml, text, page);
    xml
}

fn document(xml: &mut String, text: &PageText, page: PageId) -> std::fmt::Result {
    let PageText { width, height, .. } = text;
    writeln!(xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<alto xmlns=\"{NAMESPACE}\" SCHEMAVERSION=\"4.4\">")?;
    description(xml, text)?;
    writeln!(xml, "<Layout>\n<Page ID=\"page-{page}\" PHYSICAL_IMG_NR=\"1\" WIDTH=\"{width}\" HEIGHT=\"{height}\">")?;
    writeln!(xml, "<PrintSpace HPOS=\"0\" VPOS=\"0\" WIDTH=\"{width}\" HEIGHT=\"{height}\">")?;
    for (number, block) in text.blocks.iter().enumerate() {
        write_block(xml, block, number)?;
    }
    writeln!(xml, "</PrintSpace>\n</Page>\n</Layout>\n</alto>")
}

fn description(xml: &mut String, text: &PageText) -> std::fmt::Result {
    let engine = &text.engine;
    writeln!(xml, "<Description>\n<MeasurementUnit>pixel</MeasurementUnit>\n<Processing ID=\"reading\">")?;
    writeln!(xml, "<processingCategory>contentGeneration</processingCategory>")?;
    // Where `parse` looks for them; the recipe comes last because it is the longest.
    let settings = [
        ("model", engine.model.as_str()),
        ("model-digest", &engine.model_digest),
        ("language", &text.language),
        ("rotation", &text.rotation.to_string()),
        ("skew-centidegrees", &text.skew_centidegrees.to_string()),
        ("generation", &engine.generation.to_string()),
        ("recipe", &engine.recipe),
    ];
    let settings = settings.map(|(name, value)| format!("{name}={}", clean(value)));
    writeln!(xml, "<processingStepSettings>{}</processingStepSettings>", settings.join("\n"))?;
    let (name, version) = (clean(&engine.name), clean(&engine.version));
    writeln!(xml, "<processingSoftware><softwareName>{name}</softwareName>")?;
    writeln!(xml, "<softwareVersion>{version}</softwareVersion></processingSoftware>")?;
    writeln!(xml, "</Processing>\n</Description>")
}

fn write_block(xml: &mut String, block: &Block, number: usize) -> std::fmt::Result {
    let place = around(block.lines.iter().flat_map(|line| &line.words));
    writeln!(xml, "<TextBlock ID=\"block-{number}\" {}>", attributes(place))?;
    for (at, line) in block.lines.iter().enumerate() {
        write_line(xml, line, number, at)?;
    }
    writeln!(xml, "</TextBlock>")
}

fn write_line(xml: &mut String, line: &Line, block: usize, number: usize) -> std::fmt::Result {
    writeln!(xml, "<TextLine ID=\"line-{block}-{number}\" {}>", attributes(around(&line.words)))?;
    let mut before: Option<Box> = None;
    for Word { text, place, confidence, .. } in &line.words {
        if let Some(before) = before {
            let from = before.x + before.w;
            let gap = place.x.saturating_sub(from);
            writeln!(xml, "<SP HPOS=\"{from}\" VPOS=\"{}\" WIDTH=\"{gap}\"/>", before.y)?;
        }
        let (place_attributes, content) = (attributes(*place), clean(text));
        let confidence = f32::from(*confidence) / 100.0;
        writeln!(xml, "<String {place_attributes} WC=\"{confidence:.2}\" CONTENT=\"{content}\"/>")?;
        before = Some(*place);
    }
    writeln!(xml, "</TextLine>")
}

fn attributes(Box { x, y, w, h }: Box) -> String {
    format!("HPOS=\"{x}\" VPOS=\"{y}\" WIDTH=\"{w}\" HEIGHT=\"{h}\"")
}

fn around<'a>(words: impl IntoIterator<Item = &'a Word>) -> Box {
    words.into_iter().map(|word| word.place).reduce(Box::union).unwrap_or(Box { x: 0, y: 0, w: 0, h: 0 })
}

/// XML 1.0 §2.2 `Char`, without the control characters it would allow; escaped.
fn clean(text: &str) -> String {
    let kept: String = text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')).collect();
    escape(kept).into_owned()
}
