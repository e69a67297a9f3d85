//! What can the caller do about it?

use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;

pub type Result<T, E = CatalogError> = std::result::Result<T, E>;

/// Never carries the engine's own error: its debug form quotes rows, and rows hold patients.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// Correct the address.
    #[error("read the catalog's address: write `sqlite:PATH` or `postgres://user@host/database`")]
    Address,
    /// Try again later; nothing was changed.
    #[error("reach the catalog's database ({0}): check that it runs and has space, then try again")]
    Unavailable(String),
    /// Apply from `expected` on; nothing was changed.
    #[error("apply event {found} to the catalog: event {expected} comes first")]
    Gap { expected: u64, found: u64 },
    /// Bring the event's own body; nothing was changed.
    #[error("apply event {index} to the catalog: the body brought along is not the event's")]
    Body { index: u64 },
    /// Use a program that is as new as the tables.
    #[error("bring the catalog's tables up to date ({0}): use a newer program, or rebuild the catalog")]
    Schema(String),
    /// Rebuild: the ledger still has everything.
    #[error("make sense of the catalog ({0}): rebuild it with `chartroom rebuild --catalog`")]
    Damaged(String),
}

impl From<sqlx::Error> for CatalogError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(error) => Self::Unavailable(error.kind().to_string()),
            sqlx::Error::PoolTimedOut => Self::Unavailable("no connection became free in time".to_owned()),
            sqlx::Error::Tls(_) => Self::Unavailable("TLS could not be agreed on".to_owned()),
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Self::Unavailable("it was closed".to_owned()),
            sqlx::Error::Database(error) => of_database(error.as_ref()),
            sqlx::Error::ColumnDecode { index, .. } => Self::Damaged(format!("column {index}")),
            sqlx::Error::ColumnNotFound(name) => Self::Damaged(format!("no column {name}")),
            _ => Self::Damaged("a row has another shape".to_owned()),
        }
    }
}

impl From<MigrateError> for CatalogError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            other => Self::Schema(other.to_string()),
        }
    }
}

fn of_database(error: &dyn DatabaseError) -> CatalogError {
    let code = error.code().unwrap_or_default();
    let text = format!("code {code}");
    if passes(&code) { CatalogError::Unavailable(text) } else { CatalogError::Damaged(text) }
}

/// Whether the condition may pass by itself or by an administrator's hand.
///
/// PostgreSQL's SQLSTATE classes: 08 connection, 28 and 3D log-in and database, 40 rollback, 53 resources,
/// 57 operator intervention, 58 system error. SQLite's primary result codes (the low byte of the
/// extended one): 5 busy, 6 locked, 8 read-only, 10 I/O, 13 full, 14 cannot open.
fn passes(code: &str) -> bool {
    if code.len() == 5 && !code.starts_with('0') || code.starts_with("08") {
        return ["08", "28", "3D", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_told_from_what_may_not() {
        for code in ["5", "517", "13", "08006", "40001", "57P01", "53100"] {
            assert!(passes(code), "{code}");
        }
        for code in ["1", "11", "1555", "23505", "42703", ""] {
            assert!(!passes(code), "{code}");
        }
    }
}
