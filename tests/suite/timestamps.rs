//! A time-stamping authority, which is `openssl ts`, says that the ledger was so; `openssl ts` and `chartroom-verify` hold it to that.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use tests::{program, samples, site::Site};

const CONFIG: &str = "\
[req]
distinguished_name = name
x509_extensions = stamping
prompt = no
[name]
CN = An authority
[stamping]
extendedKeyUsage = critical, timeStamping
[tsa]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
";

fn openssl(folder: &Path, words: &[&str]) -> Result<String> {
    let output = Command::new("openssl").args(words).current_dir(folder).output()?;
    program::succeed("openssl", output)
}

/// An authority with a certificate of its own.
fn found(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("config"), CONFIG)?;
    fs::write(folder.join("serial"), "01\n")?;
    let words = "req -x509 -config config -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.pem -days 2";
    openssl(folder, &words.split(' ').collect::<Vec<_>>()).map(drop)
}

/// Answers one question on a port of its own.
fn answer_once(folder: PathBuf) -> Result<(String, std::thread::JoinHandle<Result<()>>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    let answering = std::thread::spawn(move || {
        let (mut line, _) = listener.accept()?;
        fs::write(folder.join("query"), body(&mut line)?)?;
        let words = "ts -reply -config config -section tsa -queryfile query -out reply";
        openssl(&folder, &words.split(' ').collect::<Vec<_>>())?;
        let reply = fs::read(folder.join("reply"))?;
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", reply.len());
        line.write_all(&[head.as_bytes(), &reply].concat())?;
        Ok(())
    });
    Ok((url, answering))
}

fn body(line: &mut std::net::TcpStream) -> Result<Vec<u8>> {
    let (mut read, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let n = line.read(&mut chunk)?;
        read.extend_from_slice(&chunk[..n]);
        if let Some(at) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..at]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if read.len() >= at + 4 + length.context("a length")? {
                return Ok(read.split_off(at + 4));
            }
        }
        if n == 0 {
            bail!("the question was cut off");
        }
    }
}

#[test]
fn an_authority_stamps_the_ledger() -> Result<()> {
    let site = Site::start(0)?;
    let authority = site.root().join("authority");
    found(&authority)?;
    let (url, answering) = answer_once(authority.clone())?;
    let said = program::succeed("chartroom timestamp", site.chartroom(&["timestamp", "--tsa", &url])?)?;
    answering.join().map_err(|_| anyhow::anyhow!("the authority died"))??;
    let name = said.lines().next().and_then(|line| line.strip_suffix(".tsr")).context("the token's name")?;
    let (note, token) = (site.store().join(format!("{name}.checkpoint")), site.store().join(format!("{name}.tsr")));
    let verify = |note: &Path| {
        let (note, token) = (note.to_string_lossy().into_owned(), token.to_string_lossy().into_owned());
        openssl(&authority, &["ts", "-verify", "-data", &note, "-in", &token, "-CAfile", "tsa.pem"])
    };
    verify(&note)?;
    ensure!(verify(&site.log_key()).is_err(), "for something else it is no stamp");

    let token_of_technician = site.token("technician")?;
    let import = site
        .station("import", &token_of_technician)?
        .args(["--patient", samples::MRN])
        .arg(samples::path("lab-report.tif"))
        .output()?;
    program::succeed("scanner-agent import", import)?;
    let (code, report) = site.verify()?;
    ensure!(
        code == 0 && report["notes"].to_string().contains("\"timestamps\""),
        "the ledger goes on from there: {report}"
    );
    let good = fs::read(&token)?;
    fs::write(&token, b"another token")?;
    let (code, report) = site.verify()?;
    ensure!(code == 1 && report["findings"][0]["code"] == "timestamp-wrong", "{report}");
    fs::write(&token, good)?;
    Ok(())
}
