//! How does one SQL text run on two engines?
//!
//! [`Engine`] is "this on SQLite, that on PostgreSQL". The pools are one, a transaction is one,
//! and what a statement runs on is one. [`on!`] opens it, so a statement is written once and
//! compiled twice; [`rows!`], [`row!`] and [`run!`] are the three things statements do.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{
    ConnectOptions, PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, Transaction,
    migrate::Migrator,
};

use crate::error::{CatalogError, Result};

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// How long a statement waits for another process's writer before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);
/// Where the database is away, people in front of a screen are told so and not left waiting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);
const READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 10;

#[derive(Debug, Clone)]
pub(crate) enum Engine<S, P> {
    Sqlite(S),
    Postgres(P),
}

pub(crate) type Pool = Engine<SqlitePool, PgPool>;
pub(crate) type Tx = Engine<Transaction<'static, Sqlite>, Transaction<'static, Postgres>>;

/// `on!(engine, c => f(c))`: `c` is the SQLite part or the PostgreSQL part.
macro_rules! on {
    ($engine:expr, $part:ident => $body:expr) => {
        match $engine {
            $crate::engine::Engine::Sqlite($part) => $body,
            $crate::engine::Engine::Postgres($part) => $body,
        }
    };
}
pub(crate) use on;

/// `rows!(engine, Row, SQL, $1, $2, ..)` is all rows.
macro_rules! rows {
    ($engine:expr, $row:ty, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::engine::on!($engine, c => sqlx::query_as::<_, $row>($sql)
            $(.bind($crate::column::Column::to_stored(&$value)))*
            .fetch_all(c).await.map_err($crate::error::CatalogError::from))
    };
}
pub(crate) use rows;

/// `row!(engine, Row, SQL, $1, $2, ..)` is the row, or `None`.
macro_rules! row {
    ($engine:expr, $row:ty, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::engine::on!($engine, c => sqlx::query_as::<_, $row>($sql)
            $(.bind($crate::column::Column::to_stored(&$value)))*
            .fetch_optional(c).await.map_err($crate::error::CatalogError::from))
    };
}
pub(crate) use row;

/// `run!(engine, SQL, $1, $2, ..)` is the number of rows changed.
macro_rules! run {
    ($engine:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::engine::on!($engine, c => sqlx::query($sql)
            $(.bind($crate::column::Column::to_stored(&$value)))*
            .execute(c).await.map(|done| done.rows_affected()).map_err($crate::error::CatalogError::from))
    };
}
pub(crate) use run;

impl Pool {
    pub(crate) fn on(&self) -> Engine<&SqlitePool, &PgPool> {
        match self {
            Self::Sqlite(pool) => Engine::Sqlite(pool),
            Self::Postgres(pool) => Engine::Postgres(pool),
        }
    }

    pub(crate) async fn begin(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite(pool) => Engine::Sqlite(pool.begin().await?),
            Self::Postgres(pool) => Engine::Postgres(pool.begin().await?),
        })
    }

    pub(crate) async fn close(&self) {
        on!(self, pool => pool.close().await);
    }
}

impl Tx {
    pub(crate) fn on(&mut self) -> Engine<&mut SqliteConnection, &mut PgConnection> {
        match self {
            Self::Sqlite(tx) => Engine::Sqlite(tx),
            Self::Postgres(tx) => Engine::Postgres(tx),
        }
    }

    pub(crate) async fn commit(self) -> Result<()> {
        Ok(on!(self, tx => tx.commit().await)?)
    }
}

/// Opens `sqlite:PATH` or `postgres://…` and brings its tables up to date: (reader, writer).
pub(crate) async fn open(address: &str) -> Result<(Pool, Pool)> {
    match address.split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => open_sqlite(path).await,
        Some(("postgres" | "postgresql", _)) => open_postgres(address).await,
        _ => Err(CatalogError::Address),
    }
}

/// Patients' names and password hashes are inside: the file is the owner's alone from its first
/// byte on, and SQLite gives its journal files the same mode.
fn make_private(path: &str) -> Result<()> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    file.map(drop).map_err(|error| CatalogError::Unavailable(error.kind().to_string()))
}

async fn open_sqlite(path: &str) -> Result<(Pool, Pool)> {
    make_private(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    // SQLite has one writer at a time; a queue for one connection is fairer than its busy handler.
    let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
    SQLITE_MIGRATIONS.run(&writer).await?;
    let reader = SqlitePoolOptions::new().max_connections(READERS).connect_with(options.pragma("query_only", "ON"));
    Ok((Engine::Sqlite(reader.await?), Engine::Sqlite(writer)))
}

async fn open_postgres(address: &str) -> Result<(Pool, Pool)> {
    let options = PgConnectOptions::from_str(address).map_err(|_| CatalogError::Address)?.disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(CONNECT_TIMEOUT)
        .connect_with(options)
        .await?;
    POSTGRES_MIGRATIONS.run(&pool).await?;
    Ok((Engine::Postgres(pool.clone()), Engine::Postgres(pool)))
}
