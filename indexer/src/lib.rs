//! Words to hits: the pages' words go in, pages with lit words come out.
//!
//! A projection of the archive: everything here can be thrown away and made again, and
//! [`Index::cursor`] says how much of the ledger it has seen. Only user of the search engine.
//!
//! Read in this order:
//! 1. [`hits`]: what is asked and answered.
//! 2. [`index`]: the [`files`], the one [`writer`], the commits.
//! 3. [`search`]: one request from start to end, or to [`stop`]; it uses [`query`] (text to tree), [`expand`]
//!    (what else the tree asks for; [`dictionary`] and [`sieve`] say what need not be looked up), [`plan`] (tree to engine query), [`word`], [`row`], [`pairs`], [`shape`] (open words), [`register`], [`matches`] and [`group`] (pages, as [`bits`], to
//!    documents), [`facets`], [`nearness`] (which of the best have the words together), [`light`] (words to boxes) and [`suggest`].
//!    [`audit`]: whether a page rests here as it should.
//! 4. [`analysis`], [`chunks`] and [`fold`]: which terms a text has. [`lexicon`], [`mend`], [`confusions`], [`edges`] and [`code`]: what
//!    misread and broken ones say, [`codes`] and [`synonyms`] what means the same; [`own_words`]: what the archive teaches. [`schema`], [`terms`], [`stored`], [`varint`]: what is
//!    kept of a page.

mod analysis;
mod audit;
mod bits;
mod chunks;
mod code;
mod codes;
mod confusions;
mod cores;
mod dictionary;
mod edges;
mod either;
mod error;
mod expand;
mod facets;
mod files;
pub mod floor;
mod fold;
mod group;
mod hits;
mod index;
mod lexicon;
mod light;
mod matches;
mod mend;
mod nearness;
mod own_words;
mod pairs;
mod plan;
mod query;
mod register;
mod row;
mod schema;
mod search;
mod shape;
mod sieve;
mod slips;
mod stop;
mod stored;
mod suggest;
mod synonyms;
mod terms;
mod varint;
mod vocabulary;
mod word;
mod writer;

#[cfg(test)]
mod tests;

pub use audit::Flaw;
pub use codes::{Codes, CodesError};
pub use edges::Edges;
pub use error::{Error, Result};
pub use expand::with_short_ones_alike;
pub use hits::{
    DocumentFields, DocumentHit, FacetCount, Facets, Filters, Fragment, LitBox, Overview, PageDocument, PageHit, Scope,
    SearchRequest, SearchResult, Sort, Suggestion,
};
pub use index::Index;
pub use lexicon::{DEBIAN_LISTS, Lexicon};
pub use pairs::Common;
pub use query::{Expr, Kin, QueryError, parse};
pub use stop::Stop;
pub use synonyms::{SynonymError, Synonyms};
pub use vocabulary::Vocabulary;

/// Pages that a [`DocumentHit`] shows.
pub const PAGES_SHOWN: usize = 3;
/// Patients that [`Facets`] counts.
pub const PATIENTS_SHOWN: usize = 8;
