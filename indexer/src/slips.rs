//! How else may a word be spelt, with one slip? One letter or digit more, less, other, or swapped with its neighbour. A few
//! hundred spellings are looked up in less time than an automaton takes to go through all that begins a little alike.

/// What a plain word consists of.
const LETTERS: &str = "0123456789abcdefghijklmnopqrstuvwxyz";

/// Every spelling one slip away from a word of plain letters and digits, in order, without the word itself; `None` for other
/// words.
pub fn one_slip_away(word: &str) -> Option<Vec<String>> {
    if !word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        return None;
    }
    let mut found = Vec::with_capacity((word.len() + 1) * 2 * (LETTERS.len() + 1));
    for at in 0..=word.len() {
        let (before, after) = word.split_at(at);
        let rest = |skipped: usize| after.get(skipped..);
        for letter in (0..LETTERS.len()).map(|letter| &LETTERS[letter..=letter]) {
            found.push([before, letter, after].concat());
            found.extend(rest(1).map(|rest| [before, letter, rest].concat()));
        }
        found.extend(rest(1).map(|rest| [before, rest].concat()));
        found.extend(rest(2).map(|rest| [before, &after[1..2], &after[..1], rest].concat()));
    }
    found.sort_unstable();
    found.dedup();
    found.retain(|spelling| spelling != word);
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::edits;

    #[test]
    fn each_spelling_is_one_slip_away_and_none_is_left_out() {
        assert_eq!(one_slip_away("fieber-"), None);
        for word in ["", "a", "fever", "b12"] {
            let found = one_slip_away(word).expect("plain");
            assert!(found.is_sorted() && found.iter().all(|other| edits(word, other) == 1), "{word}");
        }
        // Taken out; exchanged at two places, and swapped; put in at three places, where two of the letters are there already.
        let found = one_slip_away("ab").expect("plain");
        let short = |length: usize| found.iter().filter(|word| word.len() == length).count();
        assert_eq!([short(1), short(2), short(3)], [2, 71, 106]);
    }
}
