//! What else lies in the store?
//!
//! Whatever proves or is proven has a name that Chartroom gives, and the other modules ask for it by that name, so that nothing
//! beside it can change a verdict. Somebody put it there all the same, and an auditor may want to know.

use futures::{StreamExt as _, TryStreamExt as _};

use super::{Code, NOTES_MAX, Run};
use crate::error::Result;

/// A folder, and what may stand in it.
const PLACES: [(&str, &[&str]); 4] = [
    ("", &["blobs", "manifests", "log", "quarantine"]),
    ("blobs", &["sha256"]),
    ("manifests", &["sha256"]),
    ("log", &["checkpoint", "commits", "keys", "staging", "tile", "timestamps", "witnessed"]),
];

pub(super) async fn check(run: &mut Run<'_>) -> Result<()> {
    let store = run.store.clone();
    for (folder, known) in PLACES {
        let is_stray = |key: &String| !known.contains(&key.rsplit('/').next().unwrap_or_default());
        let (objects, folders) = store.within(folder).await?;
        let mut strays: Vec<_> = objects.into_iter().filter(is_stray).collect();
        for stray in folders.into_iter().filter(is_stray) {
            let inside = store.list(&stray).map_ok(|listed| listed.key).take(NOTES_MAX);
            strays.extend(inside.try_collect::<Vec<_>>().await?);
        }
        strays.into_iter().for_each(|key| run.note(Code::UnknownObject, key, "Chartroom puts nothing there"));
    }
    Ok(())
}
