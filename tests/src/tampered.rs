//! Catalog and index are changed behind the ledger's back, as somebody might want them to be: does the replay audit name each change?

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use indexer::Index;
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::site::Site;
use crate::{commits, program, samples};

/// Every audit adds an event, and what is put back is behind by so many.
const REFRESH: u64 = 25;
/// The audit would wait for an index that is behind.
const AHEAD: u64 = 1_000;

/// An archive whose server is stopped, with a copy of its catalog and index.
pub struct House {
    pub site: Site,
    documents: Vec<String>,
    /// One with two versions.
    revised: String,
    pages: Vec<String>,
    views: Vec<String>,
}

/// Makes these changes, one by one.
pub fn changes(cases: std::ops::Range<u64>, mut at: impl FnMut(u64)) -> Result<House> {
    let house = House::filled()?;
    for case in cases.clone() {
        at(case);
        if (case - cases.start).is_multiple_of(REFRESH) {
            house.refresh()?;
        }
        house.change(case, &mut Chance::new(case)).with_context(|| format!("change {case}"))?;
        house.put_back()?;
    }
    house.refresh()?;
    Ok(house)
}

impl House {
    pub fn filled() -> Result<Self> {
        let mut site = Site::start_with(1, &[], Vec::new())?;
        let technician = site.token("technician")?;
        for name in ["discharge-summary.tif", "clinic-letter.png", "lab-report.tif"] {
            site.import(&technician, &[samples::path(name)], &["--patient", samples::MRN])?;
        }
        let hits = site.caller("searcher")?.search("pleuritic")?;
        let revised = hits[0]["document"].as_str().context("a document")?.to_owned();
        let fields = json!({ "mrn": samples::MRN, "document_type": "LETTER" });
        let status = site.caller("technician")?.revise(&format!("/api/v1/documents/{revised}/fields"), 1, &fields)?;
        ensure!(status == 200, "the second version: {status}");
        site.caller("searcher")?.bytes(&format!("/api/v1/documents/{revised}/pdf"))?;
        site.stop_server()?;
        let mut house = Self { site, documents: Vec::new(), revised, pages: Vec::new(), views: Vec::new() };
        // Both projections come up to the ledger.
        ensure!(house.audit()?.0, "the archive is in order");
        house.documents = house.ask("SELECT document FROM documents ORDER BY 1")?;
        house.pages = house.ask("SELECT page FROM pages WHERE state = 'read' AND text IS NOT NULL ORDER BY 1")?;
        house.views = house.ask("SELECT event_index FROM events WHERE event LIKE '%viewed%'")?;
        ensure!(house.documents.len() == 3 && house.pages.len() >= 3 && !house.views.is_empty(), "not much to change");
        Ok(house)
    }

    pub fn catalog(&self) -> PathBuf {
        self.site.data().join("catalog.sqlite")
    }

    pub fn index(&self) -> PathBuf {
        self.site.data().join("index")
    }

    fn kept(&self, name: &str) -> PathBuf {
        self.site.root().join("kept").join(name)
    }

    /// Untouched, nothing is found; and what is put back from now on is as new as the ledger.
    fn refresh(&self) -> Result<()> {
        let (fine, report) = self.audit()?;
        ensure!(fine, "nothing was changed, and yet: {report}");
        let _ = fs::remove_dir_all(self.site.root().join("kept"));
        copy(&self.index(), &self.kept("index"))?;
        fs::copy(self.catalog(), self.kept("catalog.sqlite")).map(drop).context("copy the catalog")
    }

    fn put_back(&self) -> Result<()> {
        for rest in ["catalog.sqlite-wal", "catalog.sqlite-shm"] {
            let _ = fs::remove_file(self.site.data().join(rest));
        }
        fs::copy(self.kept("catalog.sqlite"), self.catalog())?;
        fs::remove_dir_all(self.index())?;
        copy(&self.kept("index"), &self.index())
    }

    /// Whether nothing was found; and the report.
    pub fn audit(&self) -> Result<(bool, Value)> {
        let output = self.site.chartroom(&["replay-audit", "--json"])?;
        let report = serde_json::from_slice(&output.stdout);
        Ok((output.status.success(), report.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?))
    }

    /// It is named by its kind, and by what it happened to; no patient is.
    fn change(&self, case: u64, chance: &mut Chance) -> Result<()> {
        let document = &self.documents[chance.below(self.documents.len())];
        let page = &self.pages[chance.below(self.pages.len())];
        let view = &self.views[chance.below(self.views.len())];
        let ghost = format!("00000000-0000-4000-8000-{case:012x}");
        let row = |table: &str, what: &str, id: &str| format!("UPDATE {table}s SET {what} WHERE {table} = '{id}'");
        let (kind, named) = match case % 11 {
            0 => {
                self.sql(&format!("DELETE FROM documents WHERE document = '{document}'"), "dropped-document", document)?
            }
            1 => self.sql(&ghost_of(document, &ghost), "ghost-document", &ghost)?,
            2 => self.sql(&row("document", "version = 1", &self.revised), "stale-revision", &self.revised)?,
            3 => self.sql(&row("document", &format!("mrn = '{case:06}'"), document), "swapped-patient", document)?,
            4 => self.sql(&row("document", "document_type = 'CONSENT'", document), "other-row", document)?,
            5 => self.sql(&format!("DELETE FROM events WHERE event_index = {view}"), "other-row", view)?,
            6 => self.sql(&row("page", "state = 'sealed', text = NULL", page), "other-row", page)?,
            7 => self.sql(&row("page", "withdrawn = 1 - withdrawn", page), "other-row", page)?,
            8 => self.indexed("dropped-page", page, |index| index.remove(&page.parse()?).map_err(Into::into))?,
            9 => self.indexed("swapped-page", page, |index| {
                let other = indexer::PageDocument { page: page.parse()?, ..commits::page(case, 0) };
                Ok(index.put(&other)?)
            })?,
            _ => {
                let stranger = commits::page(case, 1);
                let named = stranger.page.to_string();
                self.indexed("ghost-page", &named, |index| Ok(index.put(&stranger)?))?
            }
        };
        let (fine, report) = self.audit()?;
        let findings = report["findings"].as_array().cloned().unwrap_or_default();
        let names = |one: &Value| one["kind"] == kind && one["what"].as_str().is_some_and(|what| what.contains(&named));
        ensure!(!fine && findings.iter().any(names), "{named} is no {kind}: {report}");
        ensure!(!report.to_string().contains(samples::MRN), "no patient is named: {report}");
        Ok(())
    }

    fn sql(&self, sql: &str, kind: &'static str, named: &str) -> Result<(&'static str, String)> {
        self.ask(sql).with_context(|| sql.to_owned())?;
        Ok((kind, named.to_owned()))
    }

    fn indexed(
        &self,
        kind: &'static str,
        named: &str,
        change: impl FnOnce(&Index) -> Result<()>,
    ) -> Result<(&'static str, String)> {
        let index = Index::open(&self.index())?;
        change(&index)?;
        index.commit(index.cursor() + AHEAD)?;
        index.retire()?;
        Ok((kind, named.to_owned()))
    }

    /// What SQLite answers, by Debian's Python.
    fn ask(&self, sql: &str) -> Result<Vec<String>> {
        let script = "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\n\
                      [print(row[0]) for row in db.execute(sys.argv[2])]\ndb.commit()";
        let python = program::cache()?.join("venv/bin/python");
        let output = Command::new(python).args(["-c", script]).arg(self.catalog()).arg(sql).output()?;
        Ok(program::succeed("sqlite", output)?.lines().map(str::to_owned).collect())
    }
}

fn ghost_of(document: &str, ghost: &str) -> String {
    format!(
        "INSERT INTO documents SELECT '{ghost}', version, manifest, batch, source_kind, station, created, filed, mrn, encounter, \
         document_type, date, pages, sealed_index, mrn_digits, reel, department FROM documents WHERE document = '{document}'"
    )
}

pub fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &target)? } else { fs::copy(entry.path(), target).map(drop)? }
    }
    Ok(())
}
