//! The viewer: a document, open at the page that was found.

use actix_web::{HttpResponse, web};
use catalog::{Document, Page, PageState};
use record::event::ViewForm;
use record::{DocumentId, IndexFields, canonical};
use serde::Deserialize;

use super::reply::html;
use super::search::{href, patient_name, pieces, source_label};
use super::view::document::{AlarmLink, BatchLink, DocumentPage, Facts, HitLink, Hits, PageLink, Reading};
use super::view::search::Form;
use super::view::sheet::Sheet;
use super::view::{Section, clock, sentence};
use crate::identity::Caller;
use crate::policy::Action;
use crate::problem::{Problem, Reply};
use crate::routes::named;
use crate::state::App;
use crate::{find, reach, strips, views};

/// Sides of the box, in pixels, that thumbnails and whole pages are fitted into.
pub const THUMB: u32 = 200;
pub const WHOLE: u32 = 1600;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Ask {
    q: String,
    /// 1-based; without it, the first page with a hit.
    page: Option<u32>,
}

pub async fn show(
    app: web::Data<App>,
    caller: Caller,
    document: web::Path<String>,
    ask: web::Query<Ask>,
) -> Reply<HttpResponse> {
    let document = reach::document(&app, &caller, named(&document)?).await?;
    views::log(&app, &caller, document.document, None, ViewForm::Screen).await?;
    let Ask { q, page } = ask.into_inner();
    let pages = app.catalog.pages_of(document.document).await?;
    let (hits, found) = hits_in(&app, document.document, &q).await?;
    let asked = page.or(found.first().map(|hit| hit.number));
    let shown = pages.iter().find(|page| Some(page.number) == asked).or(pages.first()).ok_or_else(Problem::absent)?;
    reach::wait_for(&app, shown).await;
    let flat = sheet(shown, &found, WHOLE);
    let links = pages.iter().map(|page| page_link(page, &found)).collect();
    let facts = facts(&app, &caller, &document, shown).await?;
    let form = Form { q: q.clone(), ..Form::default() };
    let back = (!q.trim().is_empty()).then(|| form.href());
    let frame = super::frame(&caller, &facts.heading(), Some(Section::Search));
    let alarms = app.catalog.wrong_patients_in(document.document).await?;
    let link = |alarm: catalog::WrongPatient| AlarmLink {
        href: href(document.document, alarm.number, &q),
        page: alarm.page.to_string(),
        number: alarm.number,
    };
    let alarms = alarms.into_iter().map(link).collect();
    let may_resolve = caller.may(Action::Resolve);
    let may_cut = may_resolve && document.reel.is_some() && is_of_strip(&app, &document).await?;
    let number = shown.number;
    html(&DocumentPage { frame, facts, alarms, may_resolve, may_cut, number, pages: links, q, back, hits, flat })
}

/// Frames that came as files of their own have no strip to be cut from.
async fn is_of_strip(app: &App, document: &Document) -> Reply<bool> {
    let manifest = app.archive.manifest(&document.manifest).await?;
    Ok(manifest.pages.iter().any(|page| strips::lying(page).is_ok()))
}

/// The hit list alone, for the box in the viewer.
pub async fn hits(
    app: web::Data<App>,
    caller: Caller,
    document: web::Path<String>,
    ask: web::Query<Ask>,
) -> Reply<HttpResponse> {
    let document = reach::document(&app, &caller, named(&document)?).await?;
    views::log(&app, &caller, document.document, None, ViewForm::Screen).await?;
    html(&hits_in(&app, document.document, &ask.q).await?.0)
}

/// A query that cannot be understood is told in the list; the document opens all the same.
async fn hits_in(app: &App, document: DocumentId, q: &str) -> Reply<(Hits, Vec<indexer::PageHit>)> {
    let mut hits = Hits { q: q.trim().to_owned(), list: Vec::new(), wrong: None };
    if hits.q.is_empty() {
        return Ok((hits, Vec::new()));
    }
    let found = match find::in_document(app, document, hits.q.clone()).await {
        Ok(found) => found,
        Err(problem) if problem.status == 422 => {
            hits.wrong = Some(sentence(&problem.detail));
            Vec::new()
        }
        Err(problem) => return Err(problem),
    };
    let link = |hit: &indexer::PageHit| HitLink {
        href: href(document, hit.number, q),
        number: hit.number,
        snippet: pieces(hit.snippet.clone()),
    };
    hits.list = found.iter().map(link).collect();
    Ok((hits, found))
}

/// A page with the words of the hits lit.
fn sheet(page: &Page, found: &[indexer::PageHit], side: u32) -> Sheet {
    let hit = found.iter().find(|hit| hit.page == page.page);
    let lit = hit.map(|hit| hit.boxes.iter().map(|lit| lit.place).collect()).unwrap_or_default();
    Sheet::whole(page.page, (page.width, page.height), lit, side, format!("Page {}", page.number))
}

/// A page without anything lit.
pub fn plain_sheet(page: &Page, side: u32) -> Sheet {
    sheet(page, &[], side)
}

fn page_link(page: &Page, found: &[indexer::PageHit]) -> PageLink {
    let reading = match (page.state, page.reason) {
        (PageState::Sealed, _) => Reading::Waiting,
        (PageState::Read, _) => Reading::Read(page.confidence.unwrap_or(0), page.attention),
        (PageState::Unreadable, reason) => Reading::Failed(reason.unwrap_or(record::event::UnreadableReason::Failed)),
    };
    let thumb = sheet(page, found, THUMB);
    PageLink {
        page: page.page.to_string(),
        number: page.number,
        frame: page.frame,
        reading,
        hits: thumb.lit.len(),
        thumb,
    }
}

async fn facts(app: &App, caller: &Caller, document: &Document, shown: &Page) -> Reply<Facts> {
    let manifest = app.archive.manifest(&document.manifest).await?;
    let fields: IndexFields = canonical::from_bytes(&app.archive.read(&manifest.index.digest).await?)?;
    let source = source_label(document.source_kind.as_str());
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    Ok(Facts {
        document: document.document.to_string(),
        document_type: text(fields.document_type.as_ref().map(|kind| kind.reveal())),
        patient: patient_name(app, fields.mrn.as_ref()).await?,
        mrn: text(fields.mrn.as_ref().map(|mrn| mrn.reveal())),
        department: text(fields.department.as_ref().map(|department| department.reveal())),
        encounter: text(fields.encounter.as_ref().map(|encounter| encounter.reveal())),
        date: fields.date.map(|date| date.to_string()).unwrap_or_default(),
        source: format!("{source}, station {}{}", document.station, on_film(document, shown)),
        captured: clock(&document.created),
        batch: batch_link(app, caller, document).await?,
        version: document.version,
        filed: document.filed,
        file_names: fields.file_names,
        reel: document.reel.clone(),
    })
}

/// The address of the page on film, as a film reader shows it.
fn on_film(document: &Document, shown: &Page) -> String {
    let address = super::search::on_film(document.reel.as_deref(), shown.frame);
    address.map_or_else(String::new, |address| format!(", {address}"))
}

/// A batch's name may name a patient of another document: only for those who oversee batches.
async fn batch_link(app: &App, caller: &Caller, document: &Document) -> Reply<Option<BatchLink>> {
    if !caller.may(Action::Oversee) {
        return Ok(None);
    }
    let record = app.catalog.batch_record(document.batch).await?;
    Ok(record.map(|record| BatchLink { href: format!("/batches/{}", document.batch), name: record.name }))
}
