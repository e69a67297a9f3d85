//! `scanner-agent sheets`: cover, separator and patch sheets to print, and labels.

use anyhow::{Context, anyhow};
use record::sheet::{Sheet, SheetKind};
use record::wire::CapturedFields;

use super::Exit;
use crate::cli;
use crate::labels;
use crate::report::{counted, print};
use crate::sheets;

pub fn run(args: &cli::Sheets) -> anyhow::Result<Exit> {
    if args.zpl {
        return labels(args);
    }
    let (pdf, count) = if args.patches.is_empty() {
        let list = sheets_of(args)?;
        (sheets::pdf(&list)?, list.len())
    } else {
        (sheets::patch_pdf(&args.patches)?, args.patches.len())
    };
    std::fs::write(&args.out, pdf).with_context(|| format!("failed to write {}", args.out.display()))?;
    print(&format!("{} in {}.\n", counted(count, "sheet"), args.out.display()))?;
    Ok(Exit::Done)
}

fn labels(args: &cli::Sheets) -> anyhow::Result<Exit> {
    let zpl = labels::zpl(&sheets_of(args)?, args.dots);
    std::fs::write(&args.out, &zpl).with_context(|| format!("failed to write {}", args.out.display()))?;
    print(&format!("{} in {}.\n", counted(zpl.matches("^XA").count(), "label"), args.out.display()))?;
    Ok(Exit::Done)
}

/// The sheet from the options, where there is reason for one, and one for each row of the list.
fn sheets_of(args: &cli::Sheets) -> anyhow::Result<Vec<Sheet>> {
    let mut list = Vec::new();
    if args.cover || args.csv.is_none() {
        let kind = if args.cover { SheetKind::BatchCover } else { SheetKind::DocumentSeparator };
        let CapturedFields { mrn, encounter, document_type, department, date, .. } = args.fields.captured();
        list.push(Sheet { kind, mrn, encounter, document_type, date, count: args.count, department });
    }
    if let Some(path) = &args.csv {
        let text = std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
        list.extend(sheets::from_csv(&text).map_err(|reason| anyhow!("failed to read {}: {reason}", path.display()))?);
    }
    Ok(list)
}
