//! Where are words broken at line ends, and what are they whole?
//!
//! The rule: the last word of a line ends in one hyphen behind a letter, and the first word of the next line of the same
//! block begins with a lower-case letter. The whole is both without that hyphen and without the marks around them:
//! `(infor-` and `mation),` are `information`. The words themselves stay as printed.
//!
//! Not joined, because there the hyphen is no break:
//! - before a capital or a figure: double names, codes, ranges (`Smith-⏎Jones`, `MRN-⏎104233`, `2019-⏎2020`);
//! - before a conjunction: `pre- ⏎and postoperative`, `Vor-⏎und Nachteile`;
//! - over the end of a block, which may be that of a column or a cell;
//! - a second time: of a word over three lines the first two parts are joined.
//!
//! A hyphen behind a single letter is the word's own, since nobody divides a word there, and stays: `X-⏎ray` is `X-ray`.
//! Other compounds (`follow-⏎up`) look like broken words and are joined as `followup`, which the index finds either
//! way. The other choice would lose the far more frequent `anti-inflam-⏎matory`.

use record::words::{Block, Line, Part, Word};

/// They stand between two words that share their end.
const CONJUNCTIONS: [&str; 9] = ["and", "or", "und", "oder", "bis", "bzw", "sowie", "et", "ou"];

/// Says of each word that is part of a broken one which part it is.
pub fn joined(mut blocks: Vec<Block>) -> Vec<Block> {
    for block in &mut blocks {
        let mut lines = block.lines.iter_mut().filter(|line| !line.words.is_empty());
        let Some(mut upper) = lines.next() else { continue };
        for lower in lines {
            join(upper, lower);
            upper = lower;
        }
    }
    blocks
}

fn join(upper: &mut Line, lower: &mut Line) {
    let (Some(first), Some(second)) = (upper.words.last_mut(), lower.words.first_mut()) else { return };
    if let Some(whole) = whole(first, second).filter(|_| first.part.is_none()) {
        first.part = Some(Part::First(whole.clone()));
        second.part = Some(Part::Second(whole));
    }
}

fn whole(first: &Word, second: &Word) -> Option<String> {
    let (stem, hyphen) = first.before_hyphen()?;
    let rest = second.text.trim_end_matches(is_mark);
    let is_break = stem.ends_with(char::is_alphabetic) && rest.starts_with(char::is_lowercase);
    if !is_break || CONJUNCTIONS.contains(&rest) {
        return None;
    }
    let stem = stem.trim_start_matches(is_mark);
    let kept = if stem.chars().count() == 1 { hyphen.to_string() } else { String::new() };
    Some([stem, &kept, rest].concat())
}

fn is_mark(c: char) -> bool {
    !c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use record::words::Box;

    use super::*;

    /// The wholes of the words of a block of these lines.
    fn wholes(lines: &[&str]) -> Vec<String> {
        let line = |line: &&str| Line::of(line.split(' ').map(|text| Word::read(text, Box::default(), 90)).collect());
        let blocks = joined(vec![Block::of(lines.iter().map(line).collect())]);
        let parts = blocks[0].lines.iter().flat_map(|line| &line.words).filter_map(|word| word.part.clone());
        parts
            .map(|part| match part {
                Part::First(whole) => format!("{whole} 1"),
                Part::Second(whole) => format!("{whole} 2"),
            })
            .collect()
    }

    #[test]
    fn broken_words_are_joined() {
        for (upper, lower, whole) in [
            ("the infor-", "mation desk", "information"),
            ("(infor\u{2010}", "mation),", "information"),
            ("anti-inflam-", "matory", "anti-inflammatory"),
            ("an X-", "ray of", "X-ray"),
            ("Kranken\u{AC}", "geschichte", "Krankengeschichte"),
        ] {
            assert_eq!(wholes(&[upper, lower]), [format!("{whole} 1"), format!("{whole} 2")]);
        }
    }

    #[test]
    fn other_hyphens_are_left_alone() {
        for (upper, lower) in [
            ("Smith-", "Jones"),
            ("MRN-", "104233"),
            ("2019-", "2020"),
            ("aged 40-", "year"),
            ("pre-", "and postoperative"),
            ("so --", "as said"),
            ("so -", "as said"),
            ("plain", "text"),
        ] {
            assert_eq!(wholes(&[upper, lower]), Vec::<String>::new(), "{upper} {lower}");
        }
    }

    #[test]
    fn each_word_is_one_part() {
        assert_eq!(wholes(&["electro-", "encephalo-", "gram"]), ["electroencephalo 1", "electroencephalo 2"]);
        let line = |text| Line::of(vec![Word::read(text, Box::default(), 90)]);
        let blocks = joined(vec![Block::of(vec![line("infor-")]), Block::of(vec![line("mation")])]);
        assert!(blocks.iter().flat_map(|block| &block.lines).all(|line| line.words[0].part.is_none()));
        let blocks = joined(vec![Block::of(vec![line("infor-"), Line::default(), line("mation")])]);
        assert!(blocks[0].lines[2].words[0].part.is_some(), "an empty line is no line");
    }
}
