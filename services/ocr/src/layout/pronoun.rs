//! Is it a bar or an I?
//!
//! In typefaces without serifs the pronoun is a bar, and Tesseract reads it as one. Rules were erased before it looked, so
//! what stands among words, as high as they are, is a letter.

use super::line::{self, Block, Line};
use crate::engine::FoundWord;

/// Words with letters that make a line one of text.
const WORDS_MIN: usize = 3;

pub(super) fn mended(mut blocks: Vec<Block>) -> Vec<Block> {
    blocks.iter_mut().flat_map(|block| &mut block.lines).for_each(mend);
    blocks
}

fn mend(line: &mut Line) {
    let is_text = |word: &&FoundWord| word.text.chars().filter(|char| char.is_alphabetic()).count() >= 2;
    let heights: Vec<u32> = line.words.iter().filter(is_text).map(|word| word.bottom - word.top).collect();
    let Some(height) = line::median(heights.iter().copied()).filter(|_| heights.len() >= WORDS_MIN) else { return };
    for word in &mut line.words {
        let tall = word.bottom - word.top;
        if (height / 2..=height + height / 3).contains(&tall) && begins_with_pronoun(&word.text) {
            word.text.replace_range(..1, "I");
        }
    }
}

/// I, I'm, I'll; and the words If, In, Is, It.
fn begins_with_pronoun(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('|') else { return false };
    let contracted = || rest.starts_with(['\'', '’']) && rest.len() >= 2;
    matches!(rest, "" | "," | "f" | "n" | "s" | "t") || contracted()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[(&str, u32)]) -> Vec<String> {
        let word = |(at, (text, height)): (usize, &(&str, u32))| FoundWord {
            text: (*text).to_owned(),
            left: at as u32 * 100,
            right: at as u32 * 100 + 80,
            bottom: *height,
            starts_block: at == 0,
            starts_line: at == 0,
            ..FoundWord::default()
        };
        let blocks = mended(line::blocks(words.iter().enumerate().map(word).collect()));
        blocks.into_iter().flat_map(|block| block.lines).flat_map(|line| line.words).map(|word| word.text).collect()
    }

    #[test]
    fn a_bar_among_words_is_the_pronoun() {
        assert_eq!(
            read(&[("so", 20), ("|", 22), ("really", 24), ("|'ve", 20), ("seen", 20)]),
            ["so", "I", "really", "I've", "seen"]
        );
    }

    #[test]
    fn a_bar_that_is_higher_or_stands_among_numbers_is_a_bar() {
        assert_eq!(read(&[("and", 20), ("|", 60), ("really", 24), ("so", 20)])[1], "|");
        assert_eq!(read(&[("134", 20), ("|", 20), ("98", 20)])[1], "|");
    }
}
