//! Which of so many? A bit for each: what is asked of all pages of a segment costs a bit of memory a page, and no list.

use std::ops::Range;

const BITS: u32 = u64::BITS;

#[derive(Debug, Clone, Default)]
pub struct Bits(Vec<u64>);

impl Bits {
    pub fn none(of: u32) -> Self {
        Self(vec![0; of.div_ceil(BITS) as usize])
    }

    pub fn insert(&mut self, at: u32) {
        self.0[(at / BITS) as usize] |= 1 << (at % BITS);
    }

    /// Whether it is new.
    pub fn set(&mut self, at: u32) -> bool {
        let (word, bit) = (&mut self.0[(at / BITS) as usize], 1 << (at % BITS));
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    pub fn has(&self, at: u32) -> bool {
        self.0.get((at / BITS) as usize).is_some_and(|word| word >> (at % BITS) & 1 == 1)
    }

    pub fn keep(&mut self, others: &Self) {
        self.0.iter_mut().zip(&others.0).for_each(|(word, other)| *word &= other);
    }

    pub fn take_out(&mut self, others: &Self) {
        self.0.iter_mut().zip(&others.0).for_each(|(word, other)| *word &= !other);
    }

    pub fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        for (at, word) in (0..).step_by(BITS as usize).zip(&mut self.0) {
            let mut left = *word;
            while left != 0 {
                let bit = left.trailing_zeros();
                left &= left - 1;
                if !keep(at + bit) {
                    *word &= !(1 << bit);
                }
            }
        }
    }

    pub fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// The first one from here on.
    pub fn next(&self, from: u32) -> Option<u32> {
        let mut at = (from / BITS) as usize;
        let mut word = self.0.get(at)? & (u64::MAX << (from % BITS));
        while word == 0 {
            at += 1;
            word = *self.0.get(at)?;
        }
        Some(at as u32 * BITS + word.trailing_zeros())
    }

    pub fn within(&self, range: Range<u32>) -> impl Iterator<Item = u32> + '_ {
        let mut from = range.start;
        std::iter::from_fn(move || {
            let found = self.next(from).filter(|found| *found < range.end)?;
            from = found + 1;
            Some(found)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_those_of_a_set() {
        let all = |bits: &Bits| bits.within(0..u32::MAX).collect::<Vec<_>>();
        let mut bits = Bits::none(200);
        assert!([3, 63, 64, 199].into_iter().all(|at| bits.set(at)) && !bits.set(64));
        let mut others = Bits::none(200);
        assert!([63, 64, 100].into_iter().all(|at| others.set(at)));
        assert_eq!((all(&bits), bits.count()), (vec![3, 63, 64, 199], 4));
        assert_eq!(bits.within(4..199).collect::<Vec<_>>(), [63, 64]);
        let (mut both, mut rest) = (bits.clone(), bits.clone());
        both.keep(&others);
        rest.take_out(&others);
        assert_eq!((all(&both), all(&rest)), (vec![63, 64], vec![3, 199]));
        rest.retain(|at| at != 3);
        assert!(!rest.has(3) && rest.has(199) && !rest.has(5_000) && rest.next(200).is_none());
    }
}
