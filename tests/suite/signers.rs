//! The log's key is with a process of its own: without it nothing is signed, with it everything goes on.

use std::os::unix::net::UnixStream;
use std::path::Path;

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

#[test]
fn a_server_without_the_key_asks_for_each_signature() -> Result<()> {
    let mut site = Site::start_with(0, &[], Vec::new())?;
    let (folder, socket) = (site.root().join("signer"), site.root().join("signer.sock"));
    let words = ["signer", "take", "--folder", &folder.to_string_lossy(), "--socket", &socket.to_string_lossy()];
    let busy = site.chartroom(&words)?;
    ensure!(!busy.status.success(), "a running server would go on with the key");
    site.stop_server()?;
    program::succeed("chartroom signer take", site.chartroom(&words)?)?;
    ensure!(!site.data().join("keys/log.key").exists(), "the key is there no longer");
    ensure!(!site.chartroom(&words)?.status.success(), "it cannot be taken twice");

    let signer = start(&folder, &socket)?;
    site.restart()?;
    fuzz::filled(&site)?;
    let (code, report) = site.verify()?;
    ensure!(code == 0 && report["counts"]["manifests"] == 1, "{report}");

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
