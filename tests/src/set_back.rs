//! A data folder, or a part of it, is set back to an earlier state that was good then. Its store is validly signed, and its catalog fits it:
//! who finds out? The log's key is with a signer, whose memory is elsewhere, as an auditor's is.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use imaging::Raster;
use serde_json::Value;

use crate::http::Caller;
use crate::program::{self, Guarded};
use crate::samples;
use crate::site::Site;
use crate::tampered::copy;

const CATALOG: [&str; 3] = ["catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"];

/// An archive whose server is stopped, with a signer that runs.
pub struct House {
    pub site: Site,
    technician: String,
    searcher: String,
    auditor: String,
    documents: Vec<String>,
    signer: Option<Guarded>,
}

impl House {
    pub fn new() -> Result<Self> {
        let mut site = Site::start_with(0, &[], Vec::new())?;
        let (technician, searcher, auditor) =
            (site.token("technician")?, site.token("searcher")?, site.token("auditor")?);
        site.stop_server()?;
        let mut house = Self { site, technician, searcher, auditor, documents: Vec::new(), signer: None };
        program::succeed(
            "chartroom signer take",
            house.ask_signer("take")?.arg("--data").arg(house.site.data()).output()?,
        )?;
        house.signer = Some(Guarded(house.ask_signer("serve")?.spawn()?));
        program::wait_for("the signer", || Ok(UnixStream::connect(house.socket()).ok()))?;
        Ok(house)
    }

    fn socket(&self) -> PathBuf {
        self.site.root().join("signer.sock")
    }

    fn ask_signer(&self, action: &str) -> Result<std::process::Command> {
        let mut command = program::command("chartroom")?;
        command.args(["signer", action, "--folder"]).arg(self.site.root().join("signer"));
        command.arg("--socket").arg(self.socket());
        Ok(command)
    }

    /// Starts the server, seals a document that is like no other, has it looked at, and stops.
    pub fn go_on(&mut self) -> Result<()> {
        self.site.restart()?;
        let number = self.documents.len();
        let levels = (0..60 * 40).map(|at| ((at * (number + 3)) % 251) as u8).collect();
        let file = self.site.root().join("page.png");
        fs::write(&file, Raster::gray(60, 40, levels)?.encode_png(300)?)?;
        let words = ["--json", "--patient", samples::MRN];
        let import = self.site.station("import", &self.technician)?.args(words).arg(file).output()?;
        let report: Value = serde_json::from_str(&program::succeed("scanner-agent import", import)?)?;
        let document = report["documents"][0]["document"].as_str().context("a document")?.to_owned();
        ensure!(!self.documents.contains(&document), "a document of before");
        let seen = self.caller(&self.searcher)?.bytes(&format!("/api/v1/documents/{document}/pdf"))?;
        ensure!(!seen.is_empty(), "nobody has seen it");
        self.documents.push(document);
        self.site.stop_server()?;
        Ok(())
    }

    fn caller(&self, token: &str) -> Result<Caller> {
        Caller::new(&self.site.url(), token)
    }

    fn kept(&self, name: &str) -> PathBuf {
        self.site.root().join("kept").join(name)
    }

    /// A copy of everything, as a backup has it.
    pub fn keep(&self, name: &str) -> Result<()> {
        copy(&self.site.data(), &self.kept(name))
    }

    /// The newest checkpoint, written down by an auditor.
    pub fn write_down(&self) -> Result<PathBuf> {
        let note = self.site.root().join("checkpoint");
        fs::copy(self.site.store().join("log/checkpoint"), &note)?;
        Ok(note)
    }

    /// Catalog and store, index and keys are as they were. Nothing in the folder tells; whoever remembers more does.
    pub fn set_back_whole(&mut self, name: &str, newest: &Path) -> Result<()> {
        self.instead(&self.kept(name), &self.site.data(), |house| {
            // Its server runs, and people see what there was then, but for what would be an event.
            house.site.restart()?;
            let refused = house.site.chartroom(&["token", "create", "--role", "auditor", "--name", "A. Uditor"])?;
            let said = String::from_utf8_lossy(&refused.stderr).into_owned();
            ensure!(!refused.status.success() && said.contains("has signed"), "the signer went along: {said}");
            let pdf = format!("/api/v1/documents/{}/pdf", house.documents[0]);
            let status = house.caller(&house.searcher)?.status(&pdf)?;
            ensure!(status == 503, "a view that is in no ledger: {status}");
            house.is_not_called_fresh(newest)?;
            house.site.stop_server().map(drop)
        })
    }

    fn is_not_called_fresh(&self, newest: &Path) -> Result<()> {
        let (code, alone) = self.site.verify()?;
        let gaps = alone["not_proven"].as_array().context("a list")?;
        let fresh = gaps.iter().all(|gap| gap["what"] != "freshness");
        ensure!(
            code == 0 && alone["verdict"] != "sound" && !fresh,
            "nobody knows better, and it is called fresh: {alone}"
        );
        let (code, found) = self.since(newest)?;
        ensure!(code == 1 && found["findings"][0]["code"] == "rolled-back", "an auditor knows better: {found}");
        Ok(())
    }

    fn since(&self, note: &Path) -> Result<(i32, Value)> {
        self.site.verify_with(&["--since".to_owned(), note.to_string_lossy().into_owned()])
    }

    /// The store alone: its catalog knows more events than it has.
    pub fn set_back_store(&mut self, name: &str, newest: &Path) -> Result<()> {
        self.instead(&self.kept(name).join("store"), &self.site.store(), |house| {
            house.is_not_called_fresh(newest)?;
            match house.site.restart() {
                Ok(()) => anyhow::bail!("a server runs on it"),
                Err(error) => {
                    let said = error.to_string();
                    ensure!(said.contains("the store was set back"), "it does not say what is wrong: {said}");
                }
            }
            Ok(())
        })
    }

    /// One folder in the place of another, and then each in its own again.
    fn instead(&mut self, one: &Path, other: &Path, tried: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let away = self.site.root().join("away");
        fs::rename(other, &away)?;
        fs::rename(one, other)?;
        tried(self)?;
        fs::rename(other, one)?;
        fs::rename(away, other).context("put it back")
    }

    /// The catalog alone: the server goes on from where that ends, and everybody sees what they saw.
    pub fn set_back_catalog(&mut self, name: &str) -> Result<()> {
        self.site.restart()?;
        let before = self.told()?;
        self.site.stop_server()?;
        for file in CATALOG {
            let (old, here) = (self.kept(name).join(file), self.site.data().join(file));
            let _ = fs::remove_file(&here);
            if old.exists() {
                fs::copy(old, here)?;
            }
        }
        self.site.restart()?;
        let after = self.told()?;
        ensure!(before == after, "{before:?} became {after:?}");
        self.site.stop_server()?;
        let audit = self.site.chartroom(&["replay-audit"])?;
        program::succeed("chartroom replay-audit", audit).map(drop)
    }

    /// What everybody is told, but for what asking changes.
    fn told(&self) -> Result<Vec<Value>> {
        let (technician, searcher) = (self.caller(&self.technician)?, self.caller(&self.searcher)?);
        let mut told = vec![technician.json("/api/v1/batches?most=200")?];
        for document in &self.documents {
            told.push(technician.json(&format!("/api/v1/documents/{document}"))?);
        }
        told.push(searcher.json("/api/v1/search?q=anything")?["total"].take());
        let events = self.caller(&self.auditor)?.json("/api/v1/ledger/events?most=1000")?;
        let sealed = events["events"].as_array().context("events")?.iter();
        told.push(sealed.filter(|one| one["event"]["type"] == "sealed").count().into());
        Ok(told)
    }
}
