//! Which pages match, and which documents are theirs? Every page is looked at, so that every count is exact, but it is no more
//! than a bit: how well it answers is asked of those alone that may be among the first ([`crate::group`]).

use tantivy::query::{EnableScoring, Query as _, Scorer, Weight};
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader, TERMINATED};

use crate::bits::Bits;
use crate::cores::Cores;
use crate::error::Result;
use crate::group::{Best, Candidate};
use crate::hits::Scope;
use crate::plan::Plan;
use crate::register::{Labels, Moment, Section};
use crate::stop::Stop;
use crate::word::PlainWords;

/// Everything that matched.
pub struct Matches<'a> {
    pub moment: &'a Moment,
    pub pages: u64,
    /// Not every page was looked at.
    pub cut: bool,
    weight: Box<dyn Weight>,
    /// Where words are all that is asked for.
    words: Option<PlainWords>,
    /// One for each segment.
    parts: Vec<Part>,
    stop: Stop,
}

/// What matched in one segment.
#[derive(Default)]
struct Part {
    pages: Bits,
    /// Those that have all words, where other terms may stand for them.
    as_typed: Option<Bits>,
    /// Of each page, by page; none where only words are asked for, which can be asked again for less than it costs to
    /// keep this.
    scores: Vec<(DocId, Score)>,
}

impl Part {
    fn score(&self, page: DocId) -> Score {
        self.scores.binary_search_by_key(&page, |(other, _)| *other).map_or(0.0, |at| self.scores[at].1)
    }
}

/// Pages between two looks at whether to stop.
const STEP: usize = 1_024;

/// All pages within the scope that match, until it is stopped.
pub fn collect<'a>(moment: &'a Moment, plan: Plan, scope: Scope, stop: &Stop) -> Result<Matches<'a>> {
    let weight = plan.query.weight(EnableScoring::enabled_from_searcher(&moment.searcher))?;
    let mut matches =
        Matches { moment, pages: 0, cut: false, weight, words: plan.words, parts: Vec::new(), stop: stop.clone() };
    let part = |at: usize| matches.part(&moment.searcher.segment_readers()[at], &moment.sections[at], scope);
    matches.parts = Cores::of(&moment.searcher).each(&moment.searcher, part)?;
    matches.pages = matches.parts.iter().map(|part| part.pages.count()).sum();
    matches.cut = plan.cut.is_stopped() || stop.is_stopped();
    Ok(matches)
}

impl<'a> Matches<'a> {
    fn part(&self, reader: &SegmentReader, section: &Section, scope: Scope) -> Result<Part> {
        if self.stop.is_stopped() {
            return Ok(Part::default());
        }
        let mut part = match &self.words {
            Some(words) => {
                let (pages, as_typed) = words.pages(reader)?;
                Part { pages, as_typed, scores: Vec::new() }
            }
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
        let mut part = Part { pages: Bits::none(pages), ..Part::default() };
        let mut page = found.doc();
        while page != TERMINATED && !self.stop.is_stopped() {
            for _ in 0..STEP {
                part.pages.set(page);
                part.scores.push((page, found.score()));
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

    /// Each document once, with the first of its pages that match.
    pub fn each_document(&self, mut see: impl FnMut(&'a Labels, DocAddress)) {
        let mut seen = Bits::none(self.moment.documents as u32);
        for (segment, section, part) in self.segments() {
            let (mut from, mut entry) = (0, 0);
            while let Some(page) = part.pages.next(from) {
                entry = section.entry_from(entry, page);
                let labels = section.labels(entry);
                if seen.set(labels.document) {
                    see(labels, DocAddress::new(segment, page));
                }
                from = section.pages_of(entry).end;
            }
        }
    }

    /// Offers the pages that may be among the best.
    pub fn offer(&self, best: &mut Best<'a>) -> Result<()> {
        let Some(words) = &self.words else {
            for (segment, section, part) in self.segments() {
                for (page, score) in part.scores.iter().filter(|(page, _)| part.pages.has(*page)) {
                    best.insert(candidate(section, DocAddress::new(segment, *page), *score));
                }
            }
            return Ok(());
        };
        let engine = words.typed.bare().weight(EnableScoring::enabled_from_searcher(&self.moment.searcher))?;
        for (segment, section, part) in self.segments() {
            let reader = self.moment.searcher.segment_reader(segment);
            let mut mended = words.typed.mended(reader)?;
            let bar = |best: &Best<'_>| unweighed(best.bar(), section.heaviest);
            engine.for_each_pruning(bar(best), reader, &mut |page, score| {
                if self.stop.is_stopped() {
                    return Score::MAX;
                }
                if weigh(score, section.page(page).weight) > best.bar() && part.pages.has(page) {
                    let score = score + mended.loss(page);
                    best.insert(candidate(section, DocAddress::new(segment, page), score));
                }
                bar(best)
            })?;
        }
        // Pages with other terms for a word are below zero: they come behind all that have the words.
        if words.has_others() && best.bar() < 0.0 { self.offer_stood_for(best) } else { Ok(()) }
    }

    fn offer_stood_for(&self, best: &mut Best<'a>) -> Result<()> {
        for (segment, _, part) in self.segments() {
            let mut rest = part.pages.clone();
            part.as_typed.iter().for_each(|as_typed| rest.take_out(as_typed));
            let pages: Vec<_> = rest.within(0..u32::MAX).map(|page| DocAddress::new(segment, page)).collect();
            for candidate in self.candidates(&pages)?.into_iter().take_while(|_| !self.stop.is_stopped()) {
                best.insert(candidate);
            }
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
                    None => part.score(page.doc_id),
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

/// Scores up to this one are weighed no more than the bar; rounded to the safe side.
fn unweighed(bar: Score, heaviest: u8) -> Score {
    const SAFE: Score = 1.0 - 4.0 * Score::EPSILON;
    if bar <= 0.0 { bar } else { bar * SAFE * WEIGHT_FULL / Score::from(heaviest.max(1)) }
}
