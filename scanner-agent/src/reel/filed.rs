//! Do charts stand on the reel in the order that it is said to have? One that does not was misfiled before it was filmed, or its
//! number is wrong.

use record::Mrn;
use record::film::Order;

use crate::plan;
use crate::rules::Rules;
use crate::spool::State;

/// Where a number stands among others.
type Key = (u64, u64, u64);

/// The first pages of documents whose patient number breaks the order: as few as leave all others in it.
pub fn misplaced(state: &State) -> Vec<u32> {
    let order = state.reel().and_then(|reel| reel.order);
    let rules = state.opened.as_ref().map(|opened| Rules::of(opened.rules.as_deref()));
    let (Some(order), Some(Ok(rules))) = (order, rules) else { return Vec::new() };
    let charts = plan::outline(state, &rules).into_iter();
    let placed = charts.filter_map(|chart| Some((*chart.pages.first()?, key(order, chart.fields.mrn.as_ref()?)?)));
    let (pages, keys): (Vec<u32>, Vec<Key>) = placed.unzip();
    let stays = longest_run(&keys);
    pages.into_iter().zip(stays).filter(|(_, stays)| !stays).map(|(page, _)| page).collect()
}

/// Terminal digits: the last two digits come first, then the two before them, then the rest (AHIMA, Health Information Management
/// Technology, "Paper-based filing systems"). Names are not known here.
fn key(order: Order, mrn: &Mrn) -> Option<Key> {
    let number: u64 = mrn.digits().parse().ok()?;
    match order {
        Order::Numeric => Some((number, 0, 0)),
        Order::TerminalDigit => Some((number % 100, number / 100 % 100, number / 10_000)),
        Order::Alphabetical => None,
    }
}

/// Which of them are the longest run that never goes down (patience sorting; Schensted, Longest increasing and decreasing
/// subsequences, 1961).
fn longest_run(keys: &[Key]) -> Vec<bool> {
    // For each length the run that ends lowest; and for each key the one before it in its run.
    let mut ends: Vec<usize> = Vec::new();
    let mut before = vec![None; keys.len()];
    for (at, key) in keys.iter().enumerate() {
        let length = ends.partition_point(|&end| keys[end] <= *key);
        before[at] = length.checked_sub(1).map(|shorter| ends[shorter]);
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut stays = vec![false; keys.len()];
    let mut next = ends.last().copied();
    while let Some(at) = next {
        stays[at] = true;
        next = before[at];
    }
    stays
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out_of_order(order: Order, numbers: &[&str]) -> Vec<usize> {
        let keys: Vec<Key> = numbers.iter().filter_map(|mrn| key(order, &mrn.parse().expect("valid"))).collect();
        let stays = longest_run(&keys);
        (0..keys.len()).filter(|at| !stays[*at]).collect()
    }

    #[test]
    fn only_what_breaks_the_order_is_named() {
        let numeric = ["MRN-100001", "MRN-100002", "MRN-700003", "MRN-100003", "MRN-100003", "MRN-100004"];
        assert_eq!(out_of_order(Order::Numeric, &numeric), [2]);
        // 12-34-56 stands behind 99-33-56 and before 00-00-57.
        assert_eq!(out_of_order(Order::TerminalDigit, &["993356", "123456", "000057", "123455"]), [3]);
        assert_eq!(out_of_order(Order::TerminalDigit, &["123455", "993356", "123456", "000057"]), [0_usize; 0]);
        assert_eq!(out_of_order(Order::Numeric, &[]), [0_usize; 0]);
    }
}
