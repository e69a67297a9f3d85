//! Do charts stand on the reel in the order that it is said to have, and are they this reel's at all? One that does not was
//! misfiled before it was filmed, is out of place on the film, or its number is misread.

use record::Mrn;
use record::film::Order;

/// Where a chart stands among others.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    Number([u64; 3]),
    /// The name, folded.
    Name(String),
}

impl Standing {
    /// Of a patient number and, as far as it is known, the name as the patient list has it.
    ///
    /// Terminal digits: the last two digits come first, then the two before them, then the rest. Names go letter by letter,
    /// what is no letter parts words, and nothing comes before something (AHIMA, Health Information Management Technology,
    /// "Paper-based filing systems").
    pub fn of(order: Order, mrn: &Mrn, name: Option<&str>) -> Option<Self> {
        let number = || mrn.digits().parse::<u64>().ok();
        match order {
            Order::Numeric => Some(Self::Number([number()?, 0, 0])),
            Order::TerminalDigit => {
                let number = number()?;
                Some(Self::Number([number % 100, number / 100 % 100, number / 10_000]))
            }
            Order::Alphabetical => name.map(|name| Self::Name(folded(name))),
        }
    }
}

/// Without a comma the surname is the last word.
fn folded(name: &str) -> String {
    let lower = name.to_lowercase().replace(['\'', '’'], "");
    let mut words: Vec<&str> = lower.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).collect();
    if !name.contains(',') {
        let surnames = usize::from(words.len() > 1);
        words.rotate_right(surnames);
    }
    words.join(" ")
}

/// Which of them break the order, each with as many frames as speak for it: those for which the fewest frames speak, and without
/// which all others are in it.
pub fn misplaced(charts: &[(Standing, u32)]) -> Vec<usize> {
    let stays = heaviest_run(charts);
    (0..charts.len()).filter(|at| !stays[*at]).collect()
}

/// Which of them stand before the first chart that the reel's box names, or behind the last.
pub fn foreign(charts: &[Standing], first: Option<&Standing>, last: Option<&Standing>) -> Vec<usize> {
    let is_foreign =
        |chart: &Standing| first.is_some_and(|first| chart < first) || last.is_some_and(|last| chart > last);
    (0..charts.len()).filter(|at| is_foreign(&charts[*at])).collect()
}

/// Which of them are the heaviest run that never goes down (Jacobson and Vo, Heaviest increasing/common subsequence problems,
/// 1992).
fn heaviest_run(charts: &[(Standing, u32)]) -> Vec<bool> {
    let mut ranks: Vec<&Standing> = charts.iter().map(|(standing, _)| standing).collect();
    ranks.sort_unstable();
    ranks.dedup();
    let mut runs = Runs(vec![Run::default(); ranks.len() + 1]);
    let mut before = Vec::with_capacity(charts.len());
    for (at, (standing, weight)) in charts.iter().enumerate() {
        let rank = ranks.partition_point(|other| *other <= standing);
        let run = runs.heaviest(rank);
        before.push(run.end);
        runs.put(rank, Run { weight: run.weight + u64::from(*weight), end: Some(at) });
    }
    let mut stays = vec![false; charts.len()];
    let mut next = runs.heaviest(ranks.len()).end;
    while let Some(at) = next {
        stays[at] = true;
        next = before[at];
    }
    stays
}

/// A run, by its weight and its last chart.
#[derive(Clone, Copy, Default)]
struct Run {
    weight: u64,
    end: Option<usize>,
}

/// The heaviest run that ends with a chart of each rank or a lower one, as a tree of maxima (Fenwick, 1994).
struct Runs(Vec<Run>);

impl Runs {
    fn heaviest(&self, mut rank: usize) -> Run {
        let mut heaviest = Run::default();
        while rank > 0 {
            heaviest = if self.0[rank].weight > heaviest.weight { self.0[rank] } else { heaviest };
            rank &= rank - 1;
        }
        heaviest
    }

    fn put(&mut self, mut rank: usize, run: Run) {
        while rank < self.0.len() {
            if run.weight > self.0[rank].weight {
                self.0[rank] = run;
            }
            rank += rank & rank.wrapping_neg();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standings(order: Order, charts: &[(&str, &str)]) -> Vec<Standing> {
        let standing = |(mrn, name): &(&str, &str)| Standing::of(order, &mrn.parse().expect("valid"), Some(name));
        charts.iter().filter_map(standing).collect()
    }

    fn heard(standings: Vec<Standing>) -> Vec<usize> {
        misplaced(&standings.into_iter().map(|standing| (standing, 1)).collect::<Vec<_>>())
    }

    fn out_of_order(order: Order, numbers: &[&str]) -> Vec<usize> {
        heard(standings(order, &numbers.iter().map(|number| (*number, "")).collect::<Vec<_>>()))
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

    #[test]
    fn names_go_letter_by_letter() {
        let charts = [
            ("100", "Brandt, Ida"),
            ("200", "BRANDT, Ida M."),
            ("500", "O’Brien, Anne"),
            ("700", "A. Brandtner"),
            ("300", "Czerny, Karl"),
        ];
        assert_eq!(heard(standings(Order::Alphabetical, &charts)), [2]);
        assert!(Standing::of(Order::Alphabetical, &"100".parse().expect("valid"), None).is_none());
    }

    #[test]
    fn the_fewest_frames_are_doubted() {
        let charts = [("1", 1), ("2", 1), ("1", 2), ("2", 2), ("1", 1), ("2", 1)].map(|(number, frames)| {
            (
                Standing::of(Order::Numeric, &format!("10{number}").parse().expect("valid"), None).expect("a number"),
                frames,
            )
        });
        assert_eq!(misplaced(&charts), [1, 4]);
    }

    #[test]
    fn charts_of_another_reel_are_named() {
        let charts = standings(Order::TerminalDigit, &[("123455", ""), ("993356", ""), ("000057", "")]);
        let ends = standings(Order::TerminalDigit, &[("000056", ""), ("999956", "")]);
        assert_eq!(foreign(&charts, Some(&ends[0]), Some(&ends[1])), [0, 2]);
        assert_eq!(foreign(&charts, None, Some(&ends[1])), [2]);
        assert_eq!(foreign(&charts, None, None), [0_usize; 0]);
    }
}
