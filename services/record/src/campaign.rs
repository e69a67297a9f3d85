//! Which pages are to be read again with a better reader, how fast, and was it worth it?

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{BatchId, CampaignId, TrialId};
use crate::patient::DocumentType;
use crate::time::{Date, Timestamp};
use crate::words::{LEGIBLE_CONFIDENCE, PageText};

/// The sealed record of a campaign; a later one replaces an earlier one. Codes and numbers only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignRecord {
    pub campaign: CampaignId,
    pub state: CampaignState,
    pub pages: Criteria,
    pub budget: Budget,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CampaignState {
    Running,
    Paused,
    Ended,
}

/// Pages that meet all of these, were read before the campaign began and not corrected by a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criteria {
    /// Read by an older generation than this ([`crate::words::Engine::generation`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation_below: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence_below: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_type: Option<DocumentType>,
    /// Documents dated from this day on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Documents dated up to this day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// As many as there is time for where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages_per_hour: Option<u32>,
    /// At any time where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
}

/// Hours of the day, UTC: `20-6` is from eight in the evening to six in the morning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    from: u8,
    to: u8,
}

impl Hours {
    pub const fn contains(self, at: Timestamp) -> bool {
        let hour = at.0.div_euclid(3_600_000).rem_euclid(24) as u8;
        if self.from < self.to { self.from <= hour && hour < self.to } else { hour >= self.from || hour < self.to }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from, self.to)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("hours are two different hours of the day from 0 to 24, as in 20-6")]
pub struct HoursError;

impl FromStr for Hours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let (from, to) = text.split_once('-').ok_or(HoursError)?;
        let hour = |text: &str| text.parse().ok().filter(|hour| *hour <= 24_u8).ok_or(HoursError);
        let hours = Self { from: hour(from)?, to: hour(to)? };
        if hours.from % 24 == hours.to % 24 && (hours.from, hours.to) != (0, 24) {
            return Err(HoursError);
        }
        Ok(hours)
    }
}

/// What a new reading of one page brought. Holds no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    pub verdict: Verdict,
    /// Legible words that were not there before, and those that are there no more.
    pub words_gained: u64,
    pub words_lost: u64,
    pub confidence_before: u8,
    pub confidence_after: u8,
    pub milliseconds: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Better,
    Same,
    Worse,
    /// The page could not be read again.
    Failed,
}

impl Comparison {
    pub fn of(before: &PageText, after: &PageText, milliseconds: u64) -> Self {
        let verdict = match (after.is_better_than(before), before.is_better_than(after)) {
            (true, _) => Verdict::Better,
            (false, true) => Verdict::Worse,
            (false, false) => Verdict::Same,
        };
        let (old, new) = (legible_words(before), legible_words(after));
        Self {
            verdict,
            words_gained: surplus(&new, &old),
            words_lost: surplus(&old, &new),
            confidence_before: before.confidence(),
            confidence_after: after.confidence(),
            milliseconds,
        }
    }

    pub const fn failed(confidence: u8) -> Self {
        Self {
            verdict: Verdict::Failed,
            words_gained: 0,
            words_lost: 0,
            confidence_before: confidence,
            confidence_after: confidence,
            milliseconds: 0,
        }
    }
}

fn legible_words(text: &PageText) -> HashMap<&str, u64> {
    let mut words = HashMap::new();
    for word in text.words().filter(|word| word.confidence >= LEGIBLE_CONFIDENCE) {
        *words.entry(word.text.as_str()).or_default() += 1;
    }
    words
}

/// Words of `these` that `those` do not have, or have less often.
fn surplus(these: &HashMap<&str, u64>, those: &HashMap<&str, u64>) -> u64 {
    these.iter().map(|(word, count)| count.saturating_sub(those.get(word).copied().unwrap_or(0))).sum()
}

/// Asks for a campaign to be tried on some pages, or to be started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartCampaign {
    pub pages: Criteria,
    #[serde(default)]
    pub budget: Budget,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartTrial {
    pub pages: Criteria,
    /// How many pages to read.
    pub sample: u32,
    /// The same seed draws the same pages.
    pub seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetCampaignState {
    pub state: CampaignState,
}

/// How far a campaign has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignStatus {
    #[serde(flatten)]
    pub record: CampaignRecord,
    pub began_at: Timestamp,
    /// Pages read again, and those of them that got a better text.
    pub again: u64,
    pub better: u64,
    /// Pages still to be read again.
    pub left: u64,
    /// At the pace so far; absent while there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes_left: Option<u64>,
}

impl CampaignStatus {
    /// One that is not ended goes on as long as pages come to meet its criteria, which rarely happens.
    pub fn is_done(&self) -> bool {
        self.left == 0 && self.record.state == CampaignState::Running
    }

    /// How it stands, in a word or two.
    pub fn standing(&self) -> &'static str {
        match self.record.state {
            CampaignState::Running if self.is_done() => "nothing left",
            CampaignState::Running => "running",
            CampaignState::Paused => "paused",
            CampaignState::Ended => "ended",
        }
    }

    /// How long it will still take, where that can be told: of one that rests, nobody knows.
    pub fn rest(&self) -> Option<String> {
        let minutes = self.minutes_left.filter(|_| self.left > 0 && self.record.state == CampaignState::Running)?;
        Some(match minutes {
            ..=1 => "about a minute left".to_owned(),
            2..=119 => format!("about {minutes} minutes left"),
            _ => format!("about {} hours left", minutes.div_ceil(60)),
        })
    }
}

/// What a trial has shown so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TrialStatus {
    pub trial: Option<TrialId>,
    /// Pages that a campaign would read again.
    pub pages: u64,
    /// Pages drawn, and those of them that have been read.
    pub sample: u64,
    pub done: u64,
    pub better: u64,
    pub same: u64,
    pub worse: u64,
    pub failed: u64,
    pub words_gained: u64,
    pub words_lost: u64,
    /// Means over the pages read.
    pub confidence_before: f64,
    pub confidence_after: f64,
    pub seconds_per_page: f64,
    /// Reader time for all pages.
    pub hours_in_all: f64,
}

impl TrialStatus {
    pub fn sum(trial: TrialId, pages: u64, sample: u64, done: &[Comparison]) -> Self {
        let count = |verdict| done.iter().filter(|page| page.verdict == verdict).count() as u64;
        let mean = |of: fn(&Comparison) -> u64| {
            let sum: u64 = done.iter().map(of).sum();
            sum as f64 / done.len().max(1) as f64
        };
        let seconds_per_page = mean(|page| page.milliseconds) / 1000.0;
        Self {
            trial: Some(trial),
            pages,
            sample,
            done: done.len() as u64,
            better: count(Verdict::Better),
            same: count(Verdict::Same),
            worse: count(Verdict::Worse),
            failed: count(Verdict::Failed),
            words_gained: done.iter().map(|page| page.words_gained).sum(),
            words_lost: done.iter().map(|page| page.words_lost).sum(),
            confidence_before: mean(|page| page.confidence_before.into()),
            confidence_after: mean(|page| page.confidence_after.into()),
            seconds_per_page,
            hours_in_all: seconds_per_page * pages as f64 / 3600.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{Block, Box, Line, Word};

    fn text(words: &[(&str, u8)]) -> PageText {
        let words = words.iter().map(|(text, confidence)| Word::read(*text, Box::default(), *confidence)).collect();
        PageText { blocks: vec![Block::of(vec![Line::of(words)])], ..PageText::default() }
    }

    #[test]
    fn hours_may_run_over_midnight() {
        let at = |hour: i64| Timestamp(hour * 3_600_000 + 86_400_000 * 20_000);
        let night: Hours = "20-6".parse().expect("hours");
        assert!([20, 23, 0, 5].into_iter().all(|hour| night.contains(at(hour))));
        assert!([6, 12, 19].into_iter().all(|hour| !night.contains(at(hour))));
        let day: Hours = "0-24".parse().expect("hours");
        assert!((0..24).all(|hour| day.contains(at(hour))));
        for wrong in ["20", "6-6", "0-25", "a-b", "24-0"] {
            assert_eq!(wrong.parse::<Hours>(), Err(HoursError), "{wrong}");
        }
    }

    #[test]
    fn a_page_is_better_where_more_of_it_is_legible() {
        let before = text(&[("acute", 90), ("chest", 90), ("pein", 30)]);
        let after = text(&[("acute", 90), ("chest", 90), ("pain", 88)]);
        let found = Comparison::of(&before, &after, 5);
        assert_eq!((found.verdict, found.words_gained, found.words_lost), (Verdict::Better, 1, 0));
        let back = Comparison::of(&after, &before, 5);
        assert_eq!((back.verdict, back.words_gained, back.words_lost), (Verdict::Worse, 0, 1));
        assert_eq!(Comparison::of(&after, &after, 5).verdict, Verdict::Same);
    }
}
