//! What can happen to a batch at the station, and the state that follows from it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use record::film::Reel;
use record::manifest::{OriginalPage, Refused, Source, SourceKind};
use record::wire::{CapturedFields, HandOver};
use record::{BatchId, Descriptor, Digest, DocumentId};
use serde::{Deserialize, Serialize};

use crate::arrange::{self, Cut, Edit};
use crate::codes::Code;
use crate::fault::Mishap;
use crate::quality::Quality;
use crate::stage::Stage;
use crate::unpack::strip::StripFacts;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event {
    BatchOpened(Box<Opened>),
    /// The pages of one whole file, or one scanned page, are on disk.
    Captured(Captured),
    /// The scanner stopped; the pages before are safe.
    Faulted(Mishap),
    /// What was found on a page, by its number in capture order.
    Analysed {
        page: u32,
        codes: Vec<Code>,
        quality: Option<Quality>,
    },
    /// Nothing more will be captured for this batch.
    CaptureComplete,
    /// So many sheets were laid in the feeder, the operator says.
    Expected {
        sheets: u32,
    },
    /// Why it is in order that another number came out.
    Explained {
        reason: String,
    },
    /// Somebody did something to the pages.
    Edited {
        edit: Edit,
    },
    /// The last operation that still stood was taken back.
    Undone,
    /// Somebody, or the end of the capture, moved the batch on.
    Moved {
        stage: Stage,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The batch was cut into documents. This decision stands, whatever the agent is later.
    SplitDecided {
        documents: Vec<Planned>,
        /// Pages that are sheets, by place in the capture order.
        sheets: Vec<u32>,
    },
    /// The archive's receipt for one document was verified.
    DocumentReceipted {
        document: DocumentId,
        manifest: Digest,
        index: u64,
        /// It had been sealed before, in this or another batch.
        earlier: bool,
    },
    BatchClosed {
        index: u64,
    },
    /// The spooled pages were removed; the archive has them.
    Forgotten,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    pub batch: BatchId,
    pub name: String,
    pub source: Source,
    /// What the operator said of every document of the batch; sheets say it better.
    pub defaults: CapturedFields,
    /// What is to be captured, in order; empty for a scan.
    pub files: Vec<SourceFile>,
    /// What was given but could not even be opened.
    pub refused: Vec<Refused>,
    /// The rule file that says what codes do, as it was then; absent: the built-in rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// Both sides of each sheet are captured.
    #[serde(default)]
    pub two_sided: bool,
    /// People look at it before it is handed over, whatever ends the program when all is captured.
    #[serde(default)]
    pub held: bool,
    /// Who captured it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// The reel of film that the batch is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reel: Option<Reel>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    pub path: PathBuf,
    /// As people call it: relative to the folder that was given.
    pub name: String,
    pub digest: Digest,
    pub size: u64,
    /// What an index file beside it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
}

/// What a scanner's index file says of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// It goes on with the document of the file before it; else a document begins.
    pub goes_on: bool,
    pub fields: CapturedFields,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Captured {
    /// Which of [`Opened::files`]; absent for a scanned page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<u32>,
    /// The file itself, where the pages are not simply it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<Descriptor>,
    pub pages: Vec<CapturedPage>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
    /// What was found on the file as a strip of film, besides its frames.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strip: Option<StripFacts>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapturedPage {
    pub image: Descriptor,
    pub width: u32,
    pub height: u32,
    pub dpi: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<OriginalPage>,
    /// The words that came with it in its file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brought: Option<Descriptor>,
    /// Absent where nobody has looked yet: a scanner is not kept waiting for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codes: Option<Vec<Code>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
    /// Where it was cut out of a strip of film, and how surely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<film::Frame>,
}

/// A document as it will be handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    pub document: DocumentId,
    pub hand_over: HandOver,
}

/// One page in the batch's capture order, with the file it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedPage {
    pub file: Option<u32>,
    pub page: CapturedPage,
}

/// Where a batch stands: a fold over its journal, and nothing else.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub opened: Option<Opened>,
    pub pages: Vec<PlacedPage>,
    pub originals: BTreeMap<u32, Descriptor>,
    /// By the file that is the strip.
    pub strips: BTreeMap<u32, StripFacts>,
    pub files_done: BTreeSet<u32>,
    pub refused: Vec<Refused>,
    pub capture_complete: bool,
    pub faults: Vec<Mishap>,
    pub edits: Vec<Edit>,
    pub expected: Option<u32>,
    pub explained: Option<String>,
    pub stage: Stage,
    pub documents: Option<Vec<Planned>>,
    pub sheets: Vec<u32>,
    pub receipted: BTreeMap<DocumentId, bool>,
    pub closed: bool,
    pub forgotten: bool,
}

impl State {
    pub fn of(events: impl IntoIterator<Item = Event>) -> Self {
        events.into_iter().fold(Self::default(), |mut state, event| {
            state.apply(event);
            state
        })
    }

    pub fn apply(&mut self, event: Event) {
        match event {
            Event::BatchOpened(opened) => {
                self.refused.clone_from(&opened.refused);
                self.opened = Some(*opened);
            }
            Event::Captured(captured) => self.take(captured),
            Event::Faulted(mishap) => self.faults.push(mishap),
            Event::Analysed { page, codes, quality } => self.look(page, codes, quality),
            Event::CaptureComplete => self.capture_complete = true,
            Event::Expected { sheets } => self.expected = Some(sheets),
            Event::Explained { reason } => self.explained = Some(reason),
            Event::Edited { edit } => self.edit(edit),
            Event::Undone => self.undo(),
            Event::Moved { stage, .. } => self.stage = stage,
            Event::SplitDecided { documents, sheets } => {
                self.documents = Some(documents);
                self.sheets = sheets;
            }
            Event::DocumentReceipted { document, earlier, .. } => {
                self.receipted.insert(document, earlier);
            }
            Event::BatchClosed { .. } => self.closed = true,
            Event::Forgotten => self.forgotten = true,
        }
    }

    fn take(&mut self, captured: Captured) {
        // A file is in once: a second line for it, however it came about, changes nothing.
        if captured.file.is_some_and(|file| !self.files_done.insert(file)) {
            return;
        }
        if let (Some(file), Some(original)) = (captured.file, captured.original) {
            self.originals.insert(file, original);
        }
        self.strips.extend(captured.file.zip(captured.strip));
        self.pages.extend(captured.pages.into_iter().map(|page| PlacedPage { file: captured.file, page }));
        self.refused.extend(captured.refused);
    }

    /// A frame that somebody adds is a page like those that were captured, until that is taken back.
    fn edit(&mut self, edit: Edit) {
        let added = edit.added();
        self.pages.extend(added.iter().map(|added| PlacedPage { file: Some(added.file), page: added.cut.clone() }));
        self.edits.push(edit);
    }

    fn undo(&mut self) {
        let added = self.edits.pop().map_or(0, |edit| edit.added().len());
        self.pages.truncate(self.pages.len().saturating_sub(added));
    }

    fn look(&mut self, page: u32, codes: Vec<Code>, quality: Option<Quality>) {
        let at = (page as usize).checked_sub(1);
        if let Some(placed) = at.and_then(|at| self.pages.get_mut(at)) {
            (placed.page.codes, placed.page.quality) = (Some(codes), quality);
        }
    }

    /// The pages at their places, as they were left.
    pub fn arranged(&self) -> Vec<arrange::Placed> {
        let mut placed = arrange::arrange(self.pages.len() as u32, &self.edits);
        placed.iter_mut().for_each(|placed| self.heed_index(placed));
        if self.reel().is_some() {
            placed.iter_mut().for_each(|placed| self.heed_blip(placed));
        }
        placed
    }

    /// What an index file says holds from the first page of its file, where people say nothing else.
    fn heed_index(&self, placed: &mut arrange::Placed) {
        let at = placed.page as usize - 1;
        let file = self.pages[at].file;
        let said = file.and_then(|file| self.files().get(file as usize)?.said.as_ref());
        let begins = || self.pages[..at].iter().all(|before| before.file != file);
        if let Some(said) = said.filter(|_| begins()) {
            placed.cut = placed.cut.or(Some(if said.goes_on { Cut::Never } else { Cut::Here }));
            if placed.entries.is_empty() && said.fields != CapturedFields::default() {
                placed.entries.push(arrange::Entry { by: None, fields: said.fields.clone() });
            }
        }
    }

    /// On film a document begins at a mark of a file or a batch; where a tile of the strip ends means nothing.
    fn heed_blip(&self, placed: &mut arrange::Placed) {
        let frame = self.pages[placed.page as usize - 1].page.frame.as_ref();
        let begins = frame.and_then(|frame| frame.blip).is_some_and(|level| level > 0);
        placed.cut = placed.cut.or(Some(if begins { Cut::Here } else { Cut::Never }));
    }

    /// A page as it is to be looked at: cut anew and turned, where somebody did.
    pub fn page<'a>(&'a self, placed: &'a arrange::Placed) -> &'a CapturedPage {
        let anew = placed.turned.as_deref().or(placed.recut.as_deref());
        anew.unwrap_or(&self.pages[placed.page as usize - 1].page)
    }

    /// The strip that a page is cut out of, by its file's number.
    pub fn strip_of(&self, page: u32) -> Option<u32> {
        let placed = self.pages.get((page as usize).checked_sub(1)?)?;
        placed.file.filter(|file| self.strips.contains_key(file))
    }

    pub fn files(&self) -> &[SourceFile] {
        self.opened.as_ref().map_or(&[], |opened| &opened.files)
    }

    pub fn reel(&self) -> Option<&Reel> {
        self.opened.as_ref()?.reel.as_ref()
    }

    pub fn is_scan(&self) -> bool {
        self.opened.as_ref().is_some_and(|opened| opened.source.kind == SourceKind::Scan)
    }

    pub fn name(&self) -> &str {
        self.opened.as_ref().map_or("", |opened| &opened.name)
    }

    pub fn planned(&self) -> &[Planned] {
        self.documents.as_deref().unwrap_or_default()
    }

    /// Documents that no receipt has been seen for.
    pub fn waiting(&self) -> impl Iterator<Item = &Planned> {
        self.planned().iter().filter(|planned| !self.receipted.contains_key(&planned.document))
    }
}
