//! Documents that wait for a person: the list, and the form that files one of them.

use std::str::FromStr;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use catalog::{Document, WrongPatient};
use indexer::Overview;
use record::event::ViewForm;
use record::manifest::Exception;
use record::{Date, Department, DocumentType, Encounter, Mrn};
use serde::Deserialize;

use super::document::{THUMB, WHOLE, plain_sheet};
use super::reply::{html, html_with, see};
use super::view::batches::{AlarmRow, ExceptionRow, ExceptionsPage, Field, FilingPage, Offer, Question};
use super::view::sheet::Sheet;
use super::view::{Section, clock, sentence};
use crate::find;
use crate::identity::Caller;
use crate::problem::{Problem, Reply};
use crate::proposals::{self, Proposed};
use crate::routes::named;
use crate::seal::{self, NewFields};
use crate::state::App;
use crate::{alarms, reach, views};

/// Documents on the list, oldest first.
const LISTED: u32 = 50;
/// Page images beside the form; longer documents are read in the viewer.
const SHEETS: usize = 4;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Ask {
    /// A document has just been filed.
    filed: bool,
    /// An alarm has just been dismissed.
    dismissed: bool,
}

pub async fn list(app: web::Data<App>, caller: Caller, ask: web::Query<Ask>) -> Reply<HttpResponse> {
    let mut rows = Vec::new();
    for open in app.catalog.exceptions(0, LISTED).await? {
        let batch = app.catalog.batch_record(open.document.batch).await?;
        let name = batch.map(|batch| batch.name).unwrap_or_default();
        rows.push(row(&app, &open.document, &open.exceptions, name).await?);
    }
    let mut frame = super::frame(&caller, "Exceptions", Some(Section::Exceptions));
    if ask.filed {
        frame = frame.with_notice("ok", "Filed and sealed as a new version.");
    }
    if ask.dismissed {
        frame = frame.with_notice("ok", "Noted: the page belongs to this patient.");
    }
    let mut alarms = Vec::new();
    for alarm in app.catalog.wrong_patients(0, LISTED).await? {
        alarms.extend(alarm_row(&app, alarm).await?);
    }
    let alarms_total = app.catalog.wrong_patient_count().await?;
    html(&ExceptionsPage { frame, alarms, alarms_total, total: app.catalog.counts().await?.unfiled, rows })
}

async fn alarm_row(app: &App, alarm: WrongPatient) -> Reply<Option<AlarmRow>> {
    let found = app.catalog.page(alarm.page).await?;
    Ok(found.map(|(document, page)| AlarmRow {
        document: document.document.to_string(),
        version: alarm.version,
        page: page.page.to_string(),
        number: page.number,
        thumb: plain_sheet(&page, THUMB),
        document_type: document.document_type.map(|kind| kind.reveal().to_owned()).unwrap_or_default(),
        filed: document.mrn.map(|mrn| mrn.reveal().to_owned()).unwrap_or_default(),
        said: alarm.mrn.reveal().to_owned(),
        confidence: alarm.confidence,
    }))
}

/// One document of a list of open ones.
pub async fn row(app: &App, document: &Document, open: &[Exception], batch: String) -> Reply<ExceptionRow> {
    let pages = app.catalog.pages_of(document.document).await?;
    let first = pages.first().ok_or_else(|| Problem::unavailable("catalog", &"a document without pages"))?;
    Ok(ExceptionRow {
        href: format!("/exceptions/{}", document.document),
        thumb: plain_sheet(first, THUMB),
        batch,
        document_type: document.document_type.as_ref().map(|kind| kind.reveal().to_owned()).unwrap_or_default(),
        pages: document.pages,
        sealed: clock(&document.created),
        questions: questions(open),
    })
}

fn questions(open: &[Exception]) -> Vec<Question> {
    open.iter().map(|open| Question { text: open.code.explain(), page: open.page }).collect()
}

pub async fn show(app: web::Data<App>, caller: Caller, document: web::Path<String>) -> Reply<HttpResponse> {
    let document = reach::document(&app, &caller, named(&document)?).await?;
    let text = |value: Option<&str>| Field::of(value.unwrap_or_default(), None);
    let fields = Fields {
        mrn: text(document.mrn.as_ref().map(|mrn| mrn.reveal())),
        encounter: text(document.encounter.as_ref().map(|encounter| encounter.reveal())),
        document_type: text(document.document_type.as_ref().map(|kind| kind.reveal())),
        department: text(document.department.as_ref().map(|department| department.reveal())),
        date: text(document.date.map(|date| date.to_string()).as_deref()),
    };
    html(&filing_page(&app, &caller, &document, document.version, fields, true).await?)
}

/// The form as sent.
#[derive(Deserialize)]
pub struct Entered {
    version: u32,
    mrn: String,
    encounter: String,
    document_type: String,
    #[serde(default)]
    department: String,
    date: String,
}

pub async fn file(
    app: web::Data<App>,
    caller: Caller,
    document: web::Path<String>,
    form: web::Form<Entered>,
) -> Reply<HttpResponse> {
    let document = reach::document(&app, &caller, named(&document)?).await?;
    let Entered { version, mrn, encounter, document_type, department, date } = form.into_inner();
    let capitals = |text: String| text.trim().to_uppercase();
    let (mrn, mrn_field) = required::<Mrn>(capitals(mrn));
    let (encounter, encounter_field) = optional::<Encounter>(capitals(encounter));
    let (document_type, type_field) = optional::<DocumentType>(capitals(document_type).replace(' ', "-"));
    let (department, department_field) = optional::<Department>(capitals(department).replace(' ', "-"));
    let (date, date_field) = optional::<Date>(date.trim().to_owned());
    let mut fields = Fields {
        mrn: mrn_field,
        encounter: encounter_field,
        document_type: type_field,
        department: department_field,
        date: date_field,
    };
    let Some(mrn) = mrn.filter(|_| !fields.are_wrong()) else {
        return refused(&app, &caller, &document, version, fields).await;
    };
    let entered = NewFields { mrn, encounter, document_type, department, date };
    match seal::enter_fields(&app, &caller, document.document, version, entered).await {
        Ok(_) => Ok(see("/exceptions?filed=true")),
        Err(problem) if problem.status == StatusCode::UNPROCESSABLE_ENTITY => {
            fields.mrn.wrong = Some(sentence(&problem.detail));
            refused(&app, &caller, &document, version, fields).await
        }
        Err(problem) => Err(problem),
    }
}

/// The form again, with what was typed and what is wrong with it.
async fn refused(app: &App, caller: &Caller, document: &Document, version: u32, fields: Fields) -> Reply<HttpResponse> {
    html_with(StatusCode::UNPROCESSABLE_ENTITY, &filing_page(app, caller, document, version, fields, false).await?)
}

struct Fields {
    mrn: Field,
    encounter: Field,
    document_type: Field,
    department: Field,
    date: Field,
}

impl Fields {
    fn are_wrong(&self) -> bool {
        let all = [&self.mrn, &self.encounter, &self.document_type, &self.department, &self.date];
        all.iter().any(|field| field.wrong.is_some())
    }
}

fn optional<T: FromStr<Err: ToString>>(text: String) -> (Option<T>, Field) {
    if text.is_empty() { (None, Field::default()) } else { required(text) }
}

fn required<T: FromStr<Err: ToString>>(value: String) -> (Option<T>, Field) {
    match value.parse() {
        Ok(parsed) => (Some(parsed), Field::of(value, None)),
        Err(rule) => (None, Field::of(value, Some(sentence(&rule.to_string())))),
    }
}

async fn filing_page(
    app: &App,
    caller: &Caller,
    document: &Document,
    version: u32,
    fields: Fields,
    fill_in: bool,
) -> Reply<FilingPage> {
    views::log(app, caller, document.document, None, ViewForm::Screen).await?;
    let proposed = proposals::of(app, document.document).await?;
    let pages = app.catalog.pages_of(document.document).await?;
    let sheets: Vec<Sheet> = pages.iter().take(SHEETS).map(|page| plain_sheet(page, WHOLE)).collect();
    let rules = app.follower.rules();
    let offered = |field, to| offered(field, to, &proposed, fill_in.then_some(rules.propose_from.0));
    let Fields { mrn, encounter, document_type, department, date } = fields;
    let Overview { types, departments, .. } = find::overview(app, caller).await?;
    Ok(FilingPage {
        frame: super::frame(caller, "File a document", Some(Section::Exceptions)),
        document: document.document.to_string(),
        version,
        questions: questions(&app.catalog.exceptions_of(document.document).await?),
        sheets,
        pages: document.pages,
        types,
        departments,
        mrn: offered(mrn, fields::Field::PatientNumber),
        encounter,
        document_type: offered(document_type, fields::Field::DocumentType),
        department,
        date: offered(date, fields::Field::DocumentDate),
        besides: besides(&proposed),
    })
}

/// A field with what is proposed for it. An empty one is filled in where the proposal has the confidence `from`; what
/// stands in a field stays.
fn offered(mut field: Field, to: fields::Field, proposed: &[Proposed], from: Option<u8>) -> Field {
    let Some(found) = proposed.iter().find(|found| found.proposal.field == to) else { return field };
    let mut offer = offer(found);
    offer.is_filled_in = field.value.is_empty() && from.is_some_and(|from| offer.confidence >= from);
    if offer.is_filled_in {
        field.value.clone_from(&offer.value);
    }
    Field { offer: Some(offer), ..field }
}

fn offer(found: &Proposed) -> Offer {
    let Proposed { page, rotation, proposal, listed } = found;
    let first = proposal.evidence.first();
    let boxes: Vec<_> = first.into_iter().flat_map(|found| found.label.into_iter().chain([found.value])).collect();
    let alt = format!("Page {}, where it stands", page.number);
    Offer {
        what: named_field(&proposal.field),
        value: proposal.value.reveal(),
        confidence: proposal.confidence,
        rule: proposal.rule.clone(),
        page: page.number,
        listed: listed.map(proposals::Listed::explain),
        evidence: Sheet::cutting(page.page, (page.width, page.height), &boxes, *rotation, alt),
        is_filled_in: false,
    }
}

fn named_field(field: &fields::Field) -> String {
    match field {
        fields::Field::PatientNumber => "Patient number".to_owned(),
        fields::Field::PatientName => "Name".to_owned(),
        fields::Field::BirthDate => "Birth date".to_owned(),
        fields::Field::DocumentDate => "Date of service".to_owned(),
        fields::Field::DocumentType => "Type".to_owned(),
        fields::Field::Code(system) => format!("Code ({})", system.to_uppercase()),
    }
}

/// What a person compares with the patient list: name, birth date, codes.
fn besides(proposed: &[Proposed]) -> Vec<Offer> {
    use fields::Field::{BirthDate, Code, PatientName};
    let more = proposed.iter().filter(|found| matches!(found.proposal.field, PatientName | BirthDate | Code(_)));
    more.map(offer).collect()
}

/// A person has looked at a page that names another patient: the index is right.
pub async fn dismiss(
    app: web::Data<App>,
    caller: Caller,
    path: web::Path<(String, String)>,
    form: web::Form<Looked>,
) -> Reply<HttpResponse> {
    let (document, page) = path.into_inner();
    alarms::dismiss(&app, &caller, named(&document)?, form.version, named(&page)?).await?;
    Ok(see("/exceptions?dismissed=true"))
}

/// The version that was looked at.
#[derive(Deserialize)]
pub struct Looked {
    version: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_field_keeps_what_was_typed_and_names_the_rule() {
        let (mrn, field) = required::<Mrn>("104 233".to_owned());
        assert!(mrn.is_none());
        assert_eq!(field.value, "104 233");
        assert!(field.wrong.is_some_and(|rule| rule.starts_with("A patient number")));
        let (date, field) = optional::<Date>(String::new());
        assert!(date.is_none() && field.wrong.is_none());
        assert!(required::<Mrn>(String::new()).1.wrong.is_some(), "a document needs a patient");
    }
}
