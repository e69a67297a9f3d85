//! In what order do the pages of a batch stand, and what did people do to them?
//!
//! Captured pages never change and never go: an operation is a line in the journal, and the arrangement is what follows from
//! the pages and the lines. Taking back the last line takes back what it did.

use std::collections::BTreeSet;

use record::wire::CapturedFields;
use serde::{Deserialize, Serialize};

use crate::spool::event::CapturedPage;

/// One operation. Pages are named by their number in capture order, from 1, wherever they stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "kebab-case")]
pub enum Edit {
    /// Leaves a page out of its document; it stays with the document in the archive.
    Hide {
        page: u32,
    },
    Show {
        page: u32,
    },
    /// The page as it looks turned; the page as it was captured is kept beside it.
    Turn {
        page: u32,
        turned: Box<CapturedPage>,
    },
    /// Before another page; without one, to the end.
    Move {
        page: u32,
        before: Option<u32>,
    },
    /// A page captured anew stands in for an earlier one, which is hidden.
    Replace {
        page: u32,
        by: u32,
    },
    /// A document begins at this page, whatever codes say.
    Split {
        page: u32,
    },
    /// This page goes on with the document before it, whatever codes say.
    Join {
        page: u32,
    },
    /// All fronts were captured first and then all backs, which may have come out last to first.
    Interleave {
        backs_reversed: bool,
    },
    /// What a person says of the document that the page is in.
    Index {
        page: u32,
        fields: CapturedFields,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// What the operator makes of a page: absent, it is as it should be; else what is wrong with it.
    Judge {
        page: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wrong: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// What a frame of film is.
    Mark {
        page: u32,
        mark: FrameMark,
    },
    /// A frame of film cut another way out of its strip, not turned yet; the earlier cut is kept beside it.
    Recut {
        page: u32,
        cut: Box<CapturedPage>,
    },
    /// A frame that only a person saw, out of the strip that is file number `file`; before another one, or at the end.
    Add {
        page: u32,
        before: Option<u32>,
        file: u32,
        cut: Box<CapturedPage>,
    },
    /// Several steps that are one operation: taken back at once.
    Steps {
        edits: Vec<Edit>,
    },
    /// What an inspector found when looking at a page; the page stays as it is.
    Inspect {
        page: u32,
        inspector: String,
        /// What is wrong with it; absent: nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wrong: Option<String>,
    },
}

/// What a person says that a frame is. All but pages are left out of documents, and kept with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrameMark {
    /// A page, cut well: its doubts are answered.
    Page,
    /// START, END, title, density and resolution targets.
    Target,
    Leader,
    /// Filmed again; the other one stands for it.
    Retake,
    Blank,
    Splice,
    /// Part of another frame since that was cut anew.
    Merged,
}

impl FrameMark {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Target => "target",
            Self::Leader => "leader",
            Self::Retake => "retake",
            Self::Blank => "blank",
            Self::Splice => "splice",
            Self::Merged => "part of another frame",
        }
    }
}

/// Where a person cuts, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    Here,
    Never,
}

/// What the operator made of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Passed,
    Failed(String),
}

/// Fields as one person keyed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub by: Option<String>,
    pub fields: CapturedFields,
}

/// A page at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// From 1, in capture order.
    pub page: u32,
    pub hidden: bool,
    pub cut: Option<Cut>,
    pub turned: Option<Box<CapturedPage>>,
    /// As it was cut anew out of its strip.
    pub recut: Option<Box<CapturedPage>>,
    /// What people said of its document, in order.
    pub entries: Vec<Entry>,
    pub verdict: Option<Verdict>,
    pub mark: Option<FrameMark>,
}

/// The pages in their order, hidden ones where they would stand.
pub fn arrange(pages: u32, edits: &[Edit]) -> Vec<Placed> {
    let added: BTreeSet<u32> = edits.iter().flat_map(Edit::added).map(|added| added.page).collect();
    edits.iter().fold((1..=pages).filter(|page| !added.contains(page)).map(fresh).collect(), apply)
}

const fn fresh(page: u32) -> Placed {
    Placed { page, hidden: false, cut: None, turned: None, recut: None, entries: Vec::new(), verdict: None, mark: None }
}

fn apply(mut placed: Vec<Placed>, edit: &Edit) -> Vec<Placed> {
    let at = |page: u32| placed.iter().position(|placed| placed.page == page);
    match edit {
        Edit::Interleave { backs_reversed } => return interleave(placed, *backs_reversed),
        Edit::Move { page, before } => {
            if let Some(from) = at(*page) {
                let moved = placed.remove(from);
                let to = before.and_then(|before| placed.iter().position(|placed| placed.page == before));
                placed.insert(to.unwrap_or(placed.len()), moved);
            }
        }
        Edit::Replace { page, by } => {
            if let (Some(from), Some(_), false) = (at(*by), at(*page), page == by) {
                let new = placed.remove(from);
                // Behind the removal the old page may have moved up by one.
                let to = placed.iter().position(|placed| placed.page == *page).unwrap_or(placed.len());
                let old = &mut placed[to];
                old.hidden = true;
                // What was said of the old page holds for the new one, but for its turn.
                let (cut, entries) = (old.cut.take(), std::mem::take(&mut old.entries));
                placed.insert(to, Placed { cut, entries, ..new });
            }
        }
        Edit::Hide { page } => change(&mut placed, *page, |placed| placed.hidden = true),
        Edit::Show { page } => change(&mut placed, *page, |placed| placed.hidden = false),
        Edit::Turn { page, turned } => change(&mut placed, *page, |placed| placed.turned = Some(turned.clone())),
        Edit::Recut { page, cut } => change(&mut placed, *page, |placed| {
            (placed.recut, placed.turned) = (Some(cut.clone()), None);
        }),
        Edit::Add { page, before, .. } => {
            let to = before.and_then(at).unwrap_or(placed.len());
            placed.insert(to, fresh(*page));
        }
        Edit::Steps { edits } => return edits.iter().fold(placed, apply),
        Edit::Split { page } => change(&mut placed, *page, |placed| placed.cut = Some(Cut::Here)),
        Edit::Join { page } => change(&mut placed, *page, |placed| placed.cut = Some(Cut::Never)),
        Edit::Index { page, fields, by } => {
            change(&mut placed, *page, |placed| placed.entries.push(Entry { by: by.clone(), fields: fields.clone() }));
        }
        Edit::Judge { page, wrong, .. } => {
            let verdict = wrong.clone().map_or(Verdict::Passed, Verdict::Failed);
            change(&mut placed, *page, |placed| placed.verdict = Some(verdict));
        }
        Edit::Mark { page, mark } => change(&mut placed, *page, |placed| {
            (placed.mark, placed.hidden) = (Some(*mark), *mark != FrameMark::Page);
        }),
        Edit::Inspect { .. } => {}
    }
    placed
}

fn change(placed: &mut [Placed], page: u32, with: impl FnOnce(&mut Placed)) {
    if let Some(placed) = placed.iter_mut().find(|placed| placed.page == page) {
        with(placed);
    }
}

/// Front, back, front, back …; hidden pages go to the end.
fn interleave(placed: Vec<Placed>, backs_reversed: bool) -> Vec<Placed> {
    let (hidden, mut fronts): (Vec<Placed>, Vec<Placed>) = placed.into_iter().partition(|placed| placed.hidden);
    let mut backs = fronts.split_off(fronts.len().div_ceil(2));
    if backs_reversed {
        backs.reverse();
    }
    let mut backs = backs.into_iter();
    let mut order = Vec::with_capacity(fronts.len() * 2);
    for front in fronts {
        order.push(front);
        order.extend(backs.next());
    }
    order.extend(hidden);
    order
}

/// A frame that an operation adds to the batch's pages.
#[derive(Debug, Clone, Copy)]
pub struct Added<'a> {
    pub page: u32,
    pub file: u32,
    pub cut: &'a CapturedPage,
}

impl Edit {
    /// The frames that it adds.
    pub fn added(&self) -> Vec<Added<'_>> {
        match self {
            Self::Add { page, file, cut, .. } => vec![Added { page: *page, file: *file, cut }],
            Self::Steps { edits } => edits.iter().flat_map(Self::added).collect(),
            _ => Vec::new(),
        }
    }

    /// The pages that it names.
    pub fn pages(&self) -> Vec<u32> {
        match self {
            Self::Hide { page }
            | Self::Show { page }
            | Self::Turn { page, .. }
            | Self::Split { page }
            | Self::Join { page }
            | Self::Index { page, .. }
            | Self::Judge { page, .. }
            | Self::Mark { page, .. }
            | Self::Recut { page, .. }
            | Self::Inspect { page, .. } => vec![*page],
            Self::Move { page, before } => [*page].into_iter().chain(*before).collect(),
            Self::Replace { page, by } => vec![*page, *by],
            Self::Add { before, .. } => before.iter().copied().collect(),
            Self::Steps { edits } => edits.iter().flat_map(Self::pages).collect(),
            Self::Interleave { .. } => Vec::new(),
        }
    }

    /// Why it cannot be done to these pages, if it cannot.
    pub fn fault(&self, placed: &[Placed]) -> Option<String> {
        if let Self::Steps { edits } = self {
            return steps_fault(edits, placed);
        }
        let named = self.pages();
        if let Some(missing) = named.iter().find(|page| !placed.iter().any(|placed| placed.page == **page)) {
            return Some(format!("the batch has no page {missing}; it has {}", placed.len()));
        }
        if named.len() == 2 && named[0] == named[1] {
            return Some("name two different pages".into());
        }
        let visible = placed.iter().filter(|placed| !placed.hidden).count();
        match self {
            Self::Interleave { .. } if visible % 2 == 1 => {
                Some(format!("fronts and backs are {visible} pages, an odd number: one is missing or too many"))
            }
            _ => None,
        }
    }
}

/// Each step meets the pages as the steps before it left them.
fn steps_fault(edits: &[Edit], placed: &[Placed]) -> Option<String> {
    let mut placed = placed.to_vec();
    edits.iter().find_map(|edit| {
        let fault = edit.fault(&placed);
        placed = apply(std::mem::take(&mut placed), edit);
        fault
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Numbers in order, `-` before hidden ones.
    fn told(pages: u32, edits: &[Edit]) -> String {
        let one = |placed: &Placed| format!("{}{}", if placed.hidden { "-" } else { "" }, placed.page);
        arrange(pages, edits).iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn pages_are_moved_hidden_and_replaced() {
        assert_eq!(told(4, &[Edit::Move { page: 4, before: Some(2) }]), "1 4 2 3");
        assert_eq!(told(3, &[Edit::Move { page: 1, before: None }]), "2 3 1");
        assert_eq!(told(3, &[Edit::Hide { page: 2 }]), "1 -2 3");
        assert_eq!(told(3, &[Edit::Hide { page: 2 }, Edit::Show { page: 2 }]), "1 2 3");
        assert_eq!(told(4, &[Edit::Replace { page: 2, by: 4 }]), "1 4 -2 3");
        assert_eq!(told(3, &[Edit::Replace { page: 3, by: 1 }]), "2 1 -3");
    }

    #[test]
    fn fronts_and_backs_are_interleaved() {
        assert_eq!(told(6, &[Edit::Interleave { backs_reversed: false }]), "1 4 2 5 3 6");
        assert_eq!(told(6, &[Edit::Interleave { backs_reversed: true }]), "1 6 2 5 3 4");
        let replaced = [Edit::Replace { page: 2, by: 5 }, Edit::Interleave { backs_reversed: true }];
        assert_eq!(told(5, &replaced), "1 4 5 3 -2");
        assert!(Edit::Interleave { backs_reversed: true }.fault(&arrange(3, &[])).is_some());
        assert!(Edit::Hide { page: 4 }.fault(&arrange(3, &[])).is_some());
    }

    fn edit() -> impl Strategy<Value = Edit> {
        let page = 1..12_u32;
        prop_oneof![
            page.clone().prop_map(|page| Edit::Hide { page }),
            page.clone().prop_map(|page| Edit::Show { page }),
            page.clone().prop_map(|page| Edit::Split { page }),
            (page.clone(), proptest::option::of(page.clone())).prop_map(|(page, before)| Edit::Move { page, before }),
            (page.clone(), page).prop_map(|(page, by)| Edit::Replace { page, by }),
            any::<bool>().prop_map(|backs_reversed| Edit::Interleave { backs_reversed }),
        ]
    }

    proptest! {
        /// Whatever is done, every page that was captured is there, once.
        #[test]
        fn no_operation_loses_or_doubles_a_page(pages in 0..10_u32, edits in proptest::collection::vec(edit(), 0..30)) {
            let mut numbers: Vec<u32> = arrange(pages, &edits).iter().map(|placed| placed.page).collect();
            numbers.sort_unstable();
            prop_assert_eq!(numbers, (1..=pages).collect::<Vec<_>>());
        }
    }
}
