//! From a request to an answer: parse, plan, collect, then fetch and light what is shown.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;
use std::sync::RwLockReadGuard;

use record::{Date, DocumentId, PageId, limits};
use tantivy::collector::DocSetCollector;
use tantivy::query::TermQuery;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, Searcher, TantivyDocument, Term};

use crate::PATIENTS_SHOWN;
use crate::error::{Error, Result};
use crate::expand::Expander;
use crate::group::{Group, GroupPages, Groups, KeyHasher};
use crate::hits::{DocumentFields, DocumentHit, FacetCount, Facets, LitBox, PageHit, SearchRequest, SearchResult};
use crate::light::Light;
use crate::nearness;
use crate::plan::{Plan, plan};
use crate::query::{self, Expr};
use crate::schema::Fields;
use crate::stop::Stop;
use crate::stored::{StoredPage, source_of};
use crate::vocabulary::Vocabulary;

/// One consistent view of the index.
pub struct View<'a> {
    pub searcher: Searcher,
    pub fields: &'a Fields,
    pub vocabulary: RwLockReadGuard<'a, Vocabulary>,
    /// The ledger position of the view.
    pub as_of: u64,
}

impl View<'_> {
    pub fn search(&self, request: &SearchRequest) -> Result<SearchResult> {
        let mut expr = self.expander(&request.stop).resolve(query::parse(&request.query)?)?;
        let mut groups = self.collect(&expr, request)?;
        let widened = groups.pages == 0 && !groups.cut && expr.has_words() && {
            // Words that look alike are right in two of three cases only: they never stand beside better hits unasked.
            expr = self.expander(&request.stop).widen(expr)?;
            groups = self.collect(&expr, request)?;
            groups.pages > 0
        };
        let take = request.per_page.min(limits::SEARCH_HITS_PER_PAGE_MAX);
        let skip = (request.page.max(1) as usize - 1).saturating_mul(take);
        let mut hits = Vec::with_capacity(take);
        for group in groups.ranked(request.sort, skip, take) {
            hits.extend(self.document_hit(group, &expr)?);
        }
        let suggestion = if groups.pages == 0 && !groups.cut { self.did_you_mean(request)? } else { None };
        let mut patients = expr.patients();
        patients.extend(request.filters.mrn.as_ref().map(|mrn| mrn.reveal().to_owned()));
        Ok(SearchResult {
            pages: groups.pages,
            documents: groups.documents.len() as u64,
            hits,
            facets: self.facets(&groups)?,
            partial: groups.cut,
            widened,
            suggestion,
            as_of: self.as_of,
            patients,
        })
    }

    fn understand(&self, query: &str) -> Result<Expr> {
        self.expander(&Stop::default()).resolve(query::parse(query)?)
    }

    fn expander<'a>(&'a self, stop: &'a Stop) -> Expander<'a> {
        Expander { searcher: &self.searcher, fields: self.fields, vocabulary: &self.vocabulary, stop }
    }

    fn collect(&self, expr: &Expr, request: &SearchRequest) -> Result<Groups> {
        let Plan { query, cut } = plan(self.fields, expr, request);
        let mut groups = self.searcher.search(&query, &GroupPages { stop: request.stop.clone() })?;
        groups.cut |= cut.is_stopped() || request.stop.is_stopped();
        nearness::raise(&mut groups, expr, &self.searcher, self.fields)?;
        Ok(groups)
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
        let expr = self.understand(query)?;
        let mut boxes = Vec::new();
        for address in self.addresses(self.fields.page_term(page))? {
            let page = self.stored(address)?;
            boxes = Light::on(&page, &expr).boxes();
            if boxes.is_empty() {
                boxes = Light::on(&page, &self.expander(&Stop::default()).widen(expr.clone())?).boxes();
            }
        }
        Ok(boxes)
    }

    /// Words that look alike are lit where no page of the document has the words themselves.
    pub fn hits_in_document(&self, document: &DocumentId, query: &str) -> Result<Vec<PageHit>> {
        let expr = self.understand(query)?;
        let pages = self.pages_of(document)?;
        let hits = hits_on(&pages, &expr);
        Ok(if hits.is_empty() { hits_on(&pages, &self.expander(&Stop::default()).widen(expr)?) } else { hits })
    }

    /// A document's pages by number.
    pub fn pages_of(&self, document: &DocumentId) -> Result<Vec<StoredPage>> {
        let addresses = self.addresses(self.fields.document_term(document))?;
        let mut pages: Vec<StoredPage> =
            addresses.into_iter().map(|address| self.stored(address)).collect::<Result<_>>()?;
        pages.sort_by_key(|page| page.number);
        Ok(pages)
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
        self.decoded(address, StoredPage::decode)
    }

    fn fields_of(&self, address: DocAddress) -> Result<DocumentFields> {
        self.decoded(address, StoredPage::decode_fields)
    }

    fn decoded<T>(&self, address: DocAddress, decode: fn(&[u8]) -> Option<T>) -> Result<T> {
        let document: TantivyDocument = self.searcher.doc(address)?;
        let found = self.fields.stored(&document).and_then(decode);
        found.ok_or_else(|| Error::Damaged("a page's record makes no sense".to_owned()))
    }

    fn facets(&self, groups: &Groups) -> Result<Facets> {
        let mut patient = Vec::new();
        for (address, documents) in frequent_patients(groups) {
            let mrn = self.fields_of(address)?.mrn;
            patient.extend(mrn.map(|mrn| FacetCount { value: mrn.reveal().to_owned(), documents }));
        }
        Ok(Facets { patient, ..facets(groups) })
    }
}

fn hits_on(pages: &[StoredPage], expr: &Expr) -> Vec<PageHit> {
    let lit = pages.iter().map(|page| (page, Light::on(page, expr)));
    lit.filter(|(_, light)| !light.is_dark()).map(|(page, light)| page_hit(page, &light, 0.0)).collect()
}

/// A page of each of the patients with most documents, and how many those are.
fn frequent_patients(groups: &Groups) -> Vec<(DocAddress, u64)> {
    let mut patients: HashMap<u64, (u64, &Group), BuildHasherDefault<KeyHasher>> = HashMap::default();
    patients.reserve(groups.documents.len());
    for group in groups.documents.iter().filter(|group| group.patient != 0) {
        patients.entry(group.patient).or_insert((0, group)).0 += 1;
    }
    let mut patients: Vec<(u64, &Group)> = patients.into_values().collect();
    let order = |a: &(u64, &Group), b: &(u64, &Group)| b.0.cmp(&a.0).then_with(|| a.1.patient.cmp(&b.1.patient));
    if patients.len() > PATIENTS_SHOWN {
        patients.select_nth_unstable_by(PATIENTS_SHOWN, order);
        patients.truncate(PATIENTS_SHOWN);
    }
    patients.sort_unstable_by(order);
    patients.into_iter().filter_map(|(documents, group)| Some((group.best.iter().next()?.address, documents))).collect()
}

fn page_hit(page: &StoredPage, light: &Light<'_>, score: f32) -> PageHit {
    PageHit {
        page: page.page,
        number: page.number,
        frame: page.frame,
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
    let (mut days, mut sources): (Counts<i64>, Counts<u64>) = Default::default();
    for group in &groups.documents {
        group.kind.into_iter().for_each(|kind| kinds[kind] += 1);
        *sources.entry(group.source).or_default() += 1;
        group.date.into_iter().for_each(|day| *days.entry(day).or_default() += 1);
    }
    let count = |value: String, documents: u64| FacetCount { value, documents };
    let sources = sources.into_iter().filter_map(|(code, n)| Some(count(source_of(code)?.as_str().to_owned(), n)));
    Facets {
        document_type: frequent_first(
            groups.kinds.iter().cloned().zip(kinds).map(|(kind, n)| count(kind, n)).collect(),
        ),
        year: years(days).into_iter().rev().map(|(year, n)| count(year.to_string(), n)).collect(),
        source: frequent_first(sources.collect()),
        patient: Vec::new(),
    }
}

type Counts<K> = HashMap<K, u64, BuildHasherDefault<KeyHasher>>;

/// Days are fewer than documents, and their years take long to tell.
fn years(days: Counts<i64>) -> BTreeMap<i32, u64> {
    let mut years = BTreeMap::new();
    for (day, documents) in days {
        let year = Date::from_days_since_epoch(day).map(|date| date.year());
        year.into_iter().for_each(|year| *years.entry(year).or_default() += documents);
    }
    years
}

fn frequent_first(mut counts: Vec<FacetCount>) -> Vec<FacetCount> {
    counts.sort_by(|a, b| b.documents.cmp(&a.documents).then_with(|| a.value.cmp(&b.value)));
    counts
}
