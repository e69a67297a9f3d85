//! What kind of file is this? By content; names lie.

use imaging::MediaType;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Pdf,
    Png,
    Jpeg,
    Tiff,
    /// JPEG 2000.
    Jpeg2000,
}

/// Readers accept `%PDF-` anywhere in the first kilobyte (ISO 32000-1 annex H.3.4.1).
const PDF_HEADER_WITHIN: usize = 1024;

impl Kind {
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match MediaType::sniff(bytes) {
            Some(MediaType::Png) => Some(Self::Png),
            Some(MediaType::Jpeg) => Some(Self::Jpeg),
            Some(MediaType::Tiff) => Some(Self::Tiff),
            None if imaging::is_jpeg2000(bytes) => Some(Self::Jpeg2000),
            None => {
                let head = &bytes[..bytes.len().min(PDF_HEADER_WITHIN)];
                head.windows(5).any(|window| window == b"%PDF-").then_some(Self::Pdf)
            }
        }
    }

    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Tiff => "image/tiff",
            Self::Jpeg2000 => "image/jp2",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        assert_eq!(Kind::of(b"\x89PNG\r\n\x1a\n...."), Some(Kind::Png));
        assert_eq!(Kind::of(b"MIME rubbish\n%PDF-1.4\n"), Some(Kind::Pdf));
        assert_eq!(Kind::of(b"\0\0\0\x0cjP  \r\n\x87\n...."), Some(Kind::Jpeg2000));
        assert_eq!(Kind::of(b"PK\x03\x04 a zip named scan.pdf"), None);
        assert_eq!(Kind::of(b""), None);
    }
}
