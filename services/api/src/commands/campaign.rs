//! `chartroom campaign`: starting and watching the re-reading of old pages, on a running server.

use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use record::campaign::{
    Budget, CampaignState, CampaignStatus, Criteria, Hours, SetCampaignState, StartCampaign, StartTrial, TrialStatus,
};
use record::{BatchId, CampaignId, Date, DocumentType};

use super::say;
use super::server::{Asking, Server};

const POLL: Duration = Duration::from_secs(1);

/// Reads old pages again, better ones in place of worse: in the background, as fast as a budget says.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Campaign {
    #[command(flatten)]
    asking: Asking,
    #[command(subcommand)]
    action: Action,
}

const EXAMPLES: &str = "\
Examples:
  chartroom campaign start --confidence-below 70 --dry-run --sample 50     what would it bring?
  chartroom campaign start --confidence-below 70 --pages-per-hour 600 --hours 20-6
  chartroom campaign start --generation-below 2 --type DISCHARGE-SUMMARY --to 1999-12-31
  chartroom campaign status
  chartroom campaign pause                                                 resume, end; of several, name one by its ID

Pages that a person has corrected are never read again. A page keeps its text where the new one is not
better. The token, of role admin, is taken from CHARTROOM_TOKEN. Hours are UTC.";

#[derive(Subcommand)]
enum Action {
    /// Starts a campaign over the pages that meet all criteria; at least one must be given.
    Start(Start),
    /// Shows all campaigns with progress and the time they will still take.
    Status,
    /// Lets a campaign rest.
    Pause {
        #[command(flatten)]
        which: Which,
    },
    /// Lets it go on.
    Resume {
        #[command(flatten)]
        which: Which,
    },
    /// Ends it for good. What was read again stays.
    End {
        #[command(flatten)]
        which: Which,
    },
}

#[derive(Args)]
struct Which {
    /// Its id; the only one that has not ended where none is given
    campaign: Option<CampaignId>,
}

#[derive(Args)]
struct Start {
    /// Pages read by an older generation of the reader than this.
    #[arg(long, value_name = "N")]
    generation_below: Option<u32>,
    /// Pages read with less confidence than this, 1 to 100.
    #[arg(long, value_name = "C", value_parser = clap::value_parser!(u8).range(1..=100))]
    confidence_below: Option<u8>,
    /// Pages of one batch.
    #[arg(long, value_name = "ID")]
    batch: Option<BatchId>,
    /// Pages of documents of this type.
    #[arg(long = "type", value_name = "CODE")]
    document_type: Option<DocumentType>,
    /// Pages of documents dated from this day on.
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Pages of documents dated up to this day.
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    /// At most so many; as many as there is time for where nothing is said.
    #[arg(long, value_name = "N")]
    pages_per_hour: Option<u32>,
    /// Only at these hours of the day, UTC, as in 20-6.
    #[arg(long, value_name = "FROM-TO")]
    hours: Option<Hours>,
    /// Reads a random sample and says what the campaign would bring; the archive stays as it is.
    #[arg(long)]
    dry_run: bool,
    /// Pages of the sample.
    #[arg(long, value_name = "N", default_value_t = 20, requires = "dry_run")]
    sample: u32,
    /// The same seed draws the same sample.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "dry_run")]
    seed: u64,
}

pub async fn run(campaign: Campaign) -> anyhow::Result<()> {
    let Campaign { asking, action } = campaign;
    let (server, json) = (asking.reach("no such campaign, or no token of role admin"), asking.json);
    match action {
        Action::Start(start) if start.dry_run => try_out(&server, start, json).await,
        Action::Start(start) => {
            let body = StartCampaign { budget: start.budget(), pages: start.criteria() };
            tell(&[server.post("campaigns", &body).await?], json)
        }
        Action::Status => tell(&server.get::<Vec<CampaignStatus>>("campaigns").await?, json),
        Action::Pause { which } => set(&server, which, CampaignState::Paused, json).await,
        Action::Resume { which } => set(&server, which, CampaignState::Running, json).await,
        Action::End { which } => set(&server, which, CampaignState::Ended, json).await,
    }
}

impl Start {
    fn criteria(self) -> Criteria {
        let Self { generation_below, confidence_below, batch, document_type, from, to, .. } = self;
        Criteria { generation_below, confidence_below, batch, document_type, from, to }
    }

    const fn budget(&self) -> Budget {
        Budget { pages_per_hour: self.pages_per_hour, hours: self.hours }
    }
}

async fn set(server: &Server, which: Which, state: CampaignState, json: bool) -> anyhow::Result<()> {
    let campaign = match which.campaign {
        Some(campaign) => campaign,
        None => the_only_one(server).await?,
    };
    tell(&[server.post(&format!("campaigns/{campaign}/state"), &SetCampaignState { state }).await?], json)
}

async fn the_only_one(server: &Server) -> anyhow::Result<CampaignId> {
    let all: Vec<CampaignStatus> = server.get("campaigns").await?;
    let open: Vec<_> = all.iter().filter(|campaign| campaign.record.state != CampaignState::Ended).collect();
    match open.as_slice() {
        [only] => Ok(only.record.campaign),
        [] => bail!("failed: there is no campaign that has not ended"),
        several => bail!("failed: there are {} campaigns: name one of `chartroom campaign status`", several.len()),
    }
}

/// Waits until the sample is read, and says what came of it.
async fn try_out(server: &Server, start: Start, json: bool) -> anyhow::Result<()> {
    let (sample, seed) = (start.sample, start.seed);
    let mut trial: TrialStatus = server.post("trials", &StartTrial { pages: start.criteria(), sample, seed }).await?;
    let id = trial.trial.context("failed to start a dry run: the server gave it no name")?;
    while trial.done < trial.sample {
        tokio::time::sleep(POLL).await;
        trial = server.get(&format!("trials/{id}")).await?;
    }
    if json { say(&serde_json::to_string(&trial)?) } else { say(&outcome(&trial)) }
}

fn outcome(trial: &TrialStatus) -> String {
    if trial.sample == 0 {
        return "No page meets the criteria, or all that do wait to be read already.".to_owned();
    }
    let TrialStatus { pages, done, better, same, worse, failed, words_gained, words_lost, .. } = trial;
    format!(
        "{pages} pages meet the criteria; {done} of them were read for a trial, and the archive is as it was.\n\
         better {better}, the same {same}, worse {worse} (the old text would stay), not readable {failed}\n\
         legible words gained {words_gained}, lost {words_lost}\n\
         mean confidence {:.0} before, {:.0} after\n\
         {:.1} s a page, {:.1} hours of one reader for all",
        trial.confidence_before, trial.confidence_after, trial.seconds_per_page, trial.hours_in_all
    )
}

fn tell(campaigns: &[CampaignStatus], json: bool) -> anyhow::Result<()> {
    if json {
        return say(&serde_json::to_string(campaigns)?);
    }
    if campaigns.is_empty() {
        return say("No campaigns. `chartroom campaign start --help` says how to start one.");
    }
    campaigns.iter().try_for_each(|campaign| say(&line(campaign)))
}

fn line(campaign: &CampaignStatus) -> String {
    let CampaignStatus { record, again, better, left, .. } = campaign;
    let rest = campaign.rest().map(|rest| format!(", {rest}")).unwrap_or_default();
    let standing = campaign.standing();
    format!("{}  {standing}  {again} pages read again, {better} of them better; {left} to go{rest}", record.campaign)
}
