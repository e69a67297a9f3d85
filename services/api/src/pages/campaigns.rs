//! How far are the campaigns that read old pages again? Started and stopped they are by `chartroom campaign`.

use actix_web::{HttpResponse, web};
use record::campaign::{Budget, CampaignStatus, Criteria};
use serde::Deserialize;

use super::reply::html;
use super::view::campaigns::{CampaignRow, CampaignRows, CampaignsPage};
use super::view::{Section, clock, readable};
use crate::campaigns;
use crate::identity::Caller;
use crate::problem::Reply;
use crate::state::App;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Ask {
    /// `rows`: only what changes while somebody looks.
    part: String,
}

pub async fn list(app: web::Data<App>, caller: Caller, ask: web::Query<Ask>) -> Reply<HttpResponse> {
    let mut rows = Vec::new();
    for campaign in app.catalog.campaigns().await? {
        rows.push(row(campaigns::status(&app, campaign).await?));
    }
    let rows = CampaignRows { rows };
    match ask.part.as_str() {
        "rows" => html(&rows),
        _ => html(&CampaignsPage { frame: super::frame(&caller, "Campaigns", Some(Section::Campaigns)), rows }),
    }
}

fn row(status: CampaignStatus) -> CampaignRow {
    CampaignRow {
        pages: which(&status.record.pages),
        budget: pace(status.record.budget),
        began: clock(&status.began_at),
        status,
    }
}

/// The criteria as a person would say them.
fn which(pages: &Criteria) -> String {
    let Criteria { generation_below, confidence_below, batch, document_type, from, to } = pages;
    let told = [
        confidence_below.map(|most| format!("read with less than {most} % confidence")),
        generation_below.map(|first| format!("read before generation {first}")),
        document_type.as_ref().map(|kind| format!("of type {}", readable(kind.reveal()))),
        batch.map(|batch| format!("of batch {batch}")),
        from.map(|day| format!("dated from {day}")),
        to.map(|day| format!("dated up to {day}")),
    ];
    told.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn pace(budget: Budget) -> String {
    let most = budget.pages_per_hour.map(|pages| format!("at most {pages} pages an hour"));
    let hours = budget.hours.map(|hours| format!("at {hours} o’clock"));
    let told: Vec<String> = [most, hours].into_iter().flatten().collect();
    if told.is_empty() { "whenever readers are free".to_owned() } else { told.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn criteria_and_budget_are_told_in_words() {
        let pages =
            Criteria { confidence_below: Some(70), document_type: "LETTER".parse().ok(), ..Criteria::default() };
        assert_eq!(which(&pages), "read with less than 70 % confidence, of type Letter");
        assert_eq!(pace(Budget::default()), "whenever readers are free");
        let budget = Budget { pages_per_hour: Some(600), hours: "20-6".parse().ok() };
        assert_eq!(pace(budget), "at most 600 pages an hour, at 20-6 o’clock");
    }
}
