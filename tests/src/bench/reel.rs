//! What does a whole reel take? From the film to the archive with its people (`--reel N`), or only taken in, as long as a reel is
//! (`--frames N`): found, cut, hashed and kept, in how much memory.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::film::Reel;
use tests::film::day::{Day, Figures};
use tests::program;
use tests::site::Site;

use crate::memory::all_kb;
use crate::report::{Report, cpu_seconds, rounded};

/// Readers at work beside the server.
const READERS: u32 = 2;
const PER_CHART: usize = 12;
/// Frames in a tile of a long reel.
const PER_TILE: usize = 250;
/// Different pages of a long reel; film that shows a page twice would be called so.
const DRAWN: usize = 2_500;

/// The issue's own words are on frame 217, and frame 100 is cut another way; shorter reels end before.
pub fn whole(report: &mut Report, frames: usize) -> Result<()> {
    let site = Site::start(READERS)?;
    let day = Day { frames, per_chart: PER_CHART, found: frames.min(217), recut: frames.min(100) };
    let Figures { taken_in, read, doubtful, documents } = day.run(&site)?;
    report.line(&json!({
        "bench": "film",
        "what": "a reel from film to archive: cut, reviewed in a browser, read, found, shown, one frame cut anew, verified",
        "frames": frames,
        "documents": documents,
        "doubtful": doubtful,
        "seconds_to_take_in": rounded(taken_in.as_secs_f64()),
        "seconds_to_read": rounded(read.as_secs_f64()),
    }))
}

/// One run of `scanner-agent film` on tiles or on a strip in one piece, watched from outside.
pub fn long(report: &mut Report, frames: usize, one_piece: bool) -> Result<()> {
    let folder = TempDir::new()?;
    let (pages, tiles) = (folder.path().join("pages"), folder.path().join("tiles"));
    std::fs::create_dir_all(&pages)?;
    let reel = Reel::draw(&pages, frames.min(DRAWN), PER_CHART, &[])?;
    let order: Vec<usize> = (0..frames).map(|at| at % reel.frames() + 1).collect();
    std::fs::create_dir_all(&tiles)?;
    match one_piece {
        true => reel.strip(&tiles.join("strip.tif"), &order)?,
        false => reel.tiles(&tiles, &order, PER_TILE)?,
    }
    let sizes = std::fs::read_dir(&tiles)?.map(|tile| Ok(tile?.metadata()?.len())).collect::<Result<Vec<u64>>>()?;
    let before = cpu_seconds()?;
    let started = Instant::now();
    let mut film = program::command("scanner-agent")?;
    film.args([
        "film",
        "--reel",
        "MF-2500",
        "--reduction",
        "24",
        "--frames",
        &frames.to_string(),
        "--hold",
        "--json",
        "--spool",
    ]);
    let (told, seen) = watched(film.arg(folder.path().join("spool")).arg(&tiles))?;
    let account = &told["account"];
    ensure!(account["found"] == frames && account["blips"] == frames, "{account}");
    report.line(&json!({
        "bench": "film",
        "what": "one reel taken in: found, cut, hashed, encrypted and kept",
        "frames": frames,
        "megapixels": rounded(reel.pixels(frames) as f64 / 1e6),
        "tiles": sizes.len(),
        "megabytes": rounded(sizes.iter().sum::<u64>() as f64 / 1e6),
        "doubtful": account["doubtful"].as_array().map_or(0, Vec::len),
        "seconds": rounded(started.elapsed().as_secs_f64()),
        "cpu_ms_per_frame": rounded(1_000.0 * (cpu_seconds()? - before) / frames as f64),
        "peak_megabytes": rounded(seen.peak_kilobytes as f64 / 1e3),
        "progress_lines": seen.progress.len(),
        "progress": seen.progress.get(seen.progress.len() / 2),
    }))
}

struct Watched {
    /// Of the program with the processes that it started.
    peak_kilobytes: u64,
    /// What it said of how far it is.
    progress: Vec<String>,
}

fn watched(command: &mut Command) -> Result<(Value, Watched)> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let lines = BufReader::new(child.stderr.take().context("a pipe")?).lines();
    let progress =
        std::thread::spawn(move || lines.map_while(Result::ok).filter(|line| line.contains(" left")).collect());
    let mut peak_kilobytes = 0;
    while child.try_wait()?.is_none() {
        peak_kilobytes = peak_kilobytes.max(all_kb(child.id()));
        std::thread::sleep(Duration::from_millis(50));
    }
    let told = program::succeed("scanner-agent film", child.wait_with_output()?)?;
    let progress: Vec<String> = progress.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?;
    Ok((serde_json::from_str(&told)?, Watched { peak_kilobytes, progress }))
}
