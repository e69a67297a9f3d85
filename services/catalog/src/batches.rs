//! How far has a batch come?

use std::fmt;

use record::manifest::BatchRecord;
use record::wire::BatchStatus;
use record::{BatchId, Timestamp};

use crate::column::{Value, table_row};
use crate::engine::{row, rows, run};
use crate::{Catalog, Result};

table_row! {
    /// One batch with its counts, in pages where nothing else is said.
    #[derive(Clone, PartialEq, Eq)]
    pub struct Batch {
        pub batch: BatchId,
        pub opened: Timestamp,
        pub closed: Option<Timestamp>,
        /// Given by the operator; may name a patient.
        pub name: String,
        pub station: String,
        /// As told by the station when it closed the batch; 0 before.
        pub captured: u32,
        /// Files and pages the station refused.
        pub refused: u32,
        /// Documents sealed.
        pub documents: u32,
        /// Documents that are not filed.
        pub exceptions: u32,
        pub sealed: u32,
        pub read: u32,
        pub indexed: u32,
        pub attention: u32,
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch({})", self.batch)
    }
}

impl Batch {
    pub fn status(&self) -> BatchStatus {
        BatchStatus {
            batch: self.batch,
            name: self.name.clone(),
            closed: self.closed.is_some(),
            captured: self.captured,
            documents: self.documents,
            sealed: self.sealed,
            read: self.read,
            indexed: self.indexed,
            attention: self.attention,
            exceptions: self.exceptions,
            refused: self.refused,
        }
    }
}

/// A batch with its counts. A page is indexed when the index has folded its `Read` event.
macro_rules! counted {
    ($which:literal) => {
        concat!(
            "SELECT b.batch, b.opened, b.closed, b.name, b.station, b.captured, b.refused,
    (SELECT COUNT(*) FROM documents d WHERE d.batch = b.batch) AS documents,
    (SELECT COUNT(*) FROM documents d WHERE d.batch = b.batch AND d.filed = 0) AS exceptions,
    (SELECT COUNT(*) FROM pages p WHERE p.batch = b.batch AND p.withdrawn = 0) AS sealed,
    (SELECT COUNT(*) FROM pages p WHERE p.batch = b.batch AND p.withdrawn = 0 AND p.state = 'read') AS \"read\",
    (SELECT COUNT(*) FROM pages p WHERE p.batch = b.batch AND p.withdrawn = 0 AND p.state = 'read'
        AND p.read_index < (SELECT CAST(value AS BIGINT) FROM settings WHERE name = 'indexed')) AS indexed,
    (SELECT COUNT(*) FROM pages p WHERE p.batch = b.batch AND p.withdrawn = 0 AND p.state = 'unreadable') AS attention
    FROM batches b ",
            $which
        )
    };
}

impl Catalog {
    /// Newest first, after skipping `skip` of them.
    pub async fn batches(&self, skip: u64, most: u32) -> Result<Vec<Batch>> {
        let sql = counted!("ORDER BY b.opened DESC, b.batch LIMIT $1 OFFSET $2");
        rows!(self.reader.on(), Batch, sql, most, skip)
    }

    pub async fn batch(&self, batch: BatchId) -> Result<Option<Batch>> {
        row!(self.reader.on(), Batch, counted!("WHERE b.batch = $1"), batch)
    }

    pub async fn batch_status(&self, batch: BatchId) -> Result<Option<BatchStatus>> {
        Ok(self.batch(batch).await?.map(|batch| batch.status()))
    }

    /// The event that closed it first.
    pub async fn batch_closed_by(&self, batch: BatchId) -> Result<Option<u64>> {
        let sql = "SELECT closed_index FROM batches WHERE batch = $1 AND closed_index IS NOT NULL";
        Ok(row!(self.reader.on(), Value<u64>, sql, batch)?.map(|row| row.0))
    }

    /// The record as sealed, with what the station refused and why.
    pub async fn batch_record(&self, batch: BatchId) -> Result<Option<BatchRecord>> {
        let sql = "SELECT record FROM batches WHERE batch = $1";
        Ok(row!(self.reader.on(), Value<BatchRecord>, sql, batch)?.map(|row| row.0))
    }

    /// Tells the catalog that the search index has folded every event below `cursor`.
    /// It may go back: an index that was thrown away starts again at 0.
    pub async fn mark_indexed(&self, cursor: u64) -> Result<()> {
        self.set_setting("indexed", &cursor.to_string()).await
    }

    /// A small note of the server to itself; not part of the ledger. `None` where it was never set.
    pub async fn setting(&self, name: &str) -> Result<Option<String>> {
        let sql = "SELECT value FROM settings WHERE name = $1";
        Ok(row!(self.reader.on(), Value<String>, sql, name.to_owned())?.map(|row| row.0))
    }

    pub async fn set_setting(&self, name: &str, value: &str) -> Result<()> {
        let sql = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        run!(self.writer.on(), sql, name.to_owned(), value.to_owned())?;
        Ok(())
    }
}
