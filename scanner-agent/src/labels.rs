//! What do labels for charts look like on a label printer?
//!
//! In ZPL II (Zebra Technologies, Programming Guide P1099958), one label of 4 × 2 in for each row of a patient list: the
//! patient's number as Code 128 and QR code, the encounter's below, and both in letters. A rule says what they mean on a page.

use record::sheet::Sheet;

/// Dots per millimetre of a printer: 203 dpi, and 300.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Dots {
    #[value(name = "203")]
    Eight,
    #[value(name = "300")]
    Twelve,
}

impl Dots {
    const fn per_mm(self) -> u32 {
        match self {
            Self::Eight => 8,
            Self::Twelve => 12,
        }
    }
}

const WIDTH_MM: u32 = 101;
const HEIGHT_MM: u32 = 50;
/// Bars narrower than 10 mil are lost on noisy scans: 3 dots of 1/203 in, 4 of 1/300, are 13 to 15.
const BAR_UM: u32 = 340;

/// All labels, one after the other. A row without a patient gets none.
pub fn zpl(sheets: &[Sheet], dots: Dots) -> String {
    sheets.iter().filter_map(|sheet| label(sheet, dots)).collect()
}

fn label(sheet: &Sheet, dots: Dots) -> Option<String> {
    let mrn = sheet.mrn.as_ref()?.reveal();
    let at = |mm: u32| mm * dots.per_mm();
    let bar = (BAR_UM * dots.per_mm()).div_ceil(1_000);
    let date = sheet.date.map(|date| date.to_string());
    let (kind, department) = (&sheet.document_type, &sheet.department);
    let details = [
        kind.as_ref().map(|kind| kind.reveal()),
        department.as_ref().map(|department| department.reveal()),
        date.as_deref(),
    ];
    let details = details.into_iter().flatten().collect::<Vec<_>>().join("  ");
    let mut label = format!("^XA^CI28^PW{}^LL{}\n", at(WIDTH_MM), at(HEIGHT_MM));
    label += &text(at(4), at(4), at(5), mrn);
    label += &format!("^FO{},{}^BY{bar}^BCN,{},N,N,N,A^FH^FD{}^FS\n", at(4), at(11), at(11), escaped(mrn));
    label += &format!("^FO{},{}^BQN,2,{}^FH^FDMA,{}^FS\n", at(76), at(4), dots.per_mm() * 3 / 4, escaped(mrn));
    if let Some(encounter) = sheet.encounter.as_ref().map(|encounter| encounter.reveal()) {
        label += &text(at(4), at(25), at(4), encounter);
        label += &format!("^FO{},{}^BY{bar}^BCN,{},N,N,N,A^FH^FD{}^FS\n", at(4), at(31), at(9), escaped(encounter));
    }
    label += &text(at(4), at(42), at(4), &details);
    Some(label + "^XZ\n")
}

fn text(left: u32, top: u32, tall: u32, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("^FO{left},{top}^A0N,{tall}^FH^FD{}^FS\n", escaped(text)) }
}

/// Every byte that could be a command as `_XX`, which `^FH` announces.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b' ';
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("_{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheets::from_csv;

    #[test]
    fn a_label_for_each_patient_and_no_value_is_a_command() {
        let rows =
            from_csv("mrn,encounter,type,date,department\nMRN-1,E-7,LETTER,1974-03-09,SURGERY\n,E-8,,\nMRN-2,,,\n")
                .expect("a list");
        let labels = zpl(&rows, Dots::Eight);
        assert_eq!(labels.matches("^XA").count(), 2, "{labels}");
        assert!(labels.contains("^BY3^BCN,88,N,N,N,A^FH^FDMRN-1^FS") && labels.contains("^FDMA,MRN-1^FS"), "{labels}");
        assert!(labels.contains("^FDE-7^FS") && labels.contains("^FDLETTER  SURGERY  1974-03-09^FS"), "{labels}");
        assert!(zpl(&rows, Dots::Twelve).contains("^PW1212^LL600"));
        assert_eq!(escaped("a^XZ~_é"), "a_5EXZ_7E_5F_C3_A9");
    }
}
