//! The text of a page, kept as ALTO 4.4: words with boxes and confidences, and how they were read.
//!
//! Format: <https://www.loc.gov/standards/alto/v4/alto-4-4.xsd>. Units are pixels of the master image. [`parse`] gives
//! back exactly what [`write`] was given; this is where each thing stands:
//!
//! | here | in the file |
//! |---|---|
//! | a word broken at a line end | `String` with `SUBS_TYPE` and, in `SUBS_CONTENT`, the whole word; its hyphen is a `HYP` |
//! | a word that a person confirmed | `String CS="true"` |
//! | languages of page and line | `LANG`, `OTHERLANGS` |
//! | turn and skew | `ROTATION` of the `Page`, in degrees counterclockwise |
//! | what kind of page it is | `PAGECLASS` |
//! | a table | `ComposedBlock TYPE="table"` of `ComposedBlock TYPE="row"`; rows and cells refer to a `StructureTag` with their number |
//! | a part to look at | an `Illustration` in its place that refers to an `OtherTag` with the reason |
//! | reading order | the order of the blocks, and the same as `ReadingOrder` |
//! | model, digest, generation, recipe | `name=value` lines in `processingStepSettings` |

mod attributes;
mod layout;
mod parse;
#[cfg(test)]
mod tests;
mod write;

use record::limits::{PAGE_TEXT_BYTES_MAX, PAGE_WORDS_MAX};

pub use parse::parse;
pub use write::write;

/// Of a text in the archive (IANA registers no type for ALTO).
pub const MEDIA_TYPE: &str = "application/alto+xml";
const NAMESPACE: &str = "http://www.loc.gov/standards/alto/ns-v4#";
/// What blocks and tags are called in their `TYPE`: the schema leaves that to us.
const TABLE: &str = "table";
const ROW: &str = "row";
const COLUMN: &str = "column";
const ATTENTION: &str = "attention";

/// Texts read on from "failed to …", and never quote the file: it holds a patient's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AltoError {
    #[error("read the ALTO file: it is larger than {PAGE_TEXT_BYTES_MAX} bytes")]
    TooLarge,
    #[error("read the ALTO file: it has more than {PAGE_WORDS_MAX} words")]
    TooManyWords,
    #[error("read the ALTO file: it is not well-formed XML (at byte {0})")]
    Xml(u64),
    #[error("read the ALTO file: {0}; write it as ALTO 4 in pixels, as `ocr-worker` does")]
    Content(&'static str),
}
