//! From captured pages to documents ready to hand over: ids, page numbers, originals.
//!
//! What is imported from files gets ids *derived* from the files' content, so that the same
//! batch twice names the same documents twice. What a scanner captured gets fresh ids.

use std::collections::BTreeMap;

use record::film::FrameAddress;
use record::manifest::{PageEntry, SourceKind};
use record::wire::{CapturedFields, HandOver};
use serde::Serialize;

use record::{BatchId, Descriptor, DocumentId, PageId, limits};

use crate::arrange::{Entry, Placed};
use crate::quality::Quality;
use crate::reel::order;
use crate::reel::tiles;
use crate::rules::Rules;
use crate::split::{Part, Seen, Split, split};
use crate::spool::State;
use crate::spool::event::{CapturedPage, Opened, PlacedPage, Planned, SourceFile};
use crate::station;
use crate::validate::{self, Keyed};

/// The batch that these files make: the same name and files, the same batch.
pub fn batch_id(name: &str, files: &[SourceFile]) -> BatchId {
    let digests = files.iter().flat_map(|file| [file.name.as_bytes(), file.digest.as_bytes().as_slice()]);
    BatchId::derived([b"import".as_slice(), name.as_bytes()].into_iter().chain(digests))
}

/// Documents in capture order, and which pages are sheets (1-based).
///
/// # Errors
/// Where the batch's rules cannot be read, which they could when it was opened.
pub fn plan(state: &State) -> Result<(Vec<Planned>, Vec<u32>), String> {
    let Some(opened) = &state.opened else { return Ok(Default::default()) };
    let rules = Rules::of(opened.rules.as_deref())?;
    let order = state.arranged();
    let split = parts(state, opened, &order, &rules);
    let sheets = split.sheets.iter().map(|at| order[*at].page).collect();
    let frames = order::numbers(state, &order);
    let documents = split.parts.into_iter().map(|part| document(state, opened, (&order, &frames), part));
    Ok((merge_equal(documents), sheets))
}

/// What codes say, and what people say over it.
fn parts(state: &State, opened: &Opened, order: &[Placed], rules: &Rules) -> Split {
    let seen: Vec<Seen<'_>> = order.iter().map(|placed| seen(state, placed, rules)).collect();
    let mut split = split(&seen, &opened.defaults, rules);
    split.parts = split.parts.into_iter().map(|part| said_by_people(part, order, rules)).collect();
    split
}

fn seen<'a>(state: &'a State, placed: &'a Placed, rules: &Rules) -> Seen<'a> {
    let page = state.page(placed);
    let codes = page.codes.as_deref().unwrap_or_default();
    let hidden = placed.hidden || is_hidden_blank(page, rules);
    Seen { group: state.pages[placed.page as usize - 1].file, codes, hidden, cut: placed.cut }
}

/// Whether a page is left out because nothing is on it. A label on an empty page is something on it.
pub fn is_hidden_blank(page: &CapturedPage, rules: &Rules) -> bool {
    let is_blank = page.quality.as_ref().is_some_and(Quality::is_blank);
    rules.quality.hide_blank && is_blank && page.codes.as_ref().is_none_or(Vec::is_empty)
}

/// A document to be, for people to look at.
#[derive(Debug, Serialize)]
pub struct Outline {
    /// By their numbers in capture order.
    pub pages: Vec<u32>,
    /// The sheets and hidden pages that go with it.
    pub sheets: Vec<u32>,
    #[serde(flatten)]
    pub fields: CapturedFields,
    /// How far keying its fields has come.
    #[serde(skip)]
    pub keyed: Keyed,
}

impl Outline {
    /// Whose it is and what, and what is still open.
    pub fn text(&self) -> String {
        let open = self.fields.exceptions.iter().map(|exception| exception.code.explain().to_owned());
        named(&self.fields).into_iter().chain(open).collect::<Vec<_>>().join(", ")
    }
}

/// The values of fields, for people.
pub fn named(fields: &CapturedFields) -> Vec<String> {
    let named = [
        fields.mrn.as_ref().map(|mrn| mrn.reveal().to_owned()),
        fields.encounter.as_ref().map(|encounter| encounter.reveal().to_owned()),
        fields.document_type.as_ref().map(|kind| kind.reveal().to_owned()),
        fields.department.as_ref().map(|department| department.reveal().to_owned()),
        fields.date.map(|date| date.to_string()),
    ];
    named.into_iter().flatten().collect()
}

/// The documents that would come of the batch as it stands.
pub fn outline(state: &State, rules: &Rules) -> Vec<Outline> {
    let Some(opened) = &state.opened else { return Vec::new() };
    let order = state.arranged();
    let told = |part: Part| Outline {
        pages: part.pages.iter().map(|at| order[*at].page).collect(),
        sheets: part.sheets.iter().map(|at| order[*at].page).collect(),
        keyed: validate::keyed(&entries(&part, &order), rules),
        fields: part.fields,
    };
    parts(state, opened, &order, rules).parts.into_iter().map(told).collect()
}

fn entries<'a>(part: &Part, order: &'a [Placed]) -> Vec<&'a Entry> {
    part.pages.iter().flat_map(|at| &order[*at].entries).collect()
}

/// What a person said of a document stands over what codes say, and answers their questions.
fn said_by_people(mut part: Part, order: &[Placed], rules: &Rules) -> Part {
    if let Keyed::Stands(said) = validate::keyed(&entries(&part, order), rules) {
        let CapturedFields { mrn, encounter, document_type, department, date, .. } = said;
        let known = part.fields;
        part.fields = CapturedFields {
            exceptions: if mrn.is_some() { Vec::new() } else { known.exceptions },
            mrn: mrn.or(known.mrn),
            encounter: encounter.or(known.encounter),
            document_type: document_type.or(known.document_type),
            department: department.or(known.department),
            date: date.or(known.date),
            ..CapturedFields::default()
        };
    }
    // Splitting counts places; people count captured pages.
    for exception in &mut part.fields.exceptions {
        exception.page = exception.page.map(|place| order[place as usize - 1].page);
    }
    part
}

/// The same file twice in a batch is one document, known by both names.
fn merge_equal(documents: impl Iterator<Item = Planned>) -> Vec<Planned> {
    let mut merged: Vec<Planned> = Vec::new();
    for planned in documents {
        match merged.iter_mut().find(|earlier| earlier.document == planned.document) {
            Some(earlier) => {
                let names = planned.hand_over.fields.file_names;
                let known = &mut earlier.hand_over.fields.file_names;
                known.extend(names.into_iter().filter(|name| !known.contains(name)).collect::<Vec<_>>());
                known.truncate(limits::DOCUMENT_FILE_NAMES_MAX);
            }
            None => merged.push(planned),
        }
    }
    merged
}

fn document(state: &State, opened: &Opened, (order, frames): (&[Placed], &BTreeMap<u32, u32>), part: Part) -> Planned {
    let captured = |at: &usize| &state.pages[order[*at].page as usize - 1];
    let pages: Vec<&PlacedPage> = part.pages.iter().map(captured).collect();
    let sheets: Vec<&PlacedPage> = part.sheets.iter().map(captured).collect();
    let shown: Vec<&CapturedPage> = part.pages.iter().map(|at| state.page(&order[*at])).collect();
    let is_scan = opened.source.kind == SourceKind::Scan;
    let document = if is_scan { station::fresh_document() } else { derived_id(&pages, &sheets) };
    let entries = (1..).zip(&shown).map(|(number, shown)| PageEntry {
        page: if is_scan { station::fresh_page() } else { derived_page(document, number) },
        number,
        image: shown.image.clone(),
        width: shown.width,
        height: shown.height,
        dpi: shown.dpi,
        from: shown.from.clone(),
        brought: shown.brought.clone(),
        frame: opened.reel.as_ref().and_then(|_| {
            let page = order[part.pages[number as usize - 1]].page;
            Some(frame_address(*frames.get(&page)?, shown))
        }),
    });
    let hand_over = HandOver {
        source: opened.source.clone(),
        originals: originals(state, &pages, &shown, &sheets),
        pages: entries.collect(),
        fields: CapturedFields {
            file_names: file_names(opened, &pages),
            reel: opened.reel.clone().map(Box::new),
            ..part.fields
        },
    };
    Planned { document, hand_over }
}

fn frame_address(number: u32, page: &CapturedPage) -> FrameAddress {
    let frame = page.frame.as_ref();
    FrameAddress { number, place: frame.map(|frame| frame.place), blip: frame.and_then(|frame| frame.blip) }
}

fn derived_page(document: DocumentId, number: u32) -> PageId {
    PageId::derived([document.as_uuid().as_bytes().as_slice(), &number.to_be_bytes()])
}

/// The sheets take part: two patients may own equal pages, such as a form left blank. Fields
/// do not: a patient number in a hash could be found by trying all of them.
fn derived_id(pages: &[&PlacedPage], sheets: &[&PlacedPage]) -> DocumentId {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for (label, placed) in sheets.iter().map(|page| ("sheet", page)).chain(pages.iter().map(|page| ("page", page))) {
        parts.push(label.into());
        parts.push(placed.page.image.digest.as_bytes().to_vec());
        if let Some(from) = &placed.page.from {
            parts.push(from.original.as_bytes().to_vec());
            parts.push(from.number.to_be_bytes().to_vec());
        }
    }
    DocumentId::derived(parts.iter().map(Vec::as_slice))
}

/// The files the pages came from, each once, and the tile of film on which a frame goes on; then the sheets that speak for them, the nearest
/// first: a scanned sheet, or one that is a file of its own, is kept whole as well. So is a page that was turned.
fn originals(state: &State, pages: &[&PlacedPage], shown: &[&CapturedPage], sheets: &[&PlacedPage]) -> Vec<Descriptor> {
    let file_of = |placed: &PlacedPage| placed.file.and_then(|file| state.originals.get(&file)).cloned();
    let sheet_of = |placed: &PlacedPage| file_of(placed).unwrap_or_else(|| placed.page.image.clone());
    let files =
        pages.iter().zip(shown).flat_map(|(placed, shown)| [file_of(placed), tile_behind(state, placed, shown)]);
    let turned = pages.iter().zip(shown).filter(|(placed, shown)| placed.page.image != shown.image);
    let turned = turned.map(|(placed, _)| placed.page.image.clone());
    let mut kept: Vec<Descriptor> = Vec::new();
    for original in files.flatten().chain(turned).chain(sheets.iter().rev().map(|placed| sheet_of(placed))) {
        if !kept.iter().any(|known| known.digest == original.digest) {
            kept.push(original);
        }
    }
    kept
}

/// Where the frame lies over the border of two tiles.
fn tile_behind(state: &State, placed: &PlacedPage, shown: &CapturedPage) -> Option<Descriptor> {
    let (file, frame) = (placed.file?, shown.frame.as_ref()?);
    let goes_on = tiles::beyond(state.strips.get(&file)?, frame.place) > 0;
    let (next, _) = tiles::following(state, file).filter(|_| goes_on)?;
    state.originals.get(&next).cloned()
}

/// For people; cut to what the archive takes, at the front, where only folders stand.
fn file_names(opened: &Opened, pages: &[&PlacedPage]) -> Vec<String> {
    let mut names: Vec<String> = pages
        .iter()
        .filter_map(|placed| opened.files.get(placed.file? as usize))
        .map(|file| {
            let letters = file.name.chars().count();
            file.name.chars().skip(letters.saturating_sub(limits::NAME_CHARS_MAX)).collect()
        })
        .collect();
    names.dedup();
    names.truncate(limits::DOCUMENT_FILE_NAMES_MAX);
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::event::{Captured, CapturedPage, Event};
    use record::Digest;
    use record::manifest::Source;

    fn state(kind: SourceKind, pages: &[(&str, u32)]) -> State {
        let files = ["a.png", "b.png"].map(|name| SourceFile {
            path: name.into(),
            name: name.into(),
            digest: Digest::of(name.as_bytes()),
            size: 1,
            said: None,
        });
        let source = Source { kind, station: "test".into(), device: None };
        let mut state = State::of([Event::BatchOpened(Box::new(Opened {
            batch: batch_id("x", &files),
            name: "x".into(),
            source,
            defaults: CapturedFields::default(),
            files: files.to_vec(),
            refused: Vec::new(),
            rules: None,
            two_sided: false,
            held: false,
            operator: None,
            reel: None,
        }))]);
        for (content, file) in pages {
            let image = Descriptor::of("image/png", content.as_bytes());
            let page = CapturedPage {
                image,
                width: 1,
                height: 1,
                dpi: 300,
                from: None,
                brought: None,
                codes: Some(Vec::new()),
                quality: None,
                frame: None,
            };
            state.apply(Event::Captured(Captured {
                file: Some(*file),
                original: None,
                pages: vec![page],
                refused: Vec::new(),
                strip: None,
            }));
        }
        state
    }

    #[test]
    fn imports_are_named_by_content_and_scans_are_not() {
        let import = || plan(&state(SourceKind::Import, &[("p", 0), ("q", 1)])).expect("plans").0;
        assert_eq!(import(), import());
        assert_eq!(import().len(), 2);
        let scan = || plan(&state(SourceKind::Scan, &[("p", 0)])).expect("plans").0[0].document;
        assert_ne!(scan(), scan());
    }

    #[test]
    fn the_same_file_twice_is_one_document_with_both_names() {
        let (documents, _) = plan(&state(SourceKind::Import, &[("p", 0), ("p", 1)])).expect("plans");
        assert_eq!(documents.len(), 1);
        assert_eq!(documents[0].hand_over.fields.file_names, ["a.png", "b.png"]);
    }
}
