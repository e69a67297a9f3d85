//! Which terms may a segment have? A look-up takes a microsecond, and a word that is misread may be spelt in hundreds of ways, of which
//! a segment has few.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use tantivy::SegmentReader;
use tantivy::schema::Field;

use crate::error::Result;
use crate::lexicon::hash;
use crate::sieve::Sieve;

/// A term that is not there is looked up once in forty times.
const BITS_A_TERM: usize = 12;

/// The terms of one segment, gone through once somebody has asked: most segments of a long import are merged before.
#[derive(Default)]
pub struct Dictionary {
    asked: AtomicBool,
    sieve: Arc<OnceLock<Sieve>>,
}

impl Dictionary {
    /// What takes the hash of a term that may be there. Nothing before all terms were gone through, for which nobody waits: without it, all
    /// is looked up.
    pub fn sieve(&self, reader: &SegmentReader, field: Field) -> Option<&Sieve> {
        if !self.asked.swap(true, Ordering::Relaxed) {
            let (reader, place) = (reader.clone(), Arc::clone(&self.sieve));
            let fill = move || {
                // The engine panics over some damaged files.
                if let Ok(Ok(sieve)) = catch_unwind(AssertUnwindSafe(|| sieve(&reader, field))) {
                    let _ = place.set(sieve);
                }
            };
            // Where no thread is to be had, all is looked up as well.
            let _ = thread::Builder::new().name("terms".to_owned()).spawn(in_turn(fill));
        }
        self.sieve.get()
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

fn sieve(reader: &SegmentReader, field: Field) -> Result<Sieve> {
    let index = reader.inverted_index(field)?;
    let mut sieve = Sieve::of_bits(index.terms().num_terms().saturating_mul(BITS_A_TERM));
    let mut terms = index.terms().stream()?;
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
    fn every_term_may_be_there_and_few_others_once_somebody_has_asked() {
        const COUNT: u64 = 50_000;
        let mut schema = Schema::builder();
        let field = schema.add_text_field("body", TEXT);
        let engine = Index::create_in_ram(schema.build());
        let mut writer = engine.writer_with_num_threads(1, 64 << 20).expect("a writer");
        for from in (0..COUNT).step_by(5_000) {
            let mut page = TantivyDocument::new();
            let words: Vec<_> = (from..from + 5_000).map(|n| format!("word{n}")).collect();
            page.add_text(field, words.join(" "));
            writer.add_document(page).expect("added");
        }
        writer.commit().expect("committed");
        let searcher = engine.reader().expect("a reader").searcher();
        let dictionary = Dictionary::default();
        assert!(dictionary.sieve.get().is_none(), "nobody has asked");
        let sieve = loop {
            match dictionary.sieve(searcher.segment_reader(0), field) {
                Some(sieve) => break sieve,
                None => thread::yield_now(),
            }
        };
        let words = |range: std::ops::Range<u64>| range.map(|n| hash(format!("word{n}").as_bytes()));
        assert!(words(0..COUNT).all(|word| sieve.may_have(word)));
        let others = words(COUNT..2 * COUNT).filter(|word| sieve.may_have(*word)).count();
        assert!(others as u64 * 20 < COUNT, "{others}");
    }
}
