//! How far is a text from what is really on the page?
//!
//! Character error: edits (Levenshtein 1966) over the length of the truth, at most 1 a page. Word recall: how many of the
//! truth's words, as a search index would take them, are in the text, wherever they stand. Both texts are first brought
//! to one form, so that nobody gains or loses by kinds of quotes and dashes, bullets, rules, line breaks or hyphenation;
//! case and punctuation count. Several pages are added up before dividing, so that long pages weigh more.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization as _;

/// Counts of one page, or of many added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Score {
    pub edits: usize,
    pub characters: usize,
    pub words_found: usize,
    pub words: usize,
}

impl Score {
    pub fn of(text: &str, truth: &str) -> Self {
        let (text, truth) = (normalized(text), normalized(truth));
        let (read, real): (Vec<char>, Vec<char>) = (text.chars().collect(), truth.chars().collect());
        let (mut found, real_words) = (0, words(&truth));
        let read_words = words(&text);
        for (word, count) in &real_words {
            found += read_words.get(word).copied().unwrap_or(0).min(*count);
        }
        Self {
            edits: edits(&read, &real).min(real.len()),
            characters: real.len(),
            words_found: found,
            words: real_words.values().sum(),
        }
    }

    pub fn add(&mut self, other: Self) {
        self.edits += other.edits;
        self.characters += other.characters;
        self.words_found += other.words_found;
        self.words += other.words;
    }

    /// In percent.
    pub fn character_error(&self) -> f64 {
        100.0 * self.edits as f64 / self.characters.max(1) as f64
    }

    /// In percent.
    pub fn word_recall(&self) -> f64 {
        100.0 * self.words_found as f64 / self.words.max(1) as f64
    }
}

/// Runs of two and more letters and digits of ASCII, in lower case, with their counts.
fn words(text: &str) -> HashMap<String, usize> {
    let mut words = HashMap::new();
    let lower = text.to_lowercase();
    for word in lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() >= 2) {
        *words.entry(word.to_owned()).or_default() += 1;
    }
    words
}

fn normalized(text: &str) -> String {
    let text: String = text.chars().filter(|c| *c != '\u{AD}').nfkc().map(plain).collect();
    let text = text.replace("''", "\"");
    let text = runs(&text, '-', 2, "-");
    let text = runs(&text, '_', 2, " ");
    let text = runs(&text, '.', 4, "...");
    joined(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One character for all that look alike.
fn plain(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{201B}' | '\u{2032}' | '`' | '\u{B4}' => '\'',
        '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{2033}' | '\u{AB}' | '\u{BB}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '~' => '-',
        '\u{2022}' | '\u{25CF}' | '\u{25E6}' | '\u{B7}' | '\u{25AA}' | '|' => ' ',
        '\u{C}' => '\n',
        other => other,
    }
}

/// Replaces each run of at least so many.
fn runs(text: &str, of: char, at_least: usize, by: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(of) {
        let run = &rest[start..];
        let length = run.find(|c| c != of).unwrap_or(run.len());
        out.push_str(&rest[..start]);
        out.push_str(if length >= at_least { by } else { &run[..length] });
        rest = &run[length..];
    }
    out + rest
}

/// Words that were broken at line ends, whole: a hyphen behind a word, and a lower-case letter in the next line.
fn joined(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('-') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let next = after.trim_start();
        let gap = &after[..after.len() - next.len()];
        let breaks = gap.trim_start_matches([' ', '\t']).starts_with('\n')
            && before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
            && next.starts_with(|c: char| c.is_ascii_lowercase());
        out.push_str(before);
        if !breaks {
            out.push('-');
        }
        rest = if breaks { next } else { after };
    }
    out + rest
}

/// Insertions, deletions and substitutions from one to the other (Wagner and Fischer 1974), in two rows.
fn edits(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (done, c) in from.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = done + 1;
        for (at, d) in to.iter().enumerate() {
            let substituted = diagonal + usize::from(c != d);
            diagonal = row[at + 1];
            row[at + 1] = substituted.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (from, to, wanted) in [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("same", "same", 0)] {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            assert_eq!(edits(&chars(from), &chars(to)), wanted, "{from} {to}");
        }
    }

    #[test]
    fn what_looks_alike_is_alike() {
        for (text, wanted) in [
            ("\u{201C}ﬁne\u{201D} \u{2013}\u{2014} it\u{2019}s ''x''", "\"fine\" - it's \"x\""),
            ("\u{2022} one | two\u{C}three", "one two three"),
            ("name ______ date .......... 1", "name date ... 1"),
            ("infor- \n mation, MRN-\n104 and well-\n\nknown", "information, MRN- 104 and wellknown"),
            ("infor\u{AD}mation a_b 3...", "information a_b 3..."),
        ] {
            assert_eq!(normalized(text), wanted);
        }
    }

    #[test]
    fn a_page_can_be_no_worse_than_all_wrong() {
        let score = Score::of("completely different and far too long", "dose 5mg");
        assert_eq!((score.edits, score.characters, score.character_error()), (8, 8, 100.0));
        assert_eq!((score.words_found, score.words), (0, 2));
        let mut sum = Score::of("Dose dose 5mg x", "dose 5mg 5mg");
        assert_eq!((sum.words_found, sum.words), (2, 3), "as often as it is there, in any order");
        sum.add(Score::of("a", "a"));
        assert_eq!((sum.characters, sum.words), (13, 3));
    }
}
