//! `chartroom timestamp`: a time-stamping authority's word that the ledger was so at that time (RFC 3161).
//!
//! The authority sees a digest and nothing else. Its token lies beside the checkpoint that it is for, and `openssl ts -verify`
//! holds it against the authority's certificate.

use anyhow::{Context as _, bail, ensure};
use archive::{Archive, Moment, Stamped};
use bytes::Bytes;
use record::{Digest, Timestamp};
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;

use super::{open, say};
use crate::config::{DataDir, StoreOptions};
use crate::password;
use crate::state::now;

/// RFC 3161 §2.4.1, in DER: version 1 …
const VERSION: [u8; 3] = [0x02, 0x01, 0x01];
/// … a message imprint by SHA-256 (2.16.840.1.101.3.4.2.1), up to the 32 bytes …
const IMPRINT: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];
/// … a nonce, and that the certificate shall come with the answer.
const NONCE: [u8; 2] = [0x02, 0x08];
const CERTIFICATE: [u8; 3] = [0x01, 0x01, 0xff];
const DAY_MILLISECONDS: i64 = 24 * 60 * 60 * 1000;
/// A token with its chain of certificates has a few KiB.
const TOKEN_BYTES_MAX: usize = 64 * 1024;

/// Stamps the checkpoint, then renews what ends within so many days, if the authority's own word holds for longer by now.
pub async fn run(data: &DataDir, options: StoreOptions, tsa: &str, renew_days: u32) -> anyhow::Result<()> {
    let (archive, _) = open(data, options).await?;
    let checkpoint = archive.checkpoint();
    let token = ask(tsa, &Digest::of(checkpoint.as_bytes())).await?;
    let until = archive::token_ends(&token);
    let name = archive.publish_timestamp(checkpoint, token).await.context("failed to keep the token")?;
    say(&format!("{name}.tsr\nopenssl ts -verify -data {name}.checkpoint -in {name}.tsr -CAfile TSA.pem"))?;
    let now = now();
    let soon = Moment::from(Timestamp(now.0 + i64::from(renew_days) * DAY_MILLISECONDS));
    for stamped in archive.stamped().await? {
        match stamped.ends() {
            Some(end) if end <= Moment::from(now) => {
                say(&format!(
                    "{}: it ended on {end} and was not renewed; the next checkpoint's takes over",
                    stamped.name
                ))?;
            }
            Some(end) if end <= soon && until.as_ref().is_some_and(|until| *until > end) => {
                renew(&archive, tsa, &stamped).await?;
            }
            _ => {}
        }
    }
    Ok(())
}

async fn renew(archive: &Archive, tsa: &str, stamped: &Stamped) -> anyhow::Result<()> {
    let n = stamped.tokens.len();
    let token = ask(tsa, &stamped.subject(n)).await?;
    let key = archive.renew_timestamp(stamped, token).await.context("failed to keep the token")?;
    let before = stamped.key(n.saturating_sub(1));
    say(&format!("{key}\nopenssl ts -verify -data {before} -in {key} -CAfile TSA.pem"))
}

/// The authority's answer for bytes of this digest.
async fn ask(tsa: &str, digest: &Digest) -> anyhow::Result<Bytes> {
    let mut nonce: [u8; 8] = password::random()?;
    // A positive integer of eight bytes: DER allows no other spelling.
    nonce[0] = nonce[0] & 0x7f | 0x40;
    let ask = Client::new().post(tsa).header(CONTENT_TYPE, "application/timestamp-query").body(query(digest, nonce));
    let answer = ask.send().await.with_context(|| format!("failed to reach {tsa}"))?;
    let answer = answer.error_for_status().context("the authority refuses")?.bytes().await?;
    check(&answer, digest, nonce)?;
    Ok(answer)
}

fn query(digest: &Digest, nonce: [u8; 8]) -> Vec<u8> {
    let parts = [&VERSION[..], &IMPRINT, digest.as_bytes(), &NONCE, &nonce, &CERTIFICATE].concat();
    // Below 128, so that one byte says it.
    [&[0x30, parts.len() as u8][..], &parts].concat()
}

/// Whether it was granted, and is for what was asked. Who signed it, the auditor judges.
fn check(answer: &[u8], digest: &Digest, nonce: [u8; 8]) -> anyhow::Result<()> {
    ensure!(answer.len() <= TOKEN_BYTES_MAX, "the authority's answer has {} bytes: that is no token", answer.len());
    match status(answer) {
        Some(0 | 1) => {}
        Some(status) => bail!("the authority does not grant it: status {status} (RFC 3161, section 2.4.2)"),
        None => bail!("the authority's answer is no time-stamp response: check its address"),
    }
    let holds = |part: &[u8]| answer.windows(part.len()).any(|window| window == part);
    ensure!(holds(digest.as_bytes()) && holds(&nonce), "the token is for something else than what was asked");
    Ok(())
}

/// `TimeStampResp ::= SEQUENCE { SEQUENCE { INTEGER, … }, … }`: that integer.
fn status(answer: &[u8]) -> Option<u8> {
    let info = inside(inside(answer)?)?;
    match *info {
        [0x02, 0x01, status, ..] => Some(status),
        _ => None,
    }
}

/// What stands in a DER sequence.
fn inside(der: &[u8]) -> Option<&[u8]> {
    match *der {
        [0x30, length, ref rest @ ..] if length < 0x80 => Some(rest),
        [0x30, long, ref rest @ ..] if (0x81..=0x84).contains(&long) => rest.get(usize::from(long & 0x7f)..),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_to_the_question_is_taken() {
        let (digest, nonce) = (Digest::of(b"checkpoint"), [0x41, 2, 3, 4, 5, 6, 7, 8]);
        let question = query(&digest, nonce);
        assert_eq!((question.len(), question[1]), (69, 67));
        let answer = |status: u8| [&[0x30, 0x81, 0x90, 0x30, 0x03, 0x02, 0x01, status][..], &question].concat();
        assert!(check(&answer(0), &digest, nonce).is_ok() && check(&answer(1), &digest, nonce).is_ok());
        assert!(check(&answer(2), &digest, nonce).is_err() && check(b"<html>", &digest, nonce).is_err());
        assert!(
            check(&answer(0), &Digest::of(b"other"), nonce).is_err() && check(&answer(0), &digest, [9; 8]).is_err()
        );
    }
}
