//! What stands in the index's folder besides pages, and how is it opened?

use std::panic::AssertUnwindSafe;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tantivy::directory::MmapDirectory;
use tantivy::indexer::LogMergePolicy;
use tantivy::schema::Schema;
use tantivy::store::Compressor;
use tantivy::{IndexSettings, IndexWriter};

use crate::error::{Error, Result};
use crate::schema::ANALYZER;
use crate::vocabulary::Vocabulary;

/// What the writer may hold before it writes a segment by itself.
const WRITER_BYTES: usize = 64 * 1024 * 1024;
/// Merge from this many segments of a size on (each page is then written anew half as often as with four), and drop deleted pages from this share on.
const MERGE_SEGMENTS: usize = 8;
const MERGE_DELETED_SHARE: f32 = 0.2;
/// Stored pages that are read together, in bytes: a hit reads its page, and of its neighbours as few as may be.
const STORE_BLOCK_BYTES: usize = 4 * 1024;

/// Goes with each commit, so that index and cursor are never apart.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payload {
    pub analyzer: String,
    pub cursor: u64,
    /// [`crate::Lexicon::fingerprint`] of the words, without names, that the pages were mended by.
    pub lexicon: u64,
    /// [`crate::Common::words`] that the pages were put with.
    pub common: Vec<String>,
}

impl Payload {
    /// Of an index without a commit.
    pub fn new(vocabulary: &Vocabulary) -> Self {
        let (lexicon, common) = (vocabulary.lexicon.fingerprint(), vocabulary.common.words().to_vec());
        Self { analyzer: ANALYZER.to_owned(), cursor: 0, lexicon, common }
    }
}

/// Opens what is in the folder, or creates it.
pub fn engine(dir: &Path, schema: Schema) -> Result<tantivy::Index> {
    // Letters and boxes shrink by a tenth at most, which is not worth the time that it takes to put pages in, and that each hit waits.
    let settings = IndexSettings {
        docstore_compression: Compressor::None,
        docstore_compress_dedicated_thread: false,
        docstore_blocksize: STORE_BLOCK_BYTES,
        ..IndexSettings::default()
    };
    Ok(tantivy::Index::builder().settings(settings).schema(schema).open_or_create(directory(dir)?)?)
}

/// One thread, for life.
pub fn writer(engine: &tantivy::Index) -> Result<IndexWriter> {
    let writer: IndexWriter = engine.writer_with_num_threads(1, WRITER_BYTES)?;
    writer.set_merge_policy(Box::new(merge_policy()));
    Ok(writer)
}

/// The engine panics over some damaged files, such as one cut shorter than its footer.
pub fn guarded<T>(open: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(AssertUnwindSafe(open))
        .unwrap_or_else(|_| Err(Error::Damaged("a file is cut short".to_owned())))
}

pub fn directory(dir: &Path) -> Result<MmapDirectory> {
    MmapDirectory::open(dir).map_err(|error| Error::from(tantivy::TantivyError::from(error)))
}

fn merge_policy() -> LogMergePolicy {
    let mut policy = LogMergePolicy::default();
    policy.set_min_num_segments(MERGE_SEGMENTS);
    policy.set_del_docs_ratio_before_merge(MERGE_DELETED_SHARE);
    policy
}

/// What the last commit said; nothing for an index that was created and never committed.
pub fn committed(engine: &tantivy::Index) -> Result<Option<Payload>> {
    let metas = engine.load_metas()?;
    let Some(text) = metas.payload else {
        return if metas.segments.is_empty() { Ok(None) } else { Err(Error::Outdated) };
    };
    let payload: Payload = serde_json::from_str(&text).map_err(|_| Error::Outdated)?;
    if payload.analyzer == ANALYZER { Ok(Some(payload)) } else { Err(Error::Outdated) }
}

pub fn remove_if_there(dir: &Path) -> Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
