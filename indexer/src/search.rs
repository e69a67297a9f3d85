//! From a request to an answer: parse, plan, collect, then fetch and light what is shown.

use std::sync::Arc;

use record::{DocumentId, PageId, limits};
use tantivy::collector::DocSetCollector;
use tantivy::query::TermQuery;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, Searcher, Term};

use crate::analysis::Tokens;
use crate::cores::Cores;
use crate::error::Result;
use crate::expand::Expander;
use crate::facets::{Frequent, Tally};
use crate::group::{Best, Group, fill, sort_again};
use crate::hits::{DocumentFields, DocumentHit, FacetCount, Facets, LitBox, PageHit, SearchRequest, SearchResult};
use crate::light::{Light, missing};
use crate::matches::{Matches, collect};
use crate::nearness;
use crate::pairs::Common;
use crate::plan::plan;
use crate::query::{self, Expr};
use crate::register::Moment;
use crate::schema::Fields;
use crate::stop::Stop;
use crate::stored::StoredPage;
use crate::vocabulary::Vocabulary;

/// What a request was taken to ask for, and the pages with it.
struct Answer<'a> {
    expr: Expr,
    matches: Matches<'a>,
    widened: bool,
    incomplete: bool,
}

/// Pages with most of the words, before pages with fewer of them are asked for.
const ENOUGH_PAGES: u64 = 10;

/// One consistent view of the index.
pub struct View<'a> {
    pub moment: Moment,
    pub fields: &'a Fields,
    pub vocabulary: Arc<Vocabulary>,
    /// The common words that the index was made with.
    pub common: &'a Common,
}

impl View<'_> {
    pub fn search(&self, request: &SearchRequest) -> Result<SearchResult> {
        let Answer { expr, matches, widened, incomplete } = self.answer(request)?;
        let cores = Cores::of(self.searcher());
        let (tally, ranked) = cores.both(|| Tally::of(&matches), || self.ranked(&matches, &expr, request));
        let (mut hits, mut room) = (Vec::new(), Tokens::default());
        for mut group in ranked? {
            group.best.truncate(request.pages_per_document.max(1));
            hits.extend(match request.pages_per_document {
                0 => self.bare_hit(&group)?,
                _ => self.document_hit(&group, &expr, incomplete, &mut room)?,
            });
        }
        let lacking = matches.pages == 0 || incomplete;
        let suggestion = if lacking && !matches.cut { self.did_you_mean(request)? } else { None };
        let mut patients = expr.patients();
        patients.extend(request.filters.mrn.as_ref().map(|mrn| mrn.reveal().to_owned()));
        Ok(SearchResult {
            pages: matches.pages,
            documents: tally.documents,
            hits,
            facets: self.facets(&tally)?,
            partial: matches.cut,
            widened,
            incomplete,
            suggestion,
            as_of: self.moment.as_of,
            patients,
        })
    }

    /// Further from what was typed only where nothing nearer is found.
    fn answer(&self, request: &SearchRequest) -> Result<Answer<'_>> {
        self.moment.go_through_terms(self.fields.body);
        let typed = self.expander(&request.stop).resolve(query::parse(&request.query)?)?;
        let matches = self.matches(&typed, request)?;
        let none = |matches: &Matches<'_>| matches.pages == 0 && !matches.cut;
        if !none(&matches) || !typed.has_words() {
            return Ok(Answer { expr: typed, matches, widened: false, incomplete: false });
        }
        // Words that look alike are right in two of three cases only: they never stand beside better hits unasked.
        let wide = self.expander(&request.stop).widen(typed)?;
        let matches = self.matches(&wide, request)?;
        let most = if none(&matches) { query::with_most(&request.query, &wide) } else { Vec::new() };
        let widened = matches.pages > 0;
        let mut answer = Answer { expr: wide, matches, widened, incomplete: false };
        for expr in most {
            let matches = self.matches(&expr, request)?;
            let enough = matches.pages >= ENOUGH_PAGES || matches.cut;
            answer = Answer { incomplete: matches.pages > 0, expr, matches, widened: false };
            if enough {
                break;
            }
        }
        Ok(answer)
    }

    pub fn searcher(&self) -> &Searcher {
        &self.moment.searcher
    }

    fn understand(&self, query: &str) -> Result<Expr> {
        self.expander(&Stop::default()).resolve(query::parse(query)?)
    }

    fn expander<'a>(&'a self, stop: &'a Stop) -> Expander<'a> {
        Expander { moment: &self.moment, fields: self.fields, vocabulary: &self.vocabulary, stop }
    }

    fn matches(&self, expr: &Expr, request: &SearchRequest) -> Result<Matches<'_>> {
        collect(&self.moment, plan(self.fields, self.common, expr, request), request.scope, &request.stop)
    }

    /// The documents on the page of results that is asked for.
    fn ranked<'a>(&self, matches: &Matches<'a>, expr: &Expr, request: &SearchRequest) -> Result<Vec<Group<'a>>> {
        // There are no more documents than pages.
        let most = matches.pages as usize;
        let take = request.per_page.min(limits::SEARCH_HITS_PER_PAGE_MAX);
        let skip = (request.page.max(1) as usize - 1).saturating_mul(take);
        if skip >= most || take == 0 {
            return Ok(Vec::new());
        }
        let terms = nearness::terms(expr, self.fields);
        let near = if terms.is_empty() { 0 } else { nearness::DOCUMENTS };
        let mut best = Best::new(request.sort, skip.saturating_add(take).max(near).min(most));
        matches.offer(&mut best)?;
        let mut groups = best.into_groups();
        let near = near.min(groups.len());
        fill(&mut groups[..near], matches)?;
        nearness::raise(&mut groups[..near], &terms, self.searcher())?;
        sort_again(&mut groups[..near], request.sort);
        let mut shown: Vec<Group<'a>> = groups.into_iter().skip(skip).take(take).collect();
        fill(&mut shown, matches)?;
        Ok(shown)
    }

    /// Which document it is, and no more.
    fn bare_hit(&self, group: &Group<'_>) -> Result<Option<DocumentHit>> {
        let Some(best) = group.best.first() else { return Ok(None) };
        let (fields, score, pages_matched) = (self.fields_of(best.address)?, best.score, group.pages);
        Ok(Some(DocumentHit { fields, score, pages_matched, pages: Vec::new() }))
    }

    fn document_hit(
        &self,
        group: &Group<'_>,
        expr: &Expr,
        incomplete: bool,
        room: &mut Tokens,
    ) -> Result<Option<DocumentHit>> {
        let mut hit: Option<DocumentHit> = None;
        for candidate in group.best.iter() {
            let page = self.stored(candidate.address)?;
            let light = Light::on(&page, expr, room);
            let lacks = if incomplete { missing(expr, room) } else { Vec::new() };
            let lit = page_hit(&page, &light, candidate.score, lacks);
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
        let (mut boxes, mut room) = (Vec::new(), Tokens::default());
        for address in self.addresses(self.fields.page_term(page))? {
            let page = self.stored(address)?;
            boxes = Light::on(&page, &expr, &mut room).boxes();
            if boxes.is_empty() || may_lack(query, &expr) && !missing(&expr, &room).is_empty() {
                let wider = self.expander(&Stop::default()).widen(expr.clone())?;
                boxes = Light::on(&page, &wider, &mut room).boxes();
            }
        }
        Ok(boxes)
    }

    /// Words that look alike are lit where no page of the document has the words themselves, or all of them where most
    /// would do.
    pub fn hits_in_document(&self, document: &DocumentId, query: &str) -> Result<Vec<PageHit>> {
        let expr = self.understand(query)?;
        let pages = self.pages_of(document)?;
        let hits = hits_on(&pages, &expr);
        let lacking = may_lack(query, &expr) && hits.iter().all(|hit| !hit.missing.is_empty());
        Ok(if hits.is_empty() || lacking {
            hits_on(&pages, &self.expander(&Stop::default()).widen(expr)?)
        } else {
            hits
        })
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
        Ok(self.searcher().doc_freq(&self.fields.page_term(page))? > 0
            && !self.addresses(self.fields.page_term(page))?.is_empty())
    }

    pub(crate) fn addresses(&self, term: Term) -> Result<Vec<DocAddress>> {
        let found = self.searcher().search(&TermQuery::new(term, IndexRecordOption::Basic), &DocSetCollector)?;
        Ok(found.into_iter().collect())
    }

    pub(crate) fn stored(&self, address: DocAddress) -> Result<StoredPage> {
        self.decoded(address, StoredPage::decode)
    }

    fn fields_of(&self, address: DocAddress) -> Result<DocumentFields> {
        self.decoded(address, StoredPage::decode_fields)
    }

    pub(crate) fn decoded<T>(&self, address: DocAddress, decode: fn(&[u8]) -> Option<T>) -> Result<T> {
        self.moment.sections[address.segment_ord as usize].stored(address.doc_id, decode)
    }

    fn facets(&self, tally: &Tally) -> Result<Facets> {
        let mut patient = Vec::new();
        for Frequent { page, documents } in tally.frequent_patients() {
            let mrn = self.fields_of(page)?.mrn;
            patient.extend(mrn.map(|mrn| FacetCount { value: mrn.reveal().to_owned(), documents }));
        }
        Ok(Facets { patient, ..tally.facets(&self.moment) })
    }
}

/// Whether pages with most of the words are shown for the query.
fn may_lack(query: &str, expr: &Expr) -> bool {
    !query::with_most(query, expr).is_empty()
}

fn hits_on(pages: &[StoredPage], expr: &Expr) -> Vec<PageHit> {
    let mut room = Tokens::default();
    let hit = |page| {
        let light = Light::on(page, expr, &mut room);
        (!light.is_dark()).then(|| page_hit(page, &light, 0.0, missing(expr, &room)))
    };
    pages.iter().filter_map(hit).collect()
}

fn page_hit(page: &StoredPage, light: &Light<'_>, score: f32, missing: Vec<String>) -> PageHit {
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
        missing,
    }
}
