//! Cover and separator sheets to print: some words, and barcodes as they come from the encoder.

use std::fmt::Write as _;
use std::io::Write;

use super::PdfError;
use super::file::{Number, PdfFile};

const POINTS_PER_MM: f64 = 72.0 / 25.4;
const MARGIN: f64 = 20.0 * POINTS_PER_MM;
/// From the edge of the sheet to what is printed along it, and from there to the rest: a printer's own margin, and room to be seen by.
const EDGE: f64 = 10.0 * POINTS_PER_MM;
/// Each module becomes a square of so many pixels: viewers that smooth images then blur only a thin rim.
const PIXELS_PER_MODULE: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    A4,
    Letter,
}

impl Paper {
    /// Width and height in points.
    const fn points(self) -> (f64, f64) {
        match self {
            Self::A4 => (595.28, 841.89),
            Self::Letter => (612.0, 792.0),
        }
    }
}

/// A barcode as a matrix of modules, quiet zone included or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Symbol {
    /// In modules; a one-dimensional code has one row.
    pub columns: u32,
    pub rows: u32,
    /// Row by row from the top left; `true` is printed.
    pub dark: Vec<bool>,
    /// Printed size.
    pub width_mm: f64,
    pub height_mm: f64,
    /// The line below it, for people.
    pub caption: String,
}

/// One sheet, from the top: title, lines of name and value, barcodes.
#[derive(Debug, Clone, PartialEq)]
pub struct SheetPage {
    pub title: String,
    pub lines: Vec<(String, String)>,
    pub symbols: Vec<Symbol>,
    /// Printed along each of the four edges, its top towards the edge; the rest of the sheet keeps clear of it.
    pub edges: Option<Symbol>,
}

/// Writes one page per sheet. Text is Helvetica; characters beyond Windows-1252 print as `?`.
///
/// # Errors
/// [`PdfError::NotEmbeddable`] for a symbol whose size is impossible, or that does not fit on the sheet.
pub fn write_sheets<W: Write>(sheets: &[SheetPage], paper: Paper, out: W) -> Result<W, PdfError> {
    let mut file = PdfFile::new(out)?;
    let (tree, plain, bold) = (file.reserve(), file.reserve(), file.reserve());
    for (number, name) in [(plain, "Helvetica"), (bold, "Helvetica-Bold")] {
        let font = format!("<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>");
        file.object(number, &font)?;
    }
    let mut pages = Vec::with_capacity(sheets.len());
    for sheet in sheets {
        pages.push(write_sheet(&mut file, sheet, paper, tree, (plain, bold))?);
    }
    if pages.is_empty() { Err(PdfError::NoPages) } else { Ok(file.finish(tree, &pages, "")?) }
}

fn write_sheet<W: Write>(
    file: &mut PdfFile<W>,
    sheet: &SheetPage,
    paper: Paper,
    tree: Number,
    (plain, bold): (Number, Number),
) -> Result<Number, PdfError> {
    let (width, height) = paper.points();
    let (mut content, mut images) = (String::new(), String::new());
    let mut margin = MARGIN;
    if let Some(symbol) = &sheet.edges {
        let (wide, tall) = (symbol.width_mm * POINTS_PER_MM, symbol.height_mm * POINTS_PER_MM);
        margin = EDGE + tall + EDGE;
        let image = write_symbol(file, symbol)?;
        let _ = write!(images, "/E {image} ");
        for matrix in along_edges(width, height, wide, tall) {
            let [a, b, c, d, e, f] = matrix;
            let _ = writeln!(content, "q {a:.2} {b:.2} {c:.2} {d:.2} {e:.2} {f:.2} cm /E Do Q");
        }
    }
    let mut y = height - margin - 24.0;
    put_text(&mut content, "/B", 24.0, margin, y, &sheet.title);
    y -= 16.0;
    for (name, value) in &sheet.lines {
        y -= 22.0;
        put_text(&mut content, "/P", 12.0, margin, y, name);
        put_text(&mut content, "/B", 14.0, margin + 130.0, y, value);
    }
    for (n, symbol) in sheet.symbols.iter().enumerate() {
        let (wide, tall) = (symbol.width_mm * POINTS_PER_MM, symbol.height_mm * POINTS_PER_MM);
        y -= 30.0 + tall;
        if y < margin + 20.0 || wide > width - 2.0 * margin {
            return Err(PdfError::NotEmbeddable("the barcode does not fit on the sheet"));
        }
        let image = write_symbol(file, symbol)?;
        // Writing to a string cannot fail.
        let _ = writeln!(content, "q {wide:.2} 0 0 {tall:.2} {margin:.2} {y:.2} cm /S{n} Do Q");
        let _ = write!(images, "/S{n} {image} ");
        y -= 14.0;
        put_text(&mut content, "/P", 10.0, margin, y, &symbol.caption);
    }
    let content = file.packed("", content.as_bytes())?;
    let resources = format!("<< /XObject << {images}>> /Font << /P {plain} /B {bold} >> >>");
    let page = file.reserve();
    let place = format!("/Parent {tree} /MediaBox [0 0 {width} {height}]");
    file.object(page, &format!("<< /Type /Page {place} /Resources {resources} /Contents {content} >>"))?;
    Ok(page)
}

/// Matrices (ISO 32000-1, 8.3.3) that lay an image in the middle of each edge, its top towards the edge.
fn along_edges(width: f64, height: f64, wide: f64, tall: f64) -> [[f64; 6]; 4] {
    let (left, low) = ((width - wide) / 2.0, (height - wide) / 2.0);
    [
        [wide, 0.0, 0.0, tall, left, height - EDGE - tall],
        [-wide, 0.0, 0.0, -tall, left + wide, EDGE + tall],
        [0.0, wide, -tall, 0.0, EDGE + tall, low],
        [0.0, -wide, tall, 0.0, width - EDGE - tall, low + wide],
    ]
}

/// A one-bit image, white where nothing is printed.
fn write_symbol<W: Write>(file: &mut PdfFile<W>, symbol: &Symbol) -> Result<Number, PdfError> {
    let (columns, rows) = (symbol.columns as usize, symbol.rows as usize);
    let sane = (1..=2_000).contains(&columns) && (1..=2_000).contains(&rows) && symbol.dark.len() == columns * rows;
    if !(sane && symbol.width_mm > 0.0 && symbol.height_mm > 0.0) {
        return Err(PdfError::NotEmbeddable("the barcode's size is impossible"));
    }
    let mut bits = Vec::with_capacity(columns * rows * PIXELS_PER_MODULE);
    for row in symbol.dark.chunks_exact(columns) {
        // Eight pixels a module: one byte.
        let line: Vec<u8> = row.iter().map(|&dark| if dark { 0x00 } else { 0xff }).collect();
        (0..PIXELS_PER_MODULE).for_each(|_| bits.extend_from_slice(&line));
    }
    let (width, height) = (columns * PIXELS_PER_MODULE, rows * PIXELS_PER_MODULE);
    let dictionary = format!(
        "/Type /XObject /Subtype /Image /Width {width} /Height {height} /BitsPerComponent 1 /ColorSpace /DeviceGray"
    );
    Ok(file.stream(&dictionary, &bits)?)
}

fn put_text(content: &mut String, font: &str, size: f64, x: f64, y: f64, text: &str) {
    let _ = write!(content, "BT {font} {size} Tf {x:.2} {y:.2} Td <");
    for c in text.chars() {
        let _ = write!(content, "{:02x}", windows_1252(c));
    }
    content.push_str("> Tj ET\n");
}

/// Annex D.2. Latin-1 as it is, and the typographic signs that people type.
fn windows_1252(c: char) -> u8 {
    match c {
        '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{ff}' => c as u8,
        '€' => 0x80,
        '…' => 0x85,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '•' => 0x95,
        '–' => 0x96,
        '—' => 0x97,
        _ => b'?',
    }
}
