//! `/api/v1/campaigns`, `/api/v1/trials`: reading old pages again with a better reader, and trying it first.

use actix_web::web;
use record::campaign::{
    CampaignRecord, CampaignState, CampaignStatus, Criteria, SetCampaignState, StartCampaign, StartTrial, TrialStatus,
};
use record::{CampaignId, TrialId, limits};
use uuid::Uuid;

use super::named;
use crate::campaigns;
use crate::identity::Caller;
use crate::problem::{Problem, Reply};
use crate::state::App;

/// All campaigns with their progress, the newest first.
#[utoipa::path(get, path = "/api/v1/campaigns", tag = "oversight",
    responses((status = 200, description = "a list of `CampaignStatus`", body = Object)))]
pub async fn list(app: web::Data<App>) -> Reply<web::Json<Vec<CampaignStatus>>> {
    let mut all = Vec::new();
    for campaign in app.catalog.campaigns().await? {
        all.push(campaigns::status(&app, campaign).await?);
    }
    Ok(web::Json(all))
}

/// Starts a campaign.
#[utoipa::path(post, path = "/api/v1/campaigns", tag = "oversight",
    request_body(content = Object, description = "`StartCampaign`: pages, budget"),
    responses((status = 200, description = "`CampaignStatus`", body = Object), (status = 422)))]
pub async fn start(
    app: web::Data<App>,
    caller: Caller,
    body: web::Json<StartCampaign>,
) -> Reply<web::Json<CampaignStatus>> {
    let StartCampaign { pages, budget } = body.into_inner();
    sensible(&pages)?;
    if budget.pages_per_hour == Some(0) {
        return Err(Problem::refused("budget", "no pages an hour is no campaign: leave the budget out, or give more"));
    }
    let campaign = CampaignId::from_uuid(Uuid::now_v7());
    campaigns::put(&app, caller.actor, &CampaignRecord { campaign, state: CampaignState::Running, pages, budget })
        .await?;
    one(&app, campaign).await
}

/// Pauses, resumes or ends a campaign. One that has ended stays so.
#[utoipa::path(post, path = "/api/v1/campaigns/{campaign}/state", tag = "oversight",
    params(("campaign" = String, Path)), request_body(content = Object, description = "`SetCampaignState`: state"),
    responses((status = 200, description = "`CampaignStatus`", body = Object), (status = 404), (status = 409)))]
pub async fn set_state(
    app: web::Data<App>,
    caller: Caller,
    campaign: web::Path<String>,
    body: web::Json<SetCampaignState>,
) -> Reply<web::Json<CampaignStatus>> {
    let campaign: CampaignId = named(&campaign)?;
    let known = app.catalog.campaign(campaign).await?.ok_or_else(Problem::absent)?;
    if known.record.state == CampaignState::Ended && body.state != CampaignState::Ended {
        return Err(Problem::conflict("campaign-ended", "this campaign has ended: start another one"));
    }
    if known.record.state != body.state {
        campaigns::put(&app, caller.actor, &CampaignRecord { state: body.state, ..known.record }).await?;
    }
    one(&app, campaign).await
}

async fn one(app: &App, campaign: CampaignId) -> Reply<web::Json<CampaignStatus>> {
    let campaign = app.catalog.campaign(campaign).await?.ok_or_else(Problem::absent)?;
    Ok(web::Json(campaigns::status(app, campaign).await?))
}

/// Reads a random sample of the pages again and compares; the archive stays as it is.
#[utoipa::path(post, path = "/api/v1/trials", tag = "oversight",
    request_body(content = Object, description = "`StartTrial`: pages, sample, seed"),
    responses((status = 200, description = "`TrialStatus`", body = Object), (status = 422)))]
pub async fn start_trial(app: web::Data<App>, body: web::Json<StartTrial>) -> Reply<web::Json<TrialStatus>> {
    let StartTrial { pages, sample, seed } = body.into_inner();
    sensible(&pages)?;
    if !(1..=limits::TRIAL_PAGES_MAX).contains(&sample) {
        return Err(Problem::refused("sample", format!("a sample has 1 to {} pages", limits::TRIAL_PAGES_MAX)));
    }
    let trial = TrialId::from_uuid(Uuid::now_v7());
    app.catalog.start_trial(trial, &pages, sample, seed, app.now()).await?;
    summed(&app, trial).await
}

/// What a trial has shown so far.
#[utoipa::path(get, path = "/api/v1/trials/{trial}", tag = "oversight", params(("trial" = String, Path)),
    responses((status = 200, description = "`TrialStatus`", body = Object), (status = 404)))]
pub async fn trial(app: web::Data<App>, trial: web::Path<String>) -> Reply<web::Json<TrialStatus>> {
    summed(&app, named(&trial)?).await
}

async fn summed(app: &App, trial: TrialId) -> Reply<web::Json<TrialStatus>> {
    let (pages, sample, done) = app.catalog.trial(trial).await?.ok_or_else(Problem::absent)?;
    Ok(web::Json(TrialStatus::sum(trial, pages, sample, &done)))
}

/// A campaign over everything would be an accident.
fn sensible(pages: &Criteria) -> Reply<()> {
    if *pages == Criteria::default() {
        return Err(Problem::refused(
            "criteria",
            "say which pages: at least one of generation, confidence, batch, type, dates",
        ));
    }
    Ok(())
}
