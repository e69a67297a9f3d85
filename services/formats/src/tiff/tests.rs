//! Splitting, on files made here.

use proptest::prelude::*;

use super::directory::{Directory, tag};
use super::*;

/// A file of pages of `8 × 2` uncompressed pixels; page `n` holds the bytes `n, n`, in two strips where `n` is odd.
fn file(big: bool, pages: u8) -> Vec<u8> {
    let put16 = |n: u16| if big { n.to_be_bytes() } else { n.to_le_bytes() };
    let put32 = |n: u32| if big { n.to_be_bytes() } else { n.to_le_bytes() };
    let mut file = if big { b"MM\0*".to_vec() } else { b"II*\0".to_vec() };
    let mut link = 4;
    file.extend([0; 4]);
    for page in 1..=pages {
        let pixels = file.len() as u32;
        file.extend([page, page]);
        let odd = page % 2 == 1;
        let lists = file.len() as u32;
        if odd {
            [pixels, pixels + 1, 1, 1].map(put32).iter().for_each(|n| file.extend(n));
        }
        let directory = file.len() as u32;
        file[link..link + 4].copy_from_slice(&put32(directory));
        let strips = if odd { (2, lists, lists + 8, 1) } else { (1, pixels, 2, 2) };
        let fields = [
            (tag::WIDTH, 1, 8),
            (tag::HEIGHT, 1, 2),
            (tag::COMPRESSION, 1, 1),
            (tag::PHOTOMETRIC, 1, 1),
            (tag::STRIP_OFFSETS, strips.0, strips.1),
            (tag::ROWS_PER_STRIP, 1, strips.3),
            (tag::STRIP_LENGTHS, strips.0, strips.2),
            (34_665, 1, 4_000_000),
        ];
        file.extend(put16(fields.len() as u16));
        for (tag, count, value) in fields {
            file.extend(put16(tag));
            file.extend(put16(4));
            file.extend(put32(count));
            file.extend(put32(value));
        }
        link = file.len();
        file.extend([0; 4]);
    }
    file
}

fn pixels(page: &[u8]) -> Vec<u8> {
    let directory = Directory::first(page).expect("a page is a TIFF");
    let chunks = pages::chunks(page, &directory, tag::STRIP_OFFSETS, tag::STRIP_LENGTHS);
    chunks.expect("its strips are there").concat()
}

#[test]
fn each_page_becomes_a_file_of_its_own() {
    for big in [false, true] {
        let file = file(big, 3);
        let pages = Pages::open(&file).expect("a good file");
        assert_eq!(pages.len(), 3);
        for number in 1..=3 {
            let page = pages.page(number).expect("a good page");
            assert_eq!(page[..2], file[..2], "the byte order stays");
            assert_eq!(pixels(&page), [number as u8; 2]);
            let again = Pages::open(&page).expect("a page is a file");
            assert_eq!((again.len(), again.page(1)), (1, Ok(page.clone())), "splitting a page changes nothing");
            let directory = Directory::first(&page).expect("read above");
            assert_eq!(directory.number(tag::WIDTH), Some(8));
            assert!(directory.get(34_665).is_none(), "a pointer into the old file went along");
        }
        assert_eq!(pages.page(4), Err(TiffError::NoSuchPage(4)));
        assert_eq!(pages.page(0), Err(TiffError::NoSuchPage(0)));
    }
}

#[test]
fn a_loop_costs_only_what_is_behind_it() {
    let mut file = file(false, 2);
    let end = file.len();
    let first: [u8; 4] = file[4..8].try_into().expect("four bytes");
    file[end - 4..].copy_from_slice(&first);
    let pages = Pages::open(&file).expect("two pages are there");
    assert_eq!(pages.len(), 3);
    assert!(pages.page(1).is_ok() && pages.page(2).is_ok());
    assert_eq!(pages.page(3), Err(TiffError::Loop));
}

#[test]
fn a_file_cut_short_keeps_its_first_pages() {
    let whole = file(false, 3);
    let pages = Pages::open(&whole[..whole.len() - 60]).expect("two pages are there");
    assert_eq!(pages.len(), 3);
    assert!(pages.page(2).is_ok());
    assert_eq!(pages.page(3), Err(TiffError::DirectoryOutside));
}

#[test]
fn what_is_no_tiff_is_named() {
    assert_eq!(Pages::open(b"").err(), Some(TiffError::NotTiff));
    assert_eq!(Pages::open(b"II*\0").err(), Some(TiffError::NotTiff));
    assert_eq!(Pages::open(b"II+\0\x08\0\0\0\0\0\0\0").err(), Some(TiffError::BigTiff));
    assert_eq!(Pages::open(b"II*\0\0\0\0\0").err(), Some(TiffError::DirectoryOutside));
    assert_eq!(Pages::open(b"II*\0\xff\0\0\0").err(), Some(TiffError::DirectoryOutside));
}

#[test]
fn fax_bytes_are_wrapped_unchanged() {
    let picture = Ccitt { width: 8, height: 2, compression: 3, t4_options: 1, inverted: true, dpi: (204, 98) };
    let file = wrap_ccitt(&picture, b"coded").expect("small");
    let directory = Directory::first(&file).expect("a TIFF");
    assert_eq!(pixels(&file), b"coded");
    assert_eq!(directory.number(tag::PHOTOMETRIC), Some(1));
    assert_eq!(directory.number(tag::T4_OPTIONS), Some(1));
    assert_eq!(split(&file).map(|pages| pages.len()), Ok(1));
}

proptest! {
    #[test]
    fn mutated_bytes_never_panic_and_never_swell(
        big in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = file(big, 3);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(pages) = Pages::open(&bytes) {
            for page in (1..=pages.len()).filter_map(|number| pages.page(number).ok()) {
                prop_assert!(page.len() < 100 * bytes.len());
            }
        }
    }
}
