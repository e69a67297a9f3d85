//! How do a page's terms get to the engine? As one text that a tokenizer of ours takes apart
//! again: the engine's own way for terms that exist already goes over JSON, which costs as much
//! as all the rest of indexing.
//!
//! Before each term stands a line break for every position that it is further than the term
//! before, or a tab where both share one. No term holds either: see [`crate::fold`].

use tantivy::tokenizer::{Token as EngineToken, TokenStream, Tokenizer};

use crate::analysis::Token;

/// The tokenizer's name in the schema.
pub const TERMS: &str = "chartroom_terms";

/// Tokens by position, as [`Terms`] reads them.
pub fn joined<'a>(tokens: impl Iterator<Item = Token<'a>>, capacity: usize) -> String {
    let mut out = String::with_capacity(capacity);
    let mut next = 0;
    for token in tokens {
        match token.position + 1 - next {
            0 => out.push('\t'),
            further => (0..further).for_each(|_| out.push('\n')),
        }
        next = token.position + 1;
        out.push_str(token.term);
    }
    out
}

#[derive(Debug, Clone, Default)]
pub struct Terms {
    token: EngineToken,
}

#[derive(Debug)]
pub struct TermStream<'a> {
    rest: &'a str,
    /// One more than the position of the term before.
    next: usize,
    token: &'a mut EngineToken,
}

impl Tokenizer for Terms {
    type TokenStream<'a> = TermStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> TermStream<'a> {
        self.token.reset();
        TermStream { rest: text, next: 0, token: &mut self.token }
    }
}

impl TokenStream for TermStream<'_> {
    fn advance(&mut self) -> bool {
        let start = self.rest.bytes().position(|byte| !parts(byte)).unwrap_or(self.rest.len());
        let (gap, rest) = self.rest.split_at(start);
        let end = rest.bytes().position(parts).unwrap_or(rest.len());
        let (term, rest) = rest.split_at(end);
        self.rest = rest;
        self.next += gap.bytes().filter(|byte| *byte == b'\n').count();
        self.token.position = self.next.saturating_sub(1);
        self.token.text.clear();
        self.token.text.push_str(term);
        !term.is_empty()
    }

    fn token(&self) -> &EngineToken {
        self.token
    }

    fn token_mut(&mut self) -> &mut EngineToken {
        self.token
    }
}

const fn parts(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Tokens;
    use crate::tests::Random;

    #[test]
    fn the_engine_gets_the_terms_and_positions_that_there_are() {
        let mut random = Random::new(7);
        for text in (0..300).map(|_| random.text(120)).chain(["500mg infor-\nmation 漢字".to_owned()]) {
            let tokens = Tokens::of(&text);
            assert!(tokens.iter().map(|token| token.start).is_sorted(), "{text:?}");
            let mut terms = Terms::default();
            let joined = joined(tokens.iter(), text.len());
            let mut stream = terms.token_stream(&joined);
            for token in tokens.iter() {
                assert!(stream.advance(), "{text:?}");
                assert_eq!(
                    (stream.token().text.as_str(), stream.token().position),
                    (token.term, token.position as usize)
                );
            }
            assert!(!stream.advance());
        }
    }
}
