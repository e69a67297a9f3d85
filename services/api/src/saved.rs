//! What does somebody want to hear of? The searches that they keep, each with how many documents
//! are new to it since they looked: read, corrected or filed since then.

use actix_web::web;
use record::saved::{KeepSearch, SavedSearch};
use record::{EventKind, SearchId, canonical, limits};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::find::{self, Wanted};
use crate::identity::Caller;
use crate::pages::view::encoded;
use crate::problem::{Problem, Reply};
use crate::routes::search;
use crate::state::App;

/// A search that is kept, and what is new to it.
#[derive(Clone, Serialize, ToSchema)]
pub struct Standing {
    #[schema(value_type = String)]
    pub search: SearchId,
    pub name: String,
    /// The parameters of `/search` and `/api/v1/search`.
    pub query: String,
    /// Give it to either as `since`, to see what is new.
    pub seen: u64,
    /// Documents.
    pub new: u64,
    /// There may be more: the search took too long.
    pub partial: bool,
}

pub async fn all(app: &App, caller: &Caller) -> Reply<Vec<Standing>> {
    let mut standings = Vec::new();
    for saved in app.catalog.searches_of(caller.actor).await? {
        standings.push(standing(app, caller, saved).await?);
    }
    Ok(standings)
}

async fn standing(app: &App, caller: &Caller, saved: SavedSearch) -> Reply<Standing> {
    let SavedSearch { search, name, query, seen, .. } = saved;
    let mut wanted = Wanted { page: 1, per_page: 0, as_of: None, ..search::wanted(&query)? };
    wanted.filters.arrived_from = Some(seen);
    let found = find::search(app, caller, wanted).await?;
    // Words that look alike are no news, nor are some of the words.
    let new = if found.widened || found.incomplete { 0 } else { found.documents };
    Ok(Standing { search, name, query, seen, new, partial: found.partial })
}

/// # Errors
/// 422 for a search that cannot be understood or has no name, 409 for one too many.
pub async fn keep(app: &App, caller: &Caller, keep: KeepSearch) -> Reply<Standing> {
    let KeepSearch { name, query } = keep;
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > limits::SAVED_SEARCH_NAME_CHARS_MAX {
        let most = limits::SAVED_SEARCH_NAME_CHARS_MAX;
        return Err(Problem::refused("name", format!("a search that is kept has a name of 1 to {most} characters")));
    }
    if query.len() > limits::SAVED_SEARCH_BYTES_MAX {
        return Err(Problem::refused("query", "the search is too long to be kept: shorten it"));
    }
    let query = plain(&query)?;
    let wanted = search::wanted(&query)?;
    indexer::parse(&wanted.query).map_err(indexer::Error::from)?;
    if app.catalog.searches_of(caller.actor).await?.len() >= limits::SAVED_SEARCHES_MAX {
        let most = limits::SAVED_SEARCHES_MAX;
        return Err(Problem::conflict(
            "too-many-searches",
            format!("you keep {most} searches already: drop one first"),
        ));
    }
    let search = SearchId::from_uuid(Uuid::now_v7());
    let seen = app.follower.indexed();
    let saved = SavedSearch { search, owner: caller.actor, name, query, seen, kept: true };
    put(app, caller, &saved).await?;
    standing(app, caller, saved).await
}

/// The parameters of the search screen that are set, written in one way.
fn plain(query: &str) -> Reply<String> {
    const NAMES: [&str; 7] = ["q", "patient", "type", "from", "to", "source", "sort"];
    let pairs = web::Query::<Vec<(String, String)>>::from_query(query).map(web::Query::into_inner).unwrap_or_default();
    if pairs.iter().any(|(name, _)| !NAMES.contains(&name.as_str())) {
        return Err(Problem::refused("query", format!("a search that is kept has nothing but {}", NAMES.join(", "))));
    }
    let set = pairs.iter().filter(|(_, value)| !value.trim().is_empty());
    let set: Vec<String> = set.map(|(name, value)| format!("{name}={}", encoded(value.trim()))).collect();
    if set.is_empty() {
        return Err(Problem::refused("query", "this asks for nothing: write a word to find, or choose a filter"));
    }
    Ok(set.join("&"))
}

/// Everything that it finds now counts as seen; gives it as it was before.
pub async fn look(app: &App, caller: &Caller, search: SearchId) -> Reply<SavedSearch> {
    let before = one(app, caller, search).await?;
    let seen = app.follower.indexed();
    if seen > before.seen {
        put(app, caller, &SavedSearch { seen, ..before.clone() }).await?;
    }
    Ok(before)
}

pub async fn drop(app: &App, caller: &Caller, search: SearchId) -> Reply<()> {
    let saved = one(app, caller, search).await?;
    put(app, caller, &SavedSearch { kept: false, ..saved }).await
}

async fn one(app: &App, caller: &Caller, search: SearchId) -> Reply<SavedSearch> {
    app.catalog.search_of(caller.actor, search).await?.ok_or_else(Problem::absent)
}

async fn put(app: &App, caller: &Caller, saved: &SavedSearch) -> Reply<()> {
    let bytes = canonical::to_bytes(saved)?;
    let body = app.archive.put("application/json", bytes.into()).await?.digest;
    app.append_one(caller.actor, EventKind::SearchSaved { search: saved.search, body }).await.map(std::mem::drop)
}
