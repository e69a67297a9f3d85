//! What do the index files of production scanners say of the files beside them?
//!
//! * Kodak Capture Software (manual A-63054): `INDEX.DAT`, a line for each document, fields in double quotes with `;` between.
//!   `"I05u";"01";"0000000001";…`: the document is the folder of that number; `"I04t";"01";"0000000001";"3";…`: it is the
//!   TIFF of that number with so many images. Index fields follow.
//! * Fujitsu N7100E: `NAME.index.xml` beside `NAME`, with `<item name="…" value="…"/>` for each `<page>`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use record::wire::CapturedFields;

use crate::spool::event::Said;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Mrn,
    Encounter,
    DocumentType,
    Department,
    Date,
}

/// Which field of an index file is which field of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub field: Field,
    pub name: String,
}

/// Index files are read whole; the largest batch has far less.
const INDEX_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Whether a file says something of others and is no page itself.
pub fn is_index(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    // `<batch>.DAT` are Kodak's statistics; the others are Windows's own.
    name.ends_with(".dat") || name.ends_with(".index.xml") || ["thumbs.db", "desktop.ini"].contains(&name.as_str())
}

/// What index files say of the page files of a set, by their path.
///
/// # Errors
/// Where an index file and the files do not fit each other: the set is not whole, or wrong.
pub fn read(files: &[PathBuf], mappings: &[Mapping], required: bool) -> Result<BTreeMap<PathBuf, Said>, String> {
    let (indexes, pages): (Vec<&PathBuf>, Vec<&PathBuf>) = files.iter().partition(|file| is_index(file));
    let mut said = BTreeMap::new();
    let mut found = false;
    for index in indexes {
        let name = index.file_name().unwrap_or_default().to_string_lossy();
        if name.eq_ignore_ascii_case("INDEX.DAT") {
            said.extend(kodak(&text(index)?, &pages, mappings)?);
        } else if let Some(page) = name.strip_suffix(".index.xml").map(|page| index.with_file_name(page)) {
            let fields = n7100(&text(index)?, mappings)?;
            said.insert(page, Said { goes_on: false, fields });
        } else {
            continue;
        }
        found = true;
    }
    if required && !found { Err("has no INDEX.DAT or .index.xml yet".into()) } else { Ok(said) }
}

fn text(path: &Path) -> Result<String, String> {
    let name = path.file_name().unwrap_or_default().display();
    let size = std::fs::metadata(path).map_err(|error| format!("{name} cannot be read: {error}"))?.len();
    if size > INDEX_BYTES_MAX {
        return Err(format!("{name} is {size} bytes; at most {INDEX_BYTES_MAX} are allowed"));
    }
    let bytes = std::fs::read(path).map_err(|error| format!("{name} cannot be read: {error}"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A line of an INDEX.DAT.
struct Listed {
    document: u64,
    /// Absent: one folder for each document.
    images: Option<u32>,
    values: BTreeMap<String, String>,
}

impl Listed {
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.strip_prefix('"')?.strip_suffix('"')?.split("\";\"").collect();
        let (kind, document) = (fields.first()?, fields.get(2)?.parse().ok()?);
        let (images, first) = match *kind {
            "I05u" => (None, 3),
            "I04t" => (Some(fields.get(3)?.parse().ok()?), 4),
            _ => return None,
        };
        let values = (1..).zip(fields.get(first..)?).map(|(n, value)| (format!("idx{n}"), (*value).to_owned()));
        Some(Self { document, images, values: values.collect() })
    }

    fn is_of(&self, page: &Path) -> bool {
        let named = if self.images.is_some() { page.file_stem() } else { page.parent().and_then(Path::file_name) };
        named.and_then(|name| name.to_str()?.parse().ok()) == Some(self.document)
    }

    fn fault(&self, pages: &[&PathBuf]) -> Option<String> {
        let document = self.document;
        match (self.images, pages) {
            (_, []) => Some(format!("lacks document {document}, which INDEX.DAT lists")),
            (Some(images), [page]) => {
                let bytes = std::fs::read(page).unwrap_or_default();
                let there = formats::tiff::Pages::open(&bytes).map_or(0, |pages| pages.len());
                (there != images).then(|| format!("has {there} images in document {document}; INDEX.DAT says {images}"))
            }
            (Some(_), _) => Some(format!("has document {document} twice")),
            (None, _) => None,
        }
    }
}

fn kodak(text: &str, pages: &[&PathBuf], mappings: &[Mapping]) -> Result<Vec<(PathBuf, Said)>, String> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let mut said = Vec::new();
    for (number, line) in lines {
        let broken = || format!("has an INDEX.DAT whose line {number} is not whole, or of a kind unknown here");
        let listed = Listed::parse(line.trim()).ok_or_else(broken)?;
        let own: Vec<&PathBuf> = pages.iter().copied().filter(|page| listed.is_of(page)).collect();
        if let Some(fault) = listed.fault(&own) {
            return Err(fault);
        }
        let fields = fields(&listed.values, mappings)?;
        let first = Said { goes_on: false, fields };
        let rest = std::iter::repeat(Said { goes_on: true, ..Said::default() });
        said.extend(own.into_iter().cloned().zip(std::iter::once(first).chain(rest)));
    }
    match pages.iter().find(|page| !said.iter().any(|(listed, _)| listed == **page)) {
        Some(page) => {
            let name = page.file_name().unwrap_or_default().display();
            Err(format!("has a page, {name}, that INDEX.DAT does not list"))
        }
        None => Ok(said),
    }
}

fn n7100(text: &str, mappings: &[Mapping]) -> Result<CapturedFields, String> {
    let (mut reader, mut depth, mut pages) = (Reader::from_str(text), 0_usize, 0_u32);
    let mut values = BTreeMap::new();
    loop {
        match reader.read_event().map_err(|_| "has an .index.xml that is not well formed".to_owned())? {
            Event::Start(element) => {
                depth += 1;
                pages += u32::from(element.name().as_ref() == "page");
                note(&element, &mut values);
            }
            Event::Empty(element) => note(&element, &mut values),
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Eof => break,
            _ => {}
        }
    }
    let total = values.get("Total pages").and_then(|total| total.parse().ok()).unwrap_or(pages);
    if depth > 0 || pages == 0 || pages < total {
        return Err("has an .index.xml that is not whole".into());
    }
    fields(&values, mappings)
}

/// The first page that names something names it for the document.
fn note(element: &BytesStart<'_>, values: &mut BTreeMap<String, String>) {
    let attribute = |name: &str| {
        let value = element.try_get_attribute(name).ok().flatten()?;
        Some(quick_xml::escape::unescape(&value.value).ok()?.into_owned())
    };
    if let (Some(name), Some(value)) = (attribute("name"), attribute("value").filter(|value| !value.is_empty())) {
        values.entry(name).or_insert(value);
    }
}

fn fields(values: &BTreeMap<String, String>, mappings: &[Mapping]) -> Result<CapturedFields, String> {
    let mut fields = CapturedFields::default();
    for Mapping { field, name } in mappings {
        let Some(value) = values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty()) else {
            continue;
        };
        // The value may be a patient's number: it is not repeated.
        let broken = || format!("has a value in the index field {name} that cannot be one");
        match field {
            Field::Mrn => fields.mrn = Some(value.parse().map_err(|_| broken())?),
            Field::Encounter => fields.encounter = Some(value.parse().map_err(|_| broken())?),
            Field::DocumentType => fields.document_type = Some(value.parse().map_err(|_| broken())?),
            Field::Department => fields.department = Some(value.parse().map_err(|_| broken())?),
            Field::Date => fields.date = Some(value.parse().map_err(|_| broken())?),
        }
    }
    Ok(fields)
}
