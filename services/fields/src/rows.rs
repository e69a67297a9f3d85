//! Which words stand side by side on the upright page? Layout analysis may tear a label from its value, so rows are
//! made anew from the words' places.

use record::words::{Box, PageText, Word};

/// A word, or one side of its colon, on the page turned upright and straight.
#[derive(Debug, Clone)]
pub struct Token<'a> {
    pub text: &'a str,
    pub word: &'a Word,
    /// A colon stands behind it.
    pub colon: bool,
    pub left: f64,
    pub right: f64,
    /// Of its middle, from the top.
    pub middle: f64,
    pub height: f64,
}

impl Token<'_> {
    pub fn top(&self) -> f64 {
        self.middle - self.height / 2.0
    }

    pub fn bottom(&self) -> f64 {
        self.middle + self.height / 2.0
    }

    /// The engine's; a person's word is certain.
    pub fn confidence(&self) -> u8 {
        if self.word.corrected { 100 } else { self.word.confidence }
    }

    /// Without what stains and ruling lines leave around a word.
    pub fn bare(&self) -> &str {
        self.text.trim_matches(|c: char| !c.is_alphanumeric())
    }
}

/// Tokens by rows from the top, each from the left.
pub struct Rows<'a> {
    pub rows: Vec<Vec<Token<'a>>>,
    /// The median height of a word: what gaps are measured by.
    pub em: f64,
    /// Of the upright page.
    pub height: f64,
}

impl<'a> Rows<'a> {
    pub fn of(page: &'a PageText) -> Self {
        let mut tokens: Vec<Token<'a>> = page.words().flat_map(|word| tokens(page, word)).collect();
        let mut heights: Vec<f64> = tokens.iter().map(|token| token.height).collect();
        heights.sort_by(f64::total_cmp);
        let em = heights.get(heights.len() / 2).copied().unwrap_or(1.0).max(1.0);
        tokens.sort_by(|a, b| a.middle.total_cmp(&b.middle));
        let mut rows: Vec<Vec<Token<'a>>> = Vec::new();
        for token in tokens {
            match rows.last_mut() {
                Some(row) if is_beside(row, &token, em) => row.push(token),
                _ => rows.push(vec![token]),
            }
        }
        for row in &mut rows {
            row.sort_by(|a, b| a.left.total_cmp(&b.left));
        }
        let (width, height) = (f64::from(page.width), f64::from(page.height));
        let is_turned = !page.rotation.is_multiple_of(180);
        Self { rows, em, height: if is_turned { width } else { height } }
    }

    /// A gap that is no space between words.
    pub fn is_wide(&self, before: &Token<'_>, after: &Token<'_>) -> bool {
        after.left - before.right > 1.5 * self.em
    }
}

/// Whether a token's middle is near that of the row's last ones.
fn is_beside(row: &[Token<'_>], token: &Token<'_>, em: f64) -> bool {
    let middle = row.iter().map(|token| token.middle).sum::<f64>() / row.len() as f64;
    let height = row.iter().map(|token| token.height).fold(0.0, f64::max).min(token.height);
    (token.middle - middle).abs() < 0.6 * height.max(em)
}

/// The word's parts: `MRN:123` is a label and a value, `MR#7` two words of a label and a value. Marks without letters
/// or digits are no tokens.
fn tokens<'a>(page: &PageText, word: &'a Word) -> Vec<Token<'a>> {
    let (x, middle, width, height) = upright(page, word.place);
    let mut found: Vec<Token<'a>> = Vec::new();
    let chars = word.text.chars().count().max(1) as f64;
    let mut start = 0.0;
    for part in parts(&word.text) {
        let share = part.chars().count() as f64 / chars * width;
        let (text, colon) = part.strip_suffix(':').map_or((part, false), |text| (text, true));
        let left = x - width / 2.0 + start;
        start += share;
        if text.chars().any(|c| c.is_alphanumeric() || c == '#') {
            found.push(Token { text, word, colon, left, right: left + share, middle, height });
        }
    }
    found
}

/// A colon ends a part; `#` is one.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(':').flat_map(|part| {
        let (before, sign) = part.split_at(part.find('#').unwrap_or(part.len()));
        let (sign, after) = sign.split_at(sign.len().min(1));
        [before, sign, after].into_iter().filter(|part| !part.is_empty())
    })
}

/// Middle, width and height of a box after the turn and the straightening that were found while reading.
fn upright(page: &PageText, place: Box) -> (f64, f64, f64, f64) {
    let (width, height) = (f64::from(page.width), f64::from(page.height));
    let (w, h) = (f64::from(place.w), f64::from(place.h));
    let (x, y) = (f64::from(place.x) + w / 2.0, f64::from(place.y) + h / 2.0);
    let (x, y, w, h) = match page.rotation {
        90 => (height - y, x, h, w),
        180 => (width - x, height - y, w, h),
        270 => (y, width - x, h, w),
        _ => (x, y, w, h),
    };
    let (sin, cos) = (f64::from(page.skew_centidegrees) / 100.0).to_radians().sin_cos();
    (x * cos - y * sin, x * sin + y * cos, w, h)
}

#[cfg(test)]
mod tests {
    use record::words::{Block, Line};

    use super::*;

    fn page(rotation: u16, words: &[(&str, u32, u32)]) -> PageText {
        let word = |(text, x, y): &(&str, u32, u32)| {
            let (w, h) = if rotation.is_multiple_of(180) { (60, 20) } else { (20, 60) };
            Word::read(*text, Box { x: *x, y: *y, w, h }, 95)
        };
        let block = Block::of(vec![Line::of(words.iter().map(word).collect())]);
        PageText { width: 1000, height: 1400, rotation, blocks: vec![block], ..PageText::default() }
    }

    fn texts(page: &PageText) -> Vec<Vec<&str>> {
        Rows::of(page).rows.iter().map(|row| row.iter().map(|token| token.text).collect()).collect()
    }

    #[test]
    fn rows_are_made_on_the_upright_page() {
        let upright = page(0, &[("B", 200, 102), ("below", 100, 150), ("A:", 100, 100), ("|", 150, 100)]);
        assert_eq!(texts(&upright), [vec!["A", "B"], vec!["below"]]);
        // Standing on its head: what is right stands left.
        let turned = page(180, &[("A", 800, 1300), ("B", 700, 1300), ("below", 800, 1250)]);
        assert_eq!(texts(&turned), [vec!["A", "B"], vec!["below"]]);
        // To be turned clockwise: its top is the left edge, and its lines run upward.
        let sideways = page(90, &[("A", 100, 1200), ("B", 100, 1100), ("below", 150, 1200)]);
        assert_eq!(texts(&sideways), [vec!["A", "B"], vec!["below"]]);
        let sideways = page(270, &[("A", 800, 100), ("B", 800, 200), ("below", 750, 100)]);
        assert_eq!(texts(&sideways), [vec!["A", "B"], vec!["below"]]);
    }

    #[test]
    fn a_crooked_row_is_one_row() {
        let mut crooked = page(0, &[("A", 100, 100), ("B", 400, 121), ("C", 700, 142)]);
        crooked.skew_centidegrees = -400;
        assert_eq!(texts(&crooked), [["A", "B", "C"]]);
    }

    #[test]
    fn a_label_glued_to_its_value_is_two() {
        let page = page(0, &[("MRN:43-29-56", 100, 100), ("No.#7", 300, 100)]);
        let rows = Rows::of(&page);
        let parts: Vec<(&str, bool)> = rows.rows[0].iter().map(|token| (token.text, token.colon)).collect();
        assert_eq!(parts, [("MRN", true), ("43-29-56", false), ("No.", false), ("#", false), ("7", false)]);
        assert!(rows.rows[0][1].left > rows.rows[0][0].left);
    }
}
