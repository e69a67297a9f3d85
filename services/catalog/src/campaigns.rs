//! Which pages does a re-reading campaign still have to read, and what has it brought?
//!
//! Nothing but the record is kept of a campaign: the pages that are left are those that still meet its
//! criteria, so a queue that was lost fills again.

use record::campaign::{CampaignRecord, CampaignState, Comparison, Criteria};
use record::{CampaignId, Digest, PageId, Timestamp, TrialId};

use crate::column::{Value, table_row};
use crate::engine::{Tx, row, rows, run};
use crate::queue::Priority;
use crate::{Catalog, Result};

table_row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Campaign {
        pub campaign: CampaignId,
        /// The ledger index of its first record: pages read later were read again.
        pub began: u64,
        pub began_at: Timestamp,
        /// Pages read again so far.
        pub again: u64,
        /// Those of them that got a better text.
        pub better: u64,
        pub record: CampaignRecord,
    }
}

/// Campaigns with what they have brought.
macro_rules! campaigns {
    () => {
        "SELECT campaign, began, began_at, record, \
             (SELECT COUNT(*) FROM campaign_pages x WHERE x.campaign = campaigns.campaign) AS again, \
             (SELECT COUNT(*) FROM campaign_pages x WHERE x.campaign = campaigns.campaign AND x.better = 1) AS better \
         FROM campaigns"
    };
}

/// What page `p` of document `d` must be for the campaign or trial of this name. A page that waits in the queue
/// is left to it.
macro_rules! meets {
    ($name:literal) => {
        concat!(
            " p.withdrawn = 0 AND p.state = 'read' AND p.corrected = 0 AND p.read_index < ",
            $name,
            ".began AND (",
            $name,
            ".generation_below IS NULL OR p.generation < ",
            $name,
            ".generation_below) AND (",
            $name,
            ".confidence_below IS NULL OR p.confidence < ",
            $name,
            ".confidence_below) AND (",
            $name,
            ".batch IS NULL OR p.batch = ",
            $name,
            ".batch) AND (",
            $name,
            ".document_type IS NULL OR d.document_type = ",
            $name,
            ".document_type) AND (",
            $name,
            ".date_from IS NULL OR d.date >= ",
            $name,
            ".date_from) AND (",
            $name,
            ".date_to IS NULL OR d.date <= ",
            $name,
            ".date_to) "
        )
    };
}

const PAGES_OF_CAMPAIGN: &str = concat!(
    "SELECT COUNT(*) FROM campaigns c, pages p, documents d WHERE c.campaign = $1 AND d.document = p.document AND",
    meets!("c")
);

impl Catalog {
    /// The newest first.
    pub async fn campaigns(&self) -> Result<Vec<Campaign>> {
        rows!(self.reader.on(), Campaign, concat!(campaigns!(), " ORDER BY began DESC, campaign"))
    }

    pub async fn campaign(&self, campaign: CampaignId) -> Result<Option<Campaign>> {
        row!(self.reader.on(), Campaign, concat!(campaigns!(), " WHERE campaign = $1"), campaign)
    }

    /// How many pages it still has to read.
    pub async fn left(&self, campaign: CampaignId) -> Result<u64> {
        let count = row!(self.reader.on(), Value<u64>, PAGES_OF_CAMPAIGN, campaign)?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// Queues at most so many of them behind everything else, those read longest ago first; how many it were.
    pub async fn queue_again(&self, campaign: CampaignId, now: Timestamp, most: u32) -> Result<u64> {
        let sql = concat!(
            "INSERT INTO queue (page, place, queued, attempts, run_at, lease_until, priority) \
             SELECT p.page, $2, $2, 0, 0, 0, $3 FROM campaigns c, pages p, documents d \
             WHERE c.campaign = $1 AND d.document = p.document \
                 AND NOT EXISTS (SELECT 1 FROM queue q WHERE q.page = p.page) AND",
            meets!("c"),
            "ORDER BY p.read_index, p.page LIMIT $4 ON CONFLICT (page) DO NOTHING"
        );
        run!(self.writer.on(), sql, campaign, now, Priority::Again, most)
    }

    /// Draws pages that a campaign with these criteria would read, and queues them to be read and compared. The
    /// same seed draws the same ones.
    pub async fn start_trial(
        &self,
        trial: TrialId,
        criteria: &Criteria,
        sample: u32,
        seed: u64,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.writer.begin().await?;
        put_trial(&mut tx, trial, criteria, now).await?;
        let sql = concat!(
            "SELECT p.page FROM trials t, pages p, documents d WHERE t.trial = $1 AND d.document = p.document \
                 AND NOT EXISTS (SELECT 1 FROM queue q WHERE q.page = p.page) AND",
            meets!("t"),
        );
        let pages = rows!(tx.on(), Value<PageId>, sql, trial)?.into_iter().map(|page| page.0).collect();
        for page in drawn(pages, sample, seed) {
            let sql = "INSERT INTO trial_pages (trial, page) VALUES ($1, $2)";
            run!(tx.on(), sql, trial, page)?;
            // Before the pages of campaigns: a person waits for the outcome.
            let sql = "INSERT INTO queue (page, place, queued, attempts, run_at, lease_until, priority, trial) \
                       VALUES ($1, 0, $2, 0, 0, 0, $3, $4)";
            run!(tx.on(), sql, page, now, Priority::Again, trial)?;
        }
        tx.commit().await
    }

    /// The claim's page was read for a trial: it leaves the queue and nothing else changes.
    pub async fn compared(&self, job: &str, trial: TrialId, page: PageId, found: Comparison) -> Result<()> {
        let mut tx = self.writer.begin().await?;
        let sql = "UPDATE trial_pages SET result = $3 WHERE trial = $1 AND page = $2";
        run!(tx.on(), sql, trial, page, found)?;
        run!(tx.on(), "DELETE FROM queue WHERE job = $1 AND trial IS NOT NULL", job.to_owned())?;
        tx.commit().await
    }

    /// Pages that meet the trial's criteria, pages drawn, and what was found on those that were read.
    pub async fn trial(&self, trial: TrialId) -> Result<Option<(u64, u64, Vec<Comparison>)>> {
        let known = row!(self.reader.on(), Value<TrialId>, "SELECT trial FROM trials WHERE trial = $1", trial)?;
        if known.is_none() {
            return Ok(None);
        }
        let sql = concat!(
            "SELECT COUNT(*) FROM trials t, pages p, documents d WHERE t.trial = $1 AND d.document = p.document AND",
            meets!("t")
        );
        let pages = row!(self.reader.on(), Value<u64>, sql, trial)?.map_or(0, |count| count.0);
        let sql = "SELECT result FROM trial_pages WHERE trial = $1";
        let drawn = rows!(self.reader.on(), Value<Option<Comparison>>, sql, trial)?;
        let done = drawn.iter().filter_map(|page| page.0).collect();
        Ok(Some((pages, drawn.len() as u64, done)))
    }
}

async fn put_trial(tx: &mut Tx, trial: TrialId, criteria: &Criteria, now: Timestamp) -> Result<()> {
    let sql = "INSERT INTO trials (trial, at, began, generation_below, confidence_below, batch, document_type, \
                   date_from, date_to) SELECT $1, $2, next, $3, $4, $5, $6, $7, $8 FROM progress";
    let Criteria { generation_below, confidence_below, batch, document_type, from, to } = criteria;
    run!(tx.on(), sql, trial, now, *generation_below, *confidence_below, *batch, document_type.clone(), *from, *to)
        .map(drop)
}

/// A random sample is the first of a shuffled deck; a hash with the seed shuffles.
fn drawn(mut pages: Vec<PageId>, sample: u32, seed: u64) -> Vec<PageId> {
    pages.sort_by_cached_key(|page| *Digest::of(format!("{seed} {page}").as_bytes()).as_bytes());
    pages.truncate(sample as usize);
    pages
}

/// The fold of a record. A later one changes state and budget; a campaign's pages stay what they were.
pub(crate) async fn recorded(tx: &mut Tx, index: u64, at: Timestamp, record: &CampaignRecord) -> Result<()> {
    let sql = "INSERT INTO campaigns (campaign, began, began_at, state, generation_below, confidence_below, batch, \
                   document_type, date_from, date_to, record) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
               ON CONFLICT (campaign) DO UPDATE SET state = excluded.state, record = excluded.record";
    let CampaignRecord { campaign, state, pages, .. } = record;
    let Criteria { generation_below, confidence_below, batch, document_type, from, to } = pages;
    run!(
        tx.on(),
        sql,
        *campaign,
        index,
        at,
        *state,
        *generation_below,
        *confidence_below,
        *batch,
        document_type.clone(),
        *from,
        *to,
        record.clone(),
    )
    .map(drop)
}

/// Counts a reading, before it is folded into the page: campaigns under way that wanted the page are one further.
pub(crate) async fn count_reading(tx: &mut Tx, page: PageId, text: Digest) -> Result<()> {
    let sql = concat!(
        "INSERT INTO campaign_pages (campaign, page, better) \
         SELECT campaigns.campaign, p.page, CASE WHEN p.text <> $2 THEN 1 ELSE 0 END \
         FROM campaigns, pages p, documents d \
         WHERE campaigns.state <> $3 AND p.page = $1 AND d.document = p.document AND",
        meets!("campaigns"),
        "ON CONFLICT (campaign, page) DO NOTHING"
    );
    run!(tx.on(), sql, page, text, CampaignState::Ended).map(drop)
}
