//! SHA-256 (FIPS 180-4) of several messages at once, by one core.
//!
//! Each round of SHA-256 waits for the one before it, so that a processor with instructions for it idles for half of the time. Rounds
//! of other messages fit between. Where there are no such instructions, `sha2` hashes one message after the other.

use super::Digest;

/// Messages that one core hashes side by side: with more of them there are not enough registers.
pub(super) const LANES: usize = 5;

pub(super) type State = [u32; 8];
pub(super) type Block = [u8; 64];

/// FIPS 180-4, section 5.3.3.
pub(super) const START: State =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// A message on its way: what its blocks so far have come to, and the blocks that wait.
pub(super) type Lane<'a> = (&'a mut State, &'a [Block]);

/// Takes as many blocks of each message into its state as all of them have, and tells how many.
pub(super) fn compress(lanes: &mut [Lane<'_>]) -> usize {
    let count = lanes.iter().map(|(_, blocks)| blocks.len()).min().unwrap_or(0);
    #[cfg(target_arch = "x86_64")]
    let done = x86::is_able() && x86::compress(lanes, count);
    #[cfg(not(target_arch = "x86_64"))]
    let done = false;
    for (state, blocks) in lanes {
        let (now, later) = blocks.split_at(count);
        if !done {
            sha2::block_api::compress256(state, now);
        }
        *blocks = later;
    }
    count
}

/// What stands behind a message of so many bytes, and how long it is (FIPS 180-4, section 5.1.1): a one, zeros, and the length in bits
/// end its last block.
#[inline]
pub(super) fn ending(length: u64) -> ([u8; 72], usize) {
    let bits = (length * 8).to_be_bytes();
    let block = size_of::<Block>();
    let open = (length % block as u64) as usize;
    let count = (open + 1 + bits.len()).next_multiple_of(block) - open;
    let mut bytes = [0; 72];
    bytes[0] = 0x80;
    bytes[count - bits.len()..count].copy_from_slice(&bits);
    (bytes, count)
}

pub(super) fn digest(state: &State) -> Digest {
    let mut digest = [0; 32];
    for (bytes, word) in digest.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    Digest(digest)
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_loadu_si128, _mm_set_epi32, _mm_set_epi64x, _mm_setzero_si128,
        _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8, _mm_shuffle_epi32,
        _mm_storeu_si128,
    };

    use super::{Block, Lane, State};

    /// FIPS 180-4, section 4.2.2: four for each step of four rounds.
    #[rustfmt::skip]
    const K: [[u32; 4]; 16] = [
        [0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5], [0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5],
        [0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3], [0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174],
        [0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc], [0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da],
        [0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7], [0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967],
        [0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13], [0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85],
        [0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3], [0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070],
        [0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5], [0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3],
        [0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208], [0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2],
    ];

    /// AVX for the form of its instructions alone, which name a place for the result: without, there are copies between registers.
    pub fn is_able() -> bool {
        is_x86_feature_detected!("sha") && is_x86_feature_detected!("avx")
    }

    /// So many blocks of each. False where this is not worth its while: one message alone is hashed by `sha2` at least as fast.
    pub fn compress(lanes: &mut [Lane<'_>], count: usize) -> bool {
        match lanes.len() {
            2 => all_of::<2>(lanes, count),
            3 => all_of::<3>(lanes, count),
            4 => all_of::<4>(lanes, count),
            5 => all_of::<5>(lanes, count),
            _ => false,
        }
    }

    /// False where there are not so many lanes.
    fn all_of<const N: usize>(lanes: &mut [Lane<'_>], count: usize) -> bool {
        let Ok(lanes) = <&mut [Lane<'_>; N]>::try_from(lanes) else { return false };
        let blocks = lanes.each_ref().map(|lane| &lane.1[..count]);
        let mut states = lanes.each_ref().map(|lane| *lane.0);
        // SAFETY: the caller has asked `is_able`.
        unsafe { side_by_side(&mut states, blocks) };
        lanes.iter_mut().zip(states).for_each(|(lane, state)| *lane.0 = state);
        true
    }

    /// There are as many blocks of each message.
    #[target_feature(enable = "sha,avx")]
    #[expect(clippy::needless_range_loop, reason = "the same place in each of several arrays")]
    fn side_by_side<const N: usize>(states: &mut [State; N], blocks: [&[Block]; N]) {
        // The instructions want two rows of four: words a, b, e, f and c, d, g, h, the last one lowest.
        let zero = _mm_setzero_si128();
        let (mut abef, mut cdgh) = ([zero; N], [zero; N]);
        for n in 0..N {
            let [a, b, c, d, e, f, g, h] = states[n].map(u32::cast_signed);
            (abef[n], cdgh[n]) = (_mm_set_epi32(a, b, e, f), _mm_set_epi32(c, d, g, h));
        }
        // SHA-256 reads big-endian words.
        let swap = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
        for at in 0..blocks[0].len() {
            let before = (abef, cdgh);
            let mut words = [[zero; 4]; N];
            for n in 0..N {
                let (quarters, _) = blocks[n][at].as_chunks::<16>();
                for q in 0..4 {
                    words[n][q] = _mm_shuffle_epi8(load(&quarters[q]), swap);
                }
            }
            for step in 0..16 {
                let constants = load(&K[step]);
                for n in 0..N {
                    let w = &mut words[n];
                    let round = _mm_add_epi32(w[step % 4], constants);
                    cdgh[n] = _mm_sha256rnds2_epu32(cdgh[n], abef[n], round);
                    abef[n] = _mm_sha256rnds2_epu32(abef[n], cdgh[n], _mm_shuffle_epi32(round, 0x0e));
                    // Those of four steps on, so that nothing has to wait for them.
                    if step < 12 {
                        w[step % 4] = next_words(w, step);
                    }
                }
            }
            for n in 0..N {
                abef[n] = _mm_add_epi32(abef[n], before.0[n]);
                cdgh[n] = _mm_add_epi32(cdgh[n], before.1[n]);
            }
        }
        for (n, state) in states.iter_mut().enumerate() {
            let ([f, e, b, a], [h, g, d, c]) = (store(abef[n]), store(cdgh[n]));
            *state = [a, b, c, d, e, f, g, h];
        }
    }

    /// Four words of the message's schedule (FIPS 180-4, section 6.2.2), from the sixteen before them.
    #[inline]
    #[target_feature(enable = "sha,avx")]
    fn next_words(w: &[__m128i; 4], step: usize) -> __m128i {
        let [first, second, third, last] = [0, 1, 2, 3].map(|back| w[(step + back) % 4]);
        let sum = _mm_add_epi32(_mm_sha256msg1_epu32(first, second), _mm_alignr_epi8(last, third, 4));
        _mm_sha256msg2_epu32(sum, last)
    }

    /// Sixteen bytes, wherever they stand.
    #[inline]
    #[target_feature(enable = "sse2")]
    fn load<T: Copy, const N: usize>(from: &[T; N]) -> __m128i {
        const { assert!(size_of::<[T; N]>() == 16) };
        // SAFETY: sixteen bytes are read from a reference to as many, which need not be aligned.
        unsafe { _mm_loadu_si128(std::ptr::from_ref(from).cast()) }
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn store(from: __m128i) -> [u32; 4] {
        let mut words = [0; 4];
        // SAFETY: sixteen bytes are written to as many, which need not be aligned.
        unsafe { _mm_storeu_si128(std::ptr::from_mut(&mut words).cast(), from) };
        words
    }
}
