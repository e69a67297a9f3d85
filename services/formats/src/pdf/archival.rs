//! What makes the file one that can be read in fifty years? PDF/A-1b (ISO 19005-1:2005 with corrigenda).
//!
//! | clause | asks for | met by |
//! |---|---|---|
//! | 6.1.2 | header at the first byte, then bytes beyond ASCII | `file` |
//! | 6.1.3, 6.1.4 | an identifier, no encryption, a plain cross-reference table | `file` |
//! | 6.1.7, 6.1.8 | lengths and line ends as they should be | `file` |
//! | 6.1.10 | no LZW | `embed`: TIFF's LZW is packed anew with Flate, without a change to a sample |
//! | 6.1.12 | limits: strings, arrays, names, sizes | `record::limits` keeps below them |
//! | 6.2.2, 6.2.3 | colours that mean the same everywhere | here: [`icc::srgb`] is the output intent of gray and RGB |
//! | 6.2.4 | images without alternates, interpolation, or what PDF 1.4 does not know | `embed` |
//! | 6.2.8, 6.4 | no transparency | `embed`; graphics states are not used at all |
//! | 6.3.2, 6.3.4, 6.3.6, 6.3.7 | fonts whole in the file, widths as in them, one character map | `font` |
//! | 6.6 | no actions | there are none |
//! | 6.7 | metadata as XMP, unpacked, not at odds with `Info` | here; there is no `Info` |

use std::io::{self, Write};

use super::file::PdfFile;
use super::icc;

/// Without the padding that would let others write in place. It says nothing of the patient.
const METADATA: &str = "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\
    <x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
    <rdf:Description rdf:about=\"\" xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\" \
    xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\">\
    <pdfaid:part>1</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance><pdf:Producer>Chartroom</pdf:Producer>\
    </rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"r\"?>";

/// Writes the metadata and the output intent; gives the catalog's entries for them.
pub(super) fn write<W: Write>(file: &mut PdfFile<W>) -> io::Result<String> {
    let metadata = file.stream("/Type/Metadata/Subtype/XML", METADATA.as_bytes())?;
    let profile = file.packed("/N 3", &icc::srgb())?;
    Ok(format!(
        "/Metadata {metadata}/OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)\
         /Info(sRGB IEC61966-2.1)/DestOutputProfile {profile}>>]"
    ))
}
