//! `scanner-agent probe`: what can a scanner be told, and does it scan?

use anyhow::{Context, bail};

use super::Exit;
use crate::cli;
use crate::report::{print, print_json};
use crate::sane::capture::{End, Helper};
use crate::sane::frames::OptionFacts;
use crate::station;

pub fn run(args: &cli::Probe) -> anyhow::Result<Exit> {
    let mut arguments = vec!["capture-helper".to_owned(), "--device".to_owned(), args.device.clone()];
    for (name, value) in &args.options {
        arguments.extend(["--option".to_owned(), format!("{name}={value}")]);
    }
    let options = helper(&arguments, "--probe")?.options().context("failed to open the scanner")?;
    if args.json {
        print_json(&options)?;
    } else {
        options.iter().try_for_each(|option| print(&text(option)))?;
    }
    match &args.page {
        Some(file) => page(&helper(&arguments, "--pages=1")?, file),
        None => Ok(Exit::Done),
    }
}

fn helper(arguments: &[String], last: &str) -> anyhow::Result<Helper> {
    let program = station::own_program().context("failed to find this program's own file")?;
    let arguments = arguments.iter().cloned().chain([last.to_owned()]).collect();
    Ok(Helper::new(program, arguments, station::sane_environment()))
}

fn page(helper: &Helper, file: &std::path::Path) -> anyhow::Result<Exit> {
    let mut scanned = None;
    let end = helper.capture(
        || None,
        |page| {
            scanned = Some(page);
            Ok(())
        },
    )?;
    if let End::Fault(mishap) = end {
        eprintln!("scanner-agent: failed to scan a page: {}. {}.", mishap.text, mishap.kind.advice());
        return Ok(Exit::ScannerFault);
    }
    let Some(page) = scanned else { bail!("failed to scan a page: there was no paper") };
    std::fs::write(file, &page.bytes).with_context(|| format!("failed to write {}", file.display()))?;
    eprintln!("A page of {} × {} pixels at {} dpi is in {}.", page.width, page.height, page.dpi, file.display());
    Ok(Exit::Done)
}

/// `resolution = 300 dpi (75 to 600): Scan resolution`
fn text(option: &OptionFacts) -> String {
    let unit = option.unit.as_ref().map_or(String::new(), |unit| format!(" {unit}"));
    let value = option.value.as_ref().map_or(String::new(), |value| format!(" = {value}{unit}"));
    let takes = match (&option.range, option.choices.is_empty()) {
        (Some((least, most)), _) => format!(" ({least} to {most})"),
        (None, false) => format!(" ({})", option.choices.join(", ")),
        (None, true) if option.kind == "yes-no" => " (true, false)".into(),
        (None, true) => String::new(),
    };
    let fixed = if option.settable { "" } else { " [cannot be set now]" };
    format!("{}{value}{takes}{fixed}: {}\n", option.name, option.title)
}
