//! Which other terms does the query ask for besides those that were typed? Synonyms always;
//! terms that look alike where they are asked for, or where no page has the words.

use std::collections::HashMap;

use record::limits;
use tantivy::Term;
use tantivy::query::FuzzyTermQuery;
use tantivy::termdict::TermDictionary;

use crate::cores::Cores;
use crate::error::Result;
use crate::lexicon::hash;
use crate::query::{Expr, Kin, Run};
use crate::register::Moment;
use crate::schema::Fields;
use crate::slips::one_slip_away;
use crate::stop::Stop;
use crate::vocabulary::Vocabulary;

/// Letters of a word for which another one is taken, and characters of the other, where nobody has asked for look-alikes: `ther` could
/// be `their`, `them`, `there`, `then` or `other`.
const WIDENED_LETTERS_MIN: usize = 5;

pub struct Expander<'a> {
    pub moment: &'a Moment,
    pub fields: &'a Fields,
    pub vocabulary: &'a Vocabulary,
    pub stop: &'a Stop,
}

impl Expander<'_> {
    /// The tree with synonyms beside words, and words in place of [`Expr::Similar`] and
    /// [`Expr::Coded`].
    pub fn resolve(&self, expr: Expr) -> Result<Expr> {
        self.map(expr, &|leaf| match leaf {
            Expr::Similar { term, edits } => self.alike(term, edits),
            Expr::Words(runs) => Ok(Expr::Words(self.with_synonyms(runs))),
            Expr::Coded(runs) => Ok(Expr::Words(self.with_codes(runs))),
            other => Ok(other),
        })
    }

    /// The tree with terms that look alike beside every single word of it; where no word is known, every word would be.
    pub fn widen(&self, expr: Expr) -> Result<Expr> {
        if self.vocabulary.lexicon.is_empty() {
            return Ok(expr);
        }
        self.map(expr, &|leaf| match leaf {
            Expr::Words(runs) => self.with_alike(runs),
            other => Ok(other),
        })
    }

    fn map(&self, expr: Expr, leaf: &dyn Fn(Expr) -> Result<Expr>) -> Result<Expr> {
        let all = |all: Vec<Expr>| all.into_iter().map(|expr| self.map(expr, leaf)).collect::<Result<Vec<_>>>();
        Ok(match expr {
            Expr::All(parts) => Expr::All(all(parts)?),
            Expr::Any(sides) => Expr::Any(all(sides)?),
            Expr::Most { words, least } => Expr::Most { words: all(words)?, least },
            // What must not be there is meant as it was typed.
            Expr::Not(inner) => Expr::Not(inner),
            other => leaf(other)?,
        })
    }

    fn with_codes(&self, mut runs: Vec<Run>) -> Vec<Run> {
        let typed: Vec<Vec<String>> = runs.iter().map(|run| run.terms.clone()).collect();
        let codes = typed.iter().flat_map(|terms| self.vocabulary.codes.of(terms));
        runs.extend(codes.map(|terms| Run { terms, kin: Kin::Synonym }));
        runs
    }

    fn with_synonyms(&self, mut runs: Vec<Run>) -> Vec<Run> {
        let typed: Vec<Vec<String>> = runs.iter().map(|run| run.terms.clone()).collect();
        for terms in &typed {
            for other in self.vocabulary.synonyms.of(terms) {
                if !runs.iter().any(|run| run.terms == other) {
                    runs.push(Run { terms: other.to_vec(), kin: Kin::Synonym });
                }
            }
        }
        runs
    }

    fn with_alike(&self, mut runs: Vec<Run>) -> Result<Expr> {
        let words = runs.iter().filter(|run| run.kin == Kin::Typed && run.terms.len() == 1);
        let long = words.map(|run| run.terms[0].clone()).find(|term| is_word(term));
        if let Some(term) = long {
            runs.extend(self.terms_alike(&term, 1, WIDENED_LETTERS_MIN)?);
        }
        Ok(Expr::Words(runs))
    }

    fn alike(&self, term: String, edits: u8) -> Result<Expr> {
        let alike = self.terms_alike(&term, edits, 1)?;
        let typed = Run::typed(vec![term]);
        Ok(Expr::Words(std::iter::once(typed).chain(alike).collect()))
    }

    /// Terms of the index at most so many edits away that are no words themselves: those are misreadings of this one at
    /// best, where words would be other words. The most frequent ones of at least so many characters, so that no query asks for a
    /// million.
    fn terms_alike(&self, term: &str, edits: u8, least: usize) -> Result<impl Iterator<Item = Run> + use<>> {
        let hashed = |spelling: String| (hash(spelling.as_bytes()), spelling);
        let spellings = if edits == 1 { one_slip_away(term) } else { None };
        let spellings = spellings.map(|spellings| spellings.into_iter().map(hashed).collect::<Vec<_>>());
        let searcher = &self.moment.searcher;
        let within = |at: usize| -> Result<Vec<(String, u32)>> {
            let reader = &searcher.segment_readers()[at];
            let index = reader.inverted_index(self.fields.body)?;
            let mut seen = Vec::new();
            let mut see = |other: &str, pages: u32| {
                if other != term && other.chars().count() >= least && !self.vocabulary.lexicon.knows(other) {
                    seen.push((other.to_owned(), pages));
                }
            };
            match &spellings {
                Some(spellings) => {
                    let sieve = self.moment.sections[at].dictionary.sieve(reader, self.fields.body);
                    let may_be = spellings.iter().filter(|(hash, _)| sieve.is_none_or(|sieve| sieve.may_have(*hash)));
                    self.look_up(index.terms(), may_be.map(|(_, spelling)| spelling), &mut see)?;
                }
                None => self.go_through(index.terms(), term, edits, &mut see)?,
            }
            Ok(seen)
        };
        let seen = Cores::of(searcher).each(searcher, within)?;
        let mut found: HashMap<String, u64> = HashMap::new();
        for (other, pages) in seen.into_iter().flatten() {
            *found.entry(other).or_default() += u64::from(pages);
        }
        let mut found: Vec<(String, u64)> = found.into_iter().collect();
        found.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        found.truncate(limits::SEARCH_SIMILAR_TERMS_MAX);
        Ok(found.into_iter().map(|(term, _)| Run { terms: vec![term], kin: Kin::Similar }))
    }

    fn look_up<'s>(
        &self,
        terms: &TermDictionary,
        spellings: impl Iterator<Item = &'s String>,
        see: &mut impl FnMut(&str, u32),
    ) -> Result<()> {
        for spelling in spellings.take_while(|_| !self.stop.is_stopped()) {
            if let Some(info) = terms.get(spelling)? {
                see(spelling, info.doc_freq);
            }
        }
        Ok(())
    }

    fn go_through(&self, terms: &TermDictionary, term: &str, edits: u8, see: &mut impl FnMut(&str, u32)) -> Result<()> {
        let query = FuzzyTermQuery::new(Term::from_field_text(self.fields.body, term), edits, true);
        let mut alike = terms.search(query.automaton()?).into_stream()?;
        while let Some((other, info)) = alike.next().filter(|_| !self.stop.is_stopped()) {
            see(&String::from_utf8_lossy(other), info.doc_freq);
        }
        Ok(())
    }
}

/// The same words, with look-alikes asked for of those that are too short to be widened unasked. None where no word is, or something else
/// than words was typed.
pub fn with_short_ones_alike(query: &str) -> Option<String> {
    let short = |word: &str| (limits::SEARCH_SIMILAR_CHARS_MIN..WIDENED_LETTERS_MIN).contains(&word.chars().count());
    let words: Vec<&str> = query.split_whitespace().collect();
    if !words.iter().any(|word| short(word)) || !words.iter().all(|word| word.chars().all(char::is_alphabetic)) {
        return None;
    }
    let asked = words.iter().map(|word| if short(word) { format!("{word}~") } else { (*word).to_owned() });
    Some(asked.collect::<Vec<_>>().join(" "))
}

/// What another term may be taken for, unasked: numbers and codes never.
fn is_word(term: &str) -> bool {
    term.chars().count() >= WIDENED_LETTERS_MIN && term.chars().all(char::is_alphabetic)
}
