//! Chance that is the same in every run, so that whatever it brings to light comes again.

/// Xorshift (G. Marsaglia, 2003).
pub struct Chance(u64);

impl Chance {
    /// Neighbouring seeds give unlike draws: Knuth's multiplicative hashing.
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // The upper bits: the lower ones of the first draws are alike.
        ((self.0 >> 16) % bound.max(1) as u64) as usize
    }

    /// A few changes of the kind that parsers fall over: other bits, bytes that mean something, pieces doubled, left out
    /// and moved, numbers at the edges, an early end.
    pub fn mutate(&mut self, bytes: &mut Vec<u8>) {
        const MEANING: &[u8] = b"\0\n\r\t +-/=\"\\{}[],:0\x7f\x80\xff";
        const NUMBERS: [&str; 6] = ["-1", "0", "9223372036854775808", "18446744073709551615", "1e999", "00"];
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            let end = (at + self.below(40)).min(bytes.len());
            match self.below(7) {
                0 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
                1 if !bytes.is_empty() => bytes[at] = MEANING[self.below(MEANING.len())],
                2 => drop(bytes.drain(at..end)),
                3 => {
                    let piece = bytes[at..end].to_vec();
                    let to = self.below(bytes.len());
                    bytes.splice(to..to, piece);
                }
                4 => drop(bytes.splice(at..end, NUMBERS[self.below(NUMBERS.len())].bytes())),
                5 => bytes.truncate(at),
                _ => {
                    let byte = MEANING[self.below(MEANING.len())];
                    bytes.splice(at..at, std::iter::repeat_n(byte, self.below(300)));
                }
            }
        }
    }
}
