//! Where does a batch stand, and what may come next?
//!
//! ```text
//! capturing → review → indexed → released → receipted
//!                └─────────┴──→ suspended, rejected → review
//! ```
//! A batch that nobody wants to look at goes from capturing to released by itself. Released is where people's part ends:
//! the pages go to the archive, and the batch is receipted when the archive's receipts were verified.

use record::manifest::SheetCount;
use serde::{Deserialize, Serialize};

use crate::reel::account::Account;
use crate::spool::State;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    #[default]
    Capturing,
    Review,
    Indexed,
    Suspended,
    Rejected,
    Released,
    Receipted,
}

impl Stage {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Capturing => "capturing",
            Self::Review => "review",
            Self::Indexed => "indexed",
            Self::Suspended => "suspended",
            Self::Rejected => "rejected",
            Self::Released => "released",
            Self::Receipted => "receipted",
        }
    }

    /// Whether people are at it: it is not handed over before they release it.
    pub const fn is_held(self) -> bool {
        matches!(self, Self::Review | Self::Indexed | Self::Suspended | Self::Rejected)
    }

    const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Capturing | Self::Indexed | Self::Suspended | Self::Rejected, Self::Review)
                | (Self::Review, Self::Indexed)
                | (Self::Review | Self::Indexed, Self::Suspended | Self::Rejected)
                | (Self::Suspended, Self::Rejected)
                | (Self::Indexed, Self::Released)
        )
    }
}

impl State {
    /// Where the batch stands, the archive's word included.
    pub fn stage(&self) -> Stage {
        match self.stage {
            _ if self.closed => Stage::Receipted,
            Stage::Capturing if self.capture_complete && self.is_to_be_held() => Stage::Review,
            // Batches that nobody held have no line that says so.
            Stage::Capturing if self.capture_complete => Stage::Released,
            stage => stage,
        }
    }

    fn is_to_be_held(&self) -> bool {
        self.opened.as_ref().is_some_and(|opened| opened.held)
    }

    /// Why the batch cannot be moved on, if it cannot.
    pub fn cannot_become(&self, next: Stage) -> Option<String> {
        let stage = self.stage();
        if stage == Stage::Capturing && next == Stage::Review {
            return Some("its capture is not complete".into());
        }
        if !stage.may_become(next) {
            return Some(format!("it is {}, which cannot become {}", stage.name(), next.name()));
        }
        if next == Stage::Released { self.miscount() } else { None }
    }

    /// In what way the sheets captured are not those that were laid in, where nobody has explained it.
    pub fn miscount(&self) -> Option<String> {
        if let Some(account) = Account::of(self) {
            return account.open_question();
        }
        let (expected, sheets) = (self.expected?, self.sheets_fed());
        let differs = sheets != expected && self.explained.is_none();
        differs
            .then(|| format!("{expected} sheets were expected and {sheets} came: find the difference, or explain it"))
    }

    /// What the archive is told of the sheets, where somebody said how many were laid in.
    pub fn sheet_count(&self) -> Option<SheetCount> {
        let (expected, fed) = (self.expected?, self.sheets_fed());
        // What was explained before the count came out right needs no explanation.
        let explained = self.explained.clone().filter(|_| expected != fed);
        Some(SheetCount { expected, fed, explained })
    }

    /// Sheets of paper that the pages are; a page that stands in for another is on the same sheet.
    pub fn sheets_fed(&self) -> u32 {
        let replaced = self.edits.iter().filter(|edit| matches!(edit, crate::arrange::Edit::Replace { .. })).count();
        let pages = self.pages.len().saturating_sub(replaced) as u32;
        if self.is_two_sided() { pages.div_ceil(2) } else { pages }
    }

    /// Both sides of each sheet are pages.
    fn is_two_sided(&self) -> bool {
        let interleaved = self.edits.iter().any(|edit| matches!(edit, crate::arrange::Edit::Interleave { .. }));
        interleaved || self.opened.as_ref().is_some_and(|opened| opened.two_sided)
    }
}
