//! One suite, two engines: every case runs on SQLite and on a PostgreSQL of its own.

mod attention;
mod campaigns;
mod folding;
mod identities;
mod ledger;
mod postgres;
mod queries;
mod queue;
mod safety;
mod searches;

use std::sync::LazyLock;

use catalog::Catalog;
use tempfile::TempDir;

/// An empty catalog that goes away with its folder or its server.
pub struct Fresh {
    pub catalog: Catalog,
    pub address: String,
    _folder: Option<TempDir>,
}

pub async fn sqlite() -> Fresh {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let address = format!("sqlite:{}", folder.path().join("catalog.sqlite").display());
    let catalog = Catalog::open(&address).await.expect("opens");
    Fresh { catalog, address, _folder: Some(folder) }
}

pub async fn postgres() -> Fresh {
    static SERVER: LazyLock<postgres::Server> = LazyLock::new(postgres::Server::start);
    let address = SERVER.database();
    let catalog = Catalog::open(&address).await.expect("opens");
    Fresh { catalog, address, _folder: None }
}

/// Makes two tests of each `async fn(Fresh)`.
macro_rules! on_both {
    ($($case:ident)*) => {
        mod on_sqlite {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(crate::sqlite().await).await;
            }
        )*}
        mod on_postgres {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(crate::postgres().await).await;
            }
        )*}
    };
}
pub(crate) use on_both;
