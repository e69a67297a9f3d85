//! Which code stands for which character, and what a font is that shows none of them?
//!
//! A document's characters get codes of one byte in the order in which they come: ASCII its own, all others the upper
//! half of the font that has room, so that scripts of thousands of characters need more fonts and nobody else does.
//! What a code means stands in the font's `ToUnicode` (ISO 32000-1 section 9.10.3), as UTF-16 and so beyond the first
//! plane too. The glyph is the same for every code: empty, half as wide as the font is tall.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::file::{Number, PdfFile};

/// Per thousand of the font size: the advance of every glyph, and how far below the baseline a line reaches.
pub(super) const ADVANCE: i16 = 500;
pub(super) const DESCENT: i16 = 200;
const ASCENT: i16 = 800;
const EM: u16 = 1000;

/// Codes of a font that are not ASCII.
const UPPER_HALF: usize = 128;

/// A document's characters.
#[derive(Default)]
pub(super) struct Alphabet {
    places: HashMap<char, usize>,
    order: Vec<char>,
}

impl Alphabet {
    /// The font and the code that stand for `c`.
    pub(super) fn code(&mut self, c: char) -> (usize, u8) {
        if matches!(c, ' '..='~') {
            return (0, c as u8);
        }
        let place = *self.places.entry(c).or_insert_with(|| {
            self.order.push(c);
            self.order.len() - 1
        });
        (place / UPPER_HALF, (UPPER_HALF + place % UPPER_HALF) as u8)
    }

    /// Fonts needed so far.
    pub(super) fn fonts(&self) -> usize {
        self.order.len().div_ceil(UPPER_HALF).max(1)
    }

    /// A `ToUnicode` CMap. Its lists may hold 100 entries each.
    fn to_unicode(&self, font: usize) -> String {
        let mut map = String::from(
            "/CIDInit/ProcSet findresource begin 12 dict begin begincmap/CMapName/Adobe-Identity-UCS def\
             /CMapType 2 def 1 begincodespacerange<00><ff>endcodespacerange\n\
             1 beginbfrange<20><7e><0020>endbfrange\n",
        );
        let own: Vec<(usize, &char)> = self.order.iter().enumerate().skip(font * UPPER_HALF).take(UPPER_HALF).collect();
        for list in own.chunks(100) {
            // Writing to a string cannot fail, here and below.
            let _ = write!(map, "{} beginbfchar", list.len());
            for (place, c) in list {
                let _ = write!(map, "<{:02x}><", UPPER_HALF + place % UPPER_HALF);
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(map, "{unit:04x}");
                }
                map.push('>');
            }
            map += "endbfchar\n";
        }
        map + "endcmap CMapName currentdict/CMap defineresource pop end end"
    }

    /// Writes the fonts under the numbers reserved for them.
    pub(super) fn write<W: Write>(&self, file: &mut PdfFile<W>, fonts: &[Number]) -> io::Result<()> {
        let program = program();
        let program = file.packed(&format!("/Length1 {}", program.len()), &program)?;
        let descriptor = file.reserve();
        // Flags: all widths alike, and codes with a meaning of their own (section 9.8.2).
        file.object(
            descriptor,
            &format!(
                "<</Type/FontDescriptor/FontName/Glyphless/Flags 5/FontBBox[0 -{DESCENT} {ADVANCE} {ASCENT}]\
                 /ItalicAngle 0/Ascent {ASCENT}/Descent -{DESCENT}/CapHeight {ASCENT}/StemV 80\
                 /MissingWidth {ADVANCE}/FontFile2 {program}>>"
            ),
        )?;
        for (n, number) in fonts.iter().enumerate() {
            let to_unicode = file.packed("", self.to_unicode(n).as_bytes())?;
            file.object(
                *number,
                &format!(
                    "<</Type/Font/Subtype/TrueType/BaseFont/Glyphless/FirstChar 32/LastChar 32/Widths[{ADVANCE}]\
                     /FontDescriptor {descriptor}/ToUnicode {to_unicode}>>"
                ),
            )?;
        }
        Ok(())
    }
}

/// A TrueType font program (ISO/IEC 14496-22) of two glyphs without outlines: the missing one, and the one that the
/// single character map (Macintosh, format 0) gives for every code.
fn program() -> Vec<u8> {
    let mut map = words(&[0, 1, 1, 0, 0, 12, 0, 262, 0]);
    map.extend([1; 256]);
    let (ascent, descent, advance) = (ASCENT as u16, DESCENT.wrapping_neg() as u16, ADVANCE as u16);
    let mut head = words(&[1, 0, 1, 0, 0, 0, 0x5f0f, 0x3cf5, 0, EM]);
    // Created and modified never, bounds, style, smallest legible size, direction, short offsets.
    head.extend(words(&[0, 0, 0, 0, 0, 0, 0, 0, 0, descent, advance, ascent, 0, 8, 2, 0, 0]));
    let tables: [(&[u8; 4], Vec<u8>); 8] = [
        (b"cmap", map),
        (b"glyf", vec![0; 4]),
        (b"head", head),
        (b"hhea", words(&[1, 0, ascent, descent, 0, advance, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1])),
        (b"hmtx", words(&[advance, 0, 0])),
        (b"loca", words(&[0; 3])),
        (b"maxp", words(&[1, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])),
        // Version 3: glyphs have no names.
        (b"post", words(&[3, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])),
    ];
    assemble(tables)
}

fn words(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

/// Table directory and tables, each at a multiple of four, with their checksums and the one over all.
fn assemble(tables: [(&[u8; 4], Vec<u8>); 8]) -> Vec<u8> {
    // Eight tables: the search range is 8 × 16, its logarithm 3, nothing is left over.
    let mut font = words(&[1, 0, 8, 128, 3, 0]);
    let (mut at, mut bodies, mut head_at) = (12 + 16 * 8, Vec::new(), 0);
    for (name, mut body) in tables {
        let length = body.len();
        body.resize(length.next_multiple_of(4), 0);
        if name == b"head" {
            head_at = at;
        }
        font.extend(name);
        font.extend([checksum(&body), at as u32, length as u32].map(u32::to_be_bytes).as_flattened());
        at += body.len();
        bodies.extend(body);
    }
    font.extend(bodies);
    let adjustment = 0xb1b0_afba_u32.wrapping_sub(checksum(&font));
    font[head_at + 8..head_at + 12].copy_from_slice(&adjustment.to_be_bytes());
    font
}

fn checksum(table: &[u8]) -> u32 {
    table.as_chunks().0.iter().fold(0, |sum, &word| sum.wrapping_add(u32::from_be_bytes(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_keeps_its_codes_and_all_others_find_room() {
        let mut alphabet = Alphabet::default();
        assert_eq!(alphabet.code('a'), (0, b'a'));
        assert_eq!(alphabet.code('ü'), (0, 128));
        assert_eq!(alphabet.code('𝔄'), (0, 129));
        assert_eq!(alphabet.code('ü'), (0, 128));
        let places: Vec<_> = ('一'..='丿').chain('乀'..='亿').map(|c| alphabet.code(c)).collect();
        assert_eq!((places[125], places[126]), ((0, 255), (1, 128)));
        assert_eq!(alphabet.fonts(), 2);
        assert!(alphabet.to_unicode(0).contains("<80><00fc><81><d835dd04>"));
    }

    #[test]
    fn the_font_program_sums_up() {
        let font = program();
        assert_eq!(checksum(&font), 0xb1b0_afba);
        assert_eq!(font.len() % 4, 0);
    }
}
