//! `/api/v1/attention`: the pages that a person has to look at.

use actix_web::web;
use catalog::attention::Wanted;
use record::{BatchId, DocumentId, PageId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problem::{Problem, Reply};
use crate::state::App;

/// Pages on one page of the list.
const LISTED: u32 = 100;

/// Which part of the list. The pages of [`crate::pages`] are asked with the same words.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default)]
pub struct Ask {
    /// A reason's code, such as `handwriting` or `timed-out`; every reason where none is given.
    pub reason: String,
    /// A batch's id; every batch where none is given.
    pub batch: String,
    /// 1-based page of the list, of 100 entries each.
    pub page: Option<u32>,
}

impl Ask {
    /// # Errors
    /// 422 where reason or batch is none.
    pub fn wanted(&self) -> Reply<Wanted> {
        let unknown = |name| Problem::refused("filter", format!("the filter `{name}` cannot hold this value"));
        let set = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Ok(Wanted {
            reason: set(&self.reason).map(|text| text.parse().map_err(|_| unknown("reason"))).transpose()?,
            batch: set(&self.batch).map(|text| text.parse().map_err(|_| unknown("batch"))).transpose()?,
        })
    }

    /// How many entries of a list of pages of `size` to pass over.
    pub fn skip(&self, size: u32) -> u64 {
        u64::from(self.page.unwrap_or(1).saturating_sub(1)) * u64::from(size)
    }
}

/// A page that a person has to look at.
#[derive(Serialize, ToSchema)]
pub struct AttentionPage {
    #[schema(value_type = String)]
    pub page: PageId,
    #[schema(value_type = String)]
    pub document: DocumentId,
    #[schema(value_type = String)]
    pub batch: BatchId,
    /// 1-based place in the document.
    pub number: u32,
    /// `undecodable`, `timed-out`, `crashed`, `out-of-memory`, `lost`, `failed`: it could not be read, and can be written down.
    /// `handwriting`, `picture`, `faint`, `cut-off`, `doubtful`: it was read, and can be corrected.
    pub reason: &'static str,
    pub explanation: &'static str,
    /// 0 to 100; none where it could not be read.
    pub confidence: Option<u8>,
}

/// Pages that could not be read first, then the longest waiting.
#[utoipa::path(get, path = "/api/v1/attention", tag = "oversight", params(Ask),
    responses((status = 200, body = Vec<AttentionPage>), (status = 422, description = "a filter cannot be understood")))]
pub async fn list(app: web::Data<App>, ask: web::Query<Ask>) -> Reply<web::Json<Vec<AttentionPage>>> {
    let found = app.catalog.attention(ask.wanted()?, ask.skip(LISTED), LISTED).await?;
    Ok(web::Json(found.iter().map(listed).collect()))
}

fn listed(page: &catalog::Attention) -> AttentionPage {
    AttentionPage {
        page: page.page,
        document: page.document,
        batch: page.batch,
        number: page.number,
        reason: page.reason.as_str(),
        explanation: page.reason.explain(),
        confidence: page.confidence,
    }
}
