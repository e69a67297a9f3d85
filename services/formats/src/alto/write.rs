//! Page text to ALTO.

use std::collections::BTreeSet;
use std::fmt::{Result, Write as _};

use record::PageId;
use record::limits::PAGE_ATTENTION_MAX;
use record::words::{Attention, AttentionReason, Block, Box, Line, PageText, Part, Word};

use super::{ATTENTION, COLUMN, NAMESPACE, ROW, TABLE};
use crate::language;
use crate::xml::clean;

/// The text of `page` as an ALTO 4.4 file. Characters that XML cannot hold, and control characters, are dropped, and
/// so are lines without words, which the schema does not know.
pub fn write(text: &PageText, page: PageId) -> String {
    let mut xml = String::with_capacity(2_000 + 150 * text.words().count());
    // Writing to a string cannot fail; `fmt::Result` only satisfies the trait.
    let _ = document(&mut xml, text, page);
    xml
}

fn document(xml: &mut String, text: &PageText, page: PageId) -> Result {
    writeln!(xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<alto xmlns=\"{NAMESPACE}\" SCHEMAVERSION=\"4.4\">")?;
    description(xml, text)?;
    tags(xml, text)?;
    reading_order(xml, text.blocks.len())?;
    writeln!(xml, "<Layout>")?;
    open_page(xml, text, page)?;
    blocks(xml, &text.blocks)?;
    for (number, attention) in attention(text).iter().enumerate() {
        write_attention(xml, *attention, number)?;
    }
    writeln!(xml, "</PrintSpace>\n</Page>\n</Layout>\n</alto>")
}

fn description(xml: &mut String, text: &PageText) -> Result {
    let engine = &text.engine;
    writeln!(xml, "<Description>\n<MeasurementUnit>pixel</MeasurementUnit>\n<Processing ID=\"reading\">")?;
    writeln!(xml, "<processingCategory>contentGeneration</processingCategory>")?;
    // Where `parse` looks for them; the recipe comes last because it is the longest.
    let settings = [
        ("model", engine.model.as_str()),
        ("model-digest", &engine.model_digest),
        ("language", &text.language),
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

/// Rows, columns and reasons, each once, to be referred to from blocks.
fn tags(xml: &mut String, text: &PageText) -> Result {
    let cells = || text.blocks.iter().filter_map(|block| block.cell);
    let rows: BTreeSet<u32> = cells().map(|cell| cell.row).collect();
    let columns: BTreeSet<u32> = cells().map(|cell| cell.column).collect();
    let reasons: BTreeSet<AttentionReason> = attention(text).iter().map(|attention| attention.reason).collect();
    if rows.is_empty() && reasons.is_empty() {
        return Ok(());
    }
    writeln!(xml, "<Tags>")?;
    for (kind, numbers) in [(ROW, rows), (COLUMN, columns)] {
        for number in numbers {
            writeln!(xml, "<StructureTag ID=\"{kind}-{number}\" TYPE=\"{kind}\" LABEL=\"{number}\"/>")?;
        }
    }
    for reason in reasons {
        let (label, why) = (reason.as_str(), reason.explain());
        write!(xml, "<OtherTag ID=\"{ATTENTION}-{label}\" TYPE=\"{ATTENTION}\" ")?;
        writeln!(xml, "LABEL=\"{label}\" DESCRIPTION=\"{why}\"/>")?;
    }
    writeln!(xml, "</Tags>")
}

/// The blocks stand in reading order; this says so.
fn reading_order(xml: &mut String, blocks: usize) -> Result {
    if blocks == 0 {
        return Ok(());
    }
    writeln!(xml, "<ReadingOrder>\n<OrderedGroup ID=\"order\">")?;
    for number in 0..blocks {
        writeln!(xml, "<ElementRef ID=\"order-{number}\" REF=\"block-{number}\"/>")?;
    }
    writeln!(xml, "</OrderedGroup>\n</ReadingOrder>")
}

fn open_page(xml: &mut String, text: &PageText, page: PageId) -> Result {
    let PageText { width, height, .. } = text;
    let kind = text.kind.as_str();
    write!(xml, "<Page ID=\"page-{page}\" PHYSICAL_IMG_NR=\"1\" PAGECLASS=\"{kind}\" PROCESSINGREFS=\"reading\"")?;
    write!(xml, " WIDTH=\"{width}\" HEIGHT=\"{height}\"")?;
    // A clockwise turn makes it upright, so its text is turned counterclockwise: the way ROTATION counts.
    let turned = i64::from(text.rotation) * 100 + i64::from(text.skew_centidegrees);
    let sign = if turned < 0 { "-" } else { "" };
    write!(xml, " ROTATION=\"{sign}{}.{:02}\"", turned.abs() / 100, turned.abs() % 100)?;
    let mut languages = text.language.split('+').filter_map(language::to_xml);
    if let Some(first) = languages.next() {
        write!(xml, " LANG=\"{first}\"")?;
    }
    let others: Vec<String> = languages.collect();
    if !others.is_empty() {
        write!(xml, " OTHERLANGS=\"{}\"", others.join(" "))?;
    }
    writeln!(xml, " PC=\"{}\">", fraction(text.confidence()))?;
    writeln!(xml, "<PrintSpace HPOS=\"0\" VPOS=\"0\" WIDTH=\"{width}\" HEIGHT=\"{height}\">")
}

/// The cells of a table inside it, by rows; every other block for itself.
fn blocks(xml: &mut String, blocks: &[Block]) -> Result {
    let numbered: Vec<(usize, &Block)> = blocks.iter().enumerate().collect();
    for group in numbered.chunk_by(|(_, a), (_, b)| a.cell.map(|cell| cell.table) == b.cell.map(|cell| cell.table)) {
        match group[0].1.cell {
            Some(cell) => table(xml, group, cell.table)?,
            None => group.iter().try_for_each(|(number, block)| text_block(xml, block, *number, ""))?,
        }
    }
    Ok(())
}

fn table(xml: &mut String, cells: &[(usize, &Block)], table: u32) -> Result {
    writeln!(xml, "<ComposedBlock ID=\"{TABLE}-{table}\" TYPE=\"{TABLE}\"{}>", place(words(cells)))?;
    let row_of = |block: &Block| block.cell.map_or(0, |cell| cell.row);
    for row in cells.chunk_by(|(_, a), (_, b)| row_of(a) == row_of(b)) {
        let (first, number) = (row[0].0, row_of(row[0].1));
        write!(xml, "<ComposedBlock ID=\"{ROW}-of-block-{first}\" TYPE=\"{ROW}\" TAGREFS=\"{ROW}-{number}\"")?;
        writeln!(xml, "{}>", place(words(row)))?;
        for (number, block) in row {
            let column = block.cell.map_or(0, |cell| cell.column);
            text_block(xml, block, *number, &format!(" TAGREFS=\"{COLUMN}-{column}\""))?;
        }
        writeln!(xml, "</ComposedBlock>")?;
    }
    writeln!(xml, "</ComposedBlock>")
}

fn text_block(xml: &mut String, block: &Block, number: usize, tags: &str) -> Result {
    writeln!(xml, "<TextBlock ID=\"block-{number}\"{tags}{}>", place(words(&[(number, block)])))?;
    for (at, line) in block.lines.iter().enumerate().filter(|(_, line)| !line.words.is_empty()) {
        write!(xml, "<TextLine ID=\"line-{number}-{at}\"{}", place(line.words.iter()))?;
        if let Some(language) = line.language.as_deref().and_then(language::to_xml) {
            write!(xml, " LANG=\"{language}\"")?;
        }
        writeln!(xml, ">")?;
        write_words(xml, line)?;
        writeln!(xml, "</TextLine>")?;
    }
    writeln!(xml, "</TextBlock>")
}

fn write_words(xml: &mut String, line: &Line) -> Result {
    let mut before: Option<Box> = None;
    for (at, word) in line.words.iter().enumerate() {
        if let Some(before) = before {
            let from = before.x + before.w;
            let gap = word.place.x.saturating_sub(from);
            writeln!(xml, "<SP HPOS=\"{from}\" VPOS=\"{}\" WIDTH=\"{gap}\"/>", before.y)?;
        }
        let is_last = at + 1 == line.words.len();
        // Only the hyphen of a broken word is set apart: one in the print is part of its word.
        let broken = is_last && matches!(word.part, Some(Part::First(_)));
        match word.before_hyphen().filter(|_| broken) {
            Some((content, hyphen)) => {
                string(xml, word, content)?;
                writeln!(xml, "<HYP CONTENT=\"{hyphen}\"/>")?;
            }
            None => string(xml, word, &word.text)?,
        }
        before = Some(word.place);
    }
    Ok(())
}

fn string(xml: &mut String, word: &Word, content: &str) -> Result {
    write!(xml, "<String{} WC=\"{}\"", coordinates(word.place), fraction(word.confidence))?;
    match &word.part {
        Some(Part::First(whole)) => write!(xml, " SUBS_TYPE=\"HypPart1\" SUBS_CONTENT=\"{}\"", clean(whole))?,
        Some(Part::Second(whole)) => write!(xml, " SUBS_TYPE=\"HypPart2\" SUBS_CONTENT=\"{}\"", clean(whole))?,
        None => {}
    }
    if word.corrected {
        write!(xml, " CS=\"true\"")?;
    }
    writeln!(xml, " CONTENT=\"{}\"/>", clean(content))
}

fn attention(text: &PageText) -> &[Attention] {
    &text.attention[..text.attention.len().min(PAGE_ATTENTION_MAX)]
}

/// The schema's element for a part of the page that is no text.
fn write_attention(xml: &mut String, Attention { reason, place }: Attention, number: usize) -> Result {
    let reason = reason.as_str();
    write!(xml, "<Illustration ID=\"{ATTENTION}-{number}\" TYPE=\"{reason}\" TAGREFS=\"{ATTENTION}-{reason}\"")?;
    writeln!(xml, "{}/>", coordinates(place))
}

fn words<'a>(blocks: &[(usize, &'a Block)]) -> impl Iterator<Item = &'a Word> {
    blocks.iter().flat_map(|(_, block)| &block.lines).flat_map(|line| &line.words)
}

/// The coordinates around the words, and none where there are no words.
fn place<'a>(words: impl Iterator<Item = &'a Word>) -> String {
    words.map(|word| word.place).reduce(Box::union).map(coordinates).unwrap_or_default()
}

fn coordinates(Box { x, y, w, h }: Box) -> String {
    format!(" HPOS=\"{x}\" VPOS=\"{y}\" WIDTH=\"{w}\" HEIGHT=\"{h}\"")
}

/// From 0 to 100, to 0 to 1.
fn fraction(confidence: u8) -> String {
    format!("{:.2}", f32::from(confidence) / 100.0)
}
