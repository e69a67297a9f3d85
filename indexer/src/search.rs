//! From a request to an answer: parse, plan, collect, then fetch and light what is shown.

use std::collections::BTreeMap;

use record::{Date, DocumentId, PageId, limits};
use tantivy::collector::DocSetCollector;
use tantivy::query::TermQuery;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, Searcher, TantivyDocument, Term};

use crate::error::{Error, Result};
use crate::group::{Group, GroupPages, Groups};
use crate::hits::{DocumentHit, FacetCount, Facets, LitBox, PageHit, SearchRequest, SearchResult};
use crate::light::Light;
use crate::plan::plan;
use crate::query::{self, Expr};
use crate::schema::Fields;
use crate::stored::{StoredPage, source_of};

/// One consistent view of the index.
pub struct View<'a> {
    pub searcher: Searcher,
    pub fields: &'a Fields,
}

impl View<'_> {
    pub fn search(&self, request: &SearchRequest) -> Result<SearchResult> {
        let expr = query::parse(&request.query)?;
        let groups = self.searcher.search(&plan(self.fields, &expr, request), &GroupPages)?;
        let take = request.per_page.min(limits::SEARCH_HITS_PER_PAGE_MAX);
        let skip = (request.page.max(1) as usize - 1).saturating_mul(take);
        let mut hits = Vec::with_capacity(take);
        for group in groups.ranked(skip, take) {
            hits.extend(self.document_hit(group, &expr)?);
        }
        Ok(SearchResult {
            pages: groups.pages,
            documents: groups.documents.len() as u64,
            hits,
            facets: facets(&groups),
        })
    }

    fn document_hit(&self, group: &Group, expr: &Expr) -> Result<Option<DocumentHit>> {
        let mut hit: Option<DocumentHit> = None;
        for candidate in group.best.iter() {
            let page = self.stored(candidate.address)?;
            let lit = page_hit(&page, &Light::on(&page, expr), candidate.score);
            match &mut hit {
                // Two documents with one key: show the better one.
                Some(hit) if hit.fields.document != page.fields.document => {}
                Some(hit) => hit.pages.push(lit),
                None => {
                    let (score, pages_matched) = (candidate.score, group.pages);
                    hit = Some(DocumentHit { fields: page.fields, score, pages_matched, pages: vec![lit] });
                }
            }
        }
        Ok(hit)
    }

    pub fn lit(&self, page: &PageId, query: &str) -> Result<Vec<LitBox>> {
        let expr = query::parse(query)?;
        let mut boxes = Vec::new();
        for address in self.addresses(self.fields.page_term(page))? {
            boxes = Light::on(&self.stored(address)?, &expr).boxes();
        }
        Ok(boxes)
    }

    pub fn hits_in_document(&self, document: &DocumentId, query: &str) -> Result<Vec<PageHit>> {
        let expr = query::parse(query)?;
        let mut hits = Vec::new();
        for address in self.addresses(self.fields.document_term(document))? {
            let page = self.stored(address)?;
            let light = Light::on(&page, &expr);
            if !light.is_dark() {
                hits.push(page_hit(&page, &light, 0.0));
            }
        }
        hits.sort_by_key(|hit| hit.number);
        Ok(hits)
    }

    pub fn contains(&self, page: &PageId) -> Result<bool> {
        Ok(self.searcher.doc_freq(&self.fields.page_term(page))? > 0
            && !self.addresses(self.fields.page_term(page))?.is_empty())
    }

    fn addresses(&self, term: Term) -> Result<Vec<DocAddress>> {
        let found = self.searcher.search(&TermQuery::new(term, IndexRecordOption::Basic), &DocSetCollector)?;
        Ok(found.into_iter().collect())
    }

    fn stored(&self, address: DocAddress) -> Result<StoredPage> {
        let document: TantivyDocument = self.searcher.doc(address)?;
        self.fields.stored(&document).ok_or_else(|| Error::Damaged("a page's record makes no sense".to_owned()))
    }
}

fn page_hit(page: &StoredPage, light: &Light<'_>, score: f32) -> PageHit {
    PageHit {
        page: page.page,
        number: page.number,
        score,
        confidence: page.confidence,
        width: page.width,
        height: page.height,
        snippet: light.snippet(),
        boxes: light.boxes(),
    }
}

fn facets(groups: &Groups) -> Facets {
    let mut kinds = vec![0; groups.kinds.len()];
    let (mut years, mut sources) = (BTreeMap::new(), BTreeMap::new());
    for group in &groups.documents {
        group.kind.into_iter().for_each(|kind| kinds[kind] += 1);
        *sources.entry(group.source).or_default() += 1;
        let year = group.date.and_then(Date::from_days_since_epoch).map(|date| date.year());
        year.into_iter().for_each(|year| *years.entry(year).or_default() += 1);
    }
    let count = |value: String, documents: u64| FacetCount { value, documents };
    let sources = sources.into_iter().filter_map(|(code, n)| Some(count(source_of(code)?.as_str().to_owned(), n)));
    Facets {
        document_type: frequent_first(
            groups.kinds.iter().cloned().zip(kinds).map(|(kind, n)| count(kind, n)).collect(),
        ),
        year: years.into_iter().rev().map(|(year, n)| count(year.to_string(), n)).collect(),
        source: frequent_first(sources.collect()),
    }
}

fn frequent_first(mut counts: Vec<FacetCount>) -> Vec<FacetCount> {
    counts.sort_by(|a, b| b.documents.cmp(&a.documents).then_with(|| a.value.cmp(&b.value)));
    counts
}
