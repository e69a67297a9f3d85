//! `GET /api/v1/search`: the one page in a million, and where on it.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use indexer::{DocumentHit, Facets, Filters, LitBox, PageHit, Sort, Suggestion};
use record::manifest::SourceKind;
use record::{BatchId, Date, Department, DocumentId, DocumentType, Encounter, Mrn, PageId, limits};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::csv;
use crate::find::{self, Wanted};
use crate::identity::Caller;
use crate::problem::{Problem, Reply};
use crate::state::App;

/// What to look for. Every filter that is given must hold.
#[derive(Deserialize, IntoParams)]
pub struct Ask {
    /// Words, "phrases", "near these"~5, -not, or, (groups), beginnings*, wild?cards, similar~, fields such as
    /// `type:letter` or `date:1974..1976`; blank finds all that the filters let through.
    #[serde(default)]
    q: String,
    /// Patient number.
    patient: Option<String>,
    encounter: Option<String>,
    /// Document type.
    #[serde(rename = "type")]
    document_type: Option<String>,
    /// Where in the hospital it comes from.
    department: Option<String>,
    /// First day of service, `YYYY-MM-DD`.
    from: Option<String>,
    /// Last day of service, `YYYY-MM-DD`.
    to: Option<String>,
    /// `scan`, `import` or `film`.
    source: Option<String>,
    batch: Option<String>,
    /// 0 to 100: least mean confidence of a page.
    confidence: Option<u8>,
    /// `relevance` where nothing is said, `service` or `scanned`: newest first.
    #[param(value_type = Option<String>)]
    sort: Option<Sort>,
    /// What `as_of` said on the first page of results, so that the further ones are of the same moment.
    as_of: Option<u64>,
    /// What has become findable since this event of the ledger: what a saved search said as `seen`.
    since: Option<u64>,
    /// 1-based page of results.
    page: Option<u32>,
    /// Documents on one page of results, 10 where nothing is said.
    per_page: Option<usize>,
}

impl Ask {
    fn wanted(self) -> Reply<Wanted> {
        Ok(Wanted {
            filters: Filters {
                mrn: field(self.patient.map(|number| number.to_uppercase()).as_deref(), "patient")?,
                encounter: field(self.encounter.as_deref(), "encounter")?,
                document_type: field(self.document_type.as_deref(), "type")?,
                department: field(self.department.as_deref(), "department")?,
                from: field(self.from.as_deref(), "from")?,
                to: field(self.to.as_deref(), "to")?,
                source: self.source.as_deref().filter(|text| !text.is_empty()).map(source).transpose()?,
                batch: field(self.batch.as_deref(), "batch")?,
                confidence_min: self.confidence,
                arrived_from: self.since,
            },
            query: self.q,
            sort: self.sort.unwrap_or_default(),
            as_of: self.as_of,
            page: self.page.unwrap_or(1),
            per_page: self.per_page.unwrap_or(10).clamp(1, limits::SEARCH_HITS_PER_PAGE_MAX),
            as_list: false,
        })
    }
}

/// What the parameters of an address ask for.
pub fn wanted(query: &str) -> Reply<Wanted> {
    let ask = web::Query::<Ask>::from_query(query);
    ask.map_err(|_| Problem::refused("query", "a search is written as in the address of the search screen"))?
        .into_inner()
        .wanted()
}

/// A filter's value; the error names the filter, never the value.
fn field<T: std::str::FromStr>(text: Option<&str>, name: &str) -> Reply<Option<T>> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    let malformed = || Problem::refused("filter", format!("the filter `{name}` cannot hold this value"));
    text.map(|text| text.parse().map_err(|_| malformed())).transpose()
}

fn source(text: &str) -> Reply<SourceKind> {
    let kinds = [SourceKind::Scan, SourceKind::Import, SourceKind::Film];
    let found = kinds.into_iter().find(|kind| kind.as_str() == text);
    found.ok_or_else(|| Problem::refused("filter", "the filter `source` is scan, import or film"))
}

/// Pages that match, those of the best document first.
#[derive(Serialize, ToSchema)]
pub struct Found {
    /// Pages that match, in all.
    pub total: u64,
    /// Documents with at least one such page.
    pub documents: u64,
    pub hits: Vec<Hit>,
    #[schema(value_type = Object)]
    pub facets: Facets,
    /// The search took too long or was too open: there may be more and better hits. Narrow it down.
    pub partial: bool,
    /// No page has the words; the hits have words that look like them.
    pub widened: bool,
    /// No page has all of the words; the hits have most of them, and say which are `missing`.
    pub incomplete: bool,
    /// A query that finds something, where this one finds nothing.
    pub suggestion: Option<String>,
    /// Give it back with the further pages of results.
    pub as_of: u64,
}

/// One page with the words that matched.
#[derive(Serialize, ToSchema)]
pub struct Hit {
    #[schema(value_type = String)]
    pub document: DocumentId,
    #[schema(value_type = String)]
    pub page: PageId,
    /// 1-based place in the document.
    pub number: u32,
    /// On microfilm: the reel, and which frame of it.
    pub reel: Option<String>,
    pub frame: Option<u32>,
    /// Comparable within one answer only.
    pub score: f32,
    pub snippet: String,
    /// `{x, y, w, h, word, kin}` in pixels of the master image; `kin` is `typed`, `misread`, `synonym` or `similar`.
    #[schema(value_type = Vec<Object>)]
    pub boxes: Vec<LitBox>,
    /// Words that were asked for and are not on the page.
    pub missing: Vec<String>,
    /// Pixels of the master image.
    pub width: u32,
    pub height: u32,
    /// Pages of the document that match; the best three of them are hits.
    pub pages_matched: u32,
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
    #[schema(value_type = String)]
    pub batch: BatchId,
}

/// Searches pages by their words, within what the caller may see.
#[utoipa::path(get, path = "/api/v1/search", tag = "retrieval", params(Ask),
    responses((status = 200, body = Found), (status = 422, description = "the query or a filter cannot be understood")))]
pub async fn search(app: web::Data<App>, caller: Caller, ask: web::Query<Ask>) -> Reply<web::Json<Found>> {
    let found = find::search(&app, &caller, ask.into_inner().wanted()?).await?;
    Ok(web::Json(Found {
        total: found.pages,
        documents: found.documents,
        hits: found.hits.into_iter().flat_map(hits).collect(),
        facets: found.facets,
        partial: found.partial,
        widened: found.widened,
        incomplete: found.incomplete,
        suggestion: found.suggestion,
        as_of: found.as_of,
    }))
}

/// The same as a table (RFC 4180), one line for each document, with the best page of each.
#[utoipa::path(get, path = "/api/v1/search.csv", tag = "retrieval", params(Ask),
    responses((status = 200, content_type = "text/csv"), (status = 422, description = "the query or a filter cannot be understood")))]
pub async fn export(app: web::Data<App>, caller: Caller, ask: web::Query<Ask>) -> Reply<HttpResponse> {
    let asked = ask.into_inner().wanted()?;
    let first = Wanted { page: 1, per_page: limits::SEARCH_HITS_PER_PAGE_MAX, as_list: true, ..asked };
    let mut table = csv::header();
    let (mut wanted, mut lines) = (first, 0);
    while lines < limits::SEARCH_EXPORT_DOCUMENTS_MAX {
        let found = find::search(&app, &caller, wanted.clone()).await?;
        if found.partial {
            // A list that lacks lines without saying so would be taken for the whole.
            return Err(Problem::refused("too-broad", "this takes too long to list in full: narrow the search down"));
        }
        found.hits.iter().for_each(|hit| table.push_str(&csv::line(hit)));
        lines += found.hits.len();
        if found.hits.is_empty() || lines as u64 >= found.documents {
            break;
        }
        wanted = Wanted { page: wanted.page + 1, as_of: Some(found.as_of), ..wanted };
    }
    let disposition = (header::CONTENT_DISPOSITION, "attachment; filename=\"hits.csv\"");
    Ok(HttpResponse::Ok()
        .insert_header(disposition)
        .content_type("text/csv; charset=utf-8; header=present")
        .body(table))
}

#[derive(Deserialize, IntoParams)]
pub struct Beginning {
    /// What is typed so far; its last word is gone on with.
    #[serde(default)]
    q: String,
}

/// A word to go on with, and on how many pages it is.
#[derive(Serialize, ToSchema)]
pub struct Word {
    pub word: String,
    pub pages: u64,
}

/// Words that begin as the last one typed, of pages that the caller may see.
#[utoipa::path(get, path = "/api/v1/search/words", tag = "retrieval", params(Beginning),
    responses((status = 200, body = Vec<Word>)))]
pub async fn words(app: web::Data<App>, caller: Caller, ask: web::Query<Beginning>) -> Reply<web::Json<Vec<Word>>> {
    let found = find::suggest(&app, &caller, ask.into_inner().q).await?;
    Ok(web::Json(found.into_iter().map(|Suggestion { word, pages }| Word { word, pages }).collect()))
}

fn hits(document: DocumentHit) -> Vec<Hit> {
    let DocumentHit { fields, pages_matched, pages, .. } = document;
    let hit = |page: PageHit| Hit {
        document: fields.document,
        page: page.page,
        number: page.number,
        reel: fields.reel.clone(),
        frame: page.frame,
        score: page.score,
        snippet: page.snippet.into_iter().map(|fragment| fragment.text).collect(),
        boxes: page.boxes,
        missing: page.missing,
        width: page.width,
        height: page.height,
        pages_matched,
        filed: fields.filed,
        mrn: fields.mrn.clone(),
        encounter: fields.encounter.clone(),
        document_type: fields.document_type.clone(),
        department: fields.department.clone(),
        date: fields.date,
        batch: fields.batch,
    };
    pages.into_iter().map(hit).collect()
}
