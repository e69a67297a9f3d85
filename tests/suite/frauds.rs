//! Ten frauds, each planted in a copy of a bucket that the real programs filled: `chartroom-verify` names every one, and so does
//! an outsider with public tools (`tests/outsider/audit.py`). Half of them need no more than the bucket; the others are an
//! insider's, who holds the log's key.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, bail, ensure};
use archive::{Archive, StoreAddress};
use record::envelope::{Capture, CapturedDocument, StationSigner};
use record::event::{Actor, StationRecord, ViewForm};
use record::manifest::{BatchClosed, BatchRecord};
use record::note::LogSigner;
use record::{BatchId, Digest, DocumentId, Event, EventKind, Manifest, Timestamp, canonical};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{destroying, program, samples, site::Site};
use tokio::runtime::Runtime;

const DAY_MILLIS: i64 = 86_400_000;

/// A bucket with one document in two versions, which somebody has viewed, and what auditors know of it from elsewhere.
struct House {
    folder: TempDir,
    store: PathBuf,
    seed: [u8; 32],
    origin: String,
    versions: Vec<(Manifest, Digest)>,
}

impl House {
    fn build() -> Result<Self> {
        let site = Site::start(0)?;
        let folder = TempDir::new()?;
        fs::write(folder.path().join("stations"), site.enrol_station()?)?;
        let document = capture_and_view(&site)?;
        let store = folder.path().join("store");
        copy(&site.store(), &store)?;
        fs::copy(site.log_key(), folder.path().join("log.pub"))?;
        fs::copy(store.join("log/checkpoint"), folder.path().join("seen"))?;
        let secret = fs::read_to_string(site.data().join("keys/log.key"))?;
        let settings: Value = serde_json::from_slice(&fs::read(site.data().join("chartroom.json"))?)?;
        let origin = settings["origin"].as_str().context("an origin")?.to_owned();
        let mut house = Self { folder, store, seed: unhex(secret.trim())?, origin, versions: Vec::new() };
        house.versions = house.insider(&house.store, async |archive| versions(&archive, &document).await)?;
        ensure!(house.versions.len() == 2, "two versions");
        Ok(house)
    }

    /// A copy of the bucket, to be tampered with.
    fn copy(&self, name: &str) -> Result<PathBuf> {
        let store = self.folder.path().join(name);
        copy(&self.store, &store)?;
        Ok(store)
    }

    /// Lets somebody act who holds the log's key.
    fn insider<T>(&self, store: &Path, act: impl AsyncFnOnce(Archive) -> Result<T>) -> Result<T> {
        let signer = LogSigner::from_seed(&self.origin, &self.seed)?;
        let address = StoreAddress::parse(&store.to_string_lossy(), Vec::new())?;
        Runtime::new()?.block_on(async { act(Archive::open(&address, signer).await?).await })
    }

    fn verify(&self, store: &Path) -> Result<(Option<i32>, Value)> {
        let outside = |name: &str| self.folder.path().join(name);
        let mut command = program::command("chartroom-verify")?;
        command.args(["--json", "--store"]).arg(store).arg("--key").arg(outside("log.pub"));
        let output = command.arg("--stations").arg(outside("stations")).arg("--since").arg(outside("seen")).output()?;
        let report = serde_json::from_slice(&output.stdout);
        Ok((output.status.code(), report.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?))
    }

    fn outsider(&self, store: &Path) -> Result<Output> {
        let python = program::cache()?.join("venv/bin/python");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("outsider/audit.py");
        let outside = |name: &str| self.folder.path().join(name);
        let mut command = Command::new(python);
        command.arg(script).arg(store).arg(outside("log.pub")).arg(outside("stations")).arg(outside("seen"));
        Ok(command.output()?)
    }

    /// Both find it, and by this code.
    fn expect(&self, what: &str, store: &Path, code: &str) -> Result<()> {
        let (exit, report) = self.verify(store)?;
        let found = report["findings"].as_array().cloned().unwrap_or_default();
        ensure!(exit == Some(1) && found.iter().any(|one| one["code"] == code), "{what} is no {code}: {report}");
        let output = self.outsider(store)?;
        let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let named = said.lines().any(|line| line.split(' ').next() == Some(code));
        ensure!(output.status.code() == Some(1) && named, "the outsider does not find {what}: {said}{errors}");
        Ok(())
    }
}

/// Imports, answers with another type, and looks at it.
fn capture_and_view(site: &Site) -> Result<String> {
    let token = site.token("technician")?;
    let import = site
        .station("import", &token)?
        .args(["--patient", samples::MRN])
        .arg(samples::path("discharge-summary.tif"))
        .output()?;
    program::succeed("scanner-agent import", import)?;
    let technician = site.caller("technician")?;
    let events = site.caller("auditor")?.json("/api/v1/ledger/events?most=1000")?;
    let sealed = events["events"].as_array().context("events")?.iter().rfind(|one| one["event"]["type"] == "sealed");
    let document = sealed.context("a document")?["event"]["document"].as_str().context("its id")?.to_owned();
    let fields = json!({ "mrn": samples::MRN, "document_type": "LETTER" });
    let status = technician.revise(&format!("/api/v1/documents/{document}/fields"), 1, &fields)?;
    ensure!(status == 200, "the second version: {status}");
    technician.json(&format!("/api/v1/documents/{document}"))?;
    Ok(document)
}

async fn versions(archive: &Archive, document: &str) -> Result<Vec<(Manifest, Digest)>> {
    let mut found = Vec::new();
    for event in archive.events(0, usize::MAX).await? {
        if let EventKind::Sealed { document: one, manifest, .. } = event.event
            && one.to_string() == document
        {
            found.push((archive.manifest(&manifest).await?, manifest));
        }
    }
    Ok(found)
}

async fn append(archive: &Archive, event: EventKind) -> Result<()> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis();
    archive.append(vec![Event { at: Timestamp(i64::try_from(now)?), actor: Actor::System, event }]).await?;
    Ok(())
}

async fn seal(archive: &Archive, manifest: &Manifest) -> Result<()> {
    let Manifest { document, version, batch, .. } = *manifest;
    let pages = u32::try_from(manifest.pages.len())?;
    let manifest = archive.seal(manifest).await?;
    append(archive, EventKind::Sealed { document, version, manifest, batch, pages }).await
}

fn object(store: &Path, family: &str, digest: &Digest) -> PathBuf {
    let hex = digest.hex();
    store.join(format!("{family}/sha256/{}/{}/{hex}", &hex[..2], &hex[2..4]))
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
    let mut bytes = fs::read(path)?;
    change(&mut bytes);
    Ok(fs::write(path, bytes)?)
}

#[test]
fn an_honest_bucket_is_sound_and_one_page_of_it_is_proven() -> Result<()> {
    let house = House::build()?;
    let (exit, report) = house.verify(&house.store)?;
    ensure!(exit == Some(0) && report["verdict"] == "sound" && report["counts"]["envelopes"] == 1, "{report}");
    let output = house.outsider(&house.store)?;
    let said = String::from_utf8_lossy(&output.stdout);
    let page = house.versions[0].0.pages[0].image.digest.to_string();
    ensure!(output.status.success() && said.contains(&page), "{said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

#[test]
fn ten_planted_frauds_are_named_by_us_and_by_an_outsider() -> Result<()> {
    let house = House::build()?;
    with_the_bucket_alone(&house)?;
    with_the_logs_key(&house)
}

fn with_the_bucket_alone(house: &House) -> Result<()> {
    let (manifest, _) = &house.versions[1];
    let image = manifest.pages[0].image.digest;

    let store = house.copy("flipped pixel")?;
    change(&object(&store, "blobs", &image), |bytes| *bytes.last_mut().expect("a page") ^= 0x10)?;
    house.expect("a flipped pixel", &store, "blob-wrong")?;

    let store = house.copy("edited index field")?;
    change(&object(&store, "blobs", &manifest.index.digest), |bytes| {
        *bytes = String::from_utf8_lossy(bytes).replace("LETTER", "LETTRE").into_bytes();
    })?;
    house.expect("an edited index field", &store, "blob-wrong")?;

    let store = house.copy("dropped view")?;
    drop_view(&store)?;
    house.expect("a dropped view", &store, "entries-wrong")?;

    let store = house.copy("deleted blob")?;
    fs::remove_file(object(&store, "blobs", &image))?;
    house.expect("a deleted blob", &store, "blob-missing")?;

    // Whoever seals one event more and keeps the bucket of before has set the log back.
    let store = house.copy("rolled back")?;
    let newer = house.copy("newer")?;
    house.insider(&newer, async |archive| append(&archive, view(manifest.document)).await)?;
    fs::copy(newer.join("log/checkpoint"), house.folder.path().join("seen"))?;
    house.expect("a rollback", &store, "rolled-back")?;
    fs::copy(house.store.join("log/checkpoint"), house.folder.path().join("seen"))?;
    Ok(())
}

fn view(document: DocumentId) -> EventKind {
    EventKind::Viewed { document, page: None, form: ViewForm::Screen }
}

/// Cuts the view out of the newest bundle of entries: two bytes of length, then the entry, again and again.
fn drop_view(store: &Path) -> Result<()> {
    let mut bundles: Vec<PathBuf> =
        fs::read_dir(store.join("log/tile/entries/000.p"))?.map(|it| Ok(it?.path())).collect::<Result<_>>()?;
    bundles.sort_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    let newest = bundles.pop().context("a bundle")?;
    change(&newest, |bytes| {
        let (mut kept, mut rest) = (Vec::new(), bytes.as_slice());
        while let [high, low, ..] = *rest {
            let (entry, after) = rest.split_at(2 + (usize::from(high) << 8 | usize::from(low)));
            if !String::from_utf8_lossy(entry).contains("\"viewed\"") {
                kept.extend_from_slice(entry);
            }
            rest = after;
        }
        assert!(kept.len() < bytes.len(), "there was a view");
        *bytes = kept;
    })
}

fn with_the_logs_key(house: &House) -> Result<()> {
    let [(first, _), (second, newest)] = house.versions.as_slice() else { bail!("two versions") };
    let previous = Some(*newest);

    let store = house.copy("swapped page")?;
    let mut swapped = Manifest { version: 3, previous, created: now()?, ..second.clone() };
    let [one, two] = swapped.pages.as_mut_slice() else { bail!("two pages") };
    std::mem::swap(&mut one.image, &mut two.image);
    house.insider(&store, async |archive| seal(&archive, &swapped).await)?;
    house.expect("a swapped page", &store, "capture-wrong")?;

    let store = house.copy("back-dated capture")?;
    let earlier = Manifest { version: 3, previous, created: Timestamp(now()?.0 - 30 * DAY_MILLIS), ..second.clone() };
    house.insider(&store, async |archive| seal(&archive, &earlier).await)?;
    house.expect("a back-dated capture", &store, "back-dated")?;

    let store = house.copy("resurrected document")?;
    house.insider(&store, async |archive| seal(&archive, first).await)?;
    house.expect("a resurrected document", &store, "resurrected")?;

    let store = house.copy("destroyed by one person")?;
    house.insider(&store, async |archive| destroy(&archive, first, ["ann", "ann"]).await)?;
    house.expect("a destruction on one person's word", &store, "destruction-wrong")?;

    // An eleventh, since documents may be destroyed: what two people had destroyed is put back, byte for byte.
    let store = house.copy("restored after its destruction")?;
    house.insider(&store, async |archive| destroy(&archive, first, ["ann", "bob"]).await)?;
    let (exit, report) = house.verify(&store)?;
    ensure!(exit == Some(0) && report["notes"].to_string().contains("\"destroyed\""), "with authority: {report}");
    let image = first.pages[0].image.digest;
    fs::copy(object(&house.store, "blobs", &image), object(&store, "blobs", &image))?;
    house.expect("a page that was destroyed", &store, "destroyed-but-present")?;

    let store = house.copy("forged station")?;
    house.insider(&store, async |archive| forge(&archive, second).await)?;
    house.expect("a forged station", &store, "station-unknown")?;

    // Two histories from one state: who has seen the one is shown the other.
    let (store, theirs) = (house.copy("forked log")?, house.copy("the other log")?);
    house.insider(&store, async |archive| append(&archive, view(first.document)).await)?;
    house.insider(&theirs, async |archive| append(&archive, view(DocumentId::derived([b"x".as_slice()]))).await)?;
    fs::copy(theirs.join("log/checkpoint"), house.folder.path().join("seen"))?;
    house.expect("a forked log", &store, "split-view")
}

fn now() -> Result<Timestamp> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(Timestamp(i64::try_from(since.as_millis())?))
}

/// A station of the forger's own, enrolled in the ledger, signs for a document that nobody captured.
async fn forge(archive: &Archive, like: &Manifest) -> Result<()> {
    let station = StationSigner::from_seed("front desk", &[66; 32]);
    let key = station.public();
    let body = put(archive, &StationRecord { key: key.to_string(), revoked: false }).await?;
    append(archive, EventKind::StationRecorded { station: key.digest(), body }).await?;
    let (batch, document) = (BatchId::derived([b"forged".as_slice()]), DocumentId::derived([b"forged".as_slice()]));
    let pages: Vec<Digest> = like.pages.iter().map(|page| page.image.digest).collect();
    let captured = u32::try_from(pages.len())?;
    seal(archive, &Manifest { document, batch, version: 1, previous: None, created: now()?, ..like.clone() }).await?;
    let documents = vec![CapturedDocument { document, pages }];
    let envelope = station.sign(&Capture { batch, captured, documents, refused: Vec::new() })?;
    let signed = archive.put(record::envelope::MEDIA_TYPE, canonical::to_bytes(&envelope)?.into()).await?;
    let digest = Some(signed.digest);
    let (at, signed) = (now()?, Some(signed));
    let closed = Some(BatchClosed { at, captured, documents: 1, sheets: None, refused: Vec::new(), signed });
    let source = like.source.clone();
    let record = BatchRecord { batch, name: "forged".to_owned(), source, opened: at, opened_by: Actor::System, closed };
    let body = put(archive, &record).await?;
    append(archive, EventKind::BatchRecorded { batch, body, signed: digest }).await
}

/// As two people do it, one of whom may be the other.
async fn destroy(archive: &Archive, manifest: &Manifest, people: [&str; 2]) -> Result<()> {
    destroying::order(archive, manifest.document, now()?, people).await?;
    destroying::carry_out(archive, now()?).await
}

async fn put<T: serde::Serialize>(archive: &Archive, record: &T) -> Result<Digest> {
    Ok(archive.put("application/json", canonical::to_bytes(record)?.into()).await?.digest)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    program::succeed("cp", Command::new("cp").arg("-r").arg(from).arg(to).output()?).map(drop)
}

fn unhex(text: &str) -> Result<[u8; 32]> {
    let byte = |at: usize| Ok(u8::from_str_radix(text.get(at..at + 2).context("64 digits")?, 16)?);
    let bytes: Vec<u8> = (0..64).step_by(2).map(byte).collect::<Result<_>>()?;
    bytes.try_into().ok().context("32 bytes")
}
