//! What does the index know of language? The lexicon that mends misread words, and the
//! hospital's synonyms.

use crate::lexicon::Lexicon;
use crate::synonyms::Synonyms;

#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    pub lexicon: Lexicon,
    pub synonyms: Synonyms,
}
