//! The index on disk: one writer for life, commits that carry the ledger's cursor, and a
//! reader that sees a commit as soon as it returns.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use record::{DocumentId, PageId, limits};
use tantivy::{IndexReader, IndexWriter, ReloadPolicy, Searcher};

use crate::analysis::Tokens;
use crate::audit::Flaw;
use crate::edges::joins;
use crate::error::{Error, Result};
use crate::files::{Payload, committed, directory, engine, guarded, remove_if_there, writer};
use crate::hits::{LitBox, Overview, PageDocument, PageHit, Scope, SearchRequest, SearchResult, Suggestion};
use crate::mend::{Memory, mends};
use crate::pairs::Common;
use crate::register::{Moment, Register};
use crate::schema::{ANALYZER, Fields};
use crate::search::View;
use crate::stored::StoredPage;
use crate::terms::{TERMS, Terms};
use crate::vocabulary::Vocabulary;
use crate::writer::Writer;

/// Above this, a commit waits for a merge: every search asks every segment.
const SEGMENTS_MAX: usize = 24;

/// Moments that further pages of results can be asked of, and readers kept for them.
const MOMENTS_KEPT: usize = 16;

/// Words to hits. Shared by reference between threads; all calls block, so an async caller
/// makes them on blocking threads.
pub struct Index {
    engine: tantivy::Index,
    fields: Fields,
    reader: IndexReader,
    writer: Mutex<Option<Writer>>,
    writes: bool,
    cursor: AtomicU64,
    /// What it knows now. Searches go on with what they began with, and the lock is held for no longer than it takes to
    /// point to another one.
    vocabulary: RwLock<Arc<Vocabulary>>,
    learning: Mutex<()>,
    common: Common,
    memory: Mutex<Memory>,
    /// Of the words that this process was started with, and of those that the pages in the index were mended by.
    words: u64,
    mended_by: u64,
    register: Mutex<Register>,
    /// What searches see now, and what the further pages of earlier ones see.
    now: RwLock<Moment>,
    moments: Mutex<VecDeque<Moment>>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Index({} pages, cursor {})", self.pages(), self.cursor())
    }
}

impl Index {
    /// Opens the index in `dir` for reading and writing, and creates it where there is none.
    ///
    /// # Errors
    /// [`Error::Damaged`] and [`Error::Outdated`] ask for [`Index::recreate`];
    /// [`Error::Busy`] where another process writes.
    pub fn open(dir: &Path) -> Result<Self> {
        Self::open_with(dir, Vocabulary::default())
    }

    /// The same, mending what is put by the vocabulary's lexicon.
    pub fn open_with(dir: &Path, vocabulary: Vocabulary) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        guarded(|| {
            let fields = Fields::new();
            let engine = engine(dir, fields.schema.clone())?;
            let writer = writer(&engine)?;
            Self::assemble(engine, fields, Some(writer), vocabulary)
        })
    }

    /// Opens what another process writes. Sees its commits a moment later.
    pub fn open_to_read(dir: &Path) -> Result<Self> {
        guarded(|| {
            let fields = Fields::new();
            let engine = tantivy::Index::open(directory(dir)?)?;
            if engine.schema() != fields.schema {
                return Err(Error::Outdated);
            }
            Self::assemble(engine, fields, None, Vocabulary::default())
        })
    }

    /// Throws away what is in `dir` and starts anew at cursor 0. Nothing is lost by it that
    /// the archive does not hold. The old index is put aside first, so that what a crash
    /// leaves half deleted is never opened.
    pub fn recreate(dir: &Path) -> Result<Self> {
        Self::recreate_with(dir, Vocabulary::default())
    }

    pub fn recreate_with(dir: &Path, vocabulary: Vocabulary) -> Result<Self> {
        let aside = dir.with_extension("discarded");
        remove_if_there(&aside)?;
        match std::fs::rename(dir, &aside) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => remove_if_there(&aside)?,
        }
        Self::open_with(dir, vocabulary)
    }

    fn assemble(
        engine: tantivy::Index,
        fields: Fields,
        writer: Option<IndexWriter>,
        vocabulary: Vocabulary,
    ) -> Result<Self> {
        engine.tokenizers().register(TERMS, Terms::default());
        let words = vocabulary.lexicon.fingerprint();
        let payload = committed(&engine)?.unwrap_or_else(|| Payload::new(&vocabulary));
        let policy = if writer.is_some() { ReloadPolicy::Manual } else { ReloadPolicy::OnCommitWithDelay };
        let reader: IndexReader = engine.reader_builder().reload_policy(policy).try_into()?;
        let mut register = Register::default();
        let now = register.moment(reader.searcher(), &fields, payload.cursor)?;
        Ok(Self {
            engine,
            fields,
            reader,
            writes: writer.is_some(),
            writer: Mutex::new(writer.map(Writer::new)),
            cursor: AtomicU64::new(payload.cursor),
            vocabulary: RwLock::new(Arc::new(vocabulary)),
            learning: Mutex::default(),
            common: Common::new(payload.common),
            memory: Mutex::default(),
            words,
            mended_by: payload.lexicon,
            register: Mutex::new(register),
            now: RwLock::new(now),
            moments: Mutex::default(),
        })
    }

    /// The ledger position that the last commit said; 0 for a new index.
    pub fn cursor(&self) -> u64 {
        match self.writes {
            true => self.cursor.load(Ordering::Acquire),
            false => committed(&self.engine).ok().flatten().map_or(0, |payload| payload.cursor),
        }
    }

    /// Takes a page in, in place of its earlier form. Found after the next [`Index::commit`].
    pub fn put(&self, page: &PageDocument) -> Result<()> {
        let mut stored = StoredPage::of(page);
        if stored.words.len() > limits::PAGE_WORDS_MAX {
            return Err(Error::TooManyWords { max: limits::PAGE_WORDS_MAX });
        }
        let mut tokens = Tokens::of(&stored.text);
        let vocabulary = self.vocabulary();
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        stored.mends = mends(&vocabulary.lexicon, &mut memory, &stored.text, &tokens);
        drop(memory);
        stored.mends.extend(joins(&vocabulary.lexicon, &stored, &tokens, &page.before, &page.behind));
        tokens.apply(&stored.mends);
        let document = self.fields.document(page, &stored, &tokens, &self.common);
        self.with_writer(|writer| writer.put(self.fields.page_term(&page.page), document))
    }

    /// Puts a page as it is, where a search for `words` leads to it.
    #[cfg(test)]
    pub fn put_amiss(&self, page: &PageDocument, words: &str) -> Result<()> {
        let document = self.fields.document(page, &StoredPage::of(page), &Tokens::of(words), &self.common);
        self.with_writer(|writer| writer.put(self.fields.page_term(&page.page), document))
    }

    /// Takes a page out, as when a later version of its document no longer has it.
    pub fn remove(&self, page: &PageId) -> Result<()> {
        self.with_writer(|writer| writer.remove(self.fields.page_term(page)))
    }

    /// Takes all pages of a document out: those that its newest version has are put again.
    pub fn remove_document(&self, document: &DocumentId) -> Result<()> {
        self.with_writer(|writer| writer.remove(self.fields.document_term(document)))
    }

    /// Makes everything put so far durable and findable, together with the ledger's `cursor`.
    /// A crash before it returns leaves the commit before; putting again from there on is safe.
    pub fn commit(&self, cursor: u64) -> Result<()> {
        let common = self.common.words().to_vec();
        let payload = Payload { analyzer: ANALYZER.to_owned(), cursor, lexicon: self.mended_by, common };
        let payload = serde_json::to_string(&payload).map_err(std::io::Error::from)?;
        self.with_writer(|writer| {
            writer.flush()?;
            let mut commit = writer.engine.prepare_commit()?;
            commit.set_payload(&payload);
            commit.commit()?;
            self.hold_back(&mut writer.engine)
        })?;
        self.reader.reload()?;
        self.cursor.store(cursor, Ordering::Release);
        self.see(cursor)?;
        Ok(())
    }

    /// Writes anew every part of the index that still holds pages that were taken out and committed: until then their words rest on
    /// the disk.
    pub fn purge(&self) -> Result<()> {
        self.with_writer(|writer| {
            for segment in self.engine.searchable_segment_metas()?.iter().filter(|segment| segment.has_deletes()) {
                writer.engine.merge(&[segment.id()]).wait()?;
            }
            writer.engine.garbage_collect_files().wait()?;
            Ok(())
        })?;
        self.refresh()
    }

    /// Empties the index, durably; the cursor is 0 again.
    pub fn clear(&self) -> Result<()> {
        self.with_writer(|writer| {
            writer.flush()?;
            writer.engine.delete_all_documents()?;
            Ok(())
        })?;
        self.commit(0)
    }

    /// Pages in the last commit.
    pub fn pages(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    pub fn segments(&self) -> usize {
        self.reader.searcher().segment_readers().len()
    }

    pub fn contains(&self, page: &PageId) -> Result<bool> {
        self.view()?.contains(page)
    }

    /// Sees what another process has committed just now.
    pub fn refresh(&self) -> Result<()> {
        self.reader.reload()?;
        self.see(self.cursor()).map(drop)
    }

    /// What is wrong with a page that should rest here just so.
    pub fn flaw(&self, page: &PageDocument) -> Result<Option<Flaw>> {
        self.view()?.flaw(page)
    }

    /// Tells every page there is, with its document.
    pub fn each_page(&self, look: impl FnMut(PageId, DocumentId)) -> Result<()> {
        self.view()?.each_page(look)
    }

    pub fn search(&self, request: &SearchRequest) -> Result<SearchResult> {
        let view = self.view_as_of(request.as_of)?;
        let result = view.search(request)?;
        if result.documents > result.hits.len() as u64 {
            self.remember(view.moment);
        }
        Ok(result)
    }

    /// What there is to be found, without a search.
    pub fn overview(&self, scope: Scope) -> Result<Overview> {
        Ok(self.moment()?.overview(scope).clone())
    }

    /// Teaches the lexicon names, for pages put from now on.
    pub fn learn(&self, names: &[impl AsRef<str>]) {
        let _one_at_a_time = self.learning.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.vocabulary();
        let new: Vec<&str> = names.iter().map(AsRef::as_ref).filter(|name| !known.lexicon.has_learned(name)).collect();
        if new.is_empty() {
            return;
        }
        let mut vocabulary = Vocabulary::clone(&known);
        new.into_iter().for_each(|name| vocabulary.lexicon.learn(name));
        *self.vocabulary.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(vocabulary);
    }

    /// Words of the pages that are frequent and on no list, for [`Index::learn`].
    pub fn own_words(&self) -> Result<Vec<String>> {
        self.view()?.own_words()
    }

    /// Whether the pages were mended by other words than this index was opened with: then a rebuild is due.
    pub fn is_mended_by_other_words(&self) -> bool {
        self.words != self.mended_by || self.common != self.vocabulary().common
    }

    /// How to go on with the last word of the box.
    pub fn suggest(&self, beginning: &str, scope: Scope) -> Result<Vec<Suggestion>> {
        self.view()?.suggest(beginning, scope)
    }

    /// The same within one document. Whoever calls has asked the policy.
    pub fn suggest_in_document(&self, document: &DocumentId, beginning: &str) -> Result<Vec<Suggestion>> {
        self.view()?.suggest_in_document(document, beginning)
    }

    /// The words to light on a page that somebody may see: whoever calls has asked the policy.
    /// Empty for a page that is not in the index.
    pub fn lit(&self, page: &PageId, query: &str) -> Result<Vec<LitBox>> {
        self.view()?.lit(page, query)
    }

    /// Every page of a document with a word of the query, by number. Whoever calls has asked
    /// the policy. Scores are 0: the order is the document's own.
    pub fn hits_in_document(&self, document: &DocumentId, query: &str) -> Result<Vec<PageHit>> {
        self.view()?.hits_in_document(document, query)
    }

    /// Reads every byte and compares checksums. Takes as long as that takes.
    pub fn check(&self) -> Result<()> {
        let damaged = self.engine.validate_checksum()?;
        if damaged.is_empty() {
            Ok(())
        } else {
            Err(Error::Damaged(format!("{} files have wrong checksums", damaged.len())))
        }
    }

    fn view(&self) -> Result<View<'_>> {
        Ok(self.view_of(self.moment()?))
    }

    fn view_of(&self, moment: Moment) -> View<'_> {
        View { moment, fields: &self.fields, vocabulary: self.vocabulary(), common: &self.common }
    }

    /// The view of an earlier moment, where it is remembered; else of now.
    fn view_as_of(&self, as_of: Option<u64>) -> Result<View<'_>> {
        let moments = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        let known = moments.iter().find(|moment| Some(moment.as_of) == as_of).cloned();
        drop(moments);
        known.map_or_else(|| self.view(), |moment| Ok(self.view_of(moment)))
    }

    /// What the last commit shows. Another process's commits come by themselves, to [`Index::open_to_read`].
    pub(crate) fn moment(&self) -> Result<Moment> {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner).clone();
        let generation = |searcher: &Searcher| searcher.generation().generation_id();
        if self.writes || generation(&now.searcher) == generation(&self.reader.searcher()) {
            return Ok(now);
        }
        self.see(self.cursor())
    }

    /// From here on, searches see what the engine has loaded.
    fn see(&self, as_of: u64) -> Result<Moment> {
        let mut register = self.register.lock().unwrap_or_else(PoisonError::into_inner);
        let moment = register.moment(self.reader.searcher(), &self.fields, as_of)?;
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = moment.clone();
        Ok(moment)
    }

    /// Keeps a moment for the further pages of its results; the one that was asked of longest ago goes.
    fn remember(&self, moment: Moment) {
        let mut moments = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        moments.retain(|other| other.as_of != moment.as_of);
        moments.push_back(moment);
        if moments.len() > MOMENTS_KEPT {
            moments.pop_front();
        }
    }

    fn vocabulary(&self) -> Arc<Vocabulary> {
        Arc::clone(&self.vocabulary.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes no more, and leaves the folder alone: searches go on with what they have. For an index whose folder is about
    /// to be moved.
    pub fn retire(&self) -> Result<()> {
        match self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(writer) => Ok(writer.engine.wait_merging_threads()?),
            None => Ok(()),
        }
    }

    /// Does something with the one writer. The engine's writer checks its own state; a panic elsewhere does not spoil it.
    fn with_writer<T>(&self, work: impl FnOnce(&mut Writer) -> Result<T>) -> Result<T> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        work(writer.as_mut().ok_or(Error::ReadOnly)?)
    }

    /// Small commits can outrun the merges in the background.
    fn hold_back(&self, writer: &mut IndexWriter) -> Result<()> {
        let segments = self.engine.searchable_segment_ids()?;
        if segments.len() > SEGMENTS_MAX
            && let Err(error) = writer.merge(&segments).wait()
        {
            // Some of them are being merged already; the next commit looks again.
            tracing::debug!(%error, "merging the search index's segments was put off");
        }
        Ok(())
    }
}
