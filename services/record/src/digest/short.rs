//! Digests of many short messages: of the leaves and nodes of a tree.

use super::Digest;
use super::lanes::{self, Block, LANES, Lane, START, State};

/// The digest of each message, which is this byte and its parts, one behind the other.
pub fn of_each<'a, const N: usize>(first: u8, messages: impl IntoIterator<Item = [&'a [u8]; N]>) -> Vec<Digest> {
    let mut messages = messages.into_iter();
    let mut digests = Vec::with_capacity(messages.size_hint().0);
    let mut whole: [Vec<u8>; LANES] = Default::default();
    loop {
        let together = whole.iter_mut().zip(&mut messages).map(|(whole, parts)| put(whole, first, parts)).count();
        if together == 0 {
            return digests;
        }
        let mut states = [START; LANES];
        hash(&mut states, &whole, together);
        digests.extend(states[..together].iter().map(lanes::digest));
    }
}

/// The whole message, with what stands behind it. Inlined, so that what has always the same length is copied by a few instructions.
#[inline]
fn put<const N: usize>(whole: &mut Vec<u8>, first: u8, parts: [&[u8]; N]) {
    whole.clear();
    whole.push(first);
    parts.iter().for_each(|part| whole.extend_from_slice(part));
    let (ending, count) = lanes::ending(whole.len() as u64);
    let length = whole.len() + count;
    // All of it: to copy as many bytes every time is quicker.
    whole.extend_from_slice(&ending);
    whole.truncate(length);
}

/// So many of them.
fn hash(states: &mut [State; LANES], whole: &[Vec<u8>; LANES], together: usize) {
    let mut blocks = whole.iter().map(|whole| whole.as_chunks::<{ size_of::<Block>() }>().0);
    let mut lanes: [Lane<'_>; LANES] = states.each_mut().map(|state| (state, blocks.next().unwrap_or_default()));
    let mut left = &mut lanes[..together];
    // The shortest ends first, and the others go on without it.
    left.sort_unstable_by_key(|(_, blocks)| blocks.len());
    while !left.is_empty() {
        lanes::compress(left);
        let ended = left.iter().take_while(|(_, blocks)| blocks.is_empty()).count();
        left = &mut left[ended..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_what_one_after_the_other_gives() {
        // Lengths at every border of a block, in ever other company.
        let messages: Vec<Vec<u8>> = (0..=300).map(|n| vec![n as u8; n * 97 % 301]).collect();
        for company in 1..=messages.len().min(2 * LANES + 1) {
            for some in messages.chunks(company) {
                let expected: Vec<_> = some.iter().map(|one| Digest::of(&[&[7], one.as_slice()].concat())).collect();
                let halves = some.iter().map(|one| one.split_at(one.len() / 3)).map(|(a, b)| [a, b]);
                assert_eq!(of_each(7, halves), expected);
            }
        }
        assert!(of_each::<1>(7, []).is_empty());
    }
}
