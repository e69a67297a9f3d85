//! Is a file readable to its end, or is somebody still writing it?
//!
//! Steadiness alone does not tell: a scanner that warms its lamp writes nothing for a while. So the end is looked for that
//! each format has, before the file is touched. Whether its pages are sound is for unpacking to say.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::unpack::kind::Kind;

/// Readers look for the end of a PDF in its last kilobyte (ISO 32000-1 annex H.3.18).
const TAIL: u64 = 1024;

/// What is missing; `None` for a whole file.
pub fn fault(path: &Path) -> io::Result<Option<&'static str>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    if size == 0 {
        return Ok(Some("is empty"));
    }
    let head = read(&mut file, 0, TAIL)?;
    let tail = read(&mut file, size.saturating_sub(TAIL), TAIL)?;
    Ok(match Kind::of(&head) {
        None => Some("is no PDF, TIFF, PNG, JPEG or JPEG 2000"),
        Some(Kind::Pdf) => pdf_fault(&tail, size),
        Some(Kind::Jpeg) => (!trimmed(&tail).ends_with(b"\xff\xd9")).then_some("is a JPEG without its end"),
        Some(Kind::Jpeg2000) => {
            (!tail.windows(2).any(|pair| pair == b"\xff\xd9")).then_some("is a JPEG 2000 without its end")
        }
        Some(Kind::Png) => (!trimmed(&tail).ends_with(b"IEND\xaeB`\x82")).then_some("is a PNG without its end"),
        Some(Kind::Tiff) => tiff_fault(&read(&mut file, 0, size)?),
    })
}

fn read(file: &mut File, from: u64, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Some programs fill up the last block.
fn trimmed(tail: &[u8]) -> &[u8] {
    let end = tail.iter().rposition(|byte| !matches!(byte, 0 | b'\n' | b'\r')).map_or(0, |at| at + 1);
    &tail[..end]
}

/// `startxref`, the place of the cross-references, `%%EOF` (ISO 32000-1, 7.5.5). The first section of a linearized file
/// ends so too, with 0 for the place (annex F.3.3).
fn pdf_fault(tail: &[u8], size: u64) -> Option<&'static str> {
    let text = String::from_utf8_lossy(tail);
    let place = text.rsplit_once("startxref").and_then(|(_, end)| end.split_once("%%EOF"));
    let place = place.and_then(|(place, _)| place.trim().parse::<u64>().ok());
    (!place.is_some_and(|place| (1..size).contains(&place))).then_some("is a PDF without its end")
}

/// All pages with all their strips (TIFF 6.0, section 2).
fn tiff_fault(bytes: &[u8]) -> Option<&'static str> {
    let pages = formats::tiff::Pages::open(bytes).ok().filter(|pages| !pages.is_empty());
    let whole = pages.is_some_and(|pages| (1..=pages.len()).all(|number| pages.page(number).is_ok()));
    (!whole).then_some("is a TIFF of which a part is missing")
}

#[cfg(test)]
mod tests {
    use super::*;
    use imaging::Raster;

    fn page() -> Raster {
        Raster::gray(64, 64, (0..64 * 64).map(|at| (at * 7 % 251) as u8).collect()).expect("fits")
    }

    #[test]
    fn no_beginning_of_a_file_is_a_whole_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("page");
        let sheet = crate::sheets::separator("MRN-1");
        for bytes in [
            page().encode_png(300).expect("encodes"),
            page().encode_jpeg(80, 300).expect("encodes"),
            page().encode_g4_tiff(300).expect("encodes"),
            crate::sheets::pdf(std::slice::from_ref(&sheet)).expect("writes"),
        ] {
            std::fs::write(&path, &bytes).expect("writes");
            assert_eq!(fault(&path).expect("reads"), None);
            for eighths in 0..8 {
                std::fs::write(&path, &bytes[..bytes.len() * eighths / 8]).expect("writes");
                assert!(fault(&path).expect("reads").is_some(), "{eighths}/8 of {} bytes", bytes.len());
            }
        }
    }
}
