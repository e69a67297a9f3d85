//! Whatever bytes stand where a verifier reads: it answers, it does not panic, and nothing changed is ever proven.
//!
//! Real proofs are mutated, from a fixed seed, without looking into the parser. The suite does so often, `torture fuzz` for so long.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use archive::verify::{Bundle, verify_bag};
use record::envelope::{Envelope, StationKey};
use record::event::Actor;
use record::log_key::KeyChange;
use record::merkle::leaf_hash;
use record::note::{self, Checkpoint, LogKey, LogSigner};
use record::policy::Policy;
use record::witness::AddCheckpoint;
use record::{Digest, Digest512, Event, EventKind, Receipt, Timestamp, canonical};

use crate::chance::Chance;
use crate::site::Site;
use crate::{program, samples};

/// How much is tried of each kind.
#[derive(Debug, Clone, Copy)]
pub enum Effort {
    Rounds(u32),
    For(Duration),
}

impl Effort {
    fn spend(self, mut work: impl FnMut(&mut Chance) -> Result<()>) -> Result<u32> {
        let (clock, mut chance, mut done) = (Instant::now(), Chance::new(0), 0);
        while match self {
            Self::Rounds(rounds) => done < rounds,
            Self::For(time) => clock.elapsed() < time,
        } {
            work(&mut chance)?;
            done += 1;
        }
        Ok(done)
    }
}

/// One document of two pages, captured by an enrolled station; its id.
pub fn filled(site: &Site) -> Result<String> {
    fs::write(site.root().join("stations"), site.enrol_station()?)?;
    let words = ["--patient", samples::MRN];
    let import = site
        .station("import", &site.token("technician")?)?
        .args(words)
        .arg(samples::path("discharge-summary.tif"))
        .output()?;
    program::succeed("scanner-agent import", import)?;
    let events = site.caller("auditor")?.json("/api/v1/ledger/events?most=1000")?;
    let sealed = events["events"].as_array().context("events")?.iter().rfind(|one| one["event"]["type"] == "sealed");
    Ok(sealed.context("a sealed document")?["event"]["document"].as_str().context("its id")?.to_owned())
}

pub fn unpack(tar: &Path, into: &Path) -> Result<PathBuf> {
    fs::create_dir_all(into)?;
    program::succeed("tar", Command::new("tar").arg("-xf").arg(tar).arg("-C").arg(into).output()?)?;
    Ok(into.join("bundle"))
}

/// The files of a real bundle, its log's key and its station's.
struct Proofs {
    files: BTreeMap<String, Vec<u8>>,
    key: LogKey,
    stations: Vec<StationKey>,
}

impl Proofs {
    fn of(site: &Site) -> Result<Self> {
        let (document, tar) = (filled(site)?, site.root().join("given.tar"));
        let words = ["bundle", &document, "--out", &tar.to_string_lossy()];
        program::succeed("chartroom bundle", site.chartroom(&words)?)?;
        let mut files = BTreeMap::new();
        gather(&unpack(&tar, &site.root().join("given"))?, "", &mut files)?;
        let key = fs::read_to_string(site.log_key())?.trim().parse()?;
        let stations = StationKey::list(&fs::read_to_string(site.root().join("stations"))?)?;
        Ok(Self { files, key, stations })
    }

    fn file(&self, name: &str) -> Result<&[u8]> {
        self.files.get(name).map(Vec::as_slice).with_context(|| format!("{name} is in the bundle"))
    }

    /// How many findings there are where `name` has these bytes.
    fn findings(&self, name: &str, bytes: &[u8]) -> Result<usize> {
        let mut bundle = Bundle::default();
        for (other, kept) in &self.files {
            bundle.add(other, if other == name { bytes } else { kept.as_slice() })?;
        }
        Ok(bundle.verify(&self.key, Some(&self.stations)).findings.len())
    }
}

fn gather(folder: &Path, within: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{within}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            gather(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.insert(name, fs::read(entry.path())?);
        }
    }
    Ok(())
}

/// A log whose first event puts another key in the place of its own.
fn change_of_keys() -> Result<Vec<u8>> {
    let (old, new) = (LogSigner::from_seed("log.example", &[1; 32])?, LogSigner::from_seed("log.example", &[2; 32])?);
    let event = EventKind::LogKeyChanged { before: old.public_key().into(), after: new.public_key().into() };
    let leaf = Event { at: Timestamp(0), actor: Actor::System, event }.to_leaf()?;
    let note = new.sign_too(&old.sign(1, leaf_hash(&leaf)))?;
    Ok(KeyChange::to_list(vec![KeyChange::of(Receipt::new(0, &leaf, Vec::new(), note))?])?)
}

/// Mutations of everything that a parser of proofs reads, each kind by itself: how many.
pub fn parsers(effort: Effort) -> Result<u32> {
    let site = Site::start(0)?;
    let proofs = Proofs::of(&site)?;
    let (key, stations) = (&proofs.key, &proofs.stations);
    let checkpoint = String::from_utf8(proofs.file("checkpoint")?.to_vec())?;
    let seen = Checkpoint { size: 1, ..note::open(&checkpoint, key)? };
    let request = AddCheckpoint { old: 1, proof: vec![Digest::of(b"one"); 3], note: checkpoint };
    let receipt =
        Receipt::from_tlog_proof(std::str::from_utf8(proofs.file("sealed.tlog-proof")?)?, proofs.file("sealed.json")?)?;
    let lines: Vec<String> = stations.iter().map(ToString::to_string).collect();
    type Read<'a> = Box<dyn Fn(&[u8]) -> bool + 'a>;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    // What is mutated, and whether it is still read.
    let kinds: [(&str, Vec<u8>, Read); 10] = [
        ("checkpoint", proofs.file("checkpoint")?.to_vec(), Box::new(|b| note::open(&text(b), key).is_ok())),
        ("log key", key.to_string().into_bytes(), Box::new(|b| text(b).parse::<LogKey>().is_ok())),
        ("station keys", lines.join("\n").into_bytes(), Box::new(|b| StationKey::list(&text(b)).is_ok())),
        ("policy", proofs.file("policy")?.to_vec(), Box::new(|b| text(b).parse::<Policy>().is_ok())),
        (
            "witness request",
            request.to_text().into_bytes(),
            Box::new(|b| AddCheckpoint::parse(&text(b)).map(|request| request.judge(key, Some(&seen))).is_ok()),
        ),
        (
            "tlog-proof",
            proofs.file("sealed.tlog-proof")?.to_vec(),
            Box::new(|b| Receipt::from_tlog_proof(&text(b), b"{}").is_ok_and(|receipt| receipt.verify(key).is_ok())),
        ),
        (
            "receipt",
            canonical::to_bytes(&receipt)?,
            Box::new(|b| canonical::from_bytes::<Receipt>(b).is_ok_and(|receipt| receipt.verify(key).is_ok())),
        ),
        ("change of keys", change_of_keys()?, Box::new(|b| KeyChange::list(b).is_ok())),
        ("event", proofs.file("sealed.json")?.to_vec(), Box::new(|b| Event::from_leaf(b).is_ok())),
        (
            "envelope",
            proofs.file("capture.dsse.json")?.to_vec(),
            Box::new(|b| canonical::from_bytes::<Envelope>(b).is_ok_and(|envelope| envelope.open(stations).is_ok())),
        ),
    ];
    let mut all = 0;
    for (kind, seed, read) in &kinds {
        ensure!(*kind == "tlog-proof" || read(seed), "the {kind} is read as it is");
        all += effort.spend(|chance| {
            let mut bytes = seed.clone();
            chance.mutate(&mut bytes);
            read(&bytes);
            Ok(())
        })?;
    }
    Ok(all)
}

/// Nothing that was changed in a bundle is ever proven.
pub fn bundles(effort: Effort) -> Result<u32> {
    let site = Site::start(0)?;
    let proofs = Proofs::of(&site)?;
    // Of the signed note and the keys, lines may be added by whoever likes; the rest is fixed byte by byte.
    let fixed = |name: &&String| {
        name.starts_with("pages/")
            || ["sealed.json", "manifest.json", "fields.json", "capture.json"].contains(&name.as_str())
    };
    let names: Vec<&String> = proofs.files.keys().filter(fixed).collect();
    ensure!(names.len() >= 6 && proofs.findings("", b"")? == 0, "{names:?}");
    effort.spend(|chance| {
        let name = names[chance.below(names.len())];
        let mut bytes = proofs.file(name)?.to_vec();
        chance.mutate(&mut bytes);
        let changed = bytes != proofs.file(name)?;
        ensure!(!changed || proofs.findings(name, &bytes)? > 0, "{name} was changed and nothing is found");
        // Everything else may be anything, as long as it is looked at.
        let other = proofs.files.keys().nth(chance.below(proofs.files.len())).context("a file")?;
        proofs.findings(other, &bytes)?;
        Ok(())
    })
}

/// A store of nonsense is refused with findings.
pub fn stores(effort: Effort) -> Result<u32> {
    let site = Site::start_with(0, &[], Vec::new())?;
    filled(&site)?;
    let mut objects = BTreeMap::new();
    gather(&site.store(), "", &mut objects)?;
    let names: Vec<&String> = objects.keys().collect();
    let done = effort.spend(|chance| {
        let name = names[chance.below(names.len())];
        let mut bytes = objects[name].clone();
        chance.mutate(&mut bytes);
        fs::write(site.store().join(name), &bytes)?;
        let (code, report) = site.verify()?;
        // A checkpoint may bear more signatures; whatever else was changed is found, or named.
        let unharmed = bytes == objects[name] || name == "log/checkpoint";
        let named = code == 1 || report["notes"].to_string().contains(name.as_str());
        ensure!(unharmed && code < 2 || named, "{name}: exit code {code}: {report}");
        fs::write(site.store().join(name), &objects[name])?;
        Ok(())
    })?;
    ensure!(site.verify()?.0 == 0, "what was put back is sound");
    Ok(done)
}

/// The bag of one page, with every kind of tag file.
fn bag(folder: &Path) -> Result<Vec<&'static str>> {
    let page = b"a page";
    let mut files = vec![
        ("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n".to_owned()),
        ("bag-info.txt", format!("Payload-Oxum: {}.1\n", page.len())),
        ("fetch.txt", format!("https://bags.example/page {} data/page\n", page.len())),
        ("manifest-sha256.txt", format!("{}  data/page\n", Digest::of(page).hex())),
        ("manifest-sha512.txt", format!("{}  data/page\n", Digest512::of(page).hex())),
    ];
    let tags = files.iter().map(|(name, text)| format!("{}  {name}\n", Digest::of(text.as_bytes()).hex())).collect();
    files.extend([("tagmanifest-sha256.txt", tags), ("data/page", String::from_utf8_lossy(page).into_owned())]);
    fs::create_dir_all(folder.join("data"))?;
    for (name, text) in &files {
        fs::write(folder.join(name), text)?;
    }
    Ok(files.into_iter().map(|(name, _)| name).collect())
}

/// A bag of nonsense is answered, and nothing in it is changed unseen but the list of sums of the tag files itself.
pub fn bags(effort: Effort) -> Result<u32> {
    let folder = tempfile::tempdir()?;
    let names = bag(folder.path())?;
    let findings = || anyhow::Ok(verify_bag(folder.path(), None, |_| {})?.findings.len());
    ensure!(findings()? == 0, "the bag is valid");
    effort.spend(|chance| {
        let name = names[chance.below(names.len())];
        let good = fs::read(folder.path().join(name))?;
        let mut bytes = good.clone();
        chance.mutate(&mut bytes);
        fs::write(folder.path().join(name), &bytes)?;
        let found = findings()?;
        ensure!(found > 0 || bytes == good || name == "tagmanifest-sha256.txt", "{name} was changed: {bytes:?}");
        Ok(fs::write(folder.path().join(name), good)?)
    })
}
