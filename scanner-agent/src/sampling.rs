//! Which pages does a person inspect, and what do the findings say of all of them?
//!
//! * Acceptance sampling by attributes, ISO 2859-1:1999: single plans for normal inspection (tables 1 and 2-A).
//! * Error rates with score intervals (Wilson 1927, J. Am. Stat. Assoc. 22:209): they hold for few pages and no errors too.
//!
//! A sample is drawn by digests of the pages' names: the same for everybody who asks, and nothing that an operator can foresee
//! without asking.

use record::Digest;
use serde::Serialize;

/// How many pages of a lot are inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Every n-th, from a random one on.
    Every(u32),
    Accept {
        aql: Aql,
        level: Level,
    },
}

/// General inspection levels: how much is inspected for the size of a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Level {
    I,
    II,
    III,
}

/// Acceptable quality limit: a preferred number of the standard, by its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aql(usize);

impl Aql {
    pub const ONE_PER_CENT: Self = Self(10);
}

/// Percent nonconforming, in the order of table 2-A's columns.
const AQLS: [&str; 15] = [
    "0.010", "0.015", "0.025", "0.040", "0.065", "0.10", "0.15", "0.25", "0.40", "0.65", "1.0", "1.5", "2.5", "4.0",
    "6.5",
];

impl std::str::FromStr for Aql {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let value: f64 = text.parse().map_err(|_| "write it as a number, such as 1.0".to_owned())?;
        let column = AQLS.iter().position(|known| known.parse() == Ok(value));
        column.map(Self).ok_or_else(|| format!("the standard has {}", AQLS.join(", ")))
    }
}

/// Table 1: the largest lot of each row, and its code letters (A is 0) at levels I, II and III.
const LETTERS: [(usize, [usize; 3]); 15] = [
    (8, [0, 0, 1]),
    (15, [0, 1, 2]),
    (25, [1, 2, 3]),
    (50, [2, 3, 4]),
    (90, [2, 4, 5]),
    (150, [3, 5, 6]),
    (280, [4, 6, 7]),
    (500, [5, 7, 8]),
    (1_200, [6, 8, 9]),
    (3_200, [7, 9, 10]),
    (10_000, [8, 10, 11]),
    (35_000, [9, 11, 12]),
    (150_000, [10, 12, 13]),
    (500_000, [11, 13, 14]),
    (usize::MAX, [12, 14, 15]),
];

/// Sample sizes of the code letters A to R.
const SIZES: [usize; 16] = [2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800, 1_250, 2_000];

/// Acceptance numbers along table 2-A's diagonals, from the one that accepts none; the next two are arrows.
const ACCEPTED: [usize; 11] = [0, 0, 1, 1, 2, 3, 5, 7, 10, 14, 21];

/// How many pages are inspected, and how many of them may be wrong; the latter where the plan decides at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Single {
    pub sample: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept: Option<usize>,
}

impl Plan {
    pub fn single(self, lot: usize) -> Single {
        match self {
            Self::Every(n) => Single { sample: lot.div_ceil(n.max(1) as usize), accept: None },
            Self::Accept { aql, level } => accept(lot, aql, level),
        }
    }

    /// The places in a lot, in capture order, that are inspected. `names` name its pages.
    pub fn draw(self, names: &[String]) -> Vec<usize> {
        let dice = |name: &String| *Digest::of(format!("sample {name}").as_bytes()).as_bytes();
        match self {
            Self::Every(n) => {
                let n = n.max(1) as usize;
                let start = names.first().map_or(0, |name| usize::from(dice(name)[0]) % n.min(names.len()));
                (start..names.len()).step_by(n).collect()
            }
            Self::Accept { .. } => {
                let mut order: Vec<usize> = (0..names.len()).collect();
                order.sort_by_cached_key(|at| dice(&names[*at]));
                order.truncate(self.single(names.len()).sample);
                order.sort_unstable();
                order
            }
        }
    }
}

/// Table 2-A: the letter's plan for the limit, or that to which the arrow points.
fn accept(lot: usize, aql: Aql, level: Level) -> Single {
    let row = LETTERS.iter().find(|(largest, _)| lot <= *largest).map_or([0; 3], |(_, letters)| *letters);
    let letter = row[level as usize];
    // The letter that accepts none moves up by one for each column.
    let none = AQLS.len() - 1 - aql.0;
    let letter = match letter as isize - none as isize {
        ..=0 => none,
        1 => none,
        2 => (none + 3).min(SIZES.len() - 1),
        past => letter.min(none + past.min(10) as usize),
    };
    // Where the sample is as large as the lot, all of it is inspected.
    Single { sample: SIZES[letter].min(lot), accept: Some(ACCEPTED[(letter - none).min(10)]) }
}

/// What is known of a lot's quality.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    pub inspected: usize,
    pub wrong: usize,
    /// Per cent, with the 95 % score interval; absent before anything is inspected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<[f64; 3]>,
}

impl Rate {
    pub fn of(wrong: usize, inspected: usize) -> Self {
        let percent = (inspected > 0).then(|| {
            let (low, high) = wilson(wrong, inspected);
            [wrong as f64 / inspected as f64, low, high].map(|share| (share * 10_000.0).round() / 100.0)
        });
        Self { inspected, wrong, percent }
    }
}

/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

fn wilson(wrong: usize, inspected: usize) -> (f64, f64) {
    let (n, p) = (inspected as f64, wrong as f64 / inspected as f64);
    let middle = p + Z * Z / (2.0 * n);
    let reach = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + Z * Z / n;
    (((middle - reach) / whole).max(0.0), ((middle + reach) / whole).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn single(lot: usize, aql: &str, level: Level) -> (usize, Option<usize>) {
        let single = Plan::Accept { aql: aql.parse().expect("preferred"), level }.single(lot);
        (single.sample, single.accept)
    }

    /// Cells of tables 1 and 2-A, arrows among them.
    #[test]
    fn plans_are_those_of_the_standard() {
        for (lot, aql, level, sample, accept) in [
            (1_000, "1.0", Level::II, 80, 2),
            (1_000, "0.65", Level::II, 80, 1),
            (120, "2.5", Level::II, 20, 1),
            (120, "1.0", Level::II, 13, 0),
            (200, "1.0", Level::II, 50, 1),
            (120, "0.10", Level::II, 120, 0),
            (5_000, "0.40", Level::III, 315, 3),
            (5_000, "6.5", Level::II, 200, 21),
            (40_000, "6.5", Level::II, 200, 21),
            (2_000, "4.0", Level::I, 50, 5),
        ] {
            assert_eq!(single(lot, aql, level), (sample, Some(accept)), "{lot} {aql} {level:?}");
        }
        assert!("1.1".parse::<Aql>().is_err());
    }

    /// Newcombe 1998, Stat. Med. 17:857, table I, method 3.
    #[test]
    fn intervals_are_those_of_the_literature() {
        for (wrong, inspected, low, high) in
            [(81, 263, 25.53, 36.62), (15, 148, 6.24, 16.05), (0, 20, 0.0, 16.11), (1, 29, 0.61, 17.18)]
        {
            assert_eq!(Rate::of(wrong, inspected).percent.map(|rate| [rate[1], rate[2]]), Some([low, high]));
        }
        assert_eq!(Rate::of(0, 0).percent, None);
    }

    #[test]
    fn samples_are_as_large_as_they_say_and_the_same_for_everybody() {
        let names: Vec<String> = (0..1_000).map(|n| format!("page {n}")).collect();
        for plan in [Plan::Every(7), Plan::Accept { aql: "1.0".parse().expect("preferred"), level: Level::II }] {
            let drawn = plan.draw(&names);
            assert!(drawn.len().abs_diff(plan.single(1_000).sample) <= 1, "{plan:?}");
            assert!(drawn.is_sorted() && drawn.iter().all(|at| *at < 1_000));
            assert_eq!(drawn, plan.draw(&names));
            assert!(plan.draw(&[]).is_empty());
        }
    }
}
