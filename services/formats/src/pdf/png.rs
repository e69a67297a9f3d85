//! Packing samples as PNG (ISO/IEC 15948) without changing one.

use std::io::{self, Write};

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Colour {
    Gray,
    Rgb,
    Palette(Vec<[u8; 3]>),
}

pub(super) struct Png {
    pub width: u32,
    pub height: u32,
    /// Per sample.
    pub bits: u8,
    pub colour: Colour,
    /// Across and down; 0 where unknown.
    pub dpi: (u32, u32),
}

impl Png {
    /// Rows begin at a byte, in PDF as in PNG.
    pub(super) fn row_bytes(&self) -> usize {
        let samples = if self.colour == Colour::Rgb { 3 } else { 1 };
        (self.width as usize * samples * usize::from(self.bits)).div_ceil(8)
    }

    /// `samples` as a PDF holds them: most significant bit and byte first.
    pub(super) fn encode(&self, samples: &[u8]) -> io::Result<Vec<u8>> {
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        chunk(&mut file, b"IHDR", &self.header());
        if self.dpi.0 > 0 && self.dpi.1 > 0 {
            let per_metre = |dpi: u32| ((f64::from(dpi) / 0.0254).round() as u32).to_be_bytes();
            chunk(&mut file, b"pHYs", &[&per_metre(self.dpi.0)[..], &per_metre(self.dpi.1), &[1]].concat());
        }
        if let Colour::Palette(colours) = &self.colour {
            // An index beyond the palette is an error in PNG but not in PDF: fill up with black.
            let mut colours = colours.clone();
            colours.resize(1 << self.bits, [0; 3]);
            chunk(&mut file, b"PLTE", colours.as_flattened());
        }
        chunk(&mut file, b"IDAT", &self.pack(samples)?);
        chunk(&mut file, b"IEND", &[]);
        Ok(file)
    }

    fn header(&self) -> Vec<u8> {
        let kind = match self.colour {
            Colour::Gray => 0,
            Colour::Rgb => 2,
            Colour::Palette(_) => 3,
        };
        let mut header = self.width.to_be_bytes().to_vec();
        header.extend(self.height.to_be_bytes());
        header.extend([self.bits, kind, 0, 0, 0]);
        header
    }

    /// Whole bytes compress better as differences from the row above; packed bits as they are.
    fn pack(&self, samples: &[u8]) -> io::Result<Vec<u8>> {
        let (none, up) = (0, 2);
        let filter = if self.bits < 8 || matches!(self.colour, Colour::Palette(_)) { none } else { up };
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        let mut above = vec![0; self.row_bytes()];
        for row in samples.chunks_exact(self.row_bytes()) {
            encoder.write_all(&[filter])?;
            if filter == none {
                encoder.write_all(row)?;
            } else {
                above.iter_mut().zip(row).for_each(|(above, &sample)| *above = sample.wrapping_sub(*above));
                encoder.write_all(&above)?;
                above.copy_from_slice(row);
            }
        }
        encoder.finish()
    }
}

fn chunk(file: &mut Vec<u8>, name: &[u8; 4], body: &[u8]) {
    let mut crc = Crc::new();
    crc.update(name);
    crc.update(body);
    file.extend((body.len() as u32).to_be_bytes());
    file.extend(name);
    file.extend(body);
    file.extend(crc.sum().to_be_bytes());
}
