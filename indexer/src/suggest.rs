//! What might the person mean, and what might they be about to type? Only what is on pages that
//! they may see: every suggestion is asked for within their scope before it is made.

use std::collections::HashMap;

use record::{DocumentId, limits};
use tantivy::collector::Count;
use tantivy::query::{BooleanQuery, Occur, Query};
use tantivy::{Searcher, Term};

use crate::analysis::Tokens;
use crate::error::Result;
use crate::hits::{Scope, SearchRequest, Suggestion};
use crate::mend::meant;
use crate::plan::plan;
use crate::query;
use crate::schema::{Fields, exactly};
use crate::search::View;

/// Terms that begin as typed and are looked at.
const TERMS_SEEN_MAX: usize = 20_000;
/// Spellings tried for one word.
const SPELLINGS_MAX: usize = 6;

impl View<'_> {
    /// Words that begin as typed and are on pages within the scope, most frequent first.
    pub fn suggest(&self, beginning: &str, scope: Scope) -> Result<Vec<Suggestion>> {
        let Some(stem) = stem(beginning) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for word in self.words_from(&stem)? {
            let pages = pages_with(self.searcher(), self.fields, &word, scope)?;
            if pages > 0 {
                found.push(Suggestion { word, pages });
            }
            if found.len() == limits::SEARCH_SUGGESTIONS_MAX {
                break;
            }
        }
        Ok(found)
    }

    /// Words of one document that begin as typed, most frequent first. Whoever calls has asked the policy.
    pub fn suggest_in_document(&self, document: &DocumentId, beginning: &str) -> Result<Vec<Suggestion>> {
        let Some(stem) = stem(beginning) else { return Ok(Vec::new()) };
        let mut counts: HashMap<String, u64> = HashMap::new();
        for page in self.pages_of(document)? {
            let tokens = page.tokens();
            let mut words: Vec<&str> =
                tokens.iter().map(|token| token.term).filter(|term| term.starts_with(&stem)).collect();
            words.sort_unstable();
            words.dedup();
            words.into_iter().for_each(|word| *counts.entry(word.to_owned()).or_default() += 1);
        }
        let mut found: Vec<Suggestion> = counts.into_iter().map(|(word, pages)| Suggestion { word, pages }).collect();
        found.sort_by(|a, b| b.pages.cmp(&a.pages).then_with(|| a.word.cmp(&b.word)));
        found.truncate(limits::SEARCH_SUGGESTIONS_MAX);
        Ok(found)
    }

    /// Terms of the index with this beginning that the lexicon knows, or all of them where it knows nothing.
    fn words_from(&self, stem: &str) -> Result<Vec<String>> {
        let lexicon = &self.vocabulary.lexicon;
        let mut found: HashMap<String, u64> = HashMap::new();
        for segment in self.searcher().segment_readers() {
            let index = segment.inverted_index(self.fields.body)?;
            let mut terms = index.terms().range().ge(stem).into_stream()?;
            let mut left = TERMS_SEEN_MAX;
            while let Some((term, info)) = terms.next() {
                let Some(term) = std::str::from_utf8(term).ok().filter(|term| term.starts_with(stem) && left > 0)
                else {
                    break;
                };
                left -= 1;
                if lexicon.is_empty() || lexicon.knows(term) {
                    *found.entry(term.to_owned()).or_default() += u64::from(info.doc_freq);
                }
            }
        }
        let mut found: Vec<(String, u64)> = found.into_iter().collect();
        found.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        // Some of the most frequent may be out of sight; twice as many will do.
        Ok(found.into_iter().take(2 * limits::SEARCH_SUGGESTIONS_MAX).map(|(term, _)| term).collect())
    }

    /// The query with one misspelt word put right so that it finds something; the spelling that finds most.
    pub fn did_you_mean(&self, request: &SearchRequest) -> Result<Option<String>> {
        let mut best: Option<(u64, String)> = None;
        for token in Tokens::of(&request.query).iter().filter(|token| !token.coarse) {
            for word in meant(&self.vocabulary.lexicon, token.term).into_iter().take(SPELLINGS_MAX) {
                if request.stop.is_stopped() {
                    return Ok(None);
                }
                let text = format!("{}{word}{}", &request.query[..token.start], &request.query[token.end..]);
                let Ok(expr) = query::parse(&text) else { continue };
                let query = plan(self.fields, self.common, &expr, request).within(self.fields, request.scope);
                let pages = self.searcher().search(&query, &Count)? as u64;
                if pages > best.as_ref().map_or(0, |(most, _)| *most) {
                    best = Some((pages, text));
                }
            }
        }
        Ok(best.map(|(_, text)| text))
    }
}

/// What to look for: long enough to mean something.
fn stem(beginning: &str) -> Option<String> {
    let tokens = Tokens::of(beginning);
    let last = tokens.get(tokens.len().checked_sub(1)?)?.term;
    (last.chars().count() >= limits::SEARCH_PREFIX_CHARS_MIN).then(|| last.to_owned())
}

fn pages_with(searcher: &Searcher, fields: &Fields, word: &str, scope: Scope) -> Result<u64> {
    let mut clauses: Vec<(Occur, Box<dyn Query>)> =
        vec![(Occur::Must, exactly(Term::from_field_text(fields.body, word)))];
    clauses.extend(fields.hidden_from(scope).map(|query| (Occur::MustNot, query)));
    Ok(searcher.search(&BooleanQuery::new(clauses), &Count)? as u64)
}
