//! What is surely not there? Two bits for each hash: whoever has hundreds of things to look up asks here first, and looks up what may
//! be there and the few whose bits are others' (Bloom, "Space/time trade-offs in hash coding", CACM 13, 1970).

#[derive(Debug, Clone)]
pub struct Sieve(Vec<u64>);

impl Sieve {
    pub fn of_bits(bits: usize) -> Self {
        Self(vec![0; bits.div_ceil(64).max(1)])
    }

    pub fn add(&mut self, hash: u64) {
        for (word, bit) in self.places(hash) {
            self.0[word] |= bit;
        }
    }

    /// Always where it was added.
    pub fn may_have(&self, hash: u64) -> bool {
        self.places(hash).into_iter().all(|(word, bit)| self.0[word] & bit != 0)
    }

    /// Knuth's multiplicative hashing makes the second of the first ("The Art of Computer Programming" 3, section 6.4).
    fn places(&self, hash: u64) -> [(usize, u64); 2] {
        let bits = self.0.len() as u64 * 64;
        [hash, hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16].map(|hash| {
            let bit = hash % bits;
            ((bit / 64) as usize, 1 << (bit % 64))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::hash;

    #[test]
    fn what_is_there_is_never_denied_and_little_else_is_let_through() {
        let words = |from: u32| (from..from + 10_000).map(|n| hash(format!("word{n}").as_bytes()));
        let mut sieve = Sieve::of_bits(12 * 10_000);
        words(0).for_each(|word| sieve.add(word));
        assert!(words(0).all(|word| sieve.may_have(word)));
        // By the formula, (1 - e^(-2/12))² = 2.4 %.
        let wrongly = words(10_000).filter(|word| sieve.may_have(*word)).count();
        assert!((150..350).contains(&wrongly), "{wrongly}");
        assert!(!Sieve::of_bits(0).may_have(7));
    }
}
