//! What does the index know of language? The lexicon that mends misread words, the
//! hospital's synonyms, and the names of codes.

use crate::codes::Codes;
use crate::lexicon::Lexicon;
use crate::synonyms::Synonyms;

#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    pub lexicon: Lexicon,
    pub synonyms: Synonyms,
    pub codes: Codes,
}
