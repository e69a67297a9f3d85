//! Do charts stand on the reel in the order that it is said to have, and are they this reel's? As far as patient numbers were
//! read off codes or entered here; the archive asks again once it has read the frames.

use film::filing::{self, Standing};
use record::Mrn;
use record::film::{Order, Reel};

use crate::plan;
use crate::rules::Rules;
use crate::spool::State;

/// The first pages of documents that do not stand where they should.
#[derive(Debug, Default)]
pub struct Filed {
    /// Their patient number breaks the order.
    pub misplaced: Vec<u32>,
    /// The reel's box says that other charts are on it.
    pub foreign: Vec<u32>,
}

impl Filed {
    pub fn of(state: &State) -> Self {
        let rules = state.opened.as_ref().map(|opened| Rules::of(opened.rules.as_deref()));
        let (Some(reel), Some(Ok(rules))) = (state.reel(), rules) else { return Self::default() };
        // The order of a box that says nothing of it is that of its numbers.
        let standing = |mrn: &Mrn| Standing::of(reel.order.unwrap_or(Order::Numeric), mrn, None);
        let charts = plan::outline(state, &rules).into_iter();
        let placed = charts.filter_map(|chart| Some((*chart.pages.first()?, standing(chart.fields.mrn.as_ref()?)?)));
        let (pages, charts): (Vec<u32>, Vec<Standing>) = placed.unzip();
        let named = |found: Vec<usize>| found.into_iter().map(|at| pages[at]).collect();
        let Reel { order, first, last, .. } = reel;
        let (first, last) = (first.as_ref().and_then(standing), last.as_ref().and_then(standing));
        Self {
            foreign: named(filing::foreign(&charts, first.as_ref(), last.as_ref())),
            // One label speaks for each, however thick it is.
            misplaced: match order {
                Some(_) => named(filing::misplaced(&charts.into_iter().map(|chart| (chart, 1)).collect::<Vec<_>>())),
                None => Vec::new(),
            },
        }
    }
}
