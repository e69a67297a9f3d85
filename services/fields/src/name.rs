//! Is this a person's name? Nothing in a name forces a letter to be another one, so a name with a digit in it is none.

use record::patient::PatientName;

use crate::Value;
use crate::rows::Token;
use crate::spot::{Span, Taken};

/// A gap, in heights of a word, behind which a name has ended.
const GAP: f64 = 1.5;
const WORDS_MAX: usize = 5;

const TITLES: [&str; 5] = ["mr", "mrs", "ms", "miss", "master"];
/// Those of people who are not here as patients.
const OTHERS: [&str; 5] = ["dr", "prof", "rev", "nurse", "md"];

/// A whole name: `VILLANUEVA, Tobias`, `Tobias A. Villanueva`, `TOBIAS VILLANUEVA`.
pub fn whole(span: &Span<'_, '_>, em: f64) -> Option<Taken> {
    let (words, tokens) = words(span, em)?;
    let has_comma = words.iter().take(2).any(|word| word.ends_with(','));
    let long = words.iter().filter(|word| letters(word) >= 2).count();
    // "Patient Registration" is no name, "Patient VILLANUEVA, Tobias" has one.
    if long < 2 || !(span.apart || has_comma) {
        return None;
    }
    Some(Taken { value: named(&words)?, tokens, trust: if has_comma { 1.0 } else { 0.95 } })
}

/// One part of it: a surname, or given names.
pub fn part(span: &Span<'_, '_>, em: f64) -> Option<Taken> {
    let (words, tokens) = words(span, em)?;
    if !span.apart || words.iter().all(|word| letters(word) < 2) {
        return None;
    }
    Some(Taken { value: named(&words)?, tokens, trust: 1.0 })
}

fn named(words: &[&str]) -> Option<Value> {
    let text = words.join(" ");
    let name: PatientName = text.trim_end_matches([',', ' ']).parse().ok()?;
    Some(Value::Name(name))
}

/// The words of a name from the span's beginning up to a gap or an unknown label; none where anything else stands
/// among them.
fn words<'a>(span: &Span<'_, 'a>, em: f64) -> Option<(Vec<&'a str>, usize)> {
    let (mut words, mut end, mut tokens) = (Vec::new(), None::<f64>, 0);
    for token in &span.tokens {
        if token.colon || end.is_some_and(|end| token.left - end > GAP * em) {
            break;
        }
        words.extend(word(token)?);
        end = Some(token.right);
        tokens += 1;
    }
    (1..=WORDS_MAX).contains(&words.len()).then_some((words, tokens))
}

/// The word without stains; nothing for a title; `None` where it is no part of a patient's name.
fn word<'a>(token: &Token<'a>) -> Option<Option<&'a str>> {
    let text = token.text.trim_matches(|c: char| !c.is_alphabetic() && !matches!(c, '.' | ',') && !c.is_ascii_digit());
    let text = text.trim_start_matches(['.', ',']);
    let bare = token.bare().to_lowercase();
    let is_name = text.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’' | '.' | ','));
    let is_capital = text.chars().next().is_some_and(char::is_uppercase);
    if !is_name || !is_capital || OTHERS.contains(&bare.as_str()) {
        return None;
    }
    Some((!TITLES.contains(&bare.as_str())).then_some(text))
}

fn letters(word: &str) -> usize {
    word.chars().filter(|c| c.is_alphabetic()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Rows;
    use crate::tests::page;

    fn read(text: &str) -> Option<String> {
        let page = page(&[text]);
        let rows = Rows::of(&page);
        let span = Span { tokens: rows.rows[0].iter().collect(), side: "right of", apart: true, trust: 1.0 };
        whole(&span, rows.em).map(|taken| taken.value.reveal())
    }

    #[test]
    fn names_as_they_are_printed() {
        for (printed, meant) in [
            ("VILLANUEVA, Tobias", "VILLANUEVA, Tobias"),
            ("Mr. Tobias A. Villanueva", "Tobias A. Villanueva"),
            ("O'Brien-Smith, Anne", "O'Brien-Smith, Anne"),
            ("VILLANUEVA, Tobias Ward: 6", "VILLANUEVA, Tobias"),
            ("VILLANUEVA, Tobias      Bed 8", "VILLANUEVA, Tobias"),
        ] {
            // An unknown label takes its whole last word with it, so the name must end before.
            assert_eq!(read(printed).as_deref(), Some(meant), "{printed}");
        }
    }

    #[test]
    fn what_is_no_name_is_none() {
        for text in [
            "V1LLANUEVA, Tobias",
            "Villanueva",
            "tolerated the procedure",
            "Dr. Haddad Ferreira",
            "J. F. K.",
            "6 North",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
