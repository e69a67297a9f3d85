//! How many pages a minute come out of a scanner, durable and looked at, and in how much memory?
//!
//! The scanner is our SANE backend, which feeds as fast as it is asked; the agent is the whole program with its children. The
//! floor is the same pages written and fsynced as bare files by one thread, with nobody looking at them.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;
use tempfile::TempDir;
use tests::program;

use super::pages::{Condition, sample};
use crate::memory::{all_kb, resident_kb};
use crate::report::{Report, cpu_seconds, rounded};

/// Different pages; the feeder has them again and again, each time with another stamp: what is there already is not
/// written again.
const PAGES: usize = 12;
/// Pages of the floor: as many bare ones as are fed would not fit on most disks.
const FLOOR_PAGES_MAX: usize = 100;

pub fn run(report: &mut Report, count: usize) -> Result<()> {
    for (name, colour) in [("grey", false), ("colour", true)] {
        let room = Room::with(count, colour)?;
        let floor = room.floor()?;
        let fed = room.feed()?;
        report.line(&json!({
            "bench": "capture feeding",
            "pages": format!("{count} × letter, 300 dpi, {name}"),
            "unit": "images/min durable and looked at",
            "ours": rounded(60.0 * count as f64 / fed.wall.as_secs_f64()),
            "floor": "bare fsynced files, nobody looks",
            "floor_value": rounded(floor),
            "cpu_ms": rounded(1000.0 * fed.cpu_seconds / count as f64),
            "agent_peak_mb": rounded(fed.agent_peak_kb as f64 / 1024.0),
            "with_children_peak_mb": rounded(fed.all_peak_kb as f64 / 1024.0),
        }))?;
    }
    Ok(())
}

struct Room {
    folder: TempDir,
    count: usize,
}

struct Fed {
    wall: Duration,
    cpu_seconds: f64,
    agent_peak_kb: u64,
    /// Memory of the agent and its children together; of what they share each has its part.
    all_peak_kb: u64,
}

impl Room {
    fn with(count: usize, colour: bool) -> Result<Self> {
        let room = Self { folder: TempDir::new()?, count };
        for name in ["lib", "conf/dll.d", "paper", "drawn"] {
            fs::create_dir_all(room.path(name))?;
        }
        fs::copy(program::path("libsane_feeder.so")?, room.path("lib/libsane-feeder.so.1"))?;
        fs::write(room.path("conf/dll.conf"), "feeder\n")?;
        fs::write(room.path("paper/stamp"), "")?;
        for number in 0..PAGES.min(count) {
            fs::write(room.path(&format!("drawn/{number}")), pnm(number, colour)?)?;
        }
        for number in 0..count {
            let drawn = room.path(&format!("drawn/{}", number % PAGES));
            symlink(drawn, room.path(&format!("paper/{number:05}.{}", if colour { "ppm" } else { "pgm" })))?;
        }
        Ok(room)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn feed(&self) -> Result<Fed> {
        let (clock, before) = (Instant::now(), cpu_seconds()?);
        let mut command = program::command("scanner-agent")?;
        command.env("SANE_CONFIG_DIR", self.path("conf")).env("SANE_FEEDER_DIR", self.path("paper"));
        command.env("LD_LIBRARY_PATH", self.path("lib")).args([
            "scan",
            "--device",
            "feeder:paper",
            "--hold",
            "--spool",
        ]);
        command
            .arg(self.path("spool"))
            .stdout(File::create(self.path("said"))?)
            .stderr(File::create(self.path("complained"))?);
        let mut agent = command.spawn()?;
        let (mut agent_peak_kb, mut all_peak_kb) = (0, 0);
        let status = loop {
            if let Some(status) = agent.try_wait()? {
                break status;
            }
            let own = resident_kb(agent.id());
            agent_peak_kb = agent_peak_kb.max(own);
            all_peak_kb = all_peak_kb.max(all_kb(agent.id()));
            std::thread::sleep(Duration::from_millis(50));
        };
        ensure!(status.success(), "scan ended with {status}: {}", fs::read_to_string(self.path("complained"))?);
        let said = fs::read_to_string(self.path("said"))?;
        ensure!(said.contains(&format!("{} pages", self.count)), "not every page came: {said}");
        Ok(Fed { wall: clock.elapsed(), cpu_seconds: cpu_seconds()? - before, agent_peak_kb, all_peak_kb })
    }

    /// Files a minute.
    fn floor(&self) -> Result<f64> {
        let count = self.count.min(FLOOR_PAGES_MAX);
        let folder = self.path("floor");
        fs::create_dir(&folder)?;
        let pages: Vec<Vec<u8>> = (0..PAGES.min(self.count))
            .map(|number| fs::read(self.path(&format!("drawn/{number}"))))
            .collect::<Result<_, _>>()?;
        let clock = Instant::now();
        for number in 0..count {
            let (part, whole) = (folder.join("part"), folder.join(number.to_string()));
            let mut file = File::create(&part)?;
            file.write_all(&pages[number % pages.len()])?;
            file.sync_all()?;
            fs::rename(&part, &whole)?;
            File::open(&folder)?.sync_all()?;
        }
        let elapsed = clock.elapsed();
        fs::remove_dir_all(folder)?;
        Ok(60.0 * count as f64 / elapsed.as_secs_f64())
    }
}

fn pnm(number: usize, colour: bool) -> Result<Vec<u8>> {
    let page = sample(number, Condition::Typical)?;
    let head = format!("P{}\n{} {}\n255\n", if colour { 6 } else { 5 }, page.width(), page.height());
    let mut bytes = head.into_bytes();
    if colour {
        // A warm paper, so that the channels differ.
        bytes.extend(page.bytes().iter().flat_map(|&level| [level, level.saturating_sub(3), level.saturating_sub(9)]));
    } else {
        bytes.extend_from_slice(page.bytes());
    }
    Ok(bytes)
}
