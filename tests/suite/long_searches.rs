//! A search of any length is answered at once, over a bare socket: whatever sits between a
//! browser and the server may send the address in as many pieces as it likes.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tests::program;
use tests::site::Site;

/// Letters of the search, and the statuses that may answer it: above 64 KiB no address is one (RFC 9110, section 4.1,
/// leaves the limit to the server), above 128 KiB no head is read.
const SEARCHES: [(usize, &[&str]); 7] = [
    (900, &["200"]),
    (8_000, &["422"]),
    (9_000, &["422"]),
    (20_000, &["422"]),
    (60_000, &["422"]),
    (70_000, &["400", "414"]),
    (100_000, &["400", "414", "431"]),
];

#[test]
fn long_searches_get_a_clear_answer_however_they_arrive() -> Result<()> {
    let site = Site::start(0)?;
    let token = site.token("searcher")?;
    for (letters, wanted) in SEARCHES {
        let query = "a".repeat(letters);
        let head = format!("Host: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n");
        let request = format!("GET /api/v1/search?q={query} HTTP/1.1\r\n{head}");
        for piece in [request.len(), 8_192, 4_000] {
            let answer = ask(&site, request.as_bytes(), piece)?;
            let status = answer.get(9..12).context("a status")?;
            // 408 would be the server still waiting for the end of the head.
            ensure!(wanted.contains(&status), "{letters} letters in pieces of {piece}: {answer}");
            ensure!(status != "422" || answer.contains("more than 1000: shorten it"), "{letters} letters: {answer}");
        }
    }
    Ok(())
}

/// The address is sent and the socket closed behind it, as by a person who types on: the server says how often it stopped
/// a search for that.
#[test]
fn a_search_that_nobody_waits_for_is_stopped() -> Result<()> {
    let site = Site::start(0)?;
    let (token, admin) = (site.token("searcher")?, site.caller("admin")?);
    let request =
        format!("GET /api/v1/search?q=fever HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n");
    let left = program::wait_for("a search to be left", || {
        TcpStream::connect(site.url().trim_start_matches("http://"))?.write_all(request.as_bytes())?;
        let metrics = admin.get("/metrics")?.text()?;
        Ok(metrics.lines().find(|line| line.starts_with("chartroom_searches_left_total")).map(str::to_owned))
    })?;
    ensure!(!left.ends_with(" 0"), "{left}");
    Ok(())
}

/// Sends the request piece by piece, each in a packet of its own, and reads to the end.
fn ask(site: &Site, request: &[u8], piece: usize) -> Result<String> {
    let mut stream = TcpStream::connect(site.url().trim_start_matches("http://"))?;
    stream.set_nodelay(true)?;
    for piece in request.chunks(piece) {
        // A server that has refused already may have closed its side.
        if stream.write_all(piece).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let mut answer = Vec::new();
    // What was sent after the refusal may reset the connection behind the answer.
    if let Err(error) = stream.read_to_end(&mut answer) {
        ensure!(!answer.is_empty(), "no answer: {error}");
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
