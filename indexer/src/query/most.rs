//! May most of the words do, where no page has all of them? In the words of the default box, yes: a page that was read
//! badly lacks some. Quotation marks, signs and letters left open say that it is meant as it is written.

use super::Expr;
use super::scan::{Kind, scan};

/// Of fewer words, some are not most.
const WORDS_MIN: usize = 3;

/// What `expr`, made of this text, asks for with ever fewer of its words, two and half of them at least; fields hold as before.
pub fn with_most(text: &str, expr: &Expr) -> Vec<Expr> {
    let Expr::All(all) = expr else { return Vec::new() };
    let (words, others): (Vec<&Expr>, Vec<&Expr>) = all.iter().partition(|part| matches!(part, Expr::Words(_)));
    let only_fields = others.iter().all(|part| matches!(part, Expr::Filter(_)));
    if words.len() < WORDS_MIN || !only_fields || !is_plain(text) {
        return Vec::new();
    }
    let words: Vec<Expr> = words.into_iter().cloned().collect();
    let mut least = vec![words.len() - 1, words.len() * 3 / 4, (words.len() / 2).max(2)];
    least.dedup();
    let most = |least| Expr::Most { words: words.clone(), least };
    least.into_iter().map(|least| Expr::All(others.iter().copied().cloned().chain([most(least)]).collect())).collect()
}

/// Words, and fields with their values.
fn is_plain(text: &str) -> bool {
    let Ok(pieces) = scan(text) else { return false };
    let mut value = false;
    pieces.iter().all(|piece| {
        let fits = value || matches!(piece.kind, Kind::Word(_) | Kind::Field(_));
        value = matches!(piece.kind, Kind::Field(_));
        fits
    })
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn least(text: &str) -> Vec<usize> {
        let least = |expr| match expr {
            Expr::All(parts) => match parts.last() {
                Some(Expr::Most { least, .. }) => *least,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        with_most(text, &parse(text).expect("parses")).into_iter().map(least).collect()
    }

    #[test]
    fn most_of_plain_words_will_do_and_of_nothing_else() {
        assert_eq!(least("severe chest pain"), [2]);
        assert_eq!(least("severe chest pain at night type:\"discharge summary\" patient:7"), [4, 3, 2]);
        for meant in [
            "chest pain",
            "severe \"chest pain\" night",
            "severe chest pain -night",
            "severe chest pain or night",
            "severe (chest pain) night",
            "severe chest pain nig*",
            "severe chest pain night~",
            "\"severe\" chest pain",
        ] {
            assert_eq!(least(meant), [0_usize; 0], "{meant}");
        }
    }
}
