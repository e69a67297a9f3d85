//! Hot folders through the real program: what is half written is left alone, what is whole is taken once, and what
//! cannot be taken is put aside with its reason, whenever the program is killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use imaging::Raster;
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_scanner-agent");

struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("hot")).expect("creates");
        Self { folder }
    }

    fn hot(&self, name: &str) -> PathBuf {
        self.folder.path().join("hot").join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.hot(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("creates");
        fs::write(path, bytes).expect("writes");
    }

    fn command(&self, words: &[&str]) -> Vec<String> {
        let (hot, spool) = (self.hot(""), self.folder.path().join("spool"));
        let fixed = ["watch", "--once", "--hold", "--json", "--steady", "0", "--spool"].map(str::to_owned);
        let paths = [spool, hot].map(|path| path.to_str().expect("UTF-8").to_owned());
        let words = words.iter().map(|word| (*word).to_owned());
        [PROGRAM.to_owned()].into_iter().chain(fixed).chain(paths).chain(words).collect()
    }

    fn run(&self, before: &[&str], words: &[&str]) -> Output {
        let all: Vec<String> = before.iter().map(|word| (*word).to_owned()).chain(self.command(words)).collect();
        Command::new(&all[0]).args(&all[1..]).output().expect("runs")
    }

    /// The exit code and a line for each set.
    fn watch(&self, words: &[&str]) -> (i32, Vec<Value>) {
        let output = self.run(&[], words);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let lines = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        (output.status.code().expect("ends by itself"), lines)
    }

    /// The batches that wait, as `batch show` tells them.
    fn batches(&self) -> Vec<Value> {
        let spool = self.folder.path().join("spool");
        let run = |words: &[&str]| -> Value {
            let output = Command::new(PROGRAM).args(words).arg("--json").arg("--spool").arg(&spool).output();
            serde_json::from_slice(&output.expect("runs").stdout).expect("JSON")
        };
        let status = run(&["status"]);
        let ids = status["batches"].as_array().expect("batches").iter();
        ids.map(|batch| run(&["batch", batch["batch"].as_str().expect("an id"), "show"])).collect()
    }

    /// Files under a folder of the hot folder, by their last name.
    fn files(&self, under: &str) -> Vec<String> {
        let mut names = Vec::new();
        list(&self.hot(under), &mut names);
        names.sort();
        names
    }
}

fn list(folder: &Path, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() { list(&path, names) } else { names.push(path.file_name().unwrap().display().to_string()) }
    }
}

fn page(number: u32) -> Raster {
    let level = |at: u32| if (at % 300).is_multiple_of(number + 7) && at / 300 % 9 < 4 { 20 } else { 240 };
    Raster::gray(300, 400, (0..300 * 400).map(level).collect()).expect("fits")
}

fn jpeg(number: u32) -> Vec<u8> {
    page(number).encode_jpeg(80, 150).expect("encodes")
}

#[test]
fn a_half_written_file_is_left_alone_until_it_is_whole() {
    let site = Site::new();
    let bytes = jpeg(1);
    site.write("a.jpg", &bytes[..bytes.len() / 2]);
    let (code, told) = site.watch(&[]);
    assert_eq!((code, &told[0]["outcome"]), (0, &"unfinished".into()));
    assert_eq!(site.files(""), ["a.jpg"], "it lies where it lay");
    site.write("a.jpg", &bytes);
    let (code, told) = site.watch(&[]);
    assert_eq!((code, &told[0]["outcome"], &told[0]["pages"]), (0, &"taken".into(), &1.into()));
    assert_eq!((site.files("done"), site.files("").len()), (vec!["a.jpg".to_owned()], 1));
    assert_eq!(site.batches().len(), 1);
    assert_eq!(site.watch(&[]), (0, Vec::new()));
}

#[test]
fn what_stays_unfinished_is_refused_and_says_why() {
    let site = Site::new();
    site.write("notes.txt", "no page");
    site.write("b.jpg", jpeg(2));
    let (code, told) = site.watch(&["--patience", "0"]);
    assert_eq!(code, 3);
    let outcomes: Vec<&Value> = told.iter().map(|told| &told["outcome"]).collect();
    assert_eq!(outcomes, ["taken", "refused"]);
    let refused = site.files("refused");
    assert!(refused.contains(&"notes.txt".to_owned()) && refused.len() == 2, "{refused:?}");
    let text = refused.iter().find(|name| name.ends_with(".txt") && *name != "notes.txt").expect("a text");
    let why = fs::read_to_string(site.hot("refused").join(text)).expect("reads");
    assert!(why.contains("is no PDF, TIFF, PNG, JPEG or JPEG 2000"), "{why}");
}

#[test]
fn a_kodak_batch_is_taken_when_its_index_is_fulfilled() {
    let site = Site::new();
    let words = ["--index-field", "mrn=idx1", "--index-field", "type=idx2"];
    site.write("BATCH001/00000001/00000001.JPG", jpeg(1));
    site.write("BATCH001/00000001/00000002.JPG", jpeg(2));
    let index =
        "\"I05u\";\"01\";\"0000000001\";\"MRN-104233\";\"LETTER\"\r\n\"I05u\";\"01\";\"0000000002\";\"MRN-7\"\r\n";
    site.write("BATCH001/INDEX.DAT", index);
    let (_, told) = site.watch(&words);
    assert_eq!(told[0]["outcome"], "unfinished");
    assert!(told[0]["reason"].as_str().expect("a reason").contains("lacks document 2"), "{told:?}");
    site.write("BATCH001/00000002/00000003.JPG", jpeg(3));
    let (code, told) = site.watch(&words);
    assert_eq!((code, &told[0]["pages"]), (0, &3.into()), "{told:?}");
    let batch = &site.batches()[0];
    let documents = batch["documents"].as_array().expect("documents");
    let of = |at: usize| (documents[at]["pages"].to_string(), documents[at]["mrn"].clone());
    assert_eq!((of(0), of(1)), (("[1,2]".into(), "MRN-104233".into()), ("[3]".into(), "MRN-7".into())));
    assert_eq!(documents[0]["document_type"], "LETTER");
    assert_eq!(site.files("done").len(), 4, "the index went along");
}

#[test]
fn an_n7100_file_waits_for_its_index() {
    let site = Site::new();
    let words = ["--with-index", "--index-field", "mrn=Barcode"];
    site.write("a.jpg", jpeg(4));
    let (_, told) = site.watch(&words);
    assert_eq!(told[0]["outcome"], "unfinished");
    let head = "<root><page><item name=\"Barcode\" value=\"MRN-104233\"/>";
    site.write("a.jpg.index.xml", head);
    assert_eq!(site.watch(&words).1[0]["outcome"], "unfinished", "the index is half written");
    site.write("a.jpg.index.xml", format!("{head}<item name=\"Total pages\" value=\"1\"/></page></root>"));
    assert_eq!(site.watch(&words).1[0]["outcome"], "taken");
    assert_eq!(site.batches()[0]["documents"][0]["mrn"], "MRN-104233");
    assert_eq!(site.files("done"), ["a.jpg", "a.jpg.index.xml"]);
}

/// Killed at the n-th rename, sync and new folder, for every n that comes: afterwards each page is there once.
#[test]
fn killed_anywhere_no_page_is_lost_or_doubled() {
    for step in ["rename", "fsync", "mkdir"] {
        let mut kills = 0;
        for occurrence in 1.. {
            let site = Site::new();
            site.write("a.jpg", jpeg(5));
            site.write("a.jpg.index.xml", "<root><page><item name=\"Barcode\" value=\"MRN-7\"/></page></root>");
            site.write("box/1.jpg", jpeg(6));
            site.write("box/2.jpg", jpeg(7));
            let (trace, inject) = (format!("trace={step}"), format!("inject={step}:signal=SIGKILL:when={occurrence}"));
            let strace = ["strace", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
            let killed = !site.run(&strace, &["--index-field", "mrn=Barcode"]).status.success();
            let (code, _) = site.watch(&["--index-field", "mrn=Barcode"]);
            assert_eq!(code, 0, "{step} {occurrence}");
            let batches = site.batches();
            let pages = batches.iter().map(|batch| batch["pages"].as_array().expect("pages").len());
            assert_eq!((batches.len(), pages.sum::<usize>()), (2, 3), "{step} {occurrence}");
            let stages = batches.iter().filter(|batch| batch["stage"] == "review");
            assert_eq!(stages.count(), 2, "{step} {occurrence}");
            let mrns = batches.iter().filter(|batch| batch["documents"][0]["mrn"] == "MRN-7");
            assert_eq!(mrns.count(), 1, "{step} {occurrence}: the index stays with its page");
            assert_eq!(site.files(""), ["1.jpg", "2.jpg", "a.jpg", "a.jpg.index.xml"], "{step} {occurrence}");
            assert_eq!(site.files("done").len(), 4, "{step} {occurrence}");
            if !killed {
                break;
            }
            kills += 1;
        }
        assert!(kills > 3, "{step} was killed {kills} times");
    }
}
