//! How does a list of hits become a table? RFC 4180, with the cells that spreadsheets would take
//! for formulas made text (OWASP, "CSV Injection").

use indexer::DocumentHit;

pub fn header() -> String {
    "document,type,patient,encounter,date,source,captured,pages_matched,page,text,missing,department\r\n".to_owned()
}

pub fn line(hit: &DocumentHit) -> String {
    let fields = &hit.fields;
    let best = hit.pages.first();
    let text: String = best.into_iter().flat_map(|page| &page.snippet).map(|piece| piece.text.as_str()).collect();
    let cells = [
        fields.document.to_string(),
        fields.document_type.as_ref().map_or("", |kind| kind.reveal()).to_owned(),
        fields.mrn.as_ref().map_or("", |mrn| mrn.reveal()).to_owned(),
        fields.encounter.as_ref().map_or("", |stay| stay.reveal()).to_owned(),
        fields.date.map(|date| date.to_string()).unwrap_or_default(),
        fields.source.as_str().to_owned(),
        fields.scanned.to_string(),
        hit.pages_matched.to_string(),
        best.map(|page| page.number.to_string()).unwrap_or_default(),
        text,
        best.map(|page| page.missing.join(" ")).unwrap_or_default(),
        fields.department.as_ref().map_or("", |department| department.reveal()).to_owned(),
    ];
    format!("{}\r\n", cells.map(|cell| quoted(&cell)).join(","))
}

fn quoted(cell: &str) -> String {
    let tame = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() };
    if tame.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", tame.replace('"', "\"\"")) } else { tame }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stay_cells() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(quoted("=HYPERLINK(1)"), "'=HYPERLINK(1)");
    }
}
