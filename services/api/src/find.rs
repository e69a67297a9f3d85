//! Who may find what? Search within the caller's scope, with the views it amounts to in the
//! ledger before anything is shown. Both the API and the pages search through here.

use std::time::Duration;

use indexer::{
    Filters, Index, LitBox, Overview, PAGES_SHOWN, PageHit, SearchRequest, SearchResult, Sort, Stop, Suggestion,
};
use record::event::ViewForm;
use record::{DocumentId, PageId};

use crate::identity::Caller;
use crate::policy::Scope;
use crate::problem::{Problem, Reply};
use crate::state::App;
use crate::views;

/// What somebody is looking for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// As typed; blank finds everything that the filters let through.
    pub query: String,
    pub filters: Filters,
    pub sort: Sort,
    /// See [`SearchRequest::as_of`].
    pub as_of: Option<u64>,
    /// 1-based page of results.
    pub page: u32,
    /// Documents on one page of results.
    pub per_page: usize,
    /// Whether the answer leaves as a list to keep.
    pub as_list: bool,
}

/// # Errors
/// 422 for a query that cannot be understood, 503 where the views cannot be logged.
pub async fn search(app: &App, caller: &Caller, wanted: Wanted) -> Reply<SearchResult> {
    let Wanted { query, filters, sort, as_of, page, per_page, as_list } = wanted;
    let stop = Stop::default();
    // A list tells of the best page of each document.
    let pages_per_document = if as_list { 1 } else { PAGES_SHOWN };
    let (scope, stopped) = (scope(caller)?, stop.clone());
    let request =
        SearchRequest { query, filters, scope, sort, as_of, page, per_page, pages_per_document, stop: stopped };
    let found = within(app.config.search_budget, stop, blocking(app, move |index| index.search(&request))).await?;
    metrics::counter!("chartroom_searches_total").increment(1);
    if found.partial {
        metrics::counter!("chartroom_searches_partial_total").increment(1);
    }
    let form = if as_list { ViewForm::List } else { ViewForm::Screen };
    views::log_search(app, caller, &found, form).await?;
    Ok(found)
}

/// What the caller could find at all.
pub async fn overview(app: &App, caller: &Caller) -> Reply<Overview> {
    let scope = scope(caller)?;
    blocking(app, move |index| index.overview(scope)).await
}

/// How to go on with what is typed: words of pages that the caller may see.
pub async fn suggest(app: &App, caller: &Caller, beginning: String) -> Reply<Vec<Suggestion>> {
    let scope = scope(caller)?;
    blocking(app, move |index| index.suggest(&beginning, scope)).await
}

/// The same within one document; [`crate::reach::document`] comes first.
pub async fn suggest_in_document(app: &App, document: DocumentId, beginning: String) -> Reply<Vec<Suggestion>> {
    blocking(app, move |index| index.suggest_in_document(&document, &beginning)).await
}

/// The words to light on a page that the caller may see: [`crate::reach::page`] comes first.
pub async fn lit(app: &App, page: PageId, query: String) -> Reply<Vec<LitBox>> {
    blocking(app, move |index| index.lit(&page, &query)).await
}

/// Pages of one document with words of the query; [`crate::reach::document`] comes first.
pub async fn in_document(app: &App, document: DocumentId, query: String) -> Reply<Vec<PageHit>> {
    blocking(app, move |index| index.hits_in_document(&document, &query)).await
}

/// The answer, at most a moment after the budget is used up: what is stopped answers with what it has. Whoever leaves
/// drops this, and that stops it too.
async fn within<T>(budget: Duration, stop: Stop, work: impl Future<Output = T>) -> T {
    let mut asked = Asked { stop, answered: false };
    if budget.is_zero() {
        // A timer is too coarse to say so: it gives a whole millisecond.
        asked.stop.stop();
    }
    let mut work = std::pin::pin!(work);
    let done = match tokio::time::timeout(budget, &mut work).await {
        Ok(done) => done,
        Err(_) => {
            asked.stop.stop();
            work.await
        }
    };
    asked.answered = true;
    done
}

/// A search that somebody waits for, as long as this is there.
struct Asked {
    stop: Stop,
    answered: bool,
}

impl Drop for Asked {
    fn drop(&mut self) {
        if !self.answered {
            self.stop.stop();
            metrics::counter!("chartroom_searches_left_total").increment(1);
        }
    }
}

fn scope(caller: &Caller) -> Reply<indexer::Scope> {
    match caller.scope() {
        Scope::Everything => Ok(indexer::Scope::EVERYTHING),
        Scope::Filed => Ok(indexer::Scope::FILED),
        Scope::Nothing => Err(Problem::absent()),
    }
}

async fn blocking<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Index) -> indexer::Result<T> + Send + 'static,
) -> Reply<T> {
    let index = app.shelf.index();
    let done = tokio::task::spawn_blocking(move || work(&index)).await;
    Ok(done.map_err(|error| Problem::unavailable("search index", &error))??)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use indexer::Stop;

    use super::within;

    #[tokio::test]
    async fn a_search_ends_with_its_budget_or_with_whoever_asked() {
        let stop = Stop::default();
        let stopped = stop.clone();
        let until_stopped = async move {
            while !stopped.is_stopped() {
                tokio::task::yield_now().await;
            }
            "what there is"
        };
        assert_eq!(within(Duration::from_millis(1), stop, until_stopped).await, "what there is");

        let stop = Stop::default();
        let mut search = Box::pin(within(Duration::MAX, stop.clone(), std::future::pending::<()>()));
        assert!(futures::poll!(&mut search).is_pending() && !stop.is_stopped());
        drop(search);
        assert!(stop.is_stopped(), "nobody waits any more");
    }
}
