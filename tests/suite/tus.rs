//! Uploads by a program of other people: tuspy, the Python client of the tus project itself.

use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use record::Digest;
use tests::{program, samples, site::Site};

/// Sends one piece, loses everything but the address, asks how far it came, and sends the rest.
const CLIENT: &str = r#"
import os, sys
from tusclient import client
from tusclient.exceptions import TusCommunicationError
url, path, digest = sys.argv[1:]
tus = client.TusClient(url, headers={"Authorization": "Bearer " + os.environ["TOKEN"]})
first = tus.uploader(path, chunk_size=10_000, metadata={"sha256": digest, "filetype": "image/tiff"})
first.upload_chunk()
again = tus.uploader(path, chunk_size=7_000, url=first.url)
assert again.offset == 10_000, again.offset
again.upload()
print(again.get_offset())
"#;

fn client(site: &Site, token: &str, file: &str, digest: &Digest) -> Result<Output> {
    let python = program::cache()?.join("venv/bin/python");
    ensure!(python.is_file(), "tuspy is not installed; run scripts/setup --tests");
    let mut command = Command::new(python);
    command.args(["-c", CLIENT, &format!("{}/api/v1/uploads", site.url())]).arg(samples::path(file)).arg(digest.hex());
    command.env("TOKEN", token).output().context("starting the client")
}

#[test]
fn a_client_of_tus_uploads_resumes_and_is_told_of_wrong_bytes() -> Result<()> {
    let site = Site::start(0)?;
    let token = site.token("technician")?;
    let (file, other) = ("discharge-summary.tif", Digest::of(b"something else"));
    let bytes = std::fs::read(samples::path(file))?;
    ensure!(bytes.len() > 24_000, "{} bytes are no three pieces", bytes.len());
    let told = program::succeed("tuspy", client(&site, &token, file, &Digest::of(&bytes))?)?;
    ensure!(told.trim() == bytes.len().to_string(), "all of it is there: {told}");
    // It is in the archive: the station that imports the same file has nothing left to send, and the document is sound.
    let import = site.station("import", &token)?.args(["--patient", samples::MRN]).arg(samples::path(file)).output()?;
    program::succeed("scanner-agent import", import)?;
    ensure!(site.verify()?.0 == 0);
    let refused = client(&site, &token, file, &other)?;
    ensure!(!refused.status.success(), "these bytes have another digest");
    let errors = String::from_utf8_lossy(&refused.stderr);
    ensure!(errors.contains("422") || errors.contains("TusUploadFailed"), "{errors}");
    let stranger = client(&site, "nobody", file, &Digest::of(&bytes))?;
    ensure!(!stranger.status.success(), "a client without a token");
    Ok(())
}
