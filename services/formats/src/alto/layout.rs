//! What stands on the page? Takes in the elements under `Layout`, one by one.

use std::collections::HashMap;

use record::limits::{PAGE_ATTENTION_MAX, PAGE_SIDE_PIXELS_MAX, PAGE_WORDS_MAX, TABLE_LINES_MAX, WORD_BYTES_MAX};
use record::words::{Attention, AttentionReason, Block, Cell, Line, PageKind, Part, Word};

use super::attributes::Attributes;
use super::{ATTENTION, AltoError, COLUMN, ROW, TABLE};
use crate::language;

/// What the `Page` element itself says.
pub(super) struct Facts {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) kind: PageKind,
    /// Counterclockwise, in hundredths of a degree.
    pub(super) turned: Option<i32>,
    pub(super) language: Option<String>,
}

#[derive(Default)]
pub(super) struct Layout {
    pub(super) facts: Option<Facts>,
    pub(super) blocks: Vec<Block>,
    pub(super) attention: Vec<Attention>,
    tags: Tags,
    words: usize,
    tables: u32,
    table: Option<Table>,
}

/// The table whose end was not seen yet.
struct Table {
    depth: usize,
    next_row: u32,
    row: Option<Row>,
}

struct Row {
    depth: usize,
    number: u32,
    next_column: u32,
}

impl Layout {
    /// An element that begins at this depth.
    pub(super) fn open(&mut self, name: &str, attributes: &Attributes, depth: usize) -> Result<(), AltoError> {
        match name {
            "StructureTag" | "OtherTag" => self.tags.define(attributes),
            "Page" => self.page(attributes)?,
            "ComposedBlock" => self.composed_block(attributes, depth)?,
            "TextBlock" => self.text_block(attributes)?,
            "TextLine" => self.line(attributes)?,
            "String" => self.word(attributes)?,
            "HYP" => self.hyphen(attributes)?,
            "Illustration" => self.illustration(attributes)?,
            _ => {}
        }
        Ok(())
    }

    /// The element that began at this depth ends.
    pub(super) fn close(&mut self, depth: usize) {
        if self.table.as_ref().is_some_and(|table| table.depth == depth) {
            self.table = None;
        }
        if let Some(table) = &mut self.table {
            table.row.take_if(|row| row.depth == depth);
        }
    }

    fn page(&mut self, attributes: &Attributes) -> Result<(), AltoError> {
        if self.facts.is_some() {
            return Err(AltoError::Content("it has more than one page"));
        }
        let (width, height) = (attributes.number("WIDTH")?, attributes.number("HEIGHT")?);
        let sides = 1..=PAGE_SIDE_PIXELS_MAX;
        if !sides.contains(&width) || !sides.contains(&height) {
            return Err(AltoError::Content("its page has an impossible size"));
        }
        let class = attributes.get("PAGECLASS");
        let kind = PageKind::ALL.into_iter().find(|kind| Some(kind.as_str()) == class).unwrap_or_default();
        let turned = attributes.get("ROTATION").and_then(|degrees| degrees.parse::<f64>().ok());
        let turned = turned.map(|degrees| (degrees * 100.0).round() as i32);
        self.facts = Some(Facts { width, height, kind, turned, language: languages(attributes) });
        Ok(())
    }

    fn composed_block(&mut self, attributes: &Attributes, depth: usize) -> Result<(), AltoError> {
        match &mut self.table {
            None if attributes.is(TABLE) => {
                self.table = Some(Table { depth, next_row: 0, row: None });
                self.tables += 1;
            }
            Some(table) if attributes.is(ROW) => {
                let number = self.tags.number(attributes, ROW)?.unwrap_or(table.next_row);
                table.next_row = number + 1;
                table.row = Some(Row { depth, number, next_column: 0 });
            }
            _ => {}
        }
        Ok(())
    }

    fn text_block(&mut self, attributes: &Attributes) -> Result<(), AltoError> {
        let row = self.table.as_mut().and_then(|table| table.row.as_mut());
        let cell = match row {
            Some(row) => {
                let column = self.tags.number(attributes, COLUMN)?.unwrap_or(row.next_column);
                row.next_column = column + 1;
                Some(Cell { table: self.tables - 1, row: row.number, column })
            }
            None => None,
        };
        self.blocks.push(Block { lines: Vec::new(), cell });
        Ok(())
    }

    fn line(&mut self, attributes: &Attributes) -> Result<(), AltoError> {
        let block = self.blocks.last_mut().ok_or(AltoError::Content("a line is in no block"))?;
        block.lines.push(Line { words: Vec::new(), language: attributes.get("LANG").map(language::from_xml) });
        Ok(())
    }

    fn word(&mut self, attributes: &Attributes) -> Result<(), AltoError> {
        self.words += 1;
        if self.words > PAGE_WORDS_MAX {
            return Err(AltoError::TooManyWords);
        }
        let text = attributes.get("CONTENT").ok_or(AltoError::Content("a word has no content"))?;
        if text.len() > WORD_BYTES_MAX {
            return Err(AltoError::Content("a word is too long"));
        }
        let confidence = attributes.number::<f32>("WC").unwrap_or(0.0);
        let word = Word {
            text: text.to_owned(),
            place: attributes.place()?,
            confidence: (confidence.clamp(0.0, 1.0) * 100.0).round() as u8,
            part: part(attributes)?,
            corrected: matches!(attributes.get("CS"), Some("true" | "1")),
        };
        let line = self.blocks.last_mut().and_then(|block| block.lines.last_mut());
        line.ok_or(AltoError::Content("a word is in no line"))?.words.push(word);
        Ok(())
    }

    /// ALTO sets the hyphen of a broken word apart; here it stays with its word. Some files have it in both places.
    fn hyphen(&mut self, attributes: &Attributes) -> Result<(), AltoError> {
        let line = self.blocks.last_mut().and_then(|block| block.lines.last_mut());
        let word = line.and_then(|line| line.words.last_mut());
        let word = word.ok_or(AltoError::Content("a hyphen is behind no word"))?;
        let hyphen = attributes.get("CONTENT").unwrap_or("-");
        if !word.text.ends_with(record::words::is_hyphen) && word.text.len() + hyphen.len() <= WORD_BYTES_MAX {
            word.text.push_str(hyphen);
        }
        Ok(())
    }

    /// Only what a person should look at is kept of pictures.
    fn illustration(&mut self, attributes: &Attributes) -> Result<(), AltoError> {
        let label = self.tags.label(attributes, ATTENTION);
        let reason = AttentionReason::ALL.into_iter().find(|reason| Some(reason.as_str()) == label);
        if let Some(reason) = reason.filter(|_| self.attention.len() < PAGE_ATTENTION_MAX) {
            self.attention.push(Attention { reason, place: attributes.place()? });
        }
        Ok(())
    }
}

fn languages(attributes: &Attributes) -> Option<String> {
    let first = attributes.get("LANG")?;
    let others = attributes.get("OTHERLANGS").unwrap_or_default().split_whitespace();
    let all: Vec<String> = std::iter::once(first).chain(others).map(language::from_xml).collect();
    Some(all.join("+"))
}

fn part(attributes: &Attributes) -> Result<Option<Part>, AltoError> {
    let Some(whole) = attributes.get("SUBS_CONTENT") else { return Ok(None) };
    if whole.len() > 2 * WORD_BYTES_MAX {
        return Err(AltoError::Content("a broken word is too long"));
    }
    Ok(match attributes.get("SUBS_TYPE") {
        Some("HypPart1") => Some(Part::First(whole.to_owned())),
        Some("HypPart2") => Some(Part::Second(whole.to_owned())),
        _ => None,
    })
}

/// What elements refer to by `TAGREFS`: types and labels by id.
#[derive(Default)]
struct Tags(HashMap<String, (String, String)>);

impl Tags {
    fn define(&mut self, attributes: &Attributes) {
        let [id, kind, label] = ["ID", "TYPE", "LABEL"].map(|name| attributes.get(name).unwrap_or_default().to_owned());
        self.0.insert(id, (kind, label));
    }

    /// The label of the element's tag of this type.
    fn label(&self, element: &Attributes, kind: &str) -> Option<&str> {
        let mut tags = element.get("TAGREFS")?.split_whitespace().filter_map(|id| self.0.get(id));
        tags.find(|(tag, _)| tag == kind).map(|(_, label)| label.as_str())
    }

    fn number(&self, element: &Attributes, kind: &str) -> Result<Option<u32>, AltoError> {
        let Some(label) = self.label(element, kind) else { return Ok(None) };
        let number = label.parse().ok().filter(|number| *number < TABLE_LINES_MAX);
        number.map(Some).ok_or(AltoError::Content("a table has an impossible row or column"))
    }
}
