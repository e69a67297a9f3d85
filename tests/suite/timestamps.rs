//! A time-stamping authority, which is `openssl ts`, says that the ledger was so; `openssl ts` and `chartroom-verify` hold it to that.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
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

/// An authority with a certificate of its own, for so many days.
fn found(folder: &Path, days: u32) -> Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("config"), CONFIG)?;
    fs::write(folder.join("serial"), "01\n")?;
    let words = format!("req -x509 -config config -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.pem -days {days}");
    openssl(folder, &words.split(' ').collect::<Vec<_>>()).map(drop)
}

/// Answers questions on a port of its own, as long as the test runs.
fn answer(folder: PathBuf) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    // Whoever gets no answer says so.
    std::thread::spawn(move || listener.incoming().flatten().try_for_each(|line| reply(line, &folder)));
    Ok(url)
}

fn reply(mut line: TcpStream, folder: &Path) -> Result<()> {
    fs::write(folder.join("query"), body(&mut line)?)?;
    let words = "ts -reply -config config -section tsa -queryfile query -out reply";
    openssl(folder, &words.split(' ').collect::<Vec<_>>())?;
    let reply = fs::read(folder.join("reply"))?;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", reply.len());
    Ok(line.write_all(&[head.as_bytes(), &reply].concat())?)
}

fn body(line: &mut TcpStream) -> Result<Vec<u8>> {
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
    found(&authority, 2)?;
    let url = answer(authority.clone())?;
    let said = program::succeed("chartroom timestamp", site.chartroom(&["timestamp", "--tsa", &url])?)?;
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

/// The first authority's certificate ends in two days: its word is renewed by one whose word holds for ten years, after which it
/// holds when the certificate is gone.
#[test]
fn a_token_is_renewed_before_its_certificate_ends() -> Result<()> {
    let site = Site::start(0)?;
    let (short, long) = (site.root().join("short"), site.root().join("long"));
    found(&short, 2)?;
    found(&long, 3650)?;
    let (short_url, long_url) = (answer(short.clone())?, answer(long.clone())?);
    let stamp = |url: &str| program::succeed("chartroom timestamp", site.chartroom(&["timestamp", "--tsa", url])?);
    let first = stamp(&short_url)?;
    let name = first.lines().next().and_then(|line| line.strip_suffix(".tsr")).context("the token's name")?;
    site.token("technician")?;
    // The same authority's word would hold no longer: it is not asked again.
    ensure!(!stamp(&short_url)?.contains(".tsr.1"), "renewed by what ends as early");
    site.token("searcher")?;
    let said = stamp(&long_url)?;
    ensure!(said.contains(&format!("{name}.tsr.1")), "{said}");
    let at = |days: u64| -> Result<String> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        Ok((now.as_secs() + days * 86_400).to_string())
    };
    let file = |suffix: &str| site.store().join(format!("{name}{suffix}")).to_string_lossy().into_owned();
    let holds = |authority: &Path, days, data: &str, token: &str| -> Result<bool> {
        let (data, token, at) = (file(data), file(token), at(days)?);
        let words = ["ts", "-verify", "-data", &data, "-in", &token, "-CAfile", "tsa.pem", "-attime", &at];
        Ok(openssl(authority, &words).is_ok())
    };
    ensure!(holds(&short, 1, ".checkpoint", ".tsr")? && !holds(&short, 30, ".checkpoint", ".tsr")?, "the first ends");
    ensure!(holds(&long, 30, ".tsr", ".tsr.1")?, "its renewal vouches for it");
    ensure!(!stamp(&long_url)?.contains(".tsr.2"), "renewed without need");

    let (code, report) = site.verify()?;
    ensure!(code == 0 && report["notes"].to_string().contains("5 tokens"), "{report}");
    let renewal = site.store().join(format!("{name}.tsr.1"));
    fs::copy(site.store().join(format!("{name}.tsr")), &renewal)?;
    let (code, report) = site.verify()?;
    ensure!(code == 1 && report["findings"][0]["code"] == "timestamp-wrong", "{report}");
    Ok(())
}
