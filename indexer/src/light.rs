//! Which words of a page made it match, and what extract shows them?

use std::ops::Range;

use record::limits;
use record::words::Box;

use crate::analysis::{Token, Tokens};
use crate::hits::{Fragment, LitBox};
use crate::mend::SPLIT_LETTERS_MIN;
use crate::query::{Expr, Kin, Run, Wild};
use crate::stored::{StoredPage, StoredWord};

/// Words of an extract, and how many of them stand before the first hit.
const EXTRACT_WORDS: usize = 28;
const EXTRACT_LEAD: usize = 6;

/// One page seen through one query.
#[derive(Debug)]
pub struct Light<'a> {
    page: &'a StoredPage,
    /// What matched: ascending, apart from each other.
    hits: Vec<Hit>,
}

/// Bytes of the text that matched, and how near they are to what was typed.
#[derive(Debug, Clone)]
struct Hit {
    bytes: Range<usize>,
    kin: Kin,
    /// The word has no space where it should, and this is what stands on one side of that.
    half: bool,
}

impl Hit {
    /// Of two kins the nearer one.
    fn join(&mut self, other: &Self) {
        self.bytes.end = self.bytes.end.max(other.bytes.end);
        self.kin = self.kin.min(other.kin);
        self.half &= other.half;
    }
}

impl<'a> Light<'a> {
    /// With room for the page's terms, which serves for one page after the other.
    pub fn on(page: &'a StoredPage, expr: &Expr, room: &mut Tokens) -> Self {
        page.fill(room);
        Self { page, hits: matches(expr, &page.text, room) }
    }

    pub fn is_dark(&self) -> bool {
        self.hits.is_empty()
    }

    /// Every word that any hit touches, once: both halves of a word broken over a line, and of two words without the space between
    /// them the one.
    pub fn boxes(&self) -> Vec<LitBox> {
        let lit = self.lit_words().into_iter().take(limits::PAGE_LIT_BOXES_MAX);
        let place = |index: usize, hit: &Hit| match hit.half {
            true => part_of(&self.page.words[index], &hit.bytes),
            false => self.page.words[index].place,
        };
        lit.map(|(index, hit)| LitBox {
            place: place(index, &hit),
            word: self.page.word(index).to_owned(),
            kin: hit.kin,
        })
        .collect()
    }

    /// The stretch of the page with most hits; its beginning where there are none.
    pub fn snippet(&self) -> Vec<Fragment> {
        let Some(words) = self.extract() else { return Vec::new() };
        let (start, end) = (self.page.words[words.start].start, self.page.words[words.end - 1].end);
        let (mut at, mut fragments) = (start, Vec::new());
        for Hit { bytes, kin, .. } in self.hits.iter().filter(|hit| hit.bytes.end > start && hit.bytes.start < end) {
            let hit = bytes.start.max(start)..bytes.end.min(end);
            self.push(&mut fragments, at..hit.start, None);
            self.push(&mut fragments, hit.clone(), Some(*kin));
            at = hit.end;
        }
        self.push(&mut fragments, at..end, None);
        fragments
    }

    fn push(&self, fragments: &mut Vec<Fragment>, bytes: Range<usize>, kin: Option<Kin>) {
        if !bytes.is_empty() {
            let text = self.page.text[bytes].replace('\n', " ");
            fragments.push(Fragment { text, hit: kin.is_some(), kin: kin.unwrap_or_default() });
        }
    }

    /// Words to show, by index.
    fn extract(&self) -> Option<Range<usize>> {
        let count = self.page.words.len();
        let lit: Vec<usize> = self.lit_words().into_iter().map(|(index, _)| index).collect();
        let reach = EXTRACT_WORDS - EXTRACT_LEAD;
        let hits_from = |index: usize| lit[index..].partition_point(|word| *word < lit[index] + reach);
        // The first of equals: `max_by_key` would take the last.
        let first = (0..lit.len()).rev().max_by_key(|index| hits_from(*index)).map_or(0, |index| lit[index]);
        let start = first.saturating_sub(EXTRACT_LEAD);
        (count > 0).then(|| start..count.min(start + EXTRACT_WORDS))
    }

    /// Words by index, each once, with what of it is lit.
    fn lit_words(&self) -> Vec<(usize, Hit)> {
        let mut lit: Vec<(usize, Hit)> = Vec::new();
        for hit in &self.hits {
            let words = &self.page.words;
            let from = words.partition_point(|word| word.start <= hit.bytes.start).saturating_sub(1);
            let to = words.partition_point(|word| word.start < hit.bytes.end);
            for index in from..to {
                match lit.last_mut().filter(|(last, _)| *last == index) {
                    Some((_, known)) => known.join(hit),
                    None => lit.push((index, hit.clone())),
                }
            }
        }
        lit
    }
}

/// Which of the words that a page should have all or most of it lacks, as the index spells them.
pub fn missing(expr: &Expr, tokens: &Tokens) -> Vec<String> {
    let Expr::All(parts) = expr else { return Vec::new() };
    let lacks = |word: &&Expr| matches(word, "", tokens).is_empty();
    let typed = |word: &Expr| match word {
        Expr::Words(runs) => runs.first().map(|run| run.terms.join(" ")),
        _ => None,
    };
    let words = parts.iter().flat_map(Expr::asked).filter(|part| matches!(part, Expr::Words(_)));
    words.filter(lacks).filter_map(typed).collect()
}

/// A place of a term: its position and what it lights.
type Place = (u32, Hit);

/// Where the query's terms stand in a text.
#[derive(Default)]
struct Places<'q> {
    /// Each term's places, ascending by position; the terms in order.
    terms: Vec<(&'q str, Vec<Place>)>,
    prefixes: Vec<&'q str>,
    wilds: Vec<&'q Wild>,
    hits: Vec<Hit>,
}

/// What has to stand together to be lit.
enum Wanted<'q> {
    Row(&'q Run),
    Near(&'q [String], u32),
}

/// What the words of an expression light in a text and its terms.
fn matches(expr: &Expr, text: &str, tokens: &Tokens) -> Vec<Hit> {
    let mut wanted = Vec::new();
    let mut places = Places::default();
    places.want(expr, &mut wanted);
    places.terms.sort_unstable_by_key(|(term, _)| *term);
    places.terms.dedup_by_key(|(term, _)| *term);
    for token in tokens.iter() {
        let open = places.prefixes.iter().any(|prefix| token.term.starts_with(prefix));
        if open || places.wilds.iter().any(|wild| wild.fits(token.term)) {
            places.hits.push(hit(text, &token));
        }
        if let Ok(at) = places.terms.binary_search_by_key(&token.term, |(term, _)| *term) {
            let found = &mut places.terms[at].1;
            found.push((token.position, hit(text, &token)));
        }
    }
    for wanted in wanted {
        match wanted {
            Wanted::Row(run) => places.find(run),
            Wanted::Near(terms, within) => places.find_near(terms, within),
        }
    }
    merged(places.hits)
}

/// A term lights what stands for it; one of two words without the space between them its own letters.
fn hit(text: &str, token: &Token<'_>) -> Hit {
    let (whole, kin) = (token.start..token.end, if token.mended { Kin::Misread } else { Kin::Typed });
    let read =
        text.get(whole.clone()).filter(|read| token.mended && read.len() >= token.term.len() + SPLIT_LETTERS_MIN);
    let is_term = |part: Option<&str>| part.is_some_and(|part| part.eq_ignore_ascii_case(token.term));
    let bytes = match (read, token.term.len()) {
        (Some(read), length) if is_term(read.get(..length)) => token.start..token.start + length,
        (Some(read), length) if is_term(read.get(read.len() - length..)) => token.end - length..token.end,
        _ => return Hit { bytes: whole, kin, half: false },
    };
    Hit { bytes, kin, half: true }
}

/// Where a part of a word stands, as far as that is known: letters are of about one width.
fn part_of(word: &StoredWord, bytes: &Range<usize>) -> Box {
    let (length, at) =
        ((word.end - word.start).max(1) as u64, |byte: usize| byte.clamp(word.start, word.end) - word.start);
    let x = |byte: usize| (u64::from(word.place.w) * at(byte) as u64 / length) as u32;
    Box { x: word.place.x + x(bytes.start), w: x(bytes.end) - x(bytes.start), ..word.place }
}

impl<'q> Places<'q> {
    /// Notes the terms to look for. What must not be there is not lit.
    fn want(&mut self, expr: &'q Expr, wanted: &mut Vec<Wanted<'q>>) {
        match expr {
            Expr::All(all) | Expr::Any(all) | Expr::Most { words: all, .. } => {
                all.iter().for_each(|expr| self.want(expr, wanted));
            }
            Expr::Not(_) | Expr::Filter(_) | Expr::Similar { .. } | Expr::Coded(_) => {}
            Expr::Prefix(stem) => self.prefixes.push(stem),
            Expr::Wild(wild) => self.wilds.push(wild),
            Expr::Near { terms, within } => {
                wanted.push(Wanted::Near(terms, *within));
                self.terms.extend(terms.iter().map(|term| (term.as_str(), Vec::new())));
            }
            Expr::Words(runs) => {
                for run in runs {
                    wanted.push(Wanted::Row(run));
                    self.terms.extend(run.terms.iter().map(|term| (term.as_str(), Vec::new())));
                }
            }
        }
    }

    /// Lights every place where the run's terms stand one after the other.
    fn find(&mut self, run: &Run) {
        let columns: Option<Vec<_>> = run.terms.iter().map(|term| of(&self.terms, term)).collect();
        let Some((first, rest)) = columns.as_deref().and_then(<[_]>::split_first) else { return };
        for start in first.iter() {
            let mut found = vec![start];
            for (column, offset) in rest.iter().zip(1..) {
                let wanted = start.0 + offset;
                let at = column.partition_point(|(other, ..)| *other < wanted);
                found.extend(column.get(at).filter(|(other, ..)| *other == wanted));
            }
            if found.len() == run.terms.len() {
                let lit = found.into_iter().map(|(_, hit)| Hit { kin: run.kin.max(hit.kin), ..hit.clone() });
                self.hits.extend(lit);
            }
        }
    }

    /// Lights the places of each term that are near one of the next, where every term has such a place.
    fn find_near(&mut self, terms: &[String], within: u32) {
        let mut lit = Vec::new();
        for pair in terms.windows(2) {
            let (Some(ones), Some(others)) = (of(&self.terms, &pair[0]), of(&self.terms, &pair[1])) else {
                return;
            };
            let before = lit.len();
            lit.extend(ones.iter().filter(|one| has_near(others, one.0, within)).cloned());
            lit.extend(others.iter().filter(|other| has_near(ones, other.0, within)).cloned());
            if lit.len() == before {
                return;
            }
        }
        self.hits.extend(lit.into_iter().map(|(_, hit)| hit));
    }
}

/// Where a term stands, ascending by position.
fn of<'a>(terms: &'a [(&str, Vec<Place>)], term: &str) -> Option<&'a [Place]> {
    let at = terms.binary_search_by_key(&term, |(term, _)| *term).ok()?;
    Some(&terms[at].1)
}

/// Whether one of the places, ascending by position, is within reach of a position.
fn has_near(places: &[Place], position: u32, within: u32) -> bool {
    let first = places.partition_point(|(other, ..)| other.saturating_add(within) < position);
    places.get(first).is_some_and(|(other, ..)| *other <= position.saturating_add(within))
}

/// Sorted, with what overlaps joined.
fn merged(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_unstable_by_key(|hit| (hit.bytes.start, hit.bytes.end));
    let mut out: Vec<Hit> = Vec::with_capacity(hits.len());
    for hit in hits {
        match out.last_mut() {
            Some(last) if hit.bytes.start < last.bytes.end => last.join(&hit),
            _ => out.push(hit),
        }
    }
    out
}
