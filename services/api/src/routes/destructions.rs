//! `/api/v1/destructions`, `/api/v1/holds`: what is destroyed, on whose word, and what must not be.

use actix_web::web;
use record::destruction::{
    DestructionStatus, HoldStatus, Plan, PlanDestruction, PlannedDocument, ProposeDestruction, PutHold,
};
use record::{DestructionId, HoldId};
use serde::Serialize;
use utoipa::ToSchema;

use super::named;
use crate::destruction;
use crate::identity::Caller;
use crate::problem::{Problem, Reply};
use crate::state::App;

/// All of them, the newest first.
#[utoipa::path(get, path = "/api/v1/destructions", tag = "destruction",
    responses((status = 200, description = "a list of `DestructionStatus`", body = Object)))]
pub async fn list(app: web::Data<App>) -> Reply<web::Json<Vec<DestructionStatus>>> {
    let found = app.catalog.destructions(destruction::LISTED_MAX).await?;
    Ok(web::Json(found.into_iter().map(|found| destruction::status(&app, found)).collect()))
}

/// Documents whose retention is over and that nothing holds, at most a thousand.
#[utoipa::path(get, path = "/api/v1/destructions/due", tag = "destruction",
    responses((status = 200, description = "a list of `PlannedDocument`", body = Object)))]
pub async fn due(app: web::Data<App>) -> Reply<web::Json<Vec<PlannedDocument>>> {
    Ok(web::Json(destruction::due(&app).await?))
}

/// A dry run: every object that would go, the blobs that would stay, and what stands against it.
#[utoipa::path(post, path = "/api/v1/destructions/plan", tag = "destruction",
    request_body(content = Object, description = "`PlanDestruction`: documents"),
    responses((status = 200, description = "`Plan`", body = Object), (status = 422)))]
pub async fn plan(app: web::Data<App>, body: web::Json<PlanDestruction>) -> Reply<web::Json<Plan>> {
    Ok(web::Json(destruction::plan(&app, &body.documents).await?))
}

/// Puts a destruction before a second person.
#[utoipa::path(post, path = "/api/v1/destructions", tag = "destruction",
    request_body(content = Object, description = "`ProposeDestruction`: documents, reference, authority"),
    responses((status = 200, description = "`DestructionStatus`", body = Object), (status = 422)))]
pub async fn propose(
    app: web::Data<App>,
    caller: Caller,
    body: web::Json<ProposeDestruction>,
) -> Reply<web::Json<DestructionStatus>> {
    let destruction = destruction::propose(&app, &caller, &body).await?;
    one(&app, destruction).await
}

/// Orders what somebody else has proposed.
#[utoipa::path(post, path = "/api/v1/destructions/{destruction}/approval", tag = "destruction",
    params(("destruction" = String, Path)),
    responses((status = 200, description = "`DestructionStatus`", body = Object), (status = 404), (status = 409),
        (status = 412, description = "a document has another version by now"), (status = 422)))]
pub async fn approve(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Reply<web::Json<DestructionStatus>> {
    let id: DestructionId = named(&id)?;
    destruction::approve(&app, &caller, id).await?;
    one(&app, id).await
}

/// Takes a proposal back, or refuses it.
#[utoipa::path(post, path = "/api/v1/destructions/{destruction}/withdrawal", tag = "destruction",
    params(("destruction" = String, Path)),
    responses((status = 200, description = "`DestructionStatus`", body = Object), (status = 404), (status = 409)))]
pub async fn withdraw(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Reply<web::Json<DestructionStatus>> {
    let id: DestructionId = named(&id)?;
    destruction::withdraw(&app, &caller, id).await?;
    one(&app, id).await
}

async fn one(app: &App, id: DestructionId) -> Reply<web::Json<DestructionStatus>> {
    let found = app.catalog.destruction(id).await?.ok_or_else(Problem::absent)?;
    Ok(web::Json(destruction::status(app, found)))
}

/// What was deleted anew.
#[derive(Serialize, ToSchema)]
pub struct Again {
    pub objects: u64,
}

/// Deletes again whatever has come back of all that was destroyed, out of a backup for example.
#[utoipa::path(post, path = "/api/v1/destructions/again", tag = "destruction", responses((status = 200, body = Again)))]
pub async fn again(app: web::Data<App>) -> Reply<web::Json<Again>> {
    Ok(web::Json(Again { objects: destruction::again(&app).await? }))
}

/// All legal holds, the newest first.
#[utoipa::path(get, path = "/api/v1/holds", tag = "destruction",
    responses((status = 200, description = "a list of `HoldStatus`", body = Object)))]
pub async fn holds(app: web::Data<App>) -> Reply<web::Json<Vec<HoldStatus>>> {
    Ok(web::Json(app.catalog.holds().await?.into_iter().map(HoldStatus::from).collect()))
}

/// Puts patients or documents under a legal hold.
#[utoipa::path(post, path = "/api/v1/holds", tag = "destruction",
    request_body(content = Object, description = "`PutHold`: reference, patients, documents"),
    responses((status = 200, description = "`HoldStatus`", body = Object), (status = 422)))]
pub async fn hold(app: web::Data<App>, caller: Caller, body: web::Json<PutHold>) -> Reply<web::Json<HoldStatus>> {
    Ok(web::Json(destruction::put_hold(&app, &caller, body.into_inner()).await?.into()))
}

/// Ends a legal hold.
#[utoipa::path(post, path = "/api/v1/holds/{hold}/release", tag = "destruction", params(("hold" = String, Path)),
    responses((status = 200, description = "`HoldStatus`", body = Object), (status = 404)))]
pub async fn release(app: web::Data<App>, caller: Caller, hold: web::Path<String>) -> Reply<web::Json<HoldStatus>> {
    let hold: HoldId = named(&hold)?;
    Ok(web::Json(destruction::release_hold(&app, &caller, hold).await?.into()))
}
