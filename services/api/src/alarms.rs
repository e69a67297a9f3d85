//! Which pages of a document name another patient than its index, and what may a person do about it?

use record::{DocumentId, EventKind, PageId};

use crate::identity::Caller;
use crate::problem::{Problem, Reply};
use crate::reach;
use crate::state::App;

/// A person has looked at the page: the index of this version is right. The page's alarm is gone until the document
/// is filed for somebody else, or the page's text names yet another patient.
///
/// # Errors
/// 404 where there is no such document or alarm, 412 where the document has another version by now.
pub async fn dismiss(app: &App, caller: &Caller, document: DocumentId, version: u32, page: PageId) -> Reply<()> {
    app.refresh().await?;
    let found = reach::document(app, caller, document).await?;
    if found.version != version {
        return Err(Problem::stale("somebody changed this document meanwhile: look at it again"));
    }
    let alarms = app.catalog.wrong_patients_in(document).await?;
    if alarms.iter().all(|alarm| alarm.page != page) {
        return Err(Problem::absent());
    }
    app.append_one(caller.actor, EventKind::AlarmDismissed { document, version, page }).await.map(drop)
}
