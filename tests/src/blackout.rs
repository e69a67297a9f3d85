//! The power of a whole house is cut: store, catalog, index and all of a data folder are what a disk may have of them then.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use archive::verify::{self, Ask};
use record::note::LogKey;
use record::wire::Sealed;

use crate::chance::Chance;
use crate::handover::address;
use crate::power::Trace;
use crate::program;
use crate::samples;
use crate::site::Site;
use crate::tampered::copy;

/// A server that took in two documents, had them read, and was stopped; and what it did to its data folder meanwhile.
pub struct House {
    site: Site,
    key: LogKey,
    technician: String,
    pub trace: Trace,
}

/// What the server takes in while it is watched.
const FILES: [&str; 2] = ["discharge-summary.tif", "clinic-letter.png"];
const WORDS: [&str; 2] = ["--patient", samples::MRN];

impl House {
    pub fn recorded() -> Result<Self> {
        let mut site = Site::start_with(1, &[], Vec::new())?;
        let (technician, searcher) = (site.token("technician")?, site.token("searcher")?);
        site.import(&technician, &[samples::path("lab-report.tif")], &WORDS)?;
        site.stop_server()?;
        let trace = Trace::of_server(&mut site, |site| {
            let report = site.import(&technician, &FILES.map(samples::path), &WORDS)?;
            let document = report["documents"][0]["document"].as_str().context("a document")?;
            let searcher = crate::http::Caller::new(&site.url(), &searcher)?;
            searcher.bytes(&format!("/api/v1/documents/{document}/pdf")).map(drop)
        })?;
        let key = fs::read_to_string(site.log_key())?.trim().parse()?;
        Ok(Self { site, key, technician, trace })
    }

    /// Cuts the power after so many steps. Nothing that was acknowledged is lost, and catalog and index are what the ledger makes of
    /// them, or are behind it.
    pub fn cut(&self, steps: usize, chance: &mut Chance, left: &Path) -> Result<Told> {
        let said = self.trace.cut(steps, chance, left)?;
        let audit = program::command("chartroom")?.args(["replay-audit", "--json", "--data"]).arg(left).output()?;
        program::succeed("chartroom replay-audit", audit)?;
        let told = Told(said.iter().filter_map(|answer| receipt(answer)).collect());
        self.are_there(&told, left)?;
        Ok(told)
    }

    /// The server goes on with what was left, and the station, which asks again: in the end everything is there once and is found.
    pub fn goes_on(&mut self, left: &Path) -> Result<()> {
        let (data, away) = (self.site.data(), self.site.root().join("away"));
        fs::rename(&data, &away)?;
        copy(left, &data)?;
        // A station that knows nothing of its batches.
        let _ = fs::remove_dir_all(self.site.spool());
        self.site.serve_under(Vec::new())?;
        self.site.import(&self.technician, &FILES.map(samples::path), &WORDS)?;
        let searcher = self.site.caller("searcher")?;
        let found = [searcher.search("pleuritic")?.len(), searcher.search("electrocardiogram")?.len()];
        ensure!(found == [1, 1], "found so often: {found:?}");
        let (code, report) = self.site.verify()?;
        ensure!(code == 0 && report["counts"]["manifests"] == 3, "{report}");
        self.site.stop_server()?;
        fs::remove_dir_all(&data)?;
        fs::rename(away, data).context("put it back")
    }

    /// As if the server had synced none of these files and folders.
    pub fn careless(mut self, those: impl Fn(&Path) -> bool) -> Self {
        self.trace = self.trace.without_syncs_of(those);
        self
    }

    #[tokio::main]
    async fn are_there(&self, told: &Told, left: &Path) -> Result<()> {
        // A checkpoint that was told is one that the ledger goes on from.
        let since = told.0.iter().map(|sealed| sealed.receipt.checkpoint.clone()).collect();
        let ask = Ask { since, ..Ask::default() };
        let report = verify::verify(&address(&left.join("store"))?, &self.key, &ask, |_| {}).await?;
        ensure!(report.findings.is_empty(), "{:?}", report.findings);
        Ok(())
    }
}

/// Documents of which somebody has a receipt.
pub struct Told(pub Vec<Sealed>);

/// The receipt in an answer, where it is one to a hand-over.
fn receipt(answer: &str) -> Option<Sealed> {
    let begin = answer.find("{\"receipt\"")?;
    serde_json::Deserializer::from_str(&answer[begin..]).into_iter().next()?.ok()
}
