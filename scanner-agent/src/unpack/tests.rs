//! The child's work on generated files, page by page, without the process around it.

use super::*;
use crate::spool::Blob;
use crate::spool::cipher::Key;
use imaging::Raster;

fn unpack(bytes: Vec<u8>, out: &Path) -> Vec<Line> {
    child::unpack_for_test(bytes, out, &Key::of([1; 32]))
}

fn raster(width: u32) -> Raster {
    let height = 40;
    Raster::gray(width, height, (0..width * height).map(|at| (at % 251) as u8).collect()).expect("fits")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn a_png_is_its_own_page() {
    let (png, out) = (raster(30).encode_png(200).expect("encodes"), folder());
    let lines = unpack(png, out.path());
    let Line::Page(page) = &lines[0] else { panic!("{lines:?}") };
    assert_eq!((page.width, page.height, page.dpi, page.whole_file), (30, 40, 200, true));
    assert_eq!(std::fs::read_dir(out.path()).expect("lists").count(), 0);
}

#[test]
fn a_truncated_page_is_refused() {
    let png = raster(30).encode_png(0).expect("encodes");
    let jpeg = raster(30).encode_jpeg(80, 0).expect("encodes");
    for bytes in [png[..png.len() / 2].to_vec(), jpeg[..jpeg.len() / 2].to_vec()] {
        let lines = unpack(bytes, folder().path());
        assert!(matches!(lines[..], [Line::Refused { number: 1, .. }]), "{lines:?}");
    }
}

#[test]
fn what_is_no_page_is_unusable() {
    for bytes in [&b"%PDF-1.4 and then nothing"[..], b"PK\x03\x04", b"II*\0\xff\xff\xff\xff"] {
        let lines = unpack(bytes.to_vec(), folder().path());
        assert!(matches!(lines[..], [Line::Unusable { .. }]), "{lines:?}");
    }
}

#[test]
fn a_drawn_page_is_a_png_with_its_barcodes() {
    let sheet = crate::sheets::separator("MRN-1");
    let out = folder();
    let lines = unpack(crate::sheets::pdf(std::slice::from_ref(&sheet)).expect("writes"), out.path());
    let Line::Page(page) = &lines[0] else { panic!("{lines:?}") };
    assert_eq!((page.how, page.dpi, page.whole_file), (Extraction::Rendered, 300, false));
    assert!(page.codes.iter().any(|code| code.text == sheet.to_line()));
    let page_file = Blob { path: out.path().join(page_file(1)), key: Key::of([1; 32]) };
    let bytes = page_file.read().expect("written");
    assert_eq!(imaging::probe(&bytes).expect("probes").width, page.width);
}
