//! Writing a PDF object by object: nothing of a page stays in memory behind it.

use std::io::{self, Write};

use record::digest::Hasher;

/// The number of an object, always of generation 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number(usize);

impl std::fmt::Display for Number {
    /// As a reference.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} 0 R", self.0)
    }
}

/// A real number with so many decimals at most, and no more than it needs.
pub(super) struct Real(pub f64, pub usize);

impl std::fmt::Display for Real {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{:.*}", self.1, self.0);
        let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        f.write_str(if short == "-0" { "0" } else { short })
    }
}

pub(super) struct PdfFile<W: Write> {
    out: W,
    written: u64,
    hasher: Hasher,
    /// Where object `n + 1` stands; 0 until it is written.
    places: Vec<u64>,
}

impl<W: Write> PdfFile<W> {
    pub(super) fn new(out: W) -> io::Result<Self> {
        let mut file = Self { out, written: 0, hasher: Hasher::new(), places: Vec::new() };
        // Four bytes beyond ASCII tell other programs that this is no text (section 7.5.2).
        file.put(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")?;
        Ok(file)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.hasher.update(bytes);
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// A number for an object that others refer to before it is written.
    pub(super) fn reserve(&mut self) -> Number {
        self.places.push(0);
        Number(self.places.len())
    }

    pub(super) fn object(&mut self, number: Number, body: &str) -> io::Result<()> {
        self.places[number.0 - 1] = self.written;
        self.put(format!("{} 0 obj\n{body}\nendobj\n", number.0).as_bytes())
    }

    /// `dictionary` without `<<`, `>>` and `Length`.
    pub(super) fn stream(&mut self, dictionary: &str, data: &[u8]) -> io::Result<Number> {
        let number = self.reserve();
        self.places[number.0 - 1] = self.written;
        let length = data.len();
        self.put(format!("{} 0 obj\n<<{dictionary}/Length {length}>>\nstream\n", number.0).as_bytes())?;
        self.put(data)?;
        self.put(b"\nendstream\nendobj\n")?;
        Ok(number)
    }

    /// A stream that is packed on the way.
    pub(super) fn packed(&mut self, dictionary: &str, data: &[u8]) -> io::Result<Number> {
        self.stream(&format!("{dictionary}/Filter/FlateDecode"), &deflated(data)?)
    }

    /// Page tree, catalog with these further entries, cross-reference table, trailer (section 7.5). The file's
    /// identifier (section 14.4) comes from its bytes, so the same pages give the same file.
    pub(super) fn finish(mut self, tree: Number, pages: &[Number], catalog_entries: &str) -> io::Result<W> {
        let kids: Vec<String> = pages.iter().map(Number::to_string).collect();
        self.object(tree, &format!("<</Type/Pages/Count {}/Kids[{}]>>", pages.len(), kids.join(" ")))?;
        let catalog = self.reserve();
        self.object(catalog, &format!("<</Type/Catalog/Pages {tree}{catalog_entries}>>"))?;
        let (start, count) = (self.written, self.places.len() + 1);
        self.put(format!("xref\n0 {count}\n0000000000 65535 f \n").as_bytes())?;
        for at in std::mem::take(&mut self.places) {
            self.put(format!("{at:010} 00000 n \n").as_bytes())?;
        }
        let digest = std::mem::take(&mut self.hasher).finish().hex();
        let id = &digest[..32];
        let trailer = format!("<</Size {count}/Root {catalog}/ID[<{id}><{id}>]>>");
        self.put(format!("trailer\n{trailer}\nstartxref\n{start}\n%%EOF\n").as_bytes())?;
        self.out.flush()?;
        Ok(self.out)
    }
}

pub(super) fn deflated(data: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(data)?;
    encoder.finish()
}
