//! ALTO to page text.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use record::limits::PAGE_TEXT_BYTES_MAX;
use record::words::{Engine, PageText};

use super::attributes::Attributes;
use super::layout::{Facts, Layout};
use super::{AltoError, NAMESPACE};

const DEPTH_MAX: usize = 32;

/// Reads back what [`super::write`] wrote, and other ALTO 4 files in whole pixels. Blocks are taken in the order in which
/// they stand.
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
    leaf: Option<Leaf>,
    unit: String,
    settings: String,
    software: String,
    version: String,
    layout: Layout,
}

impl Builder {
    fn open(&mut self, tag: &BytesStart) -> Result<(), AltoError> {
        let name = tag.local_name();
        let name = name.into_inner();
        let attributes = Attributes::of(tag)?;
        if self.depth == 0 && (self.seen_root || name != "alto" || !is_version_4(tag, &attributes)) {
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
        self.layout.open(name, &attributes, self.depth)
    }

    fn close(&mut self) {
        self.leaf = None;
        self.layout.close(self.depth);
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

    fn finish(self) -> Result<PageText, AltoError> {
        if self.depth > 0 {
            return Err(AltoError::Content("it ends early"));
        }
        if self.unit.trim() != "pixel" {
            return Err(AltoError::Content("its unit is not the pixel"));
        }
        let Some(facts) = &self.layout.facts else { return Err(AltoError::Content("it has no page")) };
        let (rotation, skew_centidegrees) = self.turns(facts)?;
        Ok(PageText {
            width: facts.width,
            height: facts.height,
            rotation,
            skew_centidegrees,
            language: self.setting("language").or(facts.language.as_deref()).unwrap_or_default().to_owned(),
            kind: facts.kind,
            engine: self.engine(),
            blocks: self.layout.blocks,
            attention: self.layout.attention,
        })
    }

    fn engine(&self) -> Engine {
        let setting = |name: &str| self.setting(name).unwrap_or_default().to_owned();
        Engine {
            name: self.software.clone(),
            version: self.version.clone(),
            model: setting("model"),
            model_digest: setting("model-digest"),
            recipe: setting("recipe"),
            generation: setting("generation").parse().unwrap_or(0),
        }
    }

    fn setting(&self, name: &str) -> Option<&str> {
        self.settings.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    }

    /// Quarter turn and skew. Files from before there was a `ROTATION` say them in the settings.
    fn turns(&self, facts: &Facts) -> Result<(u16, i32), AltoError> {
        let wrong = AltoError::Content("its rotation is no quarter turn");
        let Some(turned) = facts.turned else {
            let setting = |name: &str| self.setting(name).and_then(|value| value.parse::<i32>().ok()).unwrap_or(0);
            let rotation =
                u16::try_from(setting("rotation")).ok().filter(|degrees| matches!(degrees, 0 | 90 | 180 | 270));
            return Ok((rotation.ok_or(wrong)?, setting("skew-centidegrees")));
        };
        if !(-36_000..=36_000).contains(&turned) {
            return Err(wrong);
        }
        let quarter = (turned + 4_500).div_euclid(9_000);
        Ok((quarter.rem_euclid(4) as u16 * 90, turned - quarter * 9_000))
    }
}

fn is_version_4(tag: &BytesStart, attributes: &Attributes) -> bool {
    let name = tag.name();
    let declaration = match name.as_ref().split_once(':') {
        Some((prefix, _)) => format!("xmlns:{prefix}"),
        None => "xmlns".to_owned(),
    };
    attributes.get(&declaration) == Some(NAMESPACE)
}
