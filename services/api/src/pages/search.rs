//! The search screen: from the form to hits grouped by document.

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use indexer::{
    DocumentFields, DocumentHit, FacetCount, Facets, Filters, Kin, LitBox, Overview, PageHit, SearchResult, Sort,
    Suggestion,
};
use record::Mrn;
use record::manifest::SourceKind;
use serde::Deserialize;

use super::reply::{html, wants_part};
use super::view::search::{
    Choice, DocumentHits, Facet, Form, Found, Instead, Note, Outcome, PageHit as HitView, Piece, SearchPage,
    SearchResults, Words,
};
use super::view::sheet::Sheet;
use super::view::{Section, encoded, readable, sentence};
use crate::find::{self, Wanted};
use crate::identity::Caller;
use crate::problem::{Problem, Reply};
use crate::state::App;

/// Documents on one page of the list.
const PER_PAGE: usize = 10;
/// Choices shown of one facet.
const CHOICES_MAX: usize = 8;
/// Words named in a note to a hit.
const NOTED_WORDS_MAX: usize = 4;

/// The address's parameters; a form sends empty ones for fields left empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Ask {
    q: String,
    patient: String,
    #[serde(rename = "type")]
    document_type: String,
    department: String,
    from: String,
    to: String,
    source: String,
    sort: String,
    since: String,
    page: Option<u32>,
    as_of: Option<u64>,
}

/// Which page of the list, and of which moment.
#[derive(Clone, Copy)]
struct Place {
    page: u32,
    as_of: Option<u64>,
}

impl Ask {
    fn form(self) -> (Form, Place) {
        let Self { q, patient, document_type, department, from, to, source, sort, since, page, as_of } = self;
        let place = Place { page: page.unwrap_or(1).max(1), as_of };
        (Form { q, patient, document_type, department, from, to, source, sort, since }, place)
    }
}

pub async fn show(
    app: web::Data<App>,
    caller: Caller,
    request: HttpRequest,
    ask: web::Query<Ask>,
) -> Reply<HttpResponse> {
    let (form, place) = ask.into_inner().form();
    let outcome = outcome(&app, &caller, &form, place).await?;
    if wants_part(&request) {
        let address = form.href();
        let mut part = html(&SearchResults { form, outcome })?;
        // The query is percent-encoded, so this is a header's value; without it only the address bar is behind.
        if let Ok(address) = HeaderValue::from_str(&address) {
            part.headers_mut().insert(HeaderName::from_static("hx-push-url"), address);
        }
        return Ok(part);
    }
    let Overview { types, departments, .. } = find::overview(&app, &caller).await?;
    let frame = super::frame(&caller, "Search", Some(Section::Search));
    html(&SearchPage { frame, form, types, departments, outcome })
}

async fn outcome(app: &App, caller: &Caller, form: &Form, place: Place) -> Reply<Outcome> {
    if form.is_empty() {
        return Ok(Outcome::Blank { pages: find::overview(app, caller).await?.pages });
    }
    let filters = match filters(form) {
        Ok(filters) => filters,
        Err(rule) => return Ok(Outcome::Wrong { text: sentence(&rule), instead: None }),
    };
    let Place { page, as_of } = place;
    let wanted = Wanted {
        query: form.q.clone(),
        filters,
        sort: sort(&form.sort),
        as_of,
        page,
        per_page: PER_PAGE,
        as_list: false,
    };
    match find::search(app, caller, wanted).await {
        Ok(result) => found(app, form, page, result).await.map(Outcome::Found),
        Err(problem) if problem.status == 422 => {
            let instead = indexer::parse(&form.q).err().and_then(|error| error.suggestion(&form.q));
            let instead = instead.map(|q| instead_of(form, q));
            Ok(Outcome::Wrong { text: sentence(&problem.detail), instead })
        }
        Err(problem) => Err(problem),
    }
}

/// The same search with another text.
fn instead_of(form: &Form, q: String) -> Instead {
    Instead { href: Form { q: q.clone(), ..form.clone() }.href(), q }
}

fn sort(text: &str) -> Sort {
    match text {
        "service" => Sort::Service,
        "scanned" => Sort::Scanned,
        _ => Sort::Relevance,
    }
}

/// What the box offers while somebody types: the whole text with its last word gone on with.
pub async fn words(app: web::Data<App>, caller: Caller, ask: web::Query<Ask>) -> Reply<HttpResponse> {
    let q = ask.into_inner().q;
    let before = q.rfind(char::is_whitespace).map_or("", |at| &q[..=at]);
    let found = find::suggest(&app, &caller, q.clone()).await?;
    let whole = |word: Suggestion| format!("{before}{}", word.word);
    html(&Words { words: found.into_iter().map(whole).collect() })
}

/// The form's filters, or the rule that one of them breaks.
fn filters(form: &Form) -> Result<Filters, String> {
    Ok(Filters {
        // People type numbers in small letters too; none are stored so.
        mrn: value(&form.patient.to_uppercase())?,
        document_type: value(&form.document_type)?,
        department: value(&form.department)?,
        from: value(&form.from)?,
        to: value(&form.to)?,
        source: source(&form.source)?,
        arrived_from: form.since.parse().ok(),
        ..Filters::default()
    })
}

fn value<T: std::str::FromStr<Err: ToString>>(text: &str) -> Result<Option<T>, String> {
    let text = text.trim();
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|rule: T::Err| rule.to_string()) }
}

fn source(text: &str) -> Result<Option<SourceKind>, String> {
    match [SourceKind::Scan, SourceKind::Import, SourceKind::Film].into_iter().find(|kind| kind.as_str() == text) {
        None if !text.is_empty() => Err("a source is scan, film or import".to_owned()),
        kind => Ok(kind),
    }
}

async fn found(app: &App, form: &Form, page: u32, result: SearchResult) -> Reply<Found> {
    let alike = result.hits.is_empty().then(|| indexer::with_short_ones_alike(&form.q)).flatten();
    let alike = alike.map(|q| instead_of(form, q));
    let suggestion = result.suggestion.map(|q| instead_of(form, q));
    let mut documents = Vec::with_capacity(result.hits.len());
    for hit in result.hits {
        documents.push(document(app, &form.q, hit).await?);
    }
    Ok(Found {
        pages: result.pages,
        total: result.documents,
        documents,
        facets: facets(form, &result.facets),
        list_page: u64::from(page),
        list_pages: result.documents.div_ceil(PER_PAGE as u64),
        as_of: result.as_of,
        partial: result.partial,
        widened: result.widened,
        incomplete: result.incomplete,
        suggestion,
        alike,
    })
}

async fn document(app: &App, q: &str, hit: DocumentHit) -> Reply<DocumentHits> {
    let DocumentHit { fields, pages_matched, pages, .. } = hit;
    let known = app.catalog.document(fields.document).await?.ok_or_else(Problem::absent)?;
    let text = |value: Option<String>| value.unwrap_or_default();
    let first = pages.first().map_or(1, |page| page.number);
    Ok(DocumentHits {
        href: href(fields.document, first, q),
        document_type: text(fields.document_type.as_ref().map(|kind| kind.reveal().to_owned())),
        department: text(fields.department.as_ref().map(|department| department.reveal().to_owned())),
        patient: patient_name(app, fields.mrn.as_ref()).await?,
        mrn: text(fields.mrn.as_ref().map(|mrn| mrn.reveal().to_owned())),
        encounter: text(fields.encounter.as_ref().map(|encounter| encounter.reveal().to_owned())),
        date: text(fields.date.map(|date| date.to_string())),
        source: fields.source.as_str(),
        filed: fields.filed,
        pages: known.pages,
        matching: pages_matched,
        hits: pages.into_iter().map(|page| page_hit(&fields, q, page)).collect(),
    })
}

/// The name on the patient list, where there is one.
pub async fn patient_name(app: &App, mrn: Option<&Mrn>) -> Reply<Option<String>> {
    let Some(mrn) = mrn else { return Ok(None) };
    Ok(app.catalog.patient(mrn).await?.map(|patient| patient.name))
}

fn page_hit(fields: &DocumentFields, q: &str, hit: PageHit) -> HitView {
    let lit: Vec<_> = hit.boxes.iter().map(|lit| lit.place).collect();
    let notes = notes(&hit.boxes);
    let size = (hit.width, hit.height);
    HitView {
        href: href(fields.document, hit.number, q),
        number: hit.number,
        film: on_film(fields.reel.as_deref(), hit.frame),
        strip: Sheet::strip(hit.page, size, &lit, "The line of the hit".to_owned()),
        thumb: Sheet::whole(hit.page, size, lit, super::document::THUMB, format!("Page {}", hit.number)),
        snippet: pieces(hit.snippet),
        confidence: hit.confidence,
        notes,
        missing: hit.missing,
    }
}

/// The address of a page on film, as a film reader shows it.
pub fn on_film(reel: Option<&str>, frame: Option<u32>) -> Option<String> {
    Some(format!("reel {}, frame {}", reel?, frame?))
}

/// What a person has to know of words that are not the ones that were typed: at most one note for each kind.
fn notes(boxes: &[LitBox]) -> Vec<Note> {
    let of = |kin: Kin, what: &'static str| {
        let mut words: Vec<&str> = boxes.iter().filter(|lit| lit.kin == kin).map(|lit| lit.word.as_str()).collect();
        words.dedup();
        let words = words.into_iter().take(NOTED_WORDS_MAX).collect::<Vec<_>>().join(" ");
        (!words.is_empty()).then_some(Note { what, words })
    };
    [(Kin::Misread, "read as"), (Kin::Synonym, "means the same:"), (Kin::Similar, "looks alike:")]
        .into_iter()
        .filter_map(|(kin, what)| of(kin, what))
        .collect()
}

pub fn pieces(snippet: Vec<indexer::Fragment>) -> Vec<Piece> {
    snippet.into_iter().map(|fragment| Piece { text: fragment.text, lit: fragment.hit }).collect()
}

/// The viewer, open at a page, with the words lit.
pub fn href(document: record::DocumentId, number: u32, q: &str) -> String {
    let q = if q.trim().is_empty() { String::new() } else { format!("&q={}", encoded(q)) };
    format!("/documents/{document}?page={number}{q}")
}

fn facets(form: &Form, facets: &Facets) -> Vec<Facet> {
    let by = |title, counts: &[FacetCount], choose: &dyn Fn(&FacetCount) -> Choice| Facet {
        title,
        choices: counts.iter().take(CHOICES_MAX).map(choose).collect(),
    };
    let kind = |count: &FacetCount| choice(form, "type", &form.document_type, readable(&count.value), count);
    let department = |count: &FacetCount| choice(form, "department", &form.department, readable(&count.value), count);
    let source = |count: &FacetCount| choice(form, "source", &form.source, source_label(&count.value), count);
    let patient =
        |count: &FacetCount| choice(form, "patient", &form.patient.to_uppercase(), count.value.clone(), count);
    let year = |count: &FacetCount| {
        let narrowed = form.in_year(&count.value);
        let chosen = form.from == narrowed.from && form.to == narrowed.to;
        let target = if chosen { form.in_year("") } else { narrowed };
        Choice { label: count.value.clone(), href: target.href(), count: count.documents, chosen }
    };
    let all = [
        by("Type", &facets.document_type, &kind),
        by("Department", &facets.department, &department),
        by("Source", &facets.source, &source),
        by("Year of service", &facets.year, &year),
        by("Patient", &facets.patient, &patient),
    ];
    all.into_iter().filter(|facet| !facet.choices.is_empty()).collect()
}

/// A link that narrows to one value, or lets go of it where it is chosen already.
fn choice(form: &Form, name: &str, now: &str, label: String, count: &FacetCount) -> Choice {
    let chosen = now == count.value;
    let href = form.href_with(name, if chosen { "" } else { &count.value });
    Choice { label, href, count: count.documents, chosen }
}

pub fn source_label(kind: &str) -> String {
    match kind {
        "scan" => "Scanned paper".to_owned(),
        "film" => "Microfilm".to_owned(),
        "import" => "Imported files".to_owned(),
        other => readable(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_forgive_small_letters_and_name_the_rule() {
        let form = Form { patient: " mrn-104233 ".into(), from: "1974-03-09".into(), ..Form::default() };
        let filters = filters(&form).expect("fine");
        assert_eq!(filters.mrn.expect("set").reveal(), "MRN-104233");
        let wrong = super::filters(&Form { from: "9.3.1974".into(), ..Form::default() }).expect_err("no date");
        assert!(wrong.contains("YYYY-MM-DD"), "{wrong}");
        assert!(super::filters(&Form { source: "fax".into(), ..Form::default() }).is_err());
    }

    #[test]
    fn a_chosen_facet_lets_go() {
        let form = Form { q: "rash".into(), source: "film".into(), ..Form::default() };
        let count = |value: &str| vec![FacetCount { value: value.into(), documents: 2 }];
        let shown = facets(&form, &Facets { source: count("film"), year: count("1974"), ..Facets::default() });
        assert!(shown[0].choices[0].chosen);
        assert_eq!(shown[0].choices[0].href, "/search?q=rash");
        assert_eq!(shown[1].choices[0].href, "/search?q=rash&from=1974-01-01&to=1974-12-31&source=film");
    }
}
