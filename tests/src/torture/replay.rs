//! Catalog and index are changed behind the ledger's back, row by row, page by page and bit by bit: the replay audit names each change.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use catalog::Catalog;
use indexer::Index;
use serde_json::Value;
use tests::chance::Chance;
use tests::{program, samples, site::Site};

use crate::copy;
use crate::course::Course;

/// Changes of rows and pages.
const CHANGES: u64 = 1_000;
/// And flips of single bits of the catalog's file.
const FLIPS: u64 = 500;
/// Every audit adds an event, and what is put back is behind by so many.
const REFRESH: u64 = 25;

pub fn run(from: u64) -> Result<String> {
    let house = House::filled()?;
    let mut course = Course::new("replay", from, CHANGES + FLIPS);
    let mut harmless = 0;
    for case in from..CHANGES + FLIPS {
        course.at(case);
        if (case - from).is_multiple_of(REFRESH) {
            house.refresh()?;
        }
        let chance = &mut Chance::new(case);
        if case < CHANGES {
            house.change(case, chance).with_context(|| format!("change {case}"))?;
        } else if !house.flip(chance).with_context(|| format!("flip {case}"))? {
            harmless += 1;
        }
        house.put_back()?;
    }
    Ok(format!(
        "{CHANGES} changes named; {FLIPS} flips, of which {harmless} changed no row, and the others did not pass"
    ))
}

struct House {
    site: Site,
    documents: Vec<String>,
    pages: Vec<String>,
    events: usize,
}

impl House {
    fn filled() -> Result<Self> {
        let mut site = Site::start_with(1, &[], Vec::new())?;
        let technician = site.token("technician")?;
        for name in ["discharge-summary.tif", "clinic-letter.png", "lab-report.tif", "operation-note.jpg"] {
            site.import(&technician, &[samples::path(name)], &["--patient", samples::MRN])?;
        }
        site.stop_server()?;
        let mut house = Self { site, documents: Vec::new(), pages: Vec::new(), events: 0 };
        house.documents = house.ask("SELECT document FROM documents ORDER BY 1")?;
        house.pages = house.ask("SELECT page FROM pages WHERE text IS NOT NULL ORDER BY 1")?;
        house.events = house.ask("SELECT event_index FROM events")?.len();
        ensure!(
            house.documents.len() >= 4 && house.pages.len() >= 4 && house.events > 0,
            "there is something to change"
        );
        Ok(house)
    }

    fn kept(&self) -> PathBuf {
        self.site.root().join("kept")
    }

    fn catalog(&self) -> PathBuf {
        self.site.data().join("catalog.sqlite")
    }

    /// Untouched, nothing is found; and what is put back from now on is as new as the ledger.
    fn refresh(&self) -> Result<()> {
        let (fine, report) = self.audit()?;
        ensure!(fine, "nothing was changed, and yet: {report:?}");
        let _ = fs::remove_dir_all(self.kept());
        copy(&self.site.data().join("index"), &self.kept().join("index"))?;
        fs::copy(self.catalog(), self.kept().join("catalog.sqlite")).map(drop).context("copy the catalog")
    }

    fn put_back(&self) -> Result<()> {
        for rest in ["catalog.sqlite-wal", "catalog.sqlite-shm"] {
            let _ = fs::remove_file(self.site.data().join(rest));
        }
        fs::copy(self.kept().join("catalog.sqlite"), self.catalog())?;
        fs::remove_dir_all(self.site.data().join("index"))?;
        copy(&self.kept().join("index"), &self.site.data().join("index"))
    }

    /// Whether nothing was found; and the report, where there is one.
    fn audit(&self) -> Result<(bool, Option<Value>)> {
        let output = self.site.chartroom(&["replay-audit", "--json"])?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(!said.contains("panicked"), "{said}");
        Ok((output.status.success(), serde_json::from_slice(&output.stdout).ok()))
    }

    /// One change of a kind that somebody may want: it is named by its kind, and by what it happened to.
    fn change(&self, case: u64, chance: &mut Chance) -> Result<()> {
        let document = &self.documents[chance.below(self.documents.len())];
        let page = &self.pages[chance.below(self.pages.len())];
        let event = chance.below(self.events).to_string();
        let ghost = format!("00000000-0000-4000-8000-{case:012x}");
        let (sql, kind, named) = match chance.below(7) {
            0 => (format!("DELETE FROM documents WHERE document = '{document}'"), "dropped-document", document),
            1 => (ghost_of(document, &ghost), "ghost-document", &ghost),
            2 => (update("documents", "version = version - 1", document), "stale-revision", document),
            3 => (update("documents", &format!("mrn = '{case:06}'"), document), "swapped-patient", document),
            4 => (format!("DELETE FROM events WHERE event_index = {event}"), "other-row", &event),
            5 => (update("pages", "state = 'sealed', text = NULL", page), "other-row", page),
            _ => (String::new(), "dropped-page", page),
        };
        if sql.is_empty() {
            self.take_out(page)?
        } else {
            self.ask(&sql).map(drop)?
        }
        let (fine, report) = self.audit()?;
        let findings = report.as_ref().and_then(|report| report["findings"].as_array().cloned()).unwrap_or_default();
        let names = |one: &Value| one["kind"] == kind && one["what"].as_str().is_some_and(|what| what.contains(named));
        ensure!(!fine && findings.iter().any(names), "{sql} is no {kind} of {named}: {report:?}");
        Ok(())
    }

    fn take_out(&self, page: &str) -> Result<()> {
        let index = Index::open(&self.site.data().join("index"))?;
        index.remove(&page.parse()?)?;
        Ok(index.commit(index.cursor())?)
    }

    /// Whether the flip changed a row, or the file could be read no longer: it must not pass then.
    fn flip(&self, chance: &mut Chance) -> Result<bool> {
        let mut bytes = fs::read(self.catalog())?;
        let at = chance.below(bytes.len());
        bytes[at] ^= 1 << chance.below(8);
        fs::write(self.catalog(), &bytes)?;
        let copy = self.site.root().join("flipped.sqlite");
        fs::write(&copy, &bytes)?;
        let changed = rows(&copy).ok() != Some(rows(&self.kept().join("catalog.sqlite"))?);
        let (fine, report) = self.audit()?;
        ensure!(!changed || !fine, "byte {at} was changed, and nothing was found: {report:?}");
        Ok(changed)
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

fn update(table: &str, what: &str, id: &str) -> String {
    let key = if table == "pages" { "page" } else { "document" };
    format!("UPDATE {table} SET {what} WHERE {key} = '{id}'")
}

fn ghost_of(document: &str, ghost: &str) -> String {
    format!(
        "INSERT INTO documents SELECT '{ghost}', version, manifest, batch, source_kind, station, created, filed, mrn, encounter, \
         document_type, date, pages, sealed_index, mrn_digits, reel FROM documents WHERE document = '{document}'"
    )
}

/// Every row of a catalog, read from a copy of its file that is gone afterwards.
#[tokio::main]
async fn rows(file: &Path) -> Result<Vec<String>> {
    let copy = file.with_extension("read");
    fs::copy(file, &copy)?;
    let catalog = Catalog::open(&format!("sqlite:{}", copy.display())).await?;
    let rows = catalog.dump().await;
    catalog.close().await;
    fs::remove_file(&copy)?;
    Ok(rows?)
}
