//! `ocr-worker read`: what comes out of files, good and bad?

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

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
fn every_format_tells_the_same_words_and_json_says_how_it_went() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("good.png"), SAMPLE).expect("room");
    fs::write(folder.path().join("cut.png"), &SAMPLE[..3000]).expect("room");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ocr-worker"));
    command.current_dir(folder.path()).args(["read", "good.png", "cut.png", "missing.png", "--out", "out"]);
    let output = command.args(["--format", "alto,hocr,tsv", "--languages", "eng", "--json"]).output().expect("built");
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");

    let out = folder.path().join("out");
    let alto = formats::alto::parse(&fs::read(out.join("good-0001.alto.xml")).expect("written")).expect("ALTO");
    let words: Vec<&str> = alto.words().map(|word| word.text.as_str()).collect();
    assert_eq!(
        (&lines[0]["file"], &lines[0]["page"], &lines[0]["kind"]),
        (&"good.png".into(), &1.into(), &"text".into())
    );
    assert_eq!((&lines[0]["words"], &lines[0]["confidence"]), (&words.len().into(), &alto.confidence().into()));
    assert_eq!(lines[0]["recipe"], alto.engine.recipe.as_str());
    assert!(lines[0]["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{lines:?}");
    assert!(lines[1]["failed"].is_string() && lines[1]["page"] == 1 && lines[2]["failed"].is_string(), "{lines:?}");

    let table = fs::read_to_string(out.join("good.tsv")).expect("written");
    let table: Vec<&str> = table.lines().filter(|line| line.starts_with("5\t")).collect();
    assert!(table.iter().zip(&words).all(|(line, word)| line.ends_with(&format!("\t{word}"))), "{table:?}");
    let hocr = fs::read_to_string(out.join("good-0001.hocr")).expect("written");
    assert_eq!((table.len(), hocr.matches("class=\"ocrx_word\"").count()), (words.len(), words.len()));
}

#[test]
fn languages_that_are_not_there_are_named_with_their_package() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("good.png"), SAMPLE).expect("room");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ocr-worker"));
    command.current_dir(folder.path()).args(["read", "good.png", "--out", "out", "--languages", "eng+tlh"]);
    let output = command.output().expect("built");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("`tlh`") && said.contains("tesseract-ocr-tlh"), "{said}");
    let listed = Command::new(env!("CARGO_BIN_EXE_ocr-worker")).arg("languages").output().expect("built");
    assert!(String::from_utf8(listed.stdout).expect("UTF-8").lines().any(|language| language == "eng"));
}

#[test]
fn wrong_usage_is_told_from_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(read(folder.path(), &[], "txt").status.code(), Some(2));
    assert_eq!(read(folder.path(), &["a.png"], "docx").status.code(), Some(2));
    let help = Command::new(env!("CARGO_BIN_EXE_ocr-worker")).arg("--help").output().expect("built");
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    let hidden = !help.lines().any(|line| line.trim_start().starts_with("reader "));
    assert!(help.contains("Examples:") && hidden, "{help}");
}
