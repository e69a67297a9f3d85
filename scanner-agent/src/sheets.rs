//! What do cover and separator sheets look like on paper?
//!
//! Each carries its line ([`record::sheet`]) twice: as Code 128, which old scanners read too, and
//! as QR code, which survives skew, noise and coffee better. Below each stands the line itself. Patch sheets carry a patch
//! code and nothing else; what it means, the rules say.

use formats::pdf::{Paper, PdfError, SheetPage, Symbol, write_sheets};
use record::sheet::{Sheet, SheetKind};

use crate::codes::barcode::{self, BarcodeError, Modules, Symbology};
use crate::codes::patch::Patch;

/// Bars of 13 mil: clear of the 10 mil below which noisy scans lose them.
const BAR_MM: f64 = 0.33;
const BARS_WIDE_MM_MAX: f64 = 168.0;
const BARS_HIGH_MM: f64 = 22.0;
const QR_MODULE_MM: f64 = 1.3;
/// Half a narrow bar of a patch code, 0.04 in; and its bars' usual length, 2.5 in.
const PATCH_ROW_MM: f64 = 1.016;
const PATCH_LENGTH_MM: f64 = 63.5;

#[derive(Debug, thiserror::Error)]
pub enum SheetsError {
    #[error("draw a sheet's barcode: {0}")]
    Barcode(#[from] BarcodeError),
    #[error(transparent)]
    Pdf(#[from] PdfError),
}

/// One A4 page per sheet.
pub fn pdf(sheets: &[Sheet]) -> Result<Vec<u8>, SheetsError> {
    let pages: Vec<SheetPage> = sheets.iter().map(page).collect::<Result<_, _>>()?;
    Ok(write_sheets(&pages, Paper::A4, Vec::new())?)
}

fn page(sheet: &Sheet) -> Result<SheetPage, SheetsError> {
    let line = sheet.to_line();
    let title = match sheet.kind {
        SheetKind::BatchCover => "Batch cover sheet",
        SheetKind::DocumentSeparator => "Document separator",
    };
    let bars = barcode::draw(Symbology::Code128, &line)?;
    let bars_wide = (bars.width as f64 * BAR_MM).min(BARS_WIDE_MM_MAX);
    let qr = barcode::draw(Symbology::Qr, &line)?;
    let qr_side = qr.width as f64 * QR_MODULE_MM;
    Ok(SheetPage {
        title: title.into(),
        lines: fields(sheet),
        symbols: vec![symbol(bars, bars_wide, BARS_HIGH_MM, &line), symbol(qr, qr_side, qr_side, &line)],
        edges: None,
    })
}

/// One A4 page per patch code, with the code along all four edges: whichever goes in first is read.
pub fn patch_pdf(patches: &[Patch]) -> Result<Vec<u8>, SheetsError> {
    let pages: Vec<SheetPage> = patches.iter().map(|patch| patch_page(*patch)).collect();
    Ok(write_sheets(&pages, Paper::A4, Vec::new())?)
}

fn patch_page(patch: Patch) -> SheetPage {
    let rows = bars(patch);
    let bars = Symbol {
        columns: 1,
        rows: rows.len() as u32,
        height_mm: rows.len() as f64 * PATCH_ROW_MM,
        dark: rows,
        width_mm: PATCH_LENGTH_MM,
        caption: String::new(),
    };
    let lines = ["Print at 100 %, on white paper.", "Print it again when it is worn; do not copy it."];
    SheetPage {
        title: format!("Patch {patch}"),
        lines: lines.map(|line| (line.to_owned(), String::new())).to_vec(),
        symbols: Vec::new(),
        edges: Some(bars),
    }
}

/// Bars and spaces from the edge inward, in rows of half a narrow bar.
fn bars(patch: Patch) -> Vec<bool> {
    let bar = |wide: bool| vec![true; if wide { 5 } else { 2 }];
    patch.wide().map(bar).join([false; 2].as_slice())
}

fn symbol(modules: Modules, width_mm: f64, height_mm: f64, line: &str) -> Symbol {
    Symbol {
        columns: modules.width as u32,
        rows: modules.rows.len() as u32,
        dark: modules.rows.into_iter().flatten().collect(),
        width_mm,
        height_mm,
        caption: line.to_owned(),
    }
}

fn fields(sheet: &Sheet) -> Vec<(String, String)> {
    let shown = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let date = sheet.date.map(|date| date.to_string());
    let count = sheet.count.map(|count| ("Sheets, with this one".into(), count.to_string()));
    let mut fields = vec![
        ("Patient".into(), shown(sheet.mrn.as_ref().map(|mrn| mrn.reveal()))),
        ("Encounter".into(), shown(sheet.encounter.as_ref().map(|encounter| encounter.reveal()))),
        ("Type".into(), shown(sheet.document_type.as_ref().map(|kind| kind.reveal()))),
        ("Date".into(), shown(date.as_deref())),
    ];
    fields.extend(sheet.department.as_ref().map(|department| ("Department".into(), department.reveal().to_owned())));
    fields.extend(count);
    fields
}

/// Reads a list of separators: the first row names the columns `mrn`, `encounter`, `type`, `date` and
/// `department`, in any order; others are passed over. Errors name the row, never a value.
pub fn from_csv(text: &str) -> Result<Vec<Sheet>, String> {
    let mut rows = text.lines().map(cells);
    let columns: Vec<String> = rows.next().unwrap_or_default().iter().map(|name| name.to_lowercase()).collect();
    if !columns.iter().any(|name| name == "mrn") {
        return Err("the first row has to name the columns, `mrn` among them".into());
    }
    (2..)
        .zip(rows)
        .filter(|(_, row)| row.iter().any(|cell| !cell.is_empty()))
        .map(|(number, row)| from_row(&columns, &row).map_err(|reason| format!("row {number}: {reason}")))
        .collect()
}

fn from_row(columns: &[String], row: &[String]) -> Result<Sheet, String> {
    let cell = |name: &str| {
        let at = columns.iter().position(|column| column == name)?;
        row.get(at).map(String::as_str).filter(|text| !text.is_empty())
    };
    fn read<T: std::str::FromStr<Err: std::fmt::Display>>(text: Option<&str>) -> Result<Option<T>, String> {
        text.map(|text| text.parse().map_err(|error: T::Err| error.to_string())).transpose()
    }
    Ok(Sheet {
        kind: SheetKind::DocumentSeparator,
        mrn: read(cell("mrn"))?,
        encounter: read(cell("encounter"))?,
        document_type: read(cell("type"))?,
        date: read(cell("date"))?,
        count: None,
        department: read(cell("department"))?,
    })
}

/// The cells of one row (RFC 4180, without line breaks inside quotes; `;` divides as well).
fn cells(row: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for character in row.trim_start_matches('\u{feff}').chars() {
        match character {
            '"' => quoted = !quoted,
            ',' | ';' if !quoted => cells.push(String::new()),
            _ => cells.last_mut().into_iter().for_each(|cell| cell.push(character)),
        }
    }
    cells.into_iter().map(|cell| cell.trim().to_owned()).collect()
}

/// A separator of one patient, as tests need it.
#[cfg(test)]
pub fn separator(mrn: &str) -> Sheet {
    Sheet {
        kind: SheetKind::DocumentSeparator,
        mrn: mrn.parse().ok(),
        encounter: None,
        document_type: None,
        date: None,
        count: None,
        department: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unpack::draw_pdf_page;

    fn sheet(kind: SheetKind) -> Sheet {
        Sheet {
            kind,
            mrn: "MRN-104233".parse().ok(),
            encounter: "STAY-7".parse().ok(),
            document_type: "DISCHARGE-SUMMARY".parse().ok(),
            date: "1974-03-09".parse().ok(),
            count: None,
            department: "CARDIOLOGY".parse().ok(),
        }
    }

    #[test]
    fn printed_sheets_read_back_twice_each() {
        let sheets = [sheet(SheetKind::BatchCover), sheet(SheetKind::DocumentSeparator)];
        let pdf = pdf(&sheets).expect("writes");
        for (number, sheet) in (1..).zip(&sheets) {
            let gray = draw_pdf_page(&pdf, number).expect("draws").to_gray();
            let codes = crate::codes::find(&gray, 300).expect("searches");
            let mut formats: Vec<&str> = codes.iter().map(|code| code.format.as_str()).collect();
            formats.sort_unstable();
            assert_eq!(formats, ["Code 128", "QR Code"]);
            assert!(codes.iter().all(|code| Sheet::from_line(&code.text).as_ref() == Ok(sheet)));
        }
    }

    #[test]
    fn printed_patch_sheets_read_back_from_all_four_edges() {
        let pdf = patch_pdf(&Patch::ALL).expect("writes");
        for (number, patch) in (1..).zip(Patch::ALL) {
            let page = draw_pdf_page(&pdf, number).expect("draws").to_gray();
            let found: Vec<Patch> = crate::codes::patch::find(&page, 300).iter().map(|found| found.patch).collect();
            assert_eq!(found, [patch; 4], "{patch}");
        }
    }

    #[test]
    fn a_list_becomes_separators_and_a_wrong_row_is_named() {
        let sheets = from_csv("Type;\"MRN\";ward;Department\nLAB;MRN-1;\"a; b\"\n\n;MRN-2;;SURGERY\n").expect("reads");
        let mrns: Vec<&str> = sheets.iter().filter_map(|sheet| Some(sheet.mrn.as_ref()?.reveal())).collect();
        assert_eq!(mrns, ["MRN-1", "MRN-2"]);
        assert_eq!(sheets[1].document_type, None);
        let departments = sheets.iter().map(|sheet| sheet.department.as_ref().map(|department| department.reveal()));
        assert_eq!(departments.collect::<Vec<_>>(), [None, Some("SURGERY")]);
        let error = from_csv("mrn\nMRN-1\nnobody\n").expect_err("refused");
        assert!(error.starts_with("row 3: ") && !error.contains("nobody"), "{error}");
        assert!(from_csv("MRN-1\n").is_err());
    }
}
