//! What is a reading worth?

use crate::engine::FoundWord;

/// Words from this confidence on count as legible.
const CONFIDENCE_LEGIBLE: f32 = 60.0;

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
    let sure = words.iter().filter(|word| word.confidence >= CONFIDENCE_LEGIBLE);
    sure.flat_map(|word| word.text.chars()).filter(|c| c.is_alphanumeric()).count()
}
