//! Old pages that are read again, campaign by campaign.

use askama::Template;
use record::campaign::{CampaignState, CampaignStatus};

use super::filters;
use super::frame::Frame;

#[derive(Debug, Clone)]
pub struct CampaignRow {
    /// Which pages it reads again.
    pub pages: String,
    /// How fast.
    pub budget: String,
    /// UTC.
    pub began: String,
    pub status: CampaignStatus,
}

impl CampaignRow {
    /// Tone and symbol of the badge.
    fn badge(&self) -> (&'static str, &'static str) {
        match self.status.record.state {
            CampaignState::Running if self.status.is_done() => ("ok", "ok"),
            CampaignState::Running => ("info", "busy"),
            CampaignState::Paused => ("warn", "exceptions"),
            CampaignState::Ended => ("", "ok"),
        }
    }

    /// Class, start and width of each piece of a bar 1000 wide: pages that got better, and the others that were read.
    fn bar(&self) -> [(&'static str, u64, u64); 2] {
        let CampaignStatus { again, better, left, .. } = self.status;
        let all = (again + left).max(1);
        let (better, again) = (better * 1000 / all, again * 1000 / all);
        [("indexed", 0, better), ("read", better, again.saturating_sub(better))]
    }

    fn bar_text(&self) -> String {
        let CampaignStatus { again, better, left, .. } = self.status;
        format!("{again} of {} pages read again, {better} of them better", again + left)
    }
}

/// What changes while somebody looks.
#[derive(Debug, Clone, Template)]
#[template(path = "campaign_rows.html")]
pub struct CampaignRows {
    pub rows: Vec<CampaignRow>,
}

impl CampaignRows {
    fn is_moving(&self) -> bool {
        self.rows.iter().any(|row| row.status.standing() == "running")
    }
}

/// `/campaigns`.
#[derive(Template)]
#[template(path = "campaigns.html")]
pub struct CampaignsPage {
    pub frame: Frame,
    pub rows: CampaignRows,
}

#[cfg(test)]
mod tests {
    use record::campaign::{Budget, CampaignRecord, Criteria};
    use record::{CampaignId, Timestamp};

    use super::super::hostile::{self, TEXT as HOSTILE};
    use super::*;

    fn row(state: CampaignState, better: u64, again: u64, left: u64) -> CampaignRow {
        let text = || HOSTILE.to_owned();
        let campaign = CampaignId::derived([b"c".as_slice()]);
        let record = CampaignRecord { campaign, state, pages: Criteria::default(), budget: Budget::default() };
        let status = CampaignStatus { record, began_at: Timestamp(0), again, better, left, minutes_left: Some(150) };
        CampaignRow { pages: text(), budget: text(), began: text(), status }
    }

    #[test]
    fn a_campaign_is_told_as_it_stands() {
        let told = |row: &CampaignRow| (row.status.standing(), row.status.rest());
        let half = row(CampaignState::Running, 10, 50, 50);
        assert_eq!(half.bar(), [("indexed", 0, 100), ("read", 100, 400)]);
        assert_eq!(told(&half), ("running", Some("about 3 hours left".to_owned())));
        assert_eq!(told(&row(CampaignState::Running, 0, 50, 0)), ("nothing left", None));
        assert_eq!(told(&row(CampaignState::Paused, 0, 1, 9)), ("paused", None), "nobody knows when it goes on");
        assert_eq!(row(CampaignState::Ended, 0, 0, 0).bar(), [("indexed", 0, 0), ("read", 0, 0)]);
    }

    #[test]
    fn hostile_texts_stay_texts() {
        let rows = CampaignRows { rows: vec![row(CampaignState::Running, 1, 2, 3)] };
        hostile::assert_inert(&CampaignsPage { frame: Frame::bare("x"), rows }.render().expect("renders"));
    }
}
