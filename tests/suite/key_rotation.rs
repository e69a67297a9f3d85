//! The log's key is changed on a real server: witnesses, stations, auditors and other people's programs go on, whichever key they know.

use std::fs;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tests::program::{self, Guarded};
use tests::{samples, site::Site};

fn hand_over(site: &Site, sample: &str) -> Result<String> {
    let token = site.token("technician")?;
    let mut import = site.station("import", &token)?;
    import.args(["--json", "--patient", samples::MRN]).arg(samples::path(sample));
    program::succeed("scanner-agent import", import.output()?)
}

/// `chartroom-verify`, with what is trusted given by `words`.
fn verify(site: &Site, words: &[&str]) -> Result<(i32, Value)> {
    let mut command = program::command("chartroom-verify")?;
    let output = command.arg("--json").arg("--store").arg(site.store()).args(words).output()?;
    let report = serde_json::from_slice(&output.stdout);
    let report = report.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok((output.status.code().context("killed")?, report))
}

fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

struct Witness {
    url: String,
    key: String,
    process: Option<Guarded>,
}

impl Witness {
    fn command(site: &Site, words: &[&str]) -> Result<Command> {
        let mut command = program::command("chartroom")?;
        command.args(["witness", "--folder"]).arg(site.root().join("witness")).args(words);
        Ok(command)
    }

    fn start(site: &Site) -> Result<Self> {
        let made = Self::command(site, &["init", "--name", "w.example/1"])?.output()?;
        let key = program::succeed("chartroom witness init", made)?.trim().to_owned();
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut witness = Self { url: format!("http://127.0.0.1:{port}"), key, process: None };
        witness.tell(site)?;
        Ok(witness)
    }

    /// The log's key as it is now; started anew.
    fn tell(&mut self, site: &Site) -> Result<()> {
        let add = Self::command(site, &["add-log", &site.log_key().to_string_lossy()])?.output()?;
        program::succeed("chartroom witness add-log", add)?;
        self.process = None;
        let mut serve = Self::command(site, &["serve", "--listen", &self.url["http://".len()..]])?;
        self.process = Some(Guarded(serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?));
        let health = format!("{}/healthz", self.url);
        program::wait_for("the witness", || Ok(reqwest::blocking::get(&health).ok().map(|_| ())))
    }

    fn sees_all(&self, site: &Site, policy: &str) -> Result<()> {
        program::wait_for("the witness to see the newest events", || {
            let (code, report) = verify(site, &["--policy", policy])?;
            Ok((code == 0 && report["witnessed"]["events"] == report["counts"]["events"]).then_some(()))
        })
    }
}

#[test]
fn everybody_comes_from_the_old_key_to_the_new_one() -> Result<()> {
    let mut site = Site::start_with(0, &[], Vec::new())?;
    let mut witness = Witness::start(&site)?;
    let (root, trusted) = (site.root().to_owned(), format!("witness w {} {}\nquorum w\n", witness.key, witness.url));
    let policy = |name: &str, keys: &[&str]| -> Result<String> {
        let logs: String = keys.iter().map(|key| format!("log {}\n", key.trim())).collect();
        let file = root.join(name);
        fs::write(&file, format!("{logs}{trusted}"))?;
        Ok(file.to_string_lossy().into_owned())
    };
    let old = text(&site.log_key())?;
    let (old_policy, old_file) = (policy("old.policy", &[&old])?, site.root().join("old.pub"));
    fs::write(&old_file, &old)?;
    let old_file = old_file.to_string_lossy().into_owned();
    fs::copy(&old_policy, site.data().join("policy"))?;
    site.stop_server()?;
    site.restart()?;
    hand_over(&site, "lab-report.tif")?;
    witness.sees_all(&site, &old_policy)?;
    let kept = site.root().join("kept");
    fs::copy(site.store().join("log/checkpoint"), &kept)?;
    let kept = kept.to_string_lossy().into_owned();

    let running = site.chartroom(&["key", "rotate"])?;
    ensure!(!running.status.success() && said(&running).contains("stop it first"), "{}", said(&running));
    site.stop_server()?;
    let planned = program::succeed("chartroom key rotate", site.chartroom(&["key", "rotate", "--dry-run"])?)?;
    ensure!(planned.contains("nothing was changed") && !site.store().join("log/keys").exists(), "{planned}");
    let early = site.chartroom(&["key", "retire"])?;
    ensure!(!early.status.success() && said(&early).contains("nothing is to be retired"), "{}", said(&early));
    let told = program::succeed("chartroom key rotate", site.chartroom(&["key", "rotate"])?)?;
    let new = text(&site.log_key())?;
    ensure!(new != old && told.contains(new.trim()), "{told}");
    let again = program::succeed("chartroom key rotate", site.chartroom(&["key", "rotate"])?)?;
    ensure!(again.contains("signs already") && text(&site.log_key())? == new, "{again}");

    // Both sign. The station, which has pinned the old key, and the witness, which was told of no other, go on.
    site.restart()?;
    hand_over(&site, "clinic-letter.png")?;
    ensure!(text(&site.spool().join("log-key"))? == new, "the station has been led to the new key");
    witness.sees_all(&site, &old_policy)?;
    let lines = text(&site.store().join("log/checkpoint"))?.lines().filter(|line| line.starts_with('\u{2014}')).count();
    ensure!(lines == 2, "{lines} signatures");
    peers(&site, &[&old, &new])?;

    // Once the witness has the new key, the old one ends.
    witness.tell(&site)?;
    site.stop_server()?;
    program::succeed("chartroom key retire", site.chartroom(&["key", "retire"])?)?;
    site.restart()?;
    hand_over(&site, "discharge-summary.tif")?;
    let (new_policy, both) = (policy("new.policy", &[&new])?, policy("both.policy", &[&old, &new])?);
    for policy in [&old_policy, &new_policy, &both] {
        witness.sees_all(&site, policy)?;
        let (code, report) = verify(&site, &["--policy", policy, "--since", &kept])?;
        ensure!(code == 0 && report["verdict"] == "sound", "{policy}: {report}");
        let noted =
            report["notes"].as_array().is_some_and(|notes| notes.iter().any(|one| one["code"] == "key-changed"));
        ensure!(noted, "an auditor is told: {report}");
    }
    peers(&site, &[&new])?;
    ensure!(peers(&site, &[&old]).is_err(), "whoever follows no changes has to be given the new key");
    bundle(&site, &old_file)?;
    let listed: Value =
        serde_json::from_str(&program::succeed("chartroom key", site.chartroom(&["key", "list", "--json"])?)?)?;
    ensure!(listed["keys"][0]["key"] == old.trim() && listed["keys"][1]["key"] == new.trim(), "{listed}");

    // Without what proves the change, the old key leads nowhere, and it is said why.
    let keys = site.store().join("log/keys");
    fs::rename(&keys, site.root().join("keys"))?;
    let (code, report) = verify(&site, &["--key", &old_file])?;
    ensure!(code == 1 && report.to_string().contains("see what log/keys/ tells"), "{report}");
    let (code, report) = verify(&site, &["--policy", &new_policy])?;
    ensure!(code == 1 && report.to_string().contains("key-change-missing"), "{report}");
    Ok(())
}

/// The checkpoint and the whole log, by PyPI's aics-tlog.
fn peers(site: &Site, keys: &[&str]) -> Result<()> {
    for key in keys {
        let file = site.root().join("peer.pub");
        fs::write(&file, key)?;
        let mut ask = Command::new(program::cache()?.join("venv/bin/aics-tlog"));
        ask.args(["verify-checkpoint", "--note"]).arg(site.store().join("log/checkpoint"));
        program::succeed("aics-tlog", ask.arg("--vkey-file").arg(&file).output()?)?;
    }
    Ok(())
}

/// A document that was given away after the change proves itself to somebody who knows only the old key.
fn bundle(site: &Site, old: &str) -> Result<()> {
    let document = document_of(site)?;
    let out = site.root().join("one.tar");
    program::succeed("chartroom bundle", site.chartroom(&["bundle", &document, "--out", &out.to_string_lossy()])?)?;
    let mut command = program::command("chartroom-verify")?;
    let output = command.args(["--json", "--key", old, "--bundle"]).arg(&out).output()?;
    let report: Value = serde_json::from_slice(&output.stdout).with_context(|| said(&output))?;
    ensure!(report["findings"].as_array().is_some_and(Vec::is_empty), "{report}");
    Ok(())
}

/// A document that the ledger tells of.
fn document_of(site: &Site) -> Result<String> {
    let events = site.caller("auditor")?.json("/api/v1/ledger/events?most=1000")?;
    let sealed = events["events"].as_array().and_then(|events| {
        events.iter().find_map(|one| (one["event"]["type"] == "sealed").then(|| one["event"]["document"].as_str()))
    });
    Ok(sealed.flatten().context("a sealed document")?.to_owned())
}

fn signer(folder: &Path, socket: &Path) -> Result<Guarded> {
    let mut command = program::command("chartroom")?;
    command.args(["signer", "serve", "--folder"]).arg(folder).arg("--socket").arg(socket);
    let signer = Guarded(command.spawn()?);
    program::wait_for("the signer", || Ok(UnixStream::connect(socket).ok()))?;
    Ok(signer)
}

#[test]
fn a_signer_of_its_own_changes_its_key() -> Result<()> {
    let mut site = Site::start_with(0, &[], Vec::new())?;
    site.stop_server()?;
    let (folder, socket) = (site.root().join("signer"), site.root().join("signer.sock"));
    let (folder_text, socket_text) = (folder.to_string_lossy().into_owned(), socket.to_string_lossy().into_owned());
    let ask = |site: &Site, action: &str| {
        site.chartroom(&["signer", action, "--folder", &folder_text, "--socket", &socket_text])
    };
    program::succeed("chartroom signer take", ask(&site, "take")?)?;
    let running = signer(&folder, &socket)?;
    let old = text(&site.log_key())?;
    let drawn = program::succeed("chartroom signer draw", ask(&site, "draw")?)?.trim().to_owned();
    ensure!(program::succeed("chartroom signer draw", ask(&site, "draw")?)?.trim() == drawn, "it is drawn once");
    let early = site.chartroom(&["key", "rotate", "--to", &drawn])?;
    ensure!(!early.status.success() && said(&early).contains("does not sign with it yet"), "{}", said(&early));
    let early = ask(&site, "retire")?;
    ensure!(!early.status.success() && said(&early).contains("has not taken over yet"), "{}", said(&early));
    drop(running);
    let running = signer(&folder, &socket)?;
    program::succeed("chartroom key rotate", site.chartroom(&["key", "rotate", "--to", &drawn])?)?;
    ensure!(text(&site.log_key())?.trim() == drawn);
    site.restart()?;
    hand_over(&site, "lab-report.tif")?;
    site.stop_server()?;
    program::succeed("chartroom signer retire", ask(&site, "retire")?)?;
    drop(running);
    let _running = signer(&folder, &socket)?;
    site.restart()?;
    hand_over(&site, "clinic-letter.png")?;
    let file = site.root().join("old.pub");
    fs::write(&file, old)?;
    for key in [file, site.log_key()] {
        let (code, report) = verify(&site, &["--key", &key.to_string_lossy()])?;
        ensure!(code == 0 && report["findings"].as_array().is_some_and(Vec::is_empty), "{report}");
    }
    Ok(())
}

/// Killed at any instant: the next run finishes it, and what was known before holds.
#[test]
fn a_rotation_that_is_killed_is_asked_for_again() -> Result<()> {
    let mut site = Site::start_with(0, &[], Vec::new())?;
    site.token("technician")?;
    let old = site.root().join("old.pub");
    fs::copy(site.log_key(), &old)?;
    site.stop_server()?;
    let whole = site.root().join("whole");
    tests::tampered::copy(&site.data(), &whole)?;
    let mut kills = 0;
    for calls in CALLS {
        fs::remove_dir_all(site.data())?;
        tests::tampered::copy(&whole, &site.data())?;
        if rotate_and_kill(&site, calls)? {
            kills += 1;
            goes_on(&site, &old).with_context(|| format!("killed at {calls}"))?;
        }
    }
    ensure!(kills == CALLS.len(), "only {kills} kills");
    Ok(())
}

/// What changes a disk; the archive's own tests cut a change off at every call to its store.
const CALLS: [&str; 5] =
    ["linkat,link", "renameat,renameat2,rename", "fsync,fdatasync", "unlinkat,unlink", "write,pwrite64"];

/// False where it came to its end before.
fn rotate_and_kill(site: &Site, calls: &str) -> Result<bool> {
    let output = Command::new("strace")
        .args(["-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", &format!("trace={calls}")])
        .args(["-e", &format!("inject={calls}:signal=KILL:when=1")])
        .arg(program::path("chartroom")?)
        .args(["key", "--data"])
        .arg(site.data())
        .arg("rotate")
        .output()?;
    Ok(!output.status.success())
}

fn goes_on(site: &Site, old: &Path) -> Result<()> {
    let token = site.chartroom(&["token", "create", "--role", "auditor", "--name", "A. Uditor"])?;
    program::succeed("chartroom token", token)?;
    program::succeed("chartroom key rotate", site.chartroom(&["key", "rotate"])?)?;
    for key in [old, &site.log_key()] {
        let (code, report) = verify(site, &["--key", &key.to_string_lossy()])?;
        ensure!(code == 0, "{report}");
    }
    Ok(())
}
