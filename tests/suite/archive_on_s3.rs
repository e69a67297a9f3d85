//! The archive's own promises, kept on a real S3 server too: create-once, racing sequencers,
//! reopening, damage found and named.

use anyhow::{Context as _, Result, ensure};
use archive::verify::{Ask, verify};
use archive::{Archive, Error, StoreAddress};
use bytes::Bytes;
use record::event::{Actor, ViewForm};
use record::note::LogSigner;
use record::{Digest, DocumentId, Event, EventKind, Timestamp};
use tests::s3::{BUCKET, S3};

const PREFIX: &str = "promises";

fn signer() -> Result<LogSigner> {
    Ok(LogSigner::from_seed("s3.example/log", &[9; 32])?)
}

fn view(n: i64) -> Event {
    let document = DocumentId::derived([n.to_be_bytes().as_slice()]);
    Event {
        at: Timestamp(n),
        actor: Actor::System,
        event: EventKind::Viewed { document, page: None, form: ViewForm::Screen },
    }
}

#[test]
fn the_archive_keeps_its_promises_on_s3() -> Result<()> {
    let s3 = S3::start()?;
    let address = StoreAddress::parse(&format!("s3://{BUCKET}/{PREFIX}"), s3.environment())?;
    let runtime = tokio::runtime::Runtime::new()?;
    let blob = runtime.block_on(async {
        let archive = Archive::init(&address, signer()?).await?;
        let again = Archive::init(&address, signer()?).await;
        ensure!(matches!(again, Err(Error::AlreadyAnArchive)), "a second init is refused");

        let one = archive.put("text/plain", Bytes::from_static(b"a page")).await?;
        let same = archive.put("text/plain", Bytes::from_static(b"a page")).await?;
        ensure!(one == same && archive.read(&one.digest).await? == "a page", "the same bytes are one blob");

        race(&archive, &Archive::open(&address, signer()?).await?).await?;
        let report = verify(&address, &archive.key(), &Ask::default(), |_| {}).await?;
        ensure!(report.findings.is_empty(), "sound: {:?}", report.findings);
        anyhow::Ok(one.digest)
    })?;

    flip_a_byte(&s3, &blob)?;
    runtime.block_on(async {
        let archive = Archive::open(&address, signer()?).await?;
        let read = archive.read(&blob).await;
        ensure!(matches!(read, Err(Error::Corrupt { .. })), "a changed blob is not served");
        Ok(())
    })
}

/// Two sequencers on one bucket: every event is in, each once, and each has its receipt.
async fn race(left: &Archive, right: &Archive) -> Result<()> {
    let append = |archive: Archive, from: i64| async move {
        for n in from..from + 8 {
            let receipts = archive.append(vec![view(n)]).await?;
            receipts[0].verify(&archive.key())?;
        }
        anyhow::Ok(())
    };
    tokio::try_join!(append(left.clone(), 0), append(right.clone(), 100))?;
    let size = left.refresh().await?;
    let events = left.events(0, usize::try_from(size)?).await?;
    ensure!(events.len() == 16, "16 events were acknowledged, {} are in", events.len());
    let mut moments: Vec<i64> = events.iter().map(|event| event.at.0).collect();
    moments.sort_unstable();
    moments.dedup();
    ensure!(moments.len() == 16, "each once");
    Ok(())
}

/// Behind the archive's back, as somebody with the bucket's credentials could.
fn flip_a_byte(s3: &S3, blob: &Digest) -> Result<()> {
    let hex = blob.hex();
    let url = format!("{}/{BUCKET}/{PREFIX}/blobs/sha256/{}/{}/{hex}", s3.endpoint(), &hex[..2], &hex[2..4]);
    let client = reqwest::blocking::Client::new();
    let mut bytes = client.get(&url).send()?.error_for_status()?.bytes()?.to_vec();
    *bytes.first_mut().context("a byte to flip")? ^= 1;
    client.put(&url).body(bytes).send()?.error_for_status()?;
    Ok(())
}
