//! Who is logged in?
//!
//! A session is known by the hash of its cookie, so that a copy of the catalog lets nobody in.

use record::{AccountId, Digest, Timestamp, limits};

use crate::column::table_row;
use crate::engine::{row, run};
use crate::{Catalog, Result};

table_row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Session {
        pub account: AccountId,
        pub created: Timestamp,
        /// The last request.
        pub seen: Timestamp,
        pub expires: Timestamp,
    }
}

impl Catalog {
    /// `session` is the hash of the cookie.
    pub async fn create_session(
        &self,
        session: &Digest,
        account: AccountId,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<()> {
        let sql = "INSERT INTO sessions (session, account, created, seen, expires) VALUES ($1, $2, $3, $3, $4)";
        run!(self.writer.on(), sql, *session, account, now, expires)?;
        Ok(())
    }

    /// The session, unless it has expired or lain idle for too long ([`limits::SESSION_IDLE_SECONDS`]).
    pub async fn session(&self, session: &Digest, now: Timestamp) -> Result<Option<Session>> {
        let sql = "SELECT * FROM sessions WHERE session = $1 AND expires > $2 AND seen > $3";
        row!(self.reader.on(), Session, sql, *session, now, idle_since(now))
    }

    /// Notes a request. Writes: call it when `seen` is old enough to matter, not on each request.
    pub async fn touch_session(&self, session: &Digest, now: Timestamp) -> Result<()> {
        run!(self.writer.on(), "UPDATE sessions SET seen = $2 WHERE session = $1 AND seen < $2", *session, now)?;
        Ok(())
    }

    pub async fn delete_session(&self, session: &Digest) -> Result<()> {
        run!(self.writer.on(), "DELETE FROM sessions WHERE session = $1", *session)?;
        Ok(())
    }

    /// Logs an account out everywhere.
    pub async fn delete_sessions_of(&self, account: AccountId) -> Result<u64> {
        run!(self.writer.on(), "DELETE FROM sessions WHERE account = $1", account)
    }

    /// Drops what [`Catalog::session`] would no longer give out.
    pub async fn purge_sessions(&self, now: Timestamp) -> Result<u64> {
        run!(self.writer.on(), "DELETE FROM sessions WHERE expires <= $1 OR seen <= $2", now, idle_since(now))
    }
}

fn idle_since(now: Timestamp) -> Timestamp {
    Timestamp(now.0 - limits::SESSION_IDLE_SECONDS * 1000)
}
