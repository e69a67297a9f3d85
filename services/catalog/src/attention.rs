//! Which pages does a person have to look at, and why?
//!
//! Those that could not be read come first, for nothing on them can be found; then those whose reading asks for
//! a person, the one that has waited longest first.

use std::str::FromStr;

use record::event::UnreadableReason;
use record::words::AttentionReason;
use record::{BatchId, DocumentId, PageId};

use crate::column::{Value, table_row};
use crate::engine::{row, rows};
use crate::{Catalog, Result};

/// Why a person should look at a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Need {
    /// It could not be read; its image is there, and a person can write down what it says.
    Unreadable(UnreadableReason),
    /// It was read, and its words can be corrected.
    Look(AttentionReason),
}

impl Need {
    /// The code, by which lists are filtered too.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable(reason) => reason.as_str(),
            Self::Look(reason) => reason.as_str(),
        }
    }

    pub const fn explain(self) -> &'static str {
        match self {
            Self::Unreadable(reason) => reason.explain(),
            Self::Look(reason) => reason.explain(),
        }
    }

    /// Every reason there is, in the order in which people are shown them.
    pub fn all() -> impl Iterator<Item = Self> {
        let unreadable = UnreadableReason::ALL.into_iter().map(Self::Unreadable);
        unreadable.chain(AttentionReason::ALL.into_iter().map(Self::Look))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no reason to look at a page")]
pub struct NeedError;

impl FromStr for Need {
    type Err = NeedError;

    fn from_str(text: &str) -> std::result::Result<Self, NeedError> {
        Self::all().find(|need| need.as_str() == text).ok_or(NeedError)
    }
}

/// A part of the list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// For this reason only.
    pub reason: Option<Need>,
    /// Of this batch only.
    pub batch: Option<BatchId>,
}

/// Where in the list somebody stands: at this page as it was when they came to it. What they did there may have moved it.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    pub page: PageId,
    /// Of its text then; none where it had none.
    pub read_index: Option<u64>,
}

table_row! {
    /// A page on the list.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Attention {
        pub page: PageId,
        pub document: DocumentId,
        pub batch: BatchId,
        /// 1-based place in the document.
        pub number: u32,
        pub width: u32,
        pub height: u32,
        pub reason: Need,
        /// Mean confidence of its words; none where it could not be read.
        pub confidence: Option<u8>,
    }
}

table_row! {
    /// How many pages wait for one reason.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Waiting {
        pub reason: Need,
        pub pages: u64,
    }
}

/// Pages on the list. The words of the index `pages_needing_a_person`, so that it serves.
macro_rules! listed {
    ($columns:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM pages WHERE withdrawn = 0 AND (state = 'unreadable' OR attention IS NOT NULL) ",
            $rest
        )
    };
}

impl Catalog {
    /// Pages that need a person, after skipping `skip` of them.
    pub async fn attention(&self, wanted: Wanted, skip: u64, most: u32) -> Result<Vec<Attention>> {
        let sql = listed!(
            "page, document, batch, number, width, height, COALESCE(reason, attention) AS reason, confidence",
            "AND ($1 IS NULL OR COALESCE(reason, attention) = $1) AND ($2 IS NULL OR batch = $2) \
             ORDER BY COALESCE(read_index, -1), document, number LIMIT $3 OFFSET $4"
        );
        rows!(self.reader.on(), Attention, sql, wanted.reason, wanted.batch, most, skip)
    }

    /// How many there are for each reason, of one batch or of all; reasons without a page are left out.
    pub async fn attention_counts(&self, batch: Option<BatchId>) -> Result<Vec<Waiting>> {
        let sql = listed!(
            "COALESCE(reason, attention) AS reason, COUNT(*) AS pages",
            "AND ($1 IS NULL OR batch = $1) GROUP BY COALESCE(reason, attention)"
        );
        let found = rows!(self.reader.on(), Waiting, sql, batch)?;
        Ok(Need::all().filter_map(|need| found.iter().find(|waiting| waiting.reason == need).copied()).collect())
    }

    /// The next page of the list; the first for whoever comes from nowhere.
    pub async fn attention_after(&self, wanted: Wanted, from: Option<Standing>) -> Result<Option<PageId>> {
        let Some(Standing { page, read_index }) = from else {
            return Ok(self.attention(wanted, 0, 1).await?.first().map(|first| first.page));
        };
        let sql = listed!(
            "page",
            "AND ($1 IS NULL OR COALESCE(reason, attention) = $1) AND ($2 IS NULL OR batch = $2) \
             AND (COALESCE(read_index, -1), document, number) > \
                 (COALESCE($3, -1), (SELECT document FROM pages WHERE page = $4), (SELECT number FROM pages WHERE page = $4)) \
             ORDER BY COALESCE(read_index, -1), document, number LIMIT 1"
        );
        let found = row!(self.reader.on(), Value<PageId>, sql, wanted.reason, wanted.batch, read_index, page)?;
        Ok(found.map(|page| page.0))
    }
}
