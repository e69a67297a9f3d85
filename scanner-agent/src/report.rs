//! What came of it, for people and for scripts.

use std::io::Write;

use record::manifest::{Exception, Refused};
use record::wire::BatchStatus;
use record::{BatchId, Date, DocumentId};
use serde::Serialize;

use crate::spool::State;
use crate::spool::event::Planned;

/// The result of `import`, `scan` and `import --dry-run`; with `--json` printed as it is here.
#[derive(Debug, Serialize)]
pub struct Report {
    pub batch: BatchId,
    pub name: String,
    /// Pages captured, sheets included.
    pub captured: usize,
    pub documents: Vec<DocumentReport>,
    pub sheets: Vec<SheetReport>,
    pub refused: Vec<Refused>,
    /// What the server says, with `--wait`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<BatchStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub searchable: Option<bool>,
}

#[derive(Debug, Serialize)]
pub struct DocumentReport {
    pub document: DocumentId,
    pub pages: Vec<PageReport>,
    pub files: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mrn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encounter: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub document_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    pub exceptions: Vec<ExceptionReport>,
    /// Absent until the receipt is verified; true where the archive had it before this batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sealed_earlier: Option<bool>,
}

#[derive(Debug, Serialize)]
pub struct PageReport {
    pub number: u32,
    pub media_type: String,
    pub digest: record::Digest,
    pub width: u32,
    pub height: u32,
    pub dpi: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_page: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<record::manifest::Extraction>,
}

#[derive(Debug, Serialize)]
pub struct ExceptionReport {
    #[serde(flatten)]
    pub exception: Exception,
    pub explain: &'static str,
}

/// A page that is a sheet: by its place in the capture order, and in its file.
#[derive(Debug, Serialize)]
pub struct SheetReport {
    pub captured: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    pub page: u32,
}

impl Report {
    pub fn of(batch: BatchId, state: &State) -> Self {
        Self {
            batch,
            name: state.name().to_owned(),
            captured: state.pages.len(),
            documents: state.planned().iter().map(|planned| document(state, planned)).collect(),
            sheets: state.sheets.iter().filter_map(|captured| sheet(state, *captured)).collect(),
            refused: state.refused.clone(),
            status: None,
            searchable: None,
        }
    }

    pub fn print(&self, json: bool) -> anyhow::Result<()> {
        if json { print_json(self) } else { print(&self.text()) }
    }

    fn text(&self) -> String {
        let pages: usize = self.documents.iter().map(|document| document.pages.len()).sum();
        let mut text = format!(
            "Batch “{}” ({}): {} captured, {} in {}, {}.\n",
            self.name,
            self.batch,
            counted(self.captured, "page"),
            counted(pages, "page"),
            counted(self.documents.len(), "document"),
            counted(self.sheets.len(), "sheet"),
        );
        for document in &self.documents {
            for exception in &document.exceptions {
                let names = document.files.join(", ");
                let page = exception.exception.page.map_or(String::new(), |page| format!(", captured page {page}"));
                text += &format!("  exception: {names}{page}: {}\n", exception.explain);
            }
        }
        let earlier = self.documents.iter().filter(|document| document.sealed_earlier == Some(true)).count();
        if earlier > 0 {
            text += &format!("  {} had been sealed before and are as they were.\n", counted(earlier, "document"));
        }
        for refused in &self.refused {
            let page = refused.page.map_or(String::new(), |page| format!(", page {page}"));
            text += &format!("  refused: {}{page}: {}\n", refused.file, refused.reason);
        }
        match self.searchable {
            Some(true) => text += "  Everything is searchable.\n",
            Some(false) => text += "  Not everything is searchable yet; the time to wait is over.\n",
            None => {}
        }
        text
    }
}

fn document(state: &State, planned: &Planned) -> DocumentReport {
    let fields = &planned.hand_over.fields;
    let explain =
        |exception: &Exception| ExceptionReport { exception: exception.clone(), explain: exception.code.explain() };
    let pages = planned.hand_over.pages.iter().map(|page| PageReport {
        number: page.number,
        media_type: page.image.media_type.clone(),
        digest: page.image.digest,
        width: page.width,
        height: page.height,
        dpi: page.dpi,
        from_page: page.from.as_ref().map(|from| from.number),
        how: page.from.as_ref().map(|from| from.how),
    });
    DocumentReport {
        document: planned.document,
        pages: pages.collect(),
        files: fields.file_names.clone(),
        mrn: fields.mrn.as_ref().map(|mrn| mrn.reveal().to_owned()),
        encounter: fields.encounter.as_ref().map(|encounter| encounter.reveal().to_owned()),
        document_type: fields.document_type.as_ref().map(|kind| kind.reveal().to_owned()),
        department: fields.department.as_ref().map(|department| department.reveal().to_owned()),
        date: fields.date,
        exceptions: fields.exceptions.iter().map(explain).collect(),
        sealed_earlier: state.receipted.get(&planned.document).copied(),
    }
}

fn sheet(state: &State, captured: u32) -> Option<SheetReport> {
    let placed = state.pages.get(captured as usize - 1)?;
    let file = placed.file.and_then(|file| state.files().get(file as usize)).map(|file| file.name.clone());
    let page = placed.page.from.as_ref().map_or(1, |from| from.number);
    Some(SheetReport { captured, file, page })
}

pub fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

pub fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}

pub fn counted(n: usize, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        _ if what.ends_with("ch") => format!("{n} {what}es"),
        _ => format!("{n} {what}s"),
    }
}

/// An error's text as a sentence: library errors read on from "failed to".
pub fn sentence(text: &str) -> String {
    let text = text.strip_prefix("failed to ").unwrap_or(text).trim_end_matches('.');
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
