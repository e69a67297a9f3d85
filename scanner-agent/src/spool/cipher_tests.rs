//! Files that read back, and files that somebody laid hands on.

use std::io::Cursor;

use super::*;

fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|at| (at % 251) as u8).collect()
}

fn encrypted(key: &Key, bytes: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    write(key, bytes, &mut file).expect("encrypts");
    assert_eq!(file.len() as u64, stored_size(bytes.len() as u64));
    file
}

fn read(key: &Key, file: &[u8]) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    Reader::new(Cursor::new(file), key)?.read_to_end(&mut read)?;
    Ok(read)
}

#[test]
fn a_file_reads_back_from_any_place_and_shows_nothing() {
    let key = Key::of([7; 32]);
    for count in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5] {
        let (plain, file) = (bytes(count), encrypted(&key, &bytes(count)));
        assert_eq!(read(&key, &file).expect("reads"), plain, "{count}");
        assert!(count < 20 || !file.windows(16).any(|window| window == &plain[..16]), "{count}");
        let mut reader = Reader::new(Cursor::new(&file), &key).expect("opens");
        assert_eq!(reader.size(), count as u64);
        for offset in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, count].into_iter().filter(|offset| *offset <= count) {
            reader.skip_to(offset as u64).expect("skips");
            let mut rest = Vec::new();
            reader.read_to_end(&mut rest).expect("reads");
            assert_eq!(rest, plain[offset..], "{count} from {offset}");
        }
    }
}

#[test]
fn nothing_can_be_changed_moved_left_out_or_cut_off() {
    let key = Key::of([7; 32]);
    let file = encrypted(&key, &bytes(3 * CHUNK));
    for at in [0, 20, HEAD as usize, HEAD as usize + CHUNK, file.len() - 1] {
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert!(read(&key, &changed).is_err(), "byte {at}");
    }
    let (head, chunks) = file.split_at(HEAD as usize);
    let chunks: Vec<&[u8]> = chunks.chunks(STORED_CHUNK as usize).collect();
    for order in [&[1, 0, 2][..], &[0, 2], &[0, 1], &[0], &[0, 1, 2, 2], &[]] {
        let made: Vec<u8> = head.iter().copied().chain(order.iter().flat_map(|at| chunks[*at]).copied()).collect();
        assert!(read(&key, &made).is_err(), "{order:?}");
    }
    assert!(read(&Key::of([8; 32]), &file).is_err());
}

#[test]
fn what_is_encrypted_for_one_purpose_does_not_serve_another() {
    let key = Key::of([7; 32]);
    let line = key.encrypt(Purpose::Line, b"a line").expect("encrypts");
    assert_eq!(key.decrypt(Purpose::Line, &line).expect("decrypts"), b"a line");
    assert!(key.decrypt(Purpose::Key, &line).is_err());
    let other = key.encrypt(Purpose::Line, b"a line").expect("encrypts");
    assert_ne!(line, other, "each with a nonce of its own");
    let inner = Key::of([9; 32]);
    assert_eq!(key.unwrap(&key.wrap(&inner).expect("wraps")).expect("unwraps").bytes(), inner.bytes());
    assert_ne!(key.name(), inner.name());
}
