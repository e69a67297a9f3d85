//! The log's key is with a process of its own: without it nothing is signed, with it everything goes on.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Output;

use anyhow::{Result, ensure};
use tests::program::{self, Guarded};
use tests::{fuzz, site::Site};

fn start(folder: &Path, socket: &Path) -> Result<Guarded> {
    let mut command = program::command("chartroom")?;
    command.args(["signer", "serve", "--folder"]).arg(folder).arg("--socket").arg(socket);
    let signer = Guarded(command.spawn()?);
    program::wait_for("the signer", || Ok(UnixStream::connect(socket).ok()))?;
    Ok(signer)
}

fn take(site: &Site, folder: &Path, socket: &Path) -> Result<Output> {
    let mut command = program::command("chartroom")?;
    command.args(["signer", "take", "--folder"]).arg(folder).arg("--socket").arg(socket);
    Ok(command.arg("--data").arg(site.data()).output()?)
}

#[test]
fn a_server_without_the_key_asks_for_each_signature() -> Result<()> {
    let mut site = Site::start_with(0, &[], Vec::new())?;
    let (folder, socket) = (site.root().join("signer"), site.root().join("signer.sock"));
    ensure!(!take(&site, &folder, &socket)?.status.success(), "a running server would go on with the key");
    site.stop_server()?;
    // As a run leaves it that was killed on its way; and another signer's folder.
    let other = site.root().join("other");
    for (folder, key) in [(&folder, fs::read(site.data().join("keys/log.key"))?), (&other, vec![b'a'; 64])] {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("log.key"), key)?;
    }
    fs::write(site.data().join("chartroom.json.new"), "{")?;
    ensure!(!take(&site, &other, &socket)?.status.success(), "another key is not written over");
    let key = fs::read(site.data().join("keys/log.key"))?;
    program::succeed("chartroom signer take", take(&site, &folder, &socket)?)?;
    fs::write(site.data().join("keys/log.key"), key)?;
    program::succeed("chartroom signer take, killed before its last step", take(&site, &folder, &socket)?)?;
    ensure!(!site.data().join("keys/log.key").exists(), "the key is there no longer");
    ensure!(!take(&site, &folder, &socket)?.status.success(), "it cannot be taken twice");

    let signer = start(&folder, &socket)?;
    site.restart()?;
    fuzz::filled(&site)?;
    let (code, report) = site.verify()?;
    ensure!(code == 0 && report["counts"]["manifests"] == 2, "{report}");

    let grant = ["token", "create", "--role", "auditor", "--name", "A. Uditor"];
    drop(signer);
    let refused = site.chartroom(&grant)?;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(!refused.status.success() && said.contains("chartroom signer serve"), "{said}");
    let _signer = start(&folder, &socket)?;
    program::succeed("chartroom token create", site.chartroom(&grant)?)?;
    let (code, report) = site.verify()?;
    ensure!(code == 0, "{report}");
    Ok(())
}
