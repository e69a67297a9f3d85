//! Which pages match, and which documents are theirs? Every page is looked at, so that every count is exact, but it is no more
//! than a bit: how well it answers is asked of those alone that may be among the first ([`crate::group`]).

use tantivy::query::{EnableScoring, Query as _, Scorer, Weight};
use tantivy::{DocAddress, Score, SegmentOrdinal, SegmentReader, TERMINATED};

use crate::bits::Bits;
use crate::error::Result;
use crate::group::{Best, Candidate};
use crate::hits::Scope;
use crate::plan::Plan;
use crate::register::{Entry, Moment, Section};
use crate::stop::Stop;
use crate::word::WordsQuery;

/// Everything that matched.
pub struct Matches<'a> {
    pub moment: &'a Moment,
    pub pages: u64,
    /// Not every page was looked at.
    pub cut: bool,
    weight: Box<dyn Weight>,
    /// Where words are all that is asked for.
    words: Option<WordsQuery>,
    /// One for each segment.
    parts: Vec<Part>,
    stop: Stop,
}

/// What matched in one segment.
#[derive(Default)]
struct Part {
    pages: Bits,
    /// By page; none where only words are asked for, which can be asked again for less than it costs to keep this.
    scores: Vec<Score>,
}

/// A document: what one page or several after one another tell of it.
#[derive(Clone, Copy)]
pub struct Found<'a> {
    pub of: &'a Entry,
    pub first: DocAddress,
}

/// Pages between two looks at whether to stop.
const STEP: usize = 1_024;

/// All pages within the scope that match, until it is stopped.
pub fn collect<'a>(moment: &'a Moment, plan: Plan, scope: Scope, stop: &Stop) -> Result<Matches<'a>> {
    let weight = plan.query.weight(EnableScoring::enabled_from_searcher(&moment.searcher))?;
    let mut matches =
        Matches { moment, pages: 0, cut: false, weight, words: plan.words, parts: Vec::new(), stop: stop.clone() };
    for (reader, section) in moment.searcher.segment_readers().iter().zip(moment.sections.iter()) {
        let part = matches.part(reader, section, scope)?;
        matches.pages += part.pages.count();
        matches.parts.push(part);
    }
    matches.cut |= plan.cut.is_stopped() || stop.is_stopped();
    Ok(matches)
}

impl<'a> Matches<'a> {
    fn part(&mut self, reader: &SegmentReader, section: &Section, scope: Scope) -> Result<Part> {
        if self.stop.is_stopped() {
            self.cut = true;
            return Ok(Part::default());
        }
        let mut part = match &self.words {
            Some(words) => Part { pages: words.pages(reader)?, scores: Vec::new() },
            None => self.scored(self.weight.scorer(reader, 1.0)?.as_mut(), reader.max_doc()),
        };
        if scope.is_filed_only() {
            part.pages.take_out(&section.unfiled);
        }
        if let Some(alive) = reader.alive_bitset() {
            part.pages.retain(|page| alive.is_alive(page));
        }
        Ok(part)
    }

    fn scored(&self, found: &mut dyn Scorer, pages: u32) -> Part {
        let mut part = Part { pages: Bits::none(pages), scores: vec![0.0; pages as usize] };
        let mut page = found.doc();
        while page != TERMINATED && !self.stop.is_stopped() {
            for _ in 0..STEP {
                part.pages.set(page);
                part.scores[page as usize] = found.score();
                page = found.advance();
                if page == TERMINATED {
                    break;
                }
            }
        }
        part
    }

    fn segments(&self) -> impl Iterator<Item = (SegmentOrdinal, &'a Section, &Part)> {
        (0..).zip(self.moment.sections.iter().zip(&self.parts)).map(|(at, (section, part))| (at, &**section, part))
    }

    /// Each document once.
    pub fn documents(&self) -> Vec<Found<'a>> {
        let mut seen = Bits::none(self.moment.documents as u32);
        let mut documents = Vec::new();
        for (segment, section, part) in self.segments() {
            let mut from = 0;
            while let Some(page) = part.pages.next(from) {
                let entry = section.page(page).entry;
                let of = section.entry(entry);
                if seen.set(of.document) {
                    documents.push(Found { of, first: DocAddress::new(segment, page) });
                }
                from = section.pages_of(entry).end;
            }
        }
        documents
    }

    /// Offers the pages that may be among the best.
    pub fn offer(&self, best: &mut Best<'a>) -> Result<()> {
        let Some(words) = &self.words else {
            for (segment, section, part) in self.segments() {
                for page in part.pages.iter() {
                    best.insert(candidate(section, DocAddress::new(segment, page), part.scores[page as usize]));
                }
            }
            return Ok(());
        };
        let engine = words.bare().weight(EnableScoring::enabled_from_searcher(&self.moment.searcher))?;
        for (segment, section, part) in self.segments() {
            let reader = self.moment.searcher.segment_reader(segment);
            let mut mended = words.mended(reader)?;
            engine.for_each_pruning(best.bar(), reader, &mut |page, score| {
                if self.stop.is_stopped() {
                    return Score::MAX;
                }
                if part.pages.has(page) {
                    let score = score + mended.loss(page);
                    best.insert(candidate(section, DocAddress::new(segment, page), score));
                }
                best.bar()
            })?;
        }
        Ok(())
    }

    /// The pages of a document that match.
    pub fn pages_of(&self, document: u32) -> Vec<DocAddress> {
        let mut found = Vec::new();
        for (segment, section, part) in self.segments() {
            for entry in section.entries_of(document) {
                let pages = part.pages.within(section.pages_of(entry));
                found.extend(pages.map(|page| DocAddress::new(segment, page)));
            }
        }
        found
    }

    /// How well each of the pages answers; they ascend.
    pub fn candidates(&self, pages: &[DocAddress]) -> Result<Vec<Candidate<'a>>> {
        let mut found = Vec::with_capacity(pages.len());
        for pages in pages.chunk_by(|one, other| one.segment_ord == other.segment_ord) {
            let segment = pages[0].segment_ord;
            let (section, part) = (&*self.moment.sections[segment as usize], &self.parts[segment as usize]);
            let reader = self.moment.searcher.segment_reader(segment);
            let mut words = part.scores.is_empty().then(|| self.weight.scorer(reader, 1.0)).transpose()?;
            for page in pages {
                let score = match &mut words {
                    Some(words) => score_of(words.as_mut(), page.doc_id),
                    None => part.scores[page.doc_id as usize],
                };
                found.push(candidate(section, *page, score));
            }
        }
        Ok(found)
    }
}

fn score_of(words: &mut dyn Scorer, page: u32) -> Score {
    let at = if words.doc() < page { words.seek(page) } else { words.doc() };
    if at == page { words.score() } else { 0.0 }
}

fn candidate<'a>(section: &'a Section, address: DocAddress, score: Score) -> Candidate<'a> {
    let page = section.page(address.doc_id);
    Candidate { of: section.entry(page.entry), score: weigh(score, page.weight), number: page.number, address }
}

/// What [`crate::schema::weight`] gives a clear page.
const WEIGHT_FULL: Score = 100.0;

/// Poor and nearly empty pages count for less; what is below zero is last already.
fn weigh(score: Score, weight: u8) -> Score {
    if score <= 0.0 { score } else { score * Score::from(weight) / WEIGHT_FULL }
}
