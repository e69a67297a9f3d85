//! Is this catalog what the ledger makes of it?
//!
//! Another catalog into which the same events were folded must have the same rows. Both are read in the order of their keys, side by
//! side, so that memory does not depend on how many there are, and this one in one transaction, so that it may be folded into meanwhile.

use std::cmp::Ordering;

use futures::stream::{BoxStream, Peekable};
use futures::{StreamExt as _, TryStreamExt as _};
use record::Timestamp;
use sqlx::{AssertSqlSafe, Row as _};

use crate::column::{Value, table_row};
use crate::engine::{Engine, Tx, on, row, run};
use crate::overview::PROJECTIONS;
use crate::{Catalog, CatalogError, Result};

/// A row that is not as it should be. It is named by its key, except where that is a patient's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub table: &'static str,
    pub key: Option<String>,
    pub kind: DifferenceKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DifferenceKind {
    /// The ledger knows of no such thing.
    Ghost,
    /// The ledger knows of it, and it is not here.
    Dropped,
    /// Some columns are otherwise.
    Changed(Vec<String>),
}

table_row! {
    /// A comparison of catalog and index with the ledger.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Replay {
        pub at: Timestamp,
        pub events: u64,
        pub pages: u64,
        /// What was otherwise.
        pub found: u64,
    }
}

impl Catalog {
    /// The newest comparison that is in the ledger.
    pub async fn last_replay(&self) -> Result<Option<Replay>> {
        row!(self.reader.on(), Replay, "SELECT * FROM replays ORDER BY event_index DESC LIMIT 1")
    }

    /// What the engine itself finds amiss in its file, first things first; a database server looks after its own.
    pub async fn file_damage(&self) -> Result<Option<String>> {
        match self.reader.on() {
            Engine::Postgres(_) => Ok(None),
            Engine::Sqlite(pool) => {
                let sql = "PRAGMA integrity_check(1)";
                let said: String = sqlx::query_scalar(sql).fetch_one(pool).await?;
                Ok((said != "ok").then_some(said))
            }
        }
    }

    /// The folds as they are now.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        let mut tx = self.reader.begin().await?;
        if matches!(tx, Engine::Postgres(_)) {
            run!(tx.on(), "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")?;
        }
        // The first look at a table is what fixes the moment, on either engine.
        let next = row!(tx.on(), Value<u64>, "SELECT next FROM progress")?;
        let cursor = next.ok_or_else(|| CatalogError::Damaged("no cursor".to_owned()))?.0;
        Ok(Snapshot { tx, cursor })
    }
}

pub struct Snapshot {
    tx: Tx,
    cursor: u64,
}

impl Snapshot {
    /// How many events have been folded in.
    pub const fn cursor(&self) -> u64 {
        self.cursor
    }

    /// What is otherwise in `fresh`, into which just as many events were folded; at most `most` rows of each table are named, and all
    /// are counted.
    pub async fn compare(mut self, fresh: &Catalog, most: usize) -> Result<(Vec<Difference>, u64)> {
        let mut other = fresh.snapshot().await?;
        let (mut found, mut count) = (Vec::new(), 0);
        for (table, keys) in PROJECTIONS {
            let mut named = Vec::new();
            let (ours, theirs) = (rows(&mut self.tx, table, keys), rows(&mut other.tx, table, keys));
            merge(table, keys, ours.peekable(), theirs.peekable(), |difference| {
                count += 1;
                named.extend((named.len() < most).then_some(difference));
            })
            .await?;
            found.extend(named);
        }
        Ok((found, count))
    }
}

/// A value with its column's name.
type Cells = Vec<(String, Cell)>;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Null,
    Number(i64),
    Text(String),
}

fn rows<'a>(tx: &'a mut Tx, table: &str, keys: usize) -> BoxStream<'a, Result<Cells>> {
    let order = if keys == 1 { "1" } else { "1, 2" };
    let sql = AssertSqlSafe(format!("SELECT * FROM {table} ORDER BY {order}"));
    on!(tx.on(), connection => {
        let rows = sqlx::query(sql).fetch(connection).map_err(CatalogError::from);
        rows.and_then(|row| async move {
            let cell = |column: &_| -> Result<(String, Cell)> {
                let (at, name) = (sqlx::Column::ordinal(column), sqlx::Column::name(column).to_owned());
                // A column is text, or else a number.
                Ok((name, match row.try_get::<Option<String>, _>(at) {
                    Ok(text) => text.map_or(Cell::Null, Cell::Text),
                    Err(_) => row.try_get::<Option<i64>, _>(at)?.map_or(Cell::Null, Cell::Number),
                }))
            };
            row.columns().iter().map(cell).collect()
        })
        .boxed()
    })
}

async fn merge(
    table: &'static str,
    keys: usize,
    ours: Peekable<BoxStream<'_, Result<Cells>>>,
    theirs: Peekable<BoxStream<'_, Result<Cells>>>,
    mut tell: impl FnMut(Difference),
) -> Result<()> {
    let (mut ours, mut theirs) = (std::pin::pin!(ours), std::pin::pin!(theirs));
    let key = |row: &Cells| row[..keys].iter().map(|(_, cell)| cell.clone()).collect::<Vec<_>>();
    loop {
        let left = ours.as_mut().peek().await.and_then(|row| row.as_ref().ok().map(key));
        let right = theirs.as_mut().peek().await.and_then(|row| row.as_ref().ok().map(key));
        let order = match (&left, &right) {
            (Some(left), Some(right)) => left.cmp(right),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        let mine = if order.is_le() { ours.next().await.transpose()? } else { None };
        let other = if order.is_ge() { theirs.next().await.transpose()? } else { None };
        let kind = match (&mine, &other) {
            (Some(mine), Some(other)) if mine == other => continue,
            (Some(mine), Some(other)) => DifferenceKind::Changed(changed(mine, other)),
            (Some(_), None) => DifferenceKind::Ghost,
            (None, Some(_)) => DifferenceKind::Dropped,
            (None, None) => return Ok(()),
        };
        tell(Difference { table, key: name(table, &left.filter(|_| order.is_le()).or(right)), kind });
    }
}

/// Names of the columns, not what is in them.
fn changed(mine: &Cells, other: &Cells) -> Vec<String> {
    let pairs = mine.iter().zip(other).filter(|(mine, other)| mine != other);
    pairs.map(|((column, _), _)| column.clone()).collect()
}

fn name(table: &str, key: &Option<Vec<Cell>>) -> Option<String> {
    let key = key.as_ref().filter(|_| table != "patients")?;
    let cells = key.iter().map(|cell| match cell {
        Cell::Null => String::new(),
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
    });
    Some(cells.collect::<Vec<_>>().join(" "))
}
