//! From captured pages to documents ready to hand over: ids, page numbers, originals.
//!
//! What is imported from files gets ids *derived* from the files' content, so that the same
//! batch twice names the same documents twice. What a scanner captured gets fresh ids.

use record::manifest::{PageEntry, SourceKind};
use record::wire::HandOver;
use record::{BatchId, Descriptor, DocumentId, PageId, limits};

use crate::rules::Rules;
use crate::split::{Part, Seen, split};
use crate::spool::State;
use crate::spool::event::{Opened, PlacedPage, Planned, SourceFile};
use crate::station;

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
    let seen: Vec<Seen<'_>> = state
        .pages
        .iter()
        .map(|placed| Seen { group: placed.file, codes: placed.page.codes.as_deref().unwrap_or_default() })
        .collect();
    let split = split(&seen, &opened.defaults, &rules);
    let sheets = split.sheets.iter().map(|at| *at as u32 + 1).collect();
    let documents = split.parts.into_iter().map(|part| document(state, opened, part));
    Ok((merge_equal(documents), sheets))
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

fn document(state: &State, opened: &Opened, part: Part) -> Planned {
    let pages: Vec<&PlacedPage> = part.pages.iter().map(|at| &state.pages[*at]).collect();
    let sheets: Vec<&PlacedPage> = part.sheets.iter().map(|at| &state.pages[*at]).collect();
    let is_scan = opened.source.kind == SourceKind::Scan;
    let document = if is_scan { station::fresh_document() } else { derived_id(&pages, &sheets) };
    let entries = (1..).zip(&pages).map(|(number, placed)| PageEntry {
        page: if is_scan { station::fresh_page() } else { derived_page(document, number) },
        number,
        image: placed.page.image.clone(),
        width: placed.page.width,
        height: placed.page.height,
        dpi: placed.page.dpi,
        from: placed.page.from.clone(),
        brought: placed.page.brought.clone(),
    });
    let hand_over = HandOver {
        source: opened.source.clone(),
        originals: originals(state, &pages, &sheets),
        pages: entries.collect(),
        fields: record::wire::CapturedFields { file_names: file_names(opened, &pages), ..part.fields },
    };
    Planned { document, hand_over }
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

/// The files the pages came from, each once; then the sheets that speak for them, the nearest
/// first: a scanned sheet, or one that is a file of its own, is kept whole as well.
fn originals(state: &State, pages: &[&PlacedPage], sheets: &[&PlacedPage]) -> Vec<Descriptor> {
    let file_of = |placed: &PlacedPage| placed.file.and_then(|file| state.originals.get(&file)).cloned();
    let sheet_of = |placed: &PlacedPage| file_of(placed).unwrap_or_else(|| placed.page.image.clone());
    let files = pages.iter().filter_map(|placed| file_of(placed));
    let mut kept: Vec<Descriptor> = Vec::new();
    for original in files.chain(sheets.iter().rev().map(|placed| sheet_of(placed))) {
        if !kept.iter().any(|known| known.digest == original.digest) {
            kept.push(original);
        }
    }
    kept
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
    use record::Digest;
    use record::manifest::Source;
    use record::wire::CapturedFields;

    use super::*;
    use crate::spool::event::{Captured, CapturedPage, Event};

    fn state(kind: SourceKind, pages: &[(&str, u32)]) -> State {
        let files = ["a.png", "b.png"].map(|name| SourceFile {
            path: name.into(),
            name: name.into(),
            digest: Digest::of(name.as_bytes()),
            size: 1,
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
            };
            state.apply(Event::Captured(Captured {
                file: Some(*file),
                original: None,
                pages: vec![page],
                refused: Vec::new(),
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
