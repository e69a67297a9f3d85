//! A document's proof page: everything an auditor needs to check it without this server.

use actix_web::{HttpResponse, web};
use catalog::{Document, Page, Version};
use record::event::ViewForm;
use record::{Manifest, Receipt, merkle, note};

use super::names::Names;
use super::reply::html;
use super::view::clock;
use super::view::ledger::EventRow;
use super::view::proof::{Change, ObjectRow, ProofPage, VersionRow};
use super::{ledger, revisions, search};
use crate::identity::Caller;
use crate::policy::Action;
use crate::problem::{Problem, Reply};
use crate::reach;
use crate::routes::named;
use crate::state::App;
use crate::views;

pub async fn show(app: web::Data<App>, caller: Caller, document: web::Path<String>) -> Reply<HttpResponse> {
    let document = reach::provable(&app, &caller, named(&document)?).await?;
    let names = Names::load(&app).await?;
    let readable = caller.may(Action::Read) && caller.scope().admits(document.filed);
    let versions = app.catalog.versions(document.document).await?;
    if readable && versions.len() > 1 {
        views::log(&app, &caller, document.document, None, ViewForm::Screen).await?;
    }
    let bytes = app.archive.manifest_bytes(&document.manifest).await?;
    let manifest = app.archive.manifest(&document.manifest).await?;
    let receipt = app.archive.proof(document.sealed_index).await?;
    let key = app.archive.key();
    let head = note::open(&receipt.checkpoint, &key).map_err(|error| Problem::unavailable("archive", &error))?;
    let pages = app.catalog.pages_of(document.document).await?;
    let leaf = leaf(&receipt)?;
    html(&ProofPage {
        frame: super::frame(&caller, "Proof", None),
        document: document.document.to_string(),
        readable,
        source: source(&document),
        batch: document.batch.to_string(),
        pages: manifest.pages.len(),
        operator: versions.first().map_or(String::new(), |first| names.of(&first.actor)),
        signature: revisions::signature(&app, &manifest).await?,
        versions: version_rows(&app, &versions, &names, readable).await?,
        objects: objects(&manifest, &pages),
        index: receipt.index,
        leaf_hash: merkle::leaf_hash(&leaf).to_string(),
        leaf: String::from_utf8_lossy(&leaf).into_owned(),
        path: receipt.proof.iter().map(ToString::to_string).collect(),
        size: head.size,
        root: head.root.to_string(),
        holds: receipt.verify_sealed(&key, &bytes).is_ok(),
        checkpoint: receipt.checkpoint,
        key: key.to_string(),
        timeline: timeline(&app, &caller, &document, &names).await?,
        printed: clock(&app.now()),
    })
}

fn leaf(receipt: &Receipt) -> Reply<Vec<u8>> {
    receipt.leaf_bytes().map_err(|error| Problem::unavailable("archive", &error))
}

fn source(document: &Document) -> String {
    format!("{}, station {}", search::source_label(document.source_kind.as_str()), document.station)
}

/// Newest first. Where values of fields are shown, the document has been viewed.
async fn version_rows(app: &App, versions: &[Version], names: &Names, values: bool) -> Reply<Vec<VersionRow>> {
    let (mut rows, mut before) = (Vec::new(), None);
    for version in versions {
        let manifest = app.archive.manifest(&version.manifest).await?;
        let fields = revisions::fields(app, &manifest).await?;
        let changes = before.as_ref().map_or(Vec::new(), |before| revisions::changes(before, &fields, values));
        rows.insert(0, version_row(version, names, changes));
        before = Some(fields);
    }
    Ok(rows)
}

fn version_row(version: &Version, names: &Names, changes: Vec<Change>) -> VersionRow {
    VersionRow {
        version: version.version,
        sealed: clock(&version.at),
        actor: names.of(&version.actor),
        manifest: version.manifest.to_string(),
        index: version.sealed_index,
        changes,
    }
}

/// Page images, originals and index fields as the manifest names them, and the texts that
/// were read since.
fn objects(manifest: &Manifest, pages: &[Page]) -> Vec<ObjectRow> {
    let row = |what: String, sealed: &record::Descriptor| ObjectRow {
        what,
        media_type: sealed.media_type.clone(),
        size: Some(sealed.size),
        digest: sealed.digest.to_string(),
    };
    let images = manifest.pages.iter().map(|page| row(format!("Page {}", page.number), &page.image));
    let brought = manifest.pages.iter().filter_map(|page| Some((page.number, page.brought.as_ref()?)));
    let brought = brought.map(|(number, words)| row(format!("Words that page {number} brought along"), words));
    let originals = (1..).zip(&manifest.originals).map(|(number, one)| row(format!("Original file {number}"), one));
    let fields = std::iter::once(row("Index fields (salted)".to_owned(), &manifest.index));
    let texts = pages.iter().filter_map(|page| {
        let digest = page.text?.to_string();
        let what = format!("Text of page {}", page.number);
        Some(ObjectRow { what, media_type: formats::alto::MEDIA_TYPE.to_owned(), size: None, digest })
    });
    images.chain(brought).chain(originals).chain(fields).chain(texts).collect()
}

/// What happened to the document, newest first: who viewed it is only for those who audit.
async fn timeline(app: &App, caller: &Caller, document: &Document, names: &Names) -> Reply<Option<Vec<EventRow>>> {
    if !caller.may(Action::Audit) {
        return Ok(None);
    }
    let entries = app.catalog.timeline(document.document).await?;
    let row = |entry: catalog::TimelineEntry| {
        let event = record::Event { at: entry.at, actor: entry.actor, event: entry.event };
        EventRow { document: None, ..ledger::row(entry.event_index, &event, names) }
    };
    Ok(Some(entries.into_iter().rev().map(row).collect()))
}
