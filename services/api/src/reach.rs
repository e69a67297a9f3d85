//! Which document, which page, for this caller? The only way from an id to a document: what
//! lies outside the caller's scope is absent, for the API and for the pages alike.

use catalog::{Document, Page, PageState, Version};
use record::{DocumentId, PageId};

use crate::identity::Caller;
use crate::policy::Action;
use crate::problem::{Problem, Reply};
use crate::state::App;

/// # Errors
/// 404 where there is none, or none for this caller.
pub async fn document(app: &App, caller: &Caller, document: DocumentId) -> Reply<Document> {
    let Some(found) = app.catalog.document(document).await? else { return Err(gone(app, caller, document).await?) };
    if caller.scope().admits(found.filed) { Ok(found) } else { Err(Problem::absent()) }
}

/// Why there is no such document: whoever might have seen it, or sees the ledger, is told that it was destroyed.
async fn gone(app: &App, caller: &Caller, document: DocumentId) -> Reply<Problem> {
    let Some(stone) = app.catalog.tombstone(document).await? else { return Ok(Problem::absent()) };
    if !(caller.may(Action::Audit) || caller.scope().admits(stone.filed)) {
        return Ok(Problem::absent());
    }
    let found = app.catalog.destruction(stone.destruction).await?.ok_or_else(Problem::absent)?;
    let (record, index) = (found.record, found.decided_index.unwrap_or_default());
    Ok(Problem::destroyed(format!(
        "this document was destroyed under reference {} on the authority of {}; event {index} of the ledger has the approval",
        record.reference, record.authority
    )))
}

/// A page of a document within the caller's scope.
pub async fn page(app: &App, caller: &Caller, page: PageId) -> Reply<(Document, Page)> {
    let (document, page) = app.catalog.page(page).await?.ok_or_else(Problem::absent)?;
    if caller.scope().admits(document.filed) { Ok((document, page)) } else { Err(Problem::absent()) }
}

/// The caller looks at this page: where it is not read yet, it is read next. That it looks is not held up by this.
pub async fn wait_for(app: &App, page: &Page) {
    if page.state == PageState::Sealed
        && let Err(error) = app.catalog.wait_for(page.page, app.now()).await
    {
        tracing::warn!("failed to put a page first in the queue: {error}");
    }
}

/// For proofs, which hold no patient data: any document, by whoever may prove. A searcher is
/// not told of documents that are not filed, not even that they exist.
pub async fn provable(app: &App, caller: &Caller, document: DocumentId) -> Reply<Document> {
    let Some(found) = app.catalog.document(document).await? else { return Err(gone(app, caller, document).await?) };
    let sees_ledger = caller.may(Action::Audit);
    if sees_ledger || caller.scope().admits(found.filed) { Ok(found) } else { Err(Problem::absent()) }
}

/// One version of a document, the newest where none is named. Whether it may be seen depends
/// on the newest: a document that was refiled is not seen by its old fields.
pub async fn version(app: &App, document: &Document, version: Option<u32>) -> Reply<Version> {
    let version = version.unwrap_or(document.version);
    app.catalog.version(document.document, version).await?.ok_or_else(Problem::absent)
}
