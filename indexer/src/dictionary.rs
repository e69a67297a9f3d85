//! Which terms may a segment have? A look-up takes a microsecond, and a word that is misread may be spelt in hundreds of ways, of which
//! a segment has few.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use tantivy::SegmentReader;
use tantivy::schema::Field;

use crate::error::Result;
use crate::lexicon::hash;
use crate::sieve::Sieve;

/// A term that is not there is looked up once in forty times.
const BITS_A_TERM: usize = 12;
/// Terms that are gone through in a few milliseconds. Going through more holds up no page that is to be found.
const FEW: usize = 50_000;

pub struct Dictionary(Arc<OnceLock<Sieve>>);

impl Dictionary {
    pub fn of(reader: &SegmentReader, field: Field) -> Result<Self> {
        let count = reader.inverted_index(field)?.terms().num_terms();
        let place = Arc::new(OnceLock::new());
        let (reader, filled) = (reader.clone(), Arc::clone(&place));
        let fill = move || {
            // The engine panics over some damaged files. Without a sieve, all is looked up.
            if let Ok(Ok(sieve)) = catch_unwind(AssertUnwindSafe(|| sieve(&reader, field, count))) {
                let _ = filled.set(sieve);
            }
        };
        if count <= FEW {
            fill();
        } else {
            // Where no thread is to be had, all is looked up as well.
            let _ = thread::Builder::new().name("terms".to_owned()).spawn(in_turn(fill));
        }
        Ok(Self(place))
    }

    /// Takes the hash of [`crate::lexicon`].
    pub fn may_have(&self, term: u64) -> bool {
        self.0.get().is_none_or(|sieve| sieve.may_have(term))
    }
}

/// One segment at a time: when a large index opens, searches have the other cores.
fn in_turn(fill: impl FnOnce()) -> impl FnOnce() {
    static TURN: Mutex<()> = Mutex::new(());
    move || {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        fill();
    }
}

fn sieve(reader: &SegmentReader, field: Field, count: usize) -> Result<Sieve> {
    let index = reader.inverted_index(field)?;
    let (mut sieve, mut terms) = (Sieve::of_bits(count.saturating_mul(BITS_A_TERM)), index.terms().stream()?);
    while terms.advance() {
        sieve.add(hash(terms.key()));
    }
    Ok(sieve)
}

#[cfg(test)]
mod tests {
    use tantivy::schema::{Schema, TEXT};
    use tantivy::{Index, TantivyDocument};

    use super::*;

    #[test]
    fn every_term_may_be_there_and_few_others_before_long() {
        for (count, at_once) in [(FEW as u64, true), (FEW as u64 + 1, false)] {
            let mut schema = Schema::builder();
            let field = schema.add_text_field("body", TEXT);
            let engine = Index::create_in_ram(schema.build());
            let mut writer = engine.writer_with_num_threads(1, 64 << 20).expect("a writer");
            for from in (0..count).step_by(5_000) {
                let mut page = TantivyDocument::new();
                let words: Vec<_> = (from..count.min(from + 5_000)).map(|n| format!("word{n}")).collect();
                page.add_text(field, words.join(" "));
                writer.add_document(page).expect("added");
            }
            writer.commit().expect("committed");
            let searcher = engine.reader().expect("a reader").searcher();
            let dictionary = Dictionary::of(searcher.segment_reader(0), field).expect("read");
            assert!(!at_once || dictionary.0.get().is_some());
            let words = |range: std::ops::Range<u64>| range.map(|n| hash(format!("word{n}").as_bytes()));
            assert!(words(0..count).all(|word| dictionary.may_have(word)));
            while dictionary.0.get().is_none() {
                thread::yield_now();
            }
            assert!(words(0..count).all(|word| dictionary.may_have(word)));
            let others = words(count..2 * count).filter(|word| dictionary.may_have(*word)).count();
            assert!(others as u64 * 20 < count, "{others} of {count}");
        }
    }
}
