//! `/api/v1/store`: is every sealed byte still what it was, and is there a second copy? Names of objects only, no patient data.

use actix_web::web;
use archive::Standing;
use catalog::{Damage, Scrub};
use record::event::Bucket;
use record::{Digest, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fixity::ReplicaStanding;
use crate::problem::Reply;
use crate::state::App;

/// Damaged objects that are named.
pub const NAMED_MAX: u32 = 200;

#[derive(Serialize, ToSchema)]
pub struct StoreStanding {
    /// Objects that are not what was sealed, and no other copy was; and such as are so again.
    pub damaged: u64,
    pub repaired: u64,
    /// The first of those damaged.
    pub damage: Vec<DamagedObject>,
    /// How far the replica is; none where there is to be none.
    pub replica: Option<ReplicaStanding>,
    /// The pass over all objects that is under way.
    #[schema(value_type = Option<Object>)]
    pub pass: Option<Standing>,
    /// The last one that came to its end.
    pub last: Option<LastPass>,
}

#[derive(Serialize, ToSchema)]
pub struct DamagedObject {
    pub object: String,
    #[schema(value_type = String)]
    pub bucket: Bucket,
    /// The event that told of it first.
    pub first_index: u64,
    /// What was there; none where nothing was.
    #[schema(value_type = Option<String>)]
    pub found: Option<Digest>,
}

#[derive(Serialize, ToSchema)]
pub struct LastPass {
    /// In milliseconds since 1970.
    #[schema(value_type = i64)]
    pub began: Timestamp,
    #[schema(value_type = i64)]
    pub ended: Timestamp,
    pub events: u64,
    pub objects: u64,
    pub bytes: u64,
    pub damaged: u64,
    pub repaired: u64,
    /// The replica was looked at whole.
    pub replica: bool,
}

/// How the store and its replica are.
#[utoipa::path(get, path = "/api/v1/store", tag = "ledger", responses((status = 200, body = StoreStanding)))]
pub async fn show(app: web::Data<App>) -> Reply<web::Json<StoreStanding>> {
    let (damaged, repaired) = app.catalog.damage_counts().await?;
    let object =
        |Damage { object, bucket, first_index, found, .. }| DamagedObject { object, bucket, first_index, found };
    let damage = app.catalog.damage(NAMED_MAX).await?.into_iter().map(object).collect();
    let (replica, pass) = (app.fixity.replica(), app.fixity.pass());
    let last = app.catalog.last_scrub().await?.map(last);
    Ok(web::Json(StoreStanding { damaged, repaired, damage, replica, pass, last }))
}

fn last(scrub: Scrub) -> LastPass {
    let Scrub { began, at: ended, events, objects, bytes, damaged, repaired, replica } = scrub;
    LastPass { began, ended, events, objects, bytes, damaged, repaired, replica }
}
