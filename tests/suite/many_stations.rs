//! Several stations send at the same time, one over a slow line, while the server dies and comes back: the archive holds
//! what each of them fed, each document once.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use imaging::Raster;
use serde_json::Value;
use tests::program::{self, Guarded};
use tests::{samples, site::Site};

use crate::twice::count_sealed;

const STATIONS: usize = 4;
const PAGES: usize = 6;

/// One technician's station: a spool and a token of its own.
struct Station {
    spool: PathBuf,
    files: Vec<PathBuf>,
    token: String,
}

impl Station {
    /// Its own pages and, as the first one, a form that every station feeds.
    fn new(site: &Site, number: usize) -> Result<Self> {
        let folder = site.root().join(format!("station-{number}"));
        std::fs::create_dir(&folder)?;
        let pages = (0..PAGES).map(|page| if page == 0 { 0 } else { number * PAGES + page });
        let files = pages.enumerate().map(|(at, seed)| {
            let file = folder.join(format!("{at}.png"));
            std::fs::write(&file, page(seed)?)?;
            Ok(file)
        });
        Ok(Self { spool: folder.join("spool"), files: files.collect::<Result<_>>()?, token: site.token("technician")? })
    }

    fn command(&self, site: &Site, action: &str) -> Result<Command> {
        let mut command = program::command("scanner-agent")?;
        command.args([action, "--json", "--server", &site.url(), "--spool"]).arg(&self.spool);
        command.env("CHARTROOM_TOKEN", &self.token);
        Ok(command)
    }

    fn waiting(&self) -> Result<usize> {
        let status =
            program::command("scanner-agent")?.args(["status", "--json", "--spool"]).arg(&self.spool).output()?;
        let report: Value = serde_json::from_str(&program::succeed("scanner-agent status", status)?)?;
        report["batches"].as_array().map(Vec::len).context("a list of batches")
    }
}

/// Grain that does not compress: a page takes its time on a slow line.
fn page(seed: usize) -> Result<Vec<u8>> {
    let mut state = 0x9E37_79B9_u32.wrapping_mul(seed as u32 + 1) | 1;
    // Xorshift (G. Marsaglia, 2003).
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 24) as u8
    };
    Ok(Raster::gray(300, 400, (0..300 * 400).map(|_| next()).collect())?.encode_png(75)?)
}

#[test]
fn stations_that_send_at_the_same_time_lose_and_double_nothing_though_the_server_dies() -> Result<()> {
    let mut site = Site::start(0)?;
    let stations: Vec<Station> = (0..STATIONS).map(|number| Station::new(&site, number)).collect::<Result<_>>()?;
    let mut sending = Vec::new();
    for (number, station) in stations.iter().enumerate() {
        let mut import = station.command(&site, "import")?;
        import.args(["--patient", samples::MRN, "--batch", &format!("box-{number}")]).args(&station.files);
        if number == 0 {
            import.args(["--limit-rate", "150k"]);
        }
        sending.push(Guarded(import.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?));
    }
    program::wait_for("a first document in the archive", || Ok((count_sealed(&site)? > 0).then_some(())))?;
    site.kill_server()?;
    site.restart_there()?;
    for mut import in sending {
        import.0.wait()?;
    }
    for station in &stations {
        // Whoever gave up while the server was away has everything still.
        program::succeed("scanner-agent resume", station.command(&site, "resume")?.output()?)?;
        ensure!(station.waiting()? == 0, "a station still holds pages");
    }

    // The same form of the same patient is one document, whoever feeds it.
    let (sealed, fed) = (count_sealed(&site)?, STATIONS * (PAGES - 1) + 1);
    ensure!(sealed == fed, "{sealed} documents of {fed}");
    let (code, report) = site.verify()?;
    ensure!(code == 0, "{report}");
    Ok(())
}
