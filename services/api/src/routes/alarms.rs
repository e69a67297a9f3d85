//! `/api/v1/alarms`, and what a text proposes: does a page name another patient than its index, and whom does a
//! document's text name?

use actix_web::{HttpRequest, HttpResponse, web};
use catalog::WrongPatient;
use fields::Evidence;
use record::event::ViewForm;
use record::words::Box as Place;
use record::{DocumentId, Mrn, PageId};
use serde::Serialize;
use utoipa::ToSchema;

use super::batches::Part;
use super::documents::if_match;
use super::named;
use crate::identity::Caller;
use crate::policy::Action;
use crate::problem::Reply;
use crate::proposals::{self, Proposed};
use crate::state::App;
use crate::{alarms, reach, views};

/// A page whose text names another patient than its document's index.
#[derive(Serialize, ToSchema)]
pub struct Alarm {
    #[schema(value_type = String)]
    pub document: DocumentId,
    pub version: u32,
    #[schema(value_type = String)]
    pub page: PageId,
    /// 1-based place in the document.
    pub number: u32,
    /// The number that stands on the page; only for those who oversee.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mrn: Option<Mrn>,
    /// 0 to 100.
    pub confidence: u8,
}

impl Alarm {
    /// Whoever reads a chart learns that a page may be a stranger's, and not whose.
    pub fn shown_to(caller: &Caller, found: WrongPatient) -> Self {
        let WrongPatient { document, version, page, number, mrn, confidence } = found;
        let mrn = caller.may(Action::Oversee).then_some(mrn);
        Self { document, version, page, number, mrn, confidence }
    }
}

/// Pages that name another patient than their document's index, oldest documents first.
#[utoipa::path(get, path = "/api/v1/alarms", tag = "oversight", params(Part), responses((status = 200, body = Vec<Alarm>)))]
pub async fn list(app: web::Data<App>, caller: Caller, part: web::Query<Part>) -> Reply<web::Json<Vec<Alarm>>> {
    let found = app.catalog.wrong_patients(part.skip, part.most()).await?;
    Ok(web::Json(found.into_iter().map(|alarm| Alarm::shown_to(&caller, alarm)).collect()))
}

/// Says that a person looked at the page and found the index right.
#[utoipa::path(post, path = "/api/v1/documents/{document}/alarms/{page}/dismissal", tag = "oversight",
    params(("document" = String, Path), ("page" = String, Path),
        ("if-match" = String, Header, description = "the version looked at, as `\"2\"`")),
    responses((status = 204), (status = 404, description = "no such alarm"), (status = 412, description = "it was changed meanwhile")))]
pub async fn dismiss(
    app: web::Data<App>,
    caller: Caller,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Reply<HttpResponse> {
    let (document, page) = path.into_inner();
    alarms::dismiss(&app, &caller, named(&document)?, if_match(&request)?, named(&page)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A value that the text of a document proposes for one of its fields.
#[derive(Serialize, ToSchema)]
pub struct ProposalView {
    /// `patient-number`, `patient-name`, `birth-date`, `document-date`, `document-type` or `code:<system>`.
    pub field: String,
    pub value: String,
    /// 0 to 100.
    pub confidence: u8,
    #[schema(value_type = String)]
    pub page: PageId,
    /// 1-based place in the document.
    pub number: u32,
    /// The surest first.
    pub evidence: Vec<EvidenceView>,
    /// As printed.
    pub words: Vec<String>,
    /// Which rule found it.
    pub rule: String,
    /// What the patient list says to a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listed: Option<&'static str>,
}

/// Where it stands, in pixels of the page's image.
#[derive(Serialize, ToSchema)]
pub struct EvidenceView {
    #[schema(value_type = Option<Object>)]
    pub label: Option<Place>,
    #[schema(value_type = Object)]
    pub value: Place,
}

/// What the document's text proposes for its fields. Nothing is filed by it.
#[utoipa::path(get, path = "/api/v1/documents/{document}/proposals", tag = "oversight", params(("document" = String, Path)),
    responses((status = 200, body = Vec<ProposalView>), (status = 404)))]
pub async fn proposals(
    app: web::Data<App>,
    caller: Caller,
    document: web::Path<String>,
) -> Reply<web::Json<Vec<ProposalView>>> {
    let document = reach::document(&app, &caller, named(&document)?).await?;
    views::log(&app, &caller, document.document, None, ViewForm::Text).await?;
    let found = proposals::of(&app, document.document).await?;
    Ok(web::Json(found.into_iter().map(view).collect()))
}

fn view(proposed: Proposed) -> ProposalView {
    let Proposed { page, proposal, listed, .. } = proposed;
    let evidence = |found: &Evidence| EvidenceView { label: found.label, value: found.value };
    ProposalView {
        field: proposal.field.to_string(),
        value: proposal.value.reveal(),
        confidence: proposal.confidence,
        page: page.page,
        number: page.number,
        evidence: proposal.evidence.iter().map(evidence).collect(),
        words: proposal.words,
        rule: proposal.rule,
        listed: listed.map(proposals::Listed::explain),
    }
}
