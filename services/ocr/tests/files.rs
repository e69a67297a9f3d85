//! `ocr-worker read`: what comes out of files, good and bad?

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const SAMPLE: &[u8] = include_bytes!("samples/discharge.png");

fn read(folder: &Path, files: &[&str], formats: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ocr-worker"));
    command.current_dir(folder).arg("read").args(files).args(["--out", "out", "--format", formats]);
    command.output().expect("built")
}

#[test]
fn a_bad_file_costs_nothing_but_itself_and_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("good.png"), SAMPLE).expect("room");
    fs::write(folder.path().join("cut.png"), &SAMPLE[..3000]).expect("room");
    fs::write(folder.path().join("odd.doc"), b"MZ").expect("room");
    let output = read(folder.path(), &["cut.png", "odd.doc", "missing.tif", "good.png"], "txt,alto,pdf");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    for named in ["cut.png, page 1: failed to ", "odd.doc, page 1: failed to ", "missing.tif: failed to "] {
        assert!(said.contains(named), "{said}");
    }
    assert!(!said.contains("good.png"), "{said}");
    let out = folder.path().join("out");
    let text = fs::read_to_string(out.join("good.txt")).expect("written");
    assert!(text.starts_with("Discharge Summary\n") && text.ends_with("\n\u{c}"));
    let alto = formats::alto::parse(&fs::read(out.join("good-0001.alto.xml")).expect("written")).expect("ALTO");
    assert_eq!(alto.plain().trim(), text.trim());
    assert!(fs::read(out.join("good.pdf")).expect("written").starts_with(b"%PDF-"));
    assert_eq!(fs::read_to_string(out.join("cut.txt")).expect("written"), "\n\u{c}");
    let parts = fs::read_dir(&out)
        .expect("there")
        .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().ends_with(".part")));
    assert_eq!(parts.count(), 0);
}

#[test]
fn wrong_usage_is_told_from_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(read(folder.path(), &[], "txt").status.code(), Some(2));
    assert_eq!(read(folder.path(), &["a.png"], "docx").status.code(), Some(2));
    let help = Command::new(env!("CARGO_BIN_EXE_ocr-worker")).arg("--help").output().expect("built");
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    assert!(help.contains("Examples:") && !help.contains("reader"), "{help}");
}
