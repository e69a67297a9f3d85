//! Rows from a scanner to the page's master file, without losing a pixel.

use imaging::Raster;

use super::frames::{FileFacts, PageFacts};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
    pub width: u32,
    pub height: u32,
    pub dpi: u32,
}

/// The device's own file stays as it is, byte for byte.
pub fn as_it_is(facts: &FileFacts, bytes: Vec<u8>) -> Result<Encoded, String> {
    if bytes.len() as u64 != facts.bytes {
        return Err(format!("the page is short: {} bytes came instead of {}", bytes.len(), facts.bytes));
    }
    let known = ["image/png", "image/jpeg", "image/tiff"].into_iter().find(|known| *known == facts.media_type);
    let media_type = known.ok_or_else(|| "the page is in a format that is no page's".to_owned())?;
    Ok(Encoded { media_type, bytes, width: facts.width, height: facts.height, dpi: facts.dpi })
}

/// Gray and colour become PNG, black and white a Group 4 TIFF.
pub fn encode(facts: &PageFacts, height: u32, dpi: u32, bytes: Vec<u8>) -> Result<Encoded, String> {
    let (width, channels) = (facts.width as usize, if facts.colour { 3 } else { 1 });
    let row_bytes = (width * channels * facts.depth as usize).div_ceil(8);
    if row_bytes > facts.bytes_per_line as usize {
        return Err("the driver announces lines shorter than their pixels".into());
    }
    let rows = without_padding(bytes, facts.bytes_per_line as usize, row_bytes);
    let raster = match (facts.depth, facts.colour) {
        (8, true) => Raster::rgb(facts.width, height, rows),
        (8, false) => Raster::gray(facts.width, height, rows),
        (1, false) => {
            Raster::gray(facts.width, height, rows.chunks_exact(row_bytes).flat_map(|row| bits(row, width)).collect())
        }
        (depth, _) => {
            return Err(format!("pages of {depth} bits a sample are not supported; set the option depth to 8"));
        }
    };
    let raster = raster.map_err(|error| format!("failed to {error}"))?;
    let (media_type, file) = match facts.depth {
        1 => ("image/tiff", raster.encode_g4_tiff(dpi)),
        _ => ("image/png", raster.encode_png(dpi)),
    };
    let bytes = file.map_err(|error| format!("failed to {error}"))?;
    Ok(Encoded { media_type, bytes, width: facts.width, height, dpi })
}

/// Moves the rows together in place: a colour page twice in memory would be a page too many.
fn without_padding(mut bytes: Vec<u8>, line: usize, row: usize) -> Vec<u8> {
    if row < line {
        let lines = bytes.len() / line;
        (0..lines).for_each(|at| bytes.copy_within(at * line..at * line + row, at * row));
        bytes.truncate(lines * row);
    }
    bytes
}

/// SANE's black and white: the first pixel is the highest bit, and 1 is black.
fn bits(row: &[u8], width: usize) -> impl Iterator<Item = u8> {
    row.iter().flat_map(|byte| (0..8).rev().map(move |bit| if byte >> bit & 1 == 1 { 0 } else { 255 })).take(width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_and_white_reads_back_pixel_by_pixel() {
        let facts = PageFacts { colour: false, depth: 1, width: 10, height: Some(2), bytes_per_line: 2 };
        let page = encode(&facts, 2, 300, vec![0b1000_0001, 0b0100_0000, 0, 0]).expect("encodes");
        let raster = imaging::decode(&page.bytes).expect("decodes");
        let black: Vec<usize> = (0..20).filter(|at| raster.bytes()[*at] == 0).collect();
        assert_eq!(black, [0, 7, 9]);
        assert_eq!(imaging::probe(&page.bytes).expect("probes").dpi, 300);
    }

    #[test]
    fn padding_at_the_end_of_lines_is_left_out() {
        let facts = PageFacts { colour: false, depth: 8, width: 2, height: Some(2), bytes_per_line: 4 };
        let page = encode(&facts, 2, 0, vec![1, 2, 9, 9, 3, 4, 9, 9]).expect("encodes");
        assert_eq!(imaging::decode(&page.bytes).expect("decodes").bytes(), [1, 2, 3, 4]);
    }
}
