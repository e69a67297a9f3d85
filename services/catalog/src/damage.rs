//! What has the archive found damaged in its buckets, and when did it last look at everything?

use record::event::Bucket;
use record::{Digest, EventKind, Timestamp};

use crate::column::{Value, table_row};
use crate::engine::{Tx, row, rows, run};
use crate::fold::Entry;
use crate::{Catalog, Result};

table_row! {
    /// An object of one bucket that was not what was sealed.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Damage {
        pub object: String,
        pub bucket: Bucket,
        /// The event that told of it first.
        pub first_index: u64,
        /// When something was last told of it.
        pub at: Timestamp,
        /// What was there; none where nothing was.
        pub found: Option<Digest>,
        pub repaired: bool,
    }
}

table_row! {
    /// A pass over every object.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Scrub {
        pub at: Timestamp,
        pub began: Timestamp,
        pub events: u64,
        pub objects: u64,
        pub bytes: u64,
        pub damaged: u64,
        pub repaired: u64,
        /// The replica was looked at too.
        pub replica: bool,
    }
}

impl Catalog {
    /// Damage that is not repaired, oldest first.
    pub async fn damage(&self, most: u32) -> Result<Vec<Damage>> {
        let sql = "SELECT * FROM damage WHERE repaired = 0 ORDER BY first_index, object, bucket LIMIT $1";
        rows!(self.reader.on(), Damage, sql, most)
    }

    /// How many objects are damaged, and how many were and are no longer.
    pub async fn damage_counts(&self) -> Result<(u64, u64)> {
        let of = |repaired: bool| async move {
            let sql = "SELECT COUNT(*) FROM damage WHERE repaired = $1";
            row!(self.reader.on(), Value<u64>, sql, repaired).map(|count| count.map_or(0, |count| count.0))
        };
        Ok((of(false).await?, of(true).await?))
    }

    /// What is known of one object.
    pub async fn damage_of(&self, object: &str, bucket: Bucket) -> Result<Option<Damage>> {
        row!(
            self.reader.on(),
            Damage,
            "SELECT * FROM damage WHERE object = $1 AND bucket = $2",
            object.to_owned(),
            bucket
        )
    }

    /// The newest pass that came to its end.
    pub async fn last_scrub(&self) -> Result<Option<Scrub>> {
        row!(self.reader.on(), Scrub, "SELECT * FROM scrubs ORDER BY event_index DESC LIMIT 1")
    }
}

/// The fold of what is told of buckets.
pub(crate) async fn told(tx: &mut Tx, entry: &Entry) -> Result<()> {
    let at = entry.event.at;
    match &entry.event.event {
        EventKind::Damaged { object, bucket, found } => {
            put(tx, entry.index, at, (object, *bucket, *found), false).await
        }
        EventKind::Repaired { object, bucket, found } => {
            put(tx, entry.index, at, (object, *bucket, *found), true).await
        }
        EventKind::Scrubbed { began, events, objects, bytes, damaged, repaired, replica } => {
            let sql = "INSERT INTO scrubs (event_index, at, began, events, objects, bytes, damaged, repaired, replica) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
            run!(tx.on(), sql, entry.index, at, *began, *events, *objects, *bytes, *damaged, *repaired, *replica)
                .map(drop)
        }
        _ => Ok(()),
    }
}

async fn put(
    tx: &mut Tx,
    index: u64,
    at: Timestamp,
    (object, bucket, found): (&String, Bucket, Option<Digest>),
    repaired: bool,
) -> Result<()> {
    let sql = "INSERT INTO damage (object, bucket, first_index, at, found, repaired) VALUES ($1, $2, $3, $4, $5, $6) \
               ON CONFLICT (object, bucket) DO UPDATE SET at = excluded.at, found = excluded.found, \
                   repaired = excluded.repaired";
    run!(tx.on(), sql, object.clone(), bucket, index, at, found, repaired).map(drop)
}
