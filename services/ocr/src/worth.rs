//! What is a reading worth?

use record::words::LEGIBLE_CONFIDENCE;

use crate::engine::FoundWord;

/// Mean over characters, 0 to 100; 0 without words.
pub(crate) fn confidence(words: &[FoundWord]) -> f32 {
    let (mut sum, mut weight) = (0.0, 0.0);
    for word in words {
        let chars = word.text.chars().count() as f32;
        sum += word.confidence * chars;
        weight += chars;
    }
    if weight > 0.0 { sum / weight } else { 0.0 }
}

/// How many letters and digits were read with some certainty.
pub(crate) fn legible(words: &[FoundWord]) -> usize {
    letters(words.iter().filter(|word| word.confidence >= f32::from(LEGIBLE_CONFIDENCE)))
}

/// Letters and digits, sure or not.
pub(crate) fn letters<'a>(words: impl IntoIterator<Item = &'a FoundWord>) -> usize {
    words.into_iter().flat_map(|word| word.text.chars()).filter(|char| char.is_alphanumeric()).count()
}
