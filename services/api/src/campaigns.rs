//! How fast are old pages read again? As fast as each campaign's budget says, a small portion at a time, and
//! behind everything else that waits.

use std::collections::HashMap;
use std::time::Duration;

use actix_web::web;
use catalog::{Campaign, CatalogError, Priority};
use record::campaign::{Budget, CampaignRecord, CampaignState, CampaignStatus};
use record::event::Actor;
use record::{CampaignId, EventKind, canonical, limits};

use crate::problem::Reply;
use crate::state::App;

/// Between two portions.
const ROUND: Duration = Duration::from_secs(10);

/// Seals the record of a campaign.
pub async fn put(app: &App, actor: Actor, record: &CampaignRecord) -> Reply<()> {
    let bytes = canonical::to_bytes(record)?;
    let body = app.archive.put("application/json", bytes.into()).await?.digest;
    app.append_one(actor, EventKind::CampaignRecorded { campaign: record.campaign, body }).await.map(drop)
}

pub async fn status(app: &App, campaign: Campaign) -> Reply<CampaignStatus> {
    let left = match campaign.record.state {
        CampaignState::Ended => 0,
        _ => app.catalog.left(campaign.campaign).await?,
    };
    let Campaign { began_at, again, better, record, .. } = campaign;
    let minutes = (app.now().0 - began_at.0).max(0) as f64 / 60_000.0;
    let minutes_left = (again > 0).then(|| (left as f64 * minutes / again as f64).ceil() as u64);
    Ok(CampaignStatus { record, began_at, again, better, left, minutes_left })
}

/// Queues portions as long as the server runs.
pub async fn run(app: web::Data<App>) {
    let mut rounds = tokio::time::interval(ROUND);
    let mut shares = Shares::default();
    loop {
        rounds.tick().await;
        if let Err(error) = queue_portions(&app, &mut shares).await {
            tracing::warn!("failed to queue pages to be read again: {error}");
        }
    }
}

async fn queue_portions(app: &App, shares: &mut Shares) -> Result<(), CatalogError> {
    for campaign in app.catalog.campaigns().await? {
        let CampaignRecord { state, budget, .. } = campaign.record;
        let now = app.now();
        if state != CampaignState::Running || !budget.hours.is_none_or(|hours| hours.contains(now)) {
            continue;
        }
        let waiting = app.catalog.waiting().await?;
        let again = waiting.iter().find(|waiting| waiting.priority == Priority::Again).map_or(0, |these| these.pages);
        let portion = shares.due(campaign.campaign, budget, again);
        if portion > 0 {
            app.catalog.queue_again(campaign.campaign, now, portion).await?;
        }
    }
    Ok(())
}

/// What of a budget is not a whole page yet. Lost at a restart, which costs less than a page.
#[derive(Default)]
struct Shares(HashMap<CampaignId, f64>);

impl Shares {
    /// How many pages this round may add while so many still wait.
    fn due(&mut self, campaign: CampaignId, budget: Budget, waiting: u64) -> u32 {
        let room = limits::CAMPAIGN_PORTION_MAX.saturating_sub(u32::try_from(waiting).unwrap_or(u32::MAX));
        let Some(an_hour) = budget.pages_per_hour else { return room };
        let share = self.0.entry(campaign).or_default();
        *share += f64::from(an_hour) * ROUND.as_secs_f64() / 3600.0;
        // What finds no room is not saved up: a night of standing still gives no stampede.
        let due = (*share as u32).min(room);
        *share = share.fract();
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hours_budget_is_spent_in_an_hour_and_no_faster() {
        let budget = Budget { pages_per_hour: Some(100), hours: None };
        let campaign = CampaignId::derived([b"c".as_slice()]);
        let mut shares = Shares::default();
        let rounds = 3600 / ROUND.as_secs();
        let hour: u32 = (0..rounds).map(|_| shares.due(campaign, budget, 0)).sum();
        assert!((99..=100).contains(&hour), "{hour}");
        assert_eq!(shares.due(campaign, Budget::default(), 0), limits::CAMPAIGN_PORTION_MAX);
        assert_eq!(shares.due(campaign, Budget::default(), 1_000_000), 0, "workers are busy enough");
    }
}
