//! What does a request handler hold? The archive, its two projections, and what the process
//! remembers between requests. One value, shared by all: `web::Data<App>`.

use archive::Archive;
use catalog::Catalog;
use indexer::Index;

use crate::config::Config;
use crate::follow::Follower;
use crate::views::Views;

/// The server's parts. Handlers and pages take it as `app: web::Data<App>`.
pub struct App {
    /// The truth.
    pub archive: Archive,
    /// Projection: what is known about documents, pages, batches, people.
    pub catalog: Catalog,
    /// Projection: where words are.
    pub index: Index,
    pub config: Config,
    /// Appends events and brings the catalog up to them.
    pub follower: Follower,
    /// Who has been shown what lately.
    pub views: Views,
}
