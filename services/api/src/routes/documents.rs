//! `/api/v1/documents/{document}`: what it is, the PDF, the proof, and the answer to its open
//! questions.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use catalog::{Document, Page, PageState, Version};
use record::event::ViewForm;
use record::film::{FrameAddress, Reel};
use record::manifest::{Exception, IndexFields, Manifest, Source};
use record::words::AttentionReason;
use record::{BatchId, Date, Department, Digest, DocumentId, DocumentType, Encounter, Mrn, PageId, Receipt, canonical};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::alarms::Alarm;
use super::named;
use crate::bundle::Bundle;
use crate::identity::Caller;
use crate::policy::Action;
use crate::problem::{Problem, Reply};
use crate::seal::{self, NewFields};
use crate::state::App;
use crate::{export, reach, views};

#[derive(Deserialize, IntoParams)]
pub struct Which {
    /// A version's number; the newest where none is given.
    version: Option<u32>,
}

/// One version of a document.
#[derive(Serialize, ToSchema)]
pub struct DocumentView {
    #[schema(value_type = String)]
    pub document: DocumentId,
    pub version: u32,
    /// The newest version there is.
    pub newest: u32,
    #[schema(value_type = String)]
    pub batch: BatchId,
    /// RFC 3339.
    pub created: String,
    #[schema(value_type = Object)]
    pub source: Source,
    /// Whether searchers see the document.
    pub filed: bool,
    #[schema(value_type = Option<String>)]
    pub mrn: Option<Mrn>,
    #[schema(value_type = Option<String>)]
    pub encounter: Option<Encounter>,
    #[schema(value_type = Option<String>)]
    pub document_type: Option<DocumentType>,
    #[schema(value_type = Option<String>)]
    pub department: Option<Department>,
    #[schema(value_type = Option<String>)]
    pub date: Option<Date>,
    /// The reel of film that it is on.
    #[schema(value_type = Option<Object>)]
    pub reel: Option<Reel>,
    pub file_names: Vec<String>,
    #[schema(value_type = Vec<Object>)]
    pub exceptions: Vec<Exception>,
    /// Pages whose text names another patient than the newest version's index.
    pub alarms: Vec<Alarm>,
    pub pages: Vec<PageView>,
    #[schema(value_type = String)]
    pub manifest: Digest,
}

#[derive(Serialize, ToSchema)]
pub struct PageView {
    #[schema(value_type = String)]
    pub page: PageId,
    pub number: u32,
    pub width: u32,
    pub height: u32,
    pub dpi: u32,
    pub media_type: String,
    #[schema(value_type = String)]
    pub image: Digest,
    /// `sealed`, `read` or `unreadable`.
    #[schema(value_type = String)]
    pub state: PageState,
    pub words: Option<u32>,
    /// 0 to 100.
    pub confidence: Option<u8>,
    /// Why a person should look at it though it was read.
    #[schema(value_type = Option<String>)]
    pub attention: Option<AttentionReason>,
    /// A person went through its text.
    pub corrected: bool,
    /// Which frame of the reel it is, and where on the strip it was cut out.
    #[schema(value_type = Option<Object>)]
    pub frame: Option<FrameAddress>,
}

/// A document with its pages and index fields.
#[utoipa::path(get, path = "/api/v1/documents/{document}", tag = "retrieval", params(("document" = String, Path), Which),
    responses((status = 200, body = DocumentView), (status = 404)))]
pub async fn show(
    app: web::Data<App>,
    caller: Caller,
    document: web::Path<String>,
    which: web::Query<Which>,
) -> Reply<HttpResponse> {
    let document = reach::document(&app, &caller, named(&document)?).await?;
    let version = reach::version(&app, &document, which.version).await?;
    views::log(&app, &caller, document.document, None, ViewForm::Screen).await?;
    let manifest = app.archive.manifest(&version.manifest).await?;
    let fields: IndexFields = canonical::from_bytes(&app.archive.read(&manifest.index.digest).await?)?;
    let pages = app.catalog.pages_of(document.document).await?;
    let alarms = app.catalog.wrong_patients_in(document.document).await?;
    let alarms = alarms.into_iter().map(|alarm| Alarm::shown_to(&caller, alarm)).collect();
    let fields = IndexFields { reel: fields.reel.map(|reel| shown_to(&caller, reel)), ..fields };
    let answer = view(&document, &version, manifest, fields, &pages, alarms);
    Ok(HttpResponse::Ok().insert_header((header::ETAG, format!("\"{}\"", document.version))).json(answer))
}

/// Whoever reads a chart need not know whose charts lie beside it.
fn shown_to(caller: &Caller, reel: Reel) -> Reel {
    if caller.may(Action::Oversee) { reel } else { reel.without_charts() }
}

fn view(
    document: &Document,
    version: &Version,
    manifest: Manifest,
    fields: IndexFields,
    known: &[Page],
    alarms: Vec<Alarm>,
) -> DocumentView {
    DocumentView {
        document: document.document,
        version: version.version,
        newest: document.version,
        batch: manifest.batch,
        created: manifest.created.to_string(),
        source: manifest.source,
        filed: document.filed,
        mrn: fields.mrn,
        encounter: fields.encounter,
        document_type: fields.document_type,
        department: fields.department,
        date: fields.date,
        reel: fields.reel,
        file_names: fields.file_names,
        exceptions: fields.exceptions,
        alarms,
        pages: manifest.pages.into_iter().map(|page| page_view(page, known)).collect(),
        manifest: version.manifest,
    }
}

fn page_view(page: record::PageEntry, known: &[Page]) -> PageView {
    let known = known.iter().find(|known| known.page == page.page);
    PageView {
        page: page.page,
        number: page.number,
        width: page.width,
        height: page.height,
        dpi: page.dpi,
        media_type: page.image.media_type,
        image: page.image.digest,
        state: known.map_or(PageState::Sealed, |known| known.state),
        words: known.and_then(|known| known.words),
        confidence: known.and_then(|known| known.confidence),
        attention: known.and_then(|known| known.attention),
        corrected: known.is_some_and(|known| known.corrected),
        frame: page.frame,
    }
}

/// The document as a searchable PDF: the images as captured, the words invisible over them.
#[utoipa::path(get, path = "/api/v1/documents/{document}/pdf", tag = "retrieval", params(("document" = String, Path)),
    responses((status = 200, content_type = "application/pdf"), (status = 404)))]
pub async fn pdf(app: web::Data<App>, caller: Caller, document: web::Path<String>) -> Reply<HttpResponse> {
    let document = reach::document(&app, &caller, named(&document)?).await?;
    views::log(&app, &caller, document.document, None, ViewForm::Pdf).await?;
    let pages = app.catalog.pages_of(document.document).await?;
    let stream = export::pdf(app.archive.clone(), pages);
    Ok(super::pages::attached("application/pdf", "document.pdf").streaming(stream))
}

/// The pages of a version with all that proves them, as a tar file: `README.txt` in it says how to check it.
#[utoipa::path(get, path = "/api/v1/documents/{document}/bundle", tag = "ledger", params(("document" = String, Path), Which),
    responses((status = 200, content_type = "application/x-tar"), (status = 404)))]
pub async fn bundle(
    app: web::Data<App>,
    caller: Caller,
    document: web::Path<String>,
    which: web::Query<Which>,
) -> Reply<HttpResponse> {
    let document = reach::document(&app, &caller, named(&document)?).await?;
    let version = reach::version(&app, &document, which.version).await?;
    views::log(&app, &caller, document.document, None, ViewForm::Bundle).await?;
    let bundle = Bundle::of(&app.archive, &app.catalog, &version).await?;
    let stream = export::bundle(app.archive.clone(), bundle);
    Ok(super::pages::attached("application/x-tar", "document.tar").streaming(stream))
}

/// All that is needed to check, without this server, that a document was sealed as it is.
#[derive(Serialize, ToSchema)]
pub struct Proof {
    #[schema(value_type = String)]
    pub document: DocumentId,
    pub version: u32,
    #[schema(value_type = Object)]
    pub receipt: Receipt,
    /// The manifest as sealed, canonical JSON; its SHA-256 stands in the receipt's leaf.
    pub manifest: String,
    /// The log's public key. Get it from somebody you trust, not from here.
    pub log_key: String,
    pub how_to_check: [&'static str; 4],
}

const HOW_TO_CHECK: [&str; 4] = [
    "open the checkpoint with the log's public key: a C2SP signed note with an Ed25519 signature",
    "hash the leaf (SHA-256 of a zero byte and its bytes, RFC 6962) and follow the proof up to the checkpoint's root",
    "hash the manifest with SHA-256: the leaf must name this digest",
    "hash each image: the manifest must name its digest; or check the whole store with chartroom-verify",
];

/// The receipt of a version, its manifest, and how to check both. No patient data.
#[utoipa::path(get, path = "/api/v1/documents/{document}/proof", tag = "ledger", params(("document" = String, Path), Which),
    responses((status = 200, body = Proof), (status = 404)))]
pub async fn proof(
    app: web::Data<App>,
    caller: Caller,
    document: web::Path<String>,
    which: web::Query<Which>,
) -> Reply<web::Json<Proof>> {
    let document = reach::provable(&app, &caller, named(&document)?).await?;
    let version = reach::version(&app, &document, which.version).await?;
    prove(&app, &version).await.map(web::Json)
}

/// The proof of one version; the pages show it too. [`reach::provable`] comes first.
pub async fn prove(app: &App, version: &Version) -> Reply<Proof> {
    Ok(Proof {
        document: version.document,
        version: version.version,
        receipt: app.archive.proof(version.sealed_index).await?,
        manifest: seal::text(&app.archive.manifest(&version.manifest).await?)?,
        log_key: app.archive.key().to_string(),
        how_to_check: HOW_TO_CHECK,
    })
}

/// What a technician enters.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    #[schema(value_type = String)]
    mrn: Mrn,
    #[schema(value_type = Option<String>)]
    encounter: Option<Encounter>,
    #[schema(value_type = Option<String>)]
    document_type: Option<DocumentType>,
    #[schema(value_type = Option<String>)]
    department: Option<Department>,
    #[schema(value_type = Option<String>)]
    date: Option<Date>,
}

#[derive(Serialize, ToSchema)]
pub struct NewVersion {
    pub version: u32,
}

/// Files a document anew: the next version with these fields and no open questions.
#[utoipa::path(post, path = "/api/v1/documents/{document}/fields", tag = "oversight",
    params(("document" = String, Path), ("if-match" = String, Header, description = "the version looked at, as `\"2\"`")),
    request_body = Entered,
    responses((status = 200, body = NewVersion), (status = 404), (status = 412, description = "it was changed meanwhile"),
        (status = 422, description = "a patient list exists and lacks this number")))]
pub async fn enter_fields(
    app: web::Data<App>,
    caller: Caller,
    document: web::Path<String>,
    request: HttpRequest,
    body: web::Json<Entered>,
) -> Reply<web::Json<NewVersion>> {
    let current = if_match(&request)?;
    let Entered { mrn, encounter, document_type, department, date } = body.into_inner();
    let fields = NewFields { mrn, encounter, document_type, department, date };
    let version = seal::enter_fields(&app, &caller, named(&document)?, current, fields).await?;
    Ok(web::Json(NewVersion { version }))
}

pub(super) fn if_match(request: &HttpRequest) -> Reply<u32> {
    let value = request.headers().get(header::IF_MATCH).and_then(|value| value.to_str().ok());
    let version = value.and_then(|text| text.trim().trim_matches('"').parse().ok());
    version.ok_or_else(|| Problem::malformed("the header If-Match must name the version you looked at, as \"2\""))
}
