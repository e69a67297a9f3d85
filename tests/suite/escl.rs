//! Scanners on the network: every fault is named with its sheet, and a page that is not whole is never one.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use imaging::Raster;
use serde_json::Value;
use tempfile::TempDir;
use tests::network_scanner::{NetworkScanner, Trouble};
use tests::program;

const SHEETS: usize = 6;

/// Pages of which none is like another, as the scanner compresses them.
fn paper() -> Result<Vec<Vec<u8>>> {
    let page = |number: usize| {
        let shade = |at: u32| if at / 300 % 40 < 12 { (at % 251) as u8 } else { 200 + number as u8 };
        Ok(Raster::gray(300, 400, (0..300 * 400).map(shade).collect())?.encode_jpeg(85, 300)?)
    };
    (0..SHEETS).map(page).collect()
}

fn agent(words: &[&str]) -> Result<(Option<i32>, Value)> {
    let output = program::command("scanner-agent")?.args(words).output()?;
    let said =
        serde_json::from_slice(&output.stdout).with_context(|| String::from_utf8_lossy(&output.stderr).into_owned());
    Ok((output.status.code(), said?))
}

fn scan(spool: &Path, device: &str, more: &[&str]) -> Result<(Option<i32>, Value)> {
    let spool = spool.to_str().context("UTF-8")?;
    let fixed = ["scan", "--device", device, "--hold", "--json", "--patience", "2", "--spool", spool];
    agent(&[&fixed, more].concat())
}

/// The batch holds the files that the scanner sent, byte by byte and in their order.
fn holds(spool: &Path, report: &Value, paper: &[Vec<u8>]) -> Result<()> {
    let pages = report["pages"].as_array().context("pages")?;
    let shown: Vec<&Value> = pages.iter().filter(|page| page["hidden"] == false).map(|page| &page["image"]).collect();
    let sent: Vec<Value> = paper.iter().map(|page| Value::from(record::Digest::of(page).to_string())).collect();
    ensure!(shown.len() == sent.len() && shown.iter().zip(&sent).all(|(shown, sent)| *shown == sent), "{report}");
    let out = spool.with_file_name("page.jpg");
    let (batch, number) = (report["batch"].as_str().context("a batch")?, pages[0]["page"].to_string());
    let words = ["batch", batch, "image", &number, "--out", out.to_str().context("UTF-8")?, "--spool"];
    program::stdout("scanner-agent", words.into_iter().chain(spool.to_str()))?;
    ensure!(fs::read(out)? == paper[0], "the first page is the scanner's own file");
    Ok(())
}

#[test]
fn every_fault_of_a_network_scanner_is_named_and_the_job_goes_on_there() -> Result<()> {
    let paper = paper()?;
    for (trouble, kind) in [
        (Trouble::Jam, "jam"),
        (Trouble::DoubleFeed, "double-feed"),
        (Trouble::CoverOpen, "cover-open"),
        (Trouble::EmptyPage, "short"),
        (Trouble::CutFile, "short"),
        (Trouble::CutLine, "short"),
        (Trouble::Hang, "silent"),
        (Trouble::Vanish, "gone"),
    ] {
        let folder = TempDir::new()?;
        let spool = folder.path().join("spool");
        let scanner = NetworkScanner::start(paper.clone(), &[(4, trouble)])?;
        let (code, said) = scan(&spool, &scanner.address, &[])?;
        ensure!(code == Some(6), "{trouble:?}: exit code {code:?}: {said}");
        ensure!(said["fault"]["kind"] == kind && said["fault"]["sheet"] == 4, "{trouble:?}: {said}");
        ensure!(said["captured"] == 3, "{trouble:?}: {said}");
        let killed = [Trouble::Hang, Trouble::Vanish].contains(&trouble);
        ensure!(killed || !scanner.is_blocked(), "{trouble:?}: the job was left open");
        scanner.clear();
        let batch = said["batch"].as_str().context("a batch")?;
        let (code, report) = scan(&spool, &scanner.address, &["--continue", batch])?;
        ensure!(code == Some(0), "{trouble:?}: {report}");
        holds(&spool, &report, &paper).with_context(|| format!("after {trouble:?}"))?;
    }
    Ok(())
}

#[test]
fn a_late_page_is_waited_for_and_an_empty_feeder_is_no_fault() -> Result<()> {
    let (folder, paper) = (TempDir::new()?, paper()?);
    let spool = folder.path().join("spool");
    let scanner = NetworkScanner::start(paper.clone(), &[(1, Trouble::Late(3)), (5, Trouble::Late(1))])?;
    let (code, report) = scan(&spool, &scanner.address, &["--mode", "Gray", "--resolution", "300"])?;
    ensure!(code == Some(0), "{report}");
    holds(&spool, &report, &paper)?;
    let empty =
        program::output("scanner-agent", ["scan", "--device", &scanner.address, "--hold", "--spool", "/nonexistent"]);
    ensure!(empty?.status.code() == Some(1), "there is no paper, or no spool");
    Ok(())
}

#[test]
fn a_probe_tells_what_a_network_scanner_can_do() -> Result<()> {
    let scanner = NetworkScanner::start(paper()?, &[])?;
    let (code, options) = agent(&["probe", &scanner.address, "--json"])?;
    ensure!(code == Some(0) && options[0]["choices"] == serde_json::json!(["ADF"]), "{options}");
    ensure!(options[2]["choices"] == serde_json::json!(["200", "300"]) && options[2]["value"] == "300", "{options}");
    let output = program::output(
        "scanner-agent",
        ["probe", &scanner.address, "--option", "mode=Lineart", "--page", "/dev/null"],
    )?;
    ensure!(output.status.code() == Some(6) || output.status.code() == Some(1), "a mode that it does not have");
    Ok(())
}

/// A folder of pages is a scanner for whoever learns, with the faults of its files.
#[test]
fn a_folder_of_pages_is_scanned_as_paper_is() -> Result<()> {
    let (folder, paper) = (TempDir::new()?, paper()?);
    let (stack, spool) = (folder.path().join("stack"), folder.path().join("spool"));
    fs::create_dir(&stack)?;
    for (number, page) in paper.iter().enumerate() {
        fs::write(stack.join(format!("{}.jpg", number + 1)), page)?;
    }
    let device = format!("folder:{}", stack.display());
    let (code, report) = scan(&spool, &device, &[])?;
    ensure!(code == Some(0), "{report}");
    holds(&spool, &report, &paper)?;
    fs::write(stack.join("3.jpg"), &paper[2][..900])?;
    let (code, said) = scan(&folder.path().join("other"), &device, &[])?;
    ensure!(code == Some(6) && said["fault"]["sheet"] == 3 && said["fault"]["kind"] == "short", "{said}");
    Ok(())
}

/// What the printer's own announcer would say: zeroconf's, in a network of its own that only this test sees.
const ANNOUNCES: &str = r#"
import socket, subprocess, sys
from zeroconf import ServiceInfo, Zeroconf
for words in ("link set lo up", "link add scan0 type veth peer name scan1", "addr add 10.9.9.1/24 dev scan0",
              "link set scan0 up", "link set scan1 up"):
    subprocess.run(["ip", *words.split()], check=True)
announcer = Zeroconf(interfaces=["10.9.9.1"])
for name, kind, path in (("Ward 3", "platen,adf", "eSCL"), ("Desk", "platen", "/scan/eSCL/")):
    announcer.register_service(ServiceInfo(
        "_uscan._tcp.local.", name + "._uscan._tcp.local.", addresses=[socket.inet_aton("10.9.9.1")], port=8099,
        properties={"rs": path, "ty": name, "is": kind}, server="scanner.local."))
status = subprocess.run(sys.argv[1:]).returncode
announcer.close()
sys.exit(status)
"#;

#[test]
fn scanners_that_announce_themselves_are_listed() -> Result<()> {
    let python = program::cache()?.join("venv/bin/python");
    let agent = program::command("scanner-agent")?;
    let mut announced = std::process::Command::new("unshare");
    announced.args(["--net", "--map-root-user"]).arg(python).args(["-c", ANNOUNCES]);
    announced.arg(agent.get_program()).args(["devices", "--json"]);
    let listed: Value = serde_json::from_str(&program::succeed("devices among announcers", announced.output()?)?)?;
    let found = |name: &str| {
        let device = listed.as_array().into_iter().flatten().find(|device| device["model"] == name);
        device.map(|device| (device["name"].clone(), device["kind"].clone()))
    };
    let feeder = ("escl:http://10.9.9.1:8099/eSCL".into(), "feeder on the network".into());
    let flatbed = ("escl:http://10.9.9.1:8099/scan/eSCL".into(), "flatbed on the network".into());
    ensure!(found("Ward 3") == Some(feeder) && found("Desk") == Some(flatbed), "{listed}");
    Ok(())
}
