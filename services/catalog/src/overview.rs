//! How much is there, and is it the same as before?

use record::{Digest, Timestamp};
use sqlx::{AssertSqlSafe, Row};

use crate::column::{Value, table_row};
use crate::engine::{on, row, run};
use crate::fold::lock_cursor;
use crate::{Catalog, CatalogError, Result};

table_row! {
    /// For `/metrics`: sums over everything.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Counts {
        pub documents: u64,
        /// Documents that are not filed.
        pub unfiled: u64,
        pub pages_sealed: u64,
        pub pages_read: u64,
        pub pages_unreadable: u64,
        /// Pages that were read, and need a person all the same.
        pub pages_attention: u64,
        /// Pages waiting to be read, claimed ones too.
        pub queued: u64,
        /// When the longest waiting of them was sealed.
        pub oldest_queued: Option<Timestamp>,
    }
}

/// Every table that is a fold of the ledger with the number of its key's columns, `progress` last: it is what [`Catalog::clear`] sets
/// back.
pub(crate) const PROJECTIONS: [(&str, usize); 22] = [
    ("documents", 1),
    ("versions", 2),
    ("pages", 1),
    ("page_identities", 1),
    ("exceptions", 2),
    ("batches", 1),
    ("events", 1),
    ("accounts", 1),
    ("tokens", 1),
    ("stations", 1),
    ("campaigns", 1),
    ("campaign_pages", 2),
    ("searches", 1),
    ("reels", 1),
    ("patients", 1),
    ("damage", 2),
    ("scrubs", 1),
    ("replays", 1),
    ("destructions", 1),
    ("tombstones", 1),
    ("holds", 1),
    ("progress", 1),
];

impl Catalog {
    /// How many events have been folded in, which is the index of the next.
    pub async fn cursor(&self) -> Result<u64> {
        let next = row!(self.reader.on(), Value<u64>, "SELECT next FROM progress")?;
        next.map(|row| row.0).ok_or_else(|| CatalogError::Damaged("no cursor".to_owned()))
    }

    pub async fn counts(&self) -> Result<Counts> {
        let sql = "SELECT (SELECT COUNT(*) FROM documents) AS documents,
            (SELECT COUNT(*) FROM documents WHERE filed = 0) AS unfiled,
            (SELECT COUNT(*) FROM pages WHERE withdrawn = 0 AND state = 'sealed') AS pages_sealed,
            (SELECT COUNT(*) FROM pages WHERE withdrawn = 0 AND state = 'read') AS pages_read,
            (SELECT COUNT(*) FROM pages WHERE withdrawn = 0 AND state = 'unreadable') AS pages_unreadable,
            (SELECT COUNT(*) FROM pages WHERE withdrawn = 0 AND attention IS NOT NULL) AS pages_attention,
            (SELECT COUNT(*) FROM queue) AS queued,
            (SELECT MIN(queued) FROM queue) AS oldest_queued";
        row!(self.reader.on(), Counts, sql)?.ok_or_else(|| CatalogError::Damaged("no counts".to_owned()))
    }

    /// Forgets every fold and the read queue, so that the ledger can be folded again from 0.
    /// Sessions and settings stay.
    pub async fn clear(&self) -> Result<()> {
        let mut tx = self.writer.begin().await?;
        lock_cursor(&mut tx).await?;
        let folds = PROJECTIONS.iter().map(|(table, _)| *table).filter(|table| *table != "progress");
        for table in folds.chain(["queue"]) {
            run!(tx.on(), AssertSqlSafe(format!("DELETE FROM {table}")))?;
        }
        run!(tx.on(), "UPDATE progress SET next = 0")?;
        tx.commit().await
    }

    /// Every row of every fold as one line, in an order that depends on nothing but the rows. Equal ledgers give
    /// equal dumps, on either engine. Holds patient data: for comparing, not for logs.
    pub async fn dump(&self) -> Result<Vec<String>> {
        let mut tx = self.writer.begin().await?;
        // So that no fold comes between two tables.
        lock_cursor(&mut tx).await?;
        let mut lines = Vec::new();
        for (table, _) in PROJECTIONS {
            let sql = format!("SELECT * FROM {table} ORDER BY 1, 2");
            on!(tx.on(), c => {
                for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(c).await? {
                    let cells: Vec<Option<String>> =
                        (0..row.len()).map(|at| cell(row.try_get(at), || row.try_get(at))).collect::<Result<_>>()?;
                    lines.push(format!("{table} {cells:?}"));
                }
            });
        }
        Ok(lines)
    }

    /// One digest over [`Catalog::dump`].
    pub async fn fingerprint(&self) -> Result<Digest> {
        Ok(Digest::of(self.dump().await?.join("\n").as_bytes()))
    }
}

/// A column is text, or else a number.
fn cell(text: sqlx::Result<Option<String>>, number: impl Fn() -> sqlx::Result<Option<i64>>) -> Result<Option<String>> {
    match text {
        Ok(text) => Ok(text),
        Err(_) => Ok(number()?.map(|number| number.to_string())),
    }
}
