//! Is this a patient number, or a code?

use record::Mrn;

use crate::form::Form;
use crate::label::{self, Label, Means};
use crate::rows::{Rows, Token};
use crate::rules::{Rules, blurred};
use crate::spot::{Span, Taken, candidate, spans};
use crate::weigh::Candidate;
use crate::{Evidence, Field, Value};

/// A number in one to three pieces. Where more digits stand close behind, its end is not known.
pub fn take(span: &Span<'_, '_>, rules: &Rules, em: f64) -> Option<Taken> {
    let rule = &rules.patient_number;
    let (fit, tokens) = pieces(span, em).find_map(|(text, tokens)| {
        let fit = rule.forms.iter().find_map(|form| form.fit(&text))?;
        Some((fit, tokens))
    })?;
    let goes_on = span.tokens.get(tokens).is_some_and(|next| {
        let near = next.left - span.tokens[tokens - 1].right < 0.8 * em;
        near && next.bare().len() < 4 && next.bare().contains(|c: char| c.is_ascii_digit())
    });
    let mrn: Mrn = fit.text.parse().ok()?;
    if goes_on || rule.check_digit.is_some_and(|check| !check.holds(&fit.text)) {
        return None;
    }
    Some(Taken { value: Value::Number(mrn), tokens, trust: shape(fit.changed, tokens) })
}

/// What look-alikes put right and pieces put together take from the confidence.
pub fn shape(changed: u32, pieces: usize) -> f64 {
    0.85_f64.powi(changed.min(8) as i32) * 0.95_f64.powi(pieces.saturating_sub(1).min(8) as i32)
}

/// The first one to three tokens as one text, those that stand close together.
pub fn pieces<'s>(span: &'s Span<'_, '_>, em: f64) -> impl Iterator<Item = (String, usize)> + 's {
    let close = span.tokens.windows(2).take_while(move |pair| pair[1].left - pair[0].right < em).count() + 1;
    (1..=close.min(3)).map(|count| {
        let text: String = span.tokens[..count].iter().map(|token| token.text).collect();
        (text.trim_matches(|c: char| !c.is_alphanumeric()).to_owned(), count)
    })
}

/// Numbers that bring their label along, as `MRN-104233` does, unless they are somebody else's.
pub fn self_named(rows: &Rows<'_>, labels: &[Label<'_>], rules: &Rules) -> Vec<Candidate> {
    let rule = &rules.patient_number;
    let named = |form: &&Form| rule.labels.iter().any(|label| label.blurred == [blurred(form.prefix())]);
    let forms: Vec<&Form> = rule.forms.iter().filter(named).collect();
    let places = rows.rows.iter().enumerate().flat_map(|(row, tokens)| (0..tokens.len()).map(move |at| (row, at)));
    let is_strangers = |row: usize, at: usize| {
        let before = at.checked_sub(1).map(|before| &rows.rows[row][before]);
        before.is_some_and(|before| label::is_strangers(rows, rules, before, &rows.rows[row][at]))
            || labels.iter().any(|label| label.row == row && label.last + 1 == at && label.is(Means::Stranger))
    };
    let read = |(row, at): (usize, usize)| {
        let token = &rows.rows[row][at];
        let (form, fit) = forms.iter().find_map(|form| form.fit(token.bare()).map(|fit| (form, fit)))?;
        if is_strangers(row, at) || rule.check_digit.is_some_and(|check| !check.holds(&fit.text)) {
            return None;
        }
        Some(Candidate {
            field: Field::PatientNumber,
            value: Value::Number(fit.text.parse().ok()?),
            evidence: Evidence { label: None, value: token.word.place },
            words: vec![token.text.to_owned()],
            trust: f64::from(token.confidence()) / 100.0 * shape(fit.changed, 1),
            rule: format!("the form \u{201c}{}\u{2026}\u{201d}", form.prefix()),
        })
    };
    places.filter_map(read).collect()
}

/// Codes stand in lists.
pub fn codes(rows: &Rows<'_>, labels: &[Label<'_>], label: &Label<'_>, forms: &[Form], system: &str) -> Vec<Candidate> {
    let fit = |token: &Token<'_>| forms.iter().find_map(|form| form.fit(token.bare()));
    for mut span in spans(rows, labels, label) {
        let mut found = Vec::new();
        while let Some(fit) = span.tokens.first().and_then(|token| fit(token)) {
            let taken = Taken { value: Value::Code(fit.text), tokens: 1, trust: shape(fit.changed, 1) };
            found.push(candidate(rows, label, &span, Field::Code(system.to_owned()), taken));
            span.tokens.remove(0);
        }
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}
