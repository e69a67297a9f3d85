//! What does the index know of language? The lexicon that mends misread words, the
//! hospital's synonyms, the names of codes, and which words are everywhere.

use crate::codes::Codes;
use crate::lexicon::Lexicon;
use crate::pairs::Common;
use crate::synonyms::Synonyms;

#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    pub lexicon: Lexicon,
    pub synonyms: Synonyms,
    pub codes: Codes,
    pub common: Common,
}
