//! What goes wrong is told, and told without a patient.

use std::os::unix::fs::PermissionsExt;

use catalog::{Catalog, CatalogError};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use crate::ledger::{Ledger, document};
use crate::{postgres, sqlite};

#[tokio::test]
async fn a_wrong_address_is_refused() {
    for address in ["", "sqlite:", "catalog.sqlite", "mysql://localhost/x"] {
        assert_eq!(Catalog::open(address).await.err(), Some(CatalogError::Address), "{address}");
    }
    let missing = Catalog::open("sqlite:/nowhere/at/all/catalog.sqlite").await.expect_err("no such folder");
    assert!(matches!(missing, CatalogError::Unavailable(_)), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_database_is_unavailable_not_damaged() {
    let address = postgres().await.address.replace("/chartroom_", "/no_such_");
    let missing = Catalog::open(&address).await.expect_err("no such database");
    assert!(matches!(missing, CatalogError::Unavailable(_)), "{missing:?}");
}

#[tokio::test]
async fn a_damaged_row_is_told_without_its_values() {
    let fresh = sqlite().await;
    Ledger::everything().apply(&fresh.catalog).await;
    let path = fresh.address.strip_prefix("sqlite:").expect("as made");
    let mut other = SqliteConnectOptions::new().filename(path).connect().await.expect("opens");
    let spoil = "UPDATE documents SET mrn = 'John Doe'; UPDATE accounts SET record = '{\"login\": \"John Doe\"}'";
    sqlx::raw_sql(spoil).execute(&mut other).await.expect("spoils");
    let errors = [
        fresh.catalog.document(document("filed")).await.expect_err("is spoiled"),
        fresh.catalog.account_by_login("ada").await.expect_err("is spoiled"),
    ];
    for error in errors {
        assert!(matches!(error, CatalogError::Damaged(_)), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("Doe"), "{error:?}");
    }
}

#[tokio::test]
async fn the_file_is_the_owners_alone() {
    let fresh = sqlite().await;
    Ledger::everything().apply(&fresh.catalog).await;
    let path = fresh.address.strip_prefix("sqlite:").expect("as made");
    for suffix in ["", "-wal", "-shm"] {
        let mode = std::fs::metadata(format!("{path}{suffix}")).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{suffix}");
    }
}

#[tokio::test]
async fn what_was_folded_outlives_the_process() {
    let fresh = sqlite().await;
    Ledger::everything().apply(&fresh.catalog).await;
    let dump = fresh.catalog.dump().await;
    fresh.catalog.close().await;
    let again = Catalog::open(&fresh.address).await.expect("opens");
    assert_eq!(again.dump().await, dump);
}
