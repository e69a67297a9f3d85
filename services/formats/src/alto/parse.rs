//! ALTO to page text.

use std::str::FromStr;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use record::limits::{PAGE_SIDE_PIXELS_MAX, PAGE_TEXT_BYTES_MAX, PAGE_WORDS_MAX, WORD_BYTES_MAX};
use record::words::{Block, Box, Engine, Line, PageText, Word};

use super::NAMESPACE;

const DEPTH_MAX: usize = 32;
const ATTRIBUTES_MAX: usize = 32;

/// Texts read on from "failed to …", and never quote the file: it holds a patient's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AltoError {
    #[error("read the ALTO file: it is larger than {PAGE_TEXT_BYTES_MAX} bytes")]
    TooLarge,
    #[error("read the ALTO file: it has more than {PAGE_WORDS_MAX} words")]
    TooManyWords,
    #[error("read the ALTO file: it is not well-formed XML (at byte {0})")]
    Xml(u64),
    #[error("read the ALTO file: {0}; write it as ALTO 4 in pixels, as `ocr-worker` does")]
    Content(&'static str),
}

/// Reads back what [`super::write`] wrote, and other ALTO 4 files in whole pixels.
///
/// # Errors
/// [`AltoError`] for anything else, including a document type declaration: nothing may be defined, only used.
pub fn parse(bytes: &[u8]) -> Result<PageText, AltoError> {
    if bytes.len() > PAGE_TEXT_BYTES_MAX {
        return Err(AltoError::TooLarge);
    }
    let xml = str::from_utf8(bytes).map_err(|error| AltoError::Xml(error.valid_up_to() as u64))?;
    let mut reader = Reader::from_str(xml);
    let mut page = Builder::default();
    loop {
        let event = reader.read_event().map_err(|_| AltoError::Xml(reader.error_position()))?;
        match event {
            Event::Start(tag) => page.open(&tag)?,
            Event::Empty(tag) => {
                page.open(&tag)?;
                page.close();
            }
            Event::End(_) => page.close(),
            Event::Text(text) => page.text(&text),
            Event::GeneralRef(name) => {
                let reference = format!("&{};", &*name);
                page.text(&unescape(&reference).map_err(|_| AltoError::Xml(reader.buffer_position()))?);
            }
            Event::DocType(_) => return Err(AltoError::Content("it declares a document type")),
            Event::CData(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => return page.finish(),
        }
    }
}

/// Elements whose text is wanted.
#[derive(Clone, Copy)]
enum Leaf {
    Unit,
    Settings,
    SoftwareName,
    SoftwareVersion,
}

#[derive(Default)]
struct Builder {
    depth: usize,
    seen_root: bool,
    size: Option<(u32, u32)>,
    leaf: Option<Leaf>,
    unit: String,
    settings: String,
    software: String,
    version: String,
    words: usize,
    blocks: Vec<Block>,
}

impl Builder {
    fn open(&mut self, tag: &BytesStart) -> Result<(), AltoError> {
        let name = tag.local_name();
        let name = name.into_inner();
        if self.depth == 0 && (self.seen_root || name != "alto" || !is_version_4(tag)?) {
            return Err(AltoError::Content("its root is not an ALTO 4 element"));
        }
        self.seen_root = true;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(AltoError::Content("its elements are nested too deeply"));
        }
        self.leaf = match name {
            "MeasurementUnit" => Some(Leaf::Unit),
            "processingStepSettings" => Some(Leaf::Settings),
            "softwareName" => Some(Leaf::SoftwareName),
            "softwareVersion" => Some(Leaf::SoftwareVersion),
            _ => None,
        };
        match name {
            "Page" if self.size.is_some() => Err(AltoError::Content("it has more than one page")),
            "Page" => self.page(&Attributes::of(tag)?),
            "TextBlock" => {
                self.blocks.push(Block::default());
                Ok(())
            }
            "TextLine" => {
                self.blocks.last_mut().ok_or(AltoError::Content("a line is in no block"))?.lines.push(Line::default());
                Ok(())
            }
            "String" => self.word(Attributes::of(tag)?),
            _ => Ok(()),
        }
    }

    fn close(&mut self) {
        self.leaf = None;
        self.depth = self.depth.saturating_sub(1);
    }

    fn text(&mut self, text: &str) {
        match self.leaf {
            Some(Leaf::Unit) => self.unit += text,
            Some(Leaf::Settings) => self.settings += text,
            Some(Leaf::SoftwareName) => self.software += text,
            Some(Leaf::SoftwareVersion) => self.version += text,
            None => {}
        }
    }

    fn page(&mut self, attributes: &Attributes) -> Result<(), AltoError> {
        let (width, height) = (attributes.number("WIDTH")?, attributes.number("HEIGHT")?);
        let sides = 1..=PAGE_SIDE_PIXELS_MAX;
        if !sides.contains(&width) || !sides.contains(&height) {
            return Err(AltoError::Content("its page has an impossible size"));
        }
        self.size = Some((width, height));
        Ok(())
    }

    fn word(&mut self, mut attributes: Attributes) -> Result<(), AltoError> {
        self.words += 1;
        if self.words > PAGE_WORDS_MAX {
            return Err(AltoError::TooManyWords);
        }
        let number = |name| attributes.number::<u32>(name);
        let place = Box { x: number("HPOS")?, y: number("VPOS")?, w: number("WIDTH")?, h: number("HEIGHT")? };
        if place.x.checked_add(place.w).is_none() || place.y.checked_add(place.h).is_none() {
            return Err(AltoError::Content("a word is in an impossible place"));
        }
        let confidence = attributes.number::<f32>("WC").unwrap_or(0.0);
        let confidence = (confidence.clamp(0.0, 1.0) * 100.0).round() as u8;
        let text = attributes.take("CONTENT").ok_or(AltoError::Content("a word has no content"))?;
        if text.len() > WORD_BYTES_MAX {
            return Err(AltoError::Content("a word is too long"));
        }
        let line = self.blocks.last_mut().and_then(|block| block.lines.last_mut());
        line.ok_or(AltoError::Content("a word is in no line"))?.words.push(Word::read(text, place, confidence));
        Ok(())
    }

    fn finish(self) -> Result<PageText, AltoError> {
        if self.depth > 0 {
            return Err(AltoError::Content("it ends early"));
        }
        let (width, height) = self.size.ok_or(AltoError::Content("it has no page"))?;
        if self.unit.trim() != "pixel" {
            return Err(AltoError::Content("its unit is not the pixel"));
        }
        let setting = |name: &str| {
            let value = |line: &str| line.strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
            self.settings.lines().find_map(value).unwrap_or_default()
        };
        let rotation = setting("rotation").parse().unwrap_or(0);
        if !matches!(rotation, 0 | 90 | 180 | 270) {
            return Err(AltoError::Content("its rotation is no quarter turn"));
        }
        Ok(PageText {
            width,
            height,
            rotation,
            skew_centidegrees: setting("skew-centidegrees").parse().unwrap_or(0),
            language: setting("language"),
            engine: Engine {
                model: setting("model"),
                model_digest: setting("model-digest"),
                recipe: setting("recipe"),
                name: self.software,
                version: self.version,
                generation: setting("generation").parse().unwrap_or(0),
            },
            blocks: self.blocks,
            ..PageText::default()
        })
    }
}

fn is_version_4(tag: &BytesStart) -> Result<bool, AltoError> {
    let name = tag.name();
    let declaration = match name.as_ref().split_once(':') {
        Some((prefix, _)) => format!("xmlns:{prefix}"),
        None => "xmlns".to_owned(),
    };
    Ok(Attributes::of(tag)?.take(&declaration).as_deref() == Some(NAMESPACE))
}

struct Attributes(Vec<(String, String)>);

impl Attributes {
    fn of(tag: &BytesStart) -> Result<Self, AltoError> {
        let mut found = Vec::new();
        // Its check for duplicates is quadratic; ours is that the first one counts, and that there are few.
        for attribute in tag.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| AltoError::Content("an attribute is malformed"))?;
            if found.len() == ATTRIBUTES_MAX {
                return Err(AltoError::Content("an element has too many attributes"));
            }
            let value =
                unescape(&attribute.value).map_err(|_| AltoError::Content("an entity is not one of the five"))?;
            found.push((attribute.key.as_ref().to_owned(), value.into_owned()));
        }
        Ok(Self(found))
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.swap_remove(at).1)
    }

    fn number<T: FromStr>(&self, name: &str) -> Result<T, AltoError> {
        let value = self.0.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.parse().ok());
        value.ok_or(AltoError::Content("a place or size is missing or no whole number"))
    }
}
