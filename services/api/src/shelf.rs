//! Which index answers? One at a time; another may be made beside it, from the first event on,
//! and takes its place when it has everything, so that searches go on all the while.
//!
//! The new one grows in a folder of its own and is gone on with after a crash. When it has
//! caught up it is checked by its pages, the old one stops writing, the folders change names,
//! and requests ask the new one. Those under way keep the old one, whose files stay mapped.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use indexer::{Index, Vocabulary};

use crate::follow::{FollowError, index_group};
use crate::quiet::Quiet;
use crate::state::App;
use crate::vocabulary;

pub struct Shelf {
    folder: PathBuf,
    vocabulary: Vocabulary,
    current: RwLock<Arc<Index>>,
    /// Held by whoever writes to the index or changes which one it is.
    pub writing: tokio::sync::Mutex<()>,
}

impl Shelf {
    /// The index of this folder, opened with this vocabulary.
    pub fn new(folder: PathBuf, vocabulary: Vocabulary, index: Index) -> Self {
        let current = RwLock::new(Arc::new(index));
        Self { folder, vocabulary, current, writing: tokio::sync::Mutex::default() }
    }

    pub fn index(&self) -> Arc<Index> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn beside(&self) -> PathBuf {
        self.folder.with_extension("renewing")
    }

    /// Puts the finished index in the place of the current one. Nobody writes meanwhile.
    fn swap(&self, fresh: Arc<Index>) -> indexer::Result<()> {
        fresh.retire()?;
        drop(fresh);
        self.index().retire()?;
        let aside = self.folder.with_extension("discarded");
        remove_if_there(&aside)?;
        std::fs::rename(&self.folder, &aside)?;
        std::fs::rename(self.beside(), &self.folder)?;
        let index = Index::open_with(&self.folder, self.vocabulary.clone())?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(index);
        Ok(remove_if_there(&aside)?)
    }
}

/// What was begun is gone on with, where it was begun with the same words.
fn open_beside(folder: &Path, vocabulary: &Vocabulary) -> indexer::Result<Index> {
    match Index::open_with(folder, vocabulary.clone()) {
        Ok(index) if !index.is_mended_by_other_words() => Ok(index),
        Err(error) if !error.wants_rebuild() => Err(error),
        _ => Index::recreate_with(folder, vocabulary.clone()),
    }
}

fn remove_if_there(folder: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes the index anew beside the one that answers, and puts it in its place.
///
/// # Errors
/// Where it stops, the old one goes on answering, and the next attempt goes on from there.
pub async fn renew(app: &App) -> Result<(), FollowError> {
    let quiet = Quiet::start()?;
    let (folder, vocabulary) = (app.shelf.beside(), app.shelf.vocabulary.clone());
    // Its writer's threads are as quiet as the one that opens it.
    let fresh = Arc::new(quiet.run(move || open_beside(&folder, &vocabulary)).await??);
    teach(app, &fresh).await?;
    let mut cursor = fresh.cursor();
    while cursor < app.follower.indexed() {
        cursor = index_group(&app.archive, &app.catalog, &fresh, cursor, app.follower.indexed(), Some(&quiet)).await?;
    }
    let _nobody_writes = app.shelf.writing.lock().await;
    let end = app.follower.indexed();
    while cursor < end {
        cursor = index_group(&app.archive, &app.catalog, &fresh, cursor, end, Some(&quiet)).await?;
    }
    fresh.commit(end)?;
    let (pages, before) = (fresh.pages(), app.shelf.index().pages());
    let known = app.catalog.page_counts().await?.read();
    // A page whose text is damaged is in neither; one that was withdrawn may be in the old one.
    if pages < before.min(known) {
        return Err(FollowError::Short { pages, before });
    }
    app.shelf.swap(fresh)?;
    teach(app, &app.shelf.index()).await?;
    tracing::info!(pages, "the search index was made anew and has taken its place");
    Ok(())
}

async fn teach(app: &App, index: &Index) -> Result<(), FollowError> {
    vocabulary::names(&app.catalog, |names| index.learn(names)).await?;
    teach_own_words(app, index).await
}

/// What the pages that are there say often helps to mend those to come.
async fn teach_own_words(app: &App, index: &Index) -> Result<(), FollowError> {
    let current = app.shelf.index();
    let words = tokio::task::spawn_blocking(move || current.own_words()).await.map_err(|_| FollowError::Thread)??;
    index.learn(&words);
    tracing::info!("search has learned {} words from the archive's own pages", words.len());
    Ok(())
}

/// Reads every byte of it, which nobody waits for.
async fn reason_to_renew(app: &App) -> Option<String> {
    let index = app.shelf.index();
    if index.is_mended_by_other_words() {
        return Some("the word lists have changed".to_owned());
    }
    let checked = tokio::task::spawn_blocking(move || index.check()).await;
    match checked {
        Ok(checked) => checked.err().map(|error| error.to_string()),
        Err(_) => Some("checking the search index broke off".to_owned()),
    }
}

/// Runs beside the server: an index that was made with other words, or is damaged, is made anew.
pub async fn keep_current(app: actix_web::web::Data<App>) {
    if let Err(error) = teach_own_words(&app, &app.shelf.index()).await {
        tracing::error!("the archive's own words were not learned, so fewer misread ones are found: {error}");
    }
    if let Some(reason) = reason_to_renew(&app).await {
        tracing::info!("{reason}: the search index is made anew while the old one answers");
        if let Err(error) = renew(&app).await {
            tracing::error!("making the search index anew stopped, and goes on at the next start: {error}");
        }
    }
}
