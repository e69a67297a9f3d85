//! Which searches does somebody keep?

use record::SearchId;
use record::event::Actor;
use record::saved::SavedSearch;

use crate::column::Value;
use crate::engine::{Tx, row, rows, run};
use crate::{Catalog, Result};

impl Catalog {
    /// In the order in which they were first kept.
    pub async fn searches_of(&self, owner: Actor) -> Result<Vec<SavedSearch>> {
        let sql = "SELECT record FROM searches WHERE owner = $1 AND kept = 1 ORDER BY first_index, search";
        let found = rows!(self.reader.on(), Value<SavedSearch>, sql, owner)?;
        Ok(found.into_iter().map(|row| row.0).collect())
    }

    pub async fn search_of(&self, owner: Actor, search: SearchId) -> Result<Option<SavedSearch>> {
        let sql = "SELECT record FROM searches WHERE owner = $1 AND search = $2 AND kept = 1";
        Ok(row!(self.reader.on(), Value<SavedSearch>, sql, owner, search)?.map(|row| row.0))
    }
}

/// The fold of a record. Nobody takes over what another keeps.
pub(crate) async fn saved(tx: &mut Tx, index: u64, record: &SavedSearch) -> Result<()> {
    let sql = "INSERT INTO searches (search, owner, first_index, kept, record) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (search) DO UPDATE SET kept = excluded.kept, record = excluded.record \
               WHERE searches.owner = excluded.owner";
    run!(tx.on(), sql, record.search, record.owner, index, record.kept, record.clone()).map(drop)
}
