//! Does a bundle prove what it says? One document version, without the store it came from; `record::bundle` says what is in it.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use record::bundle::{
    CAPTURE, CAPTURE_PROOF, ENVELOPE, LOG_KEY, LOG_KEYS, MANIFEST, SEALED, SEALED_PROOF, earlier_manifest,
};
use record::envelope::{Envelope, StationKey, fingerprint};
use record::log_key::KeyChange;
use record::note::LogKey;
use record::{Digest, Hasher, Manifest, Receipt, canonical, limits};

use super::{Code, Finding, Gap, Question, Report};

/// Files of a bundle, hashed; small ones are kept.
#[derive(Default)]
pub struct Bundle {
    texts: BTreeMap<String, Vec<u8>>,
    /// Name and size by digest.
    files: HashMap<Digest, (String, u64)>,
}

fn named<T>(path: &Path, result: io::Result<T>) -> io::Result<T> {
    result.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

impl Bundle {
    /// The bundle that somebody unpacked into this folder.
    ///
    /// # Errors
    /// What reading gives, with the file's name.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let mut bundle = Self::default();
        bundle.add_folder(folder, folder)?;
        Ok(bundle)
    }

    fn add_folder(&mut self, root: &Path, at: &Path) -> io::Result<()> {
        for entry in named(at, fs::read_dir(at))? {
            let path = entry?.path();
            if path.is_dir() {
                self.add_folder(root, &path)?;
            } else {
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                named(&path, File::open(&path).and_then(|file| self.add(&name, file)))?;
            }
        }
        Ok(())
    }

    /// Takes in one file; `name` is its path inside the bundle.
    ///
    /// # Errors
    /// What reading gives, and where the bundle has more files than any document.
    pub fn add(&mut self, name: &str, mut file: impl Read) -> io::Result<()> {
        if self.files.len() > limits::BUNDLE_FILES_MAX {
            return Err(io::Error::other("it has more files than a document can have"));
        }
        let (mut hasher, mut kept, mut size, mut chunk) = (Hasher::new(), Vec::new(), 0, vec![0; 64 * 1024]);
        loop {
            let n = file.read(&mut chunk)?;
            if n == 0 {
                break;
            }
            hasher.update(&chunk[..n]);
            size += n as u64;
            if kept.len() + n <= limits::CANONICAL_BYTES_MAX {
                kept.extend_from_slice(&chunk[..n]);
            }
        }
        // Pages are not looked into.
        if kept.len() as u64 == size && !name.contains('/') || name.starts_with("manifests/") {
            self.texts.insert(name.to_owned(), kept);
        }
        self.files.insert(hasher.finish(), (name.to_owned(), size));
        Ok(())
    }

    fn text(&self, name: &str) -> &[u8] {
        self.texts.get(name).map_or(&[], Vec::as_slice)
    }

    /// Checks it against the log's key and, where they are given, the stations'.
    pub fn verify(&self, key: &LogKey, stations: Option<&[StationKey]>) -> Report {
        let mut report = Report::default();
        let key = self.keys(&mut report, key);
        if let Some(manifest) = self.sealed(&mut report, &key) {
            self.chain(&mut report, &manifest);
            self.blobs(&mut report, &manifest);
            self.capture(&mut report, &key, stations, &manifest);
        }
        let detail = "whether there is a newer version, or a newer ledger, is told by the store alone".to_owned();
        report.not_proven.push(Gap { what: Question::Freshness, detail });
        report.conclude()
    }

    /// The log's keys, as far as the bundle leads from the one that is trusted to others.
    fn keys(&self, report: &mut Report, trusted: &LogKey) -> LogKey {
        let Some(text) = self.texts.get(LOG_KEYS) else { return trusted.clone() };
        KeyChange::list(text).and_then(|changes| trusted.follow(&changes)).unwrap_or_else(|error| {
            report.find(Code::KeyChangeWrong, LOG_KEYS, format!("it {error}"));
            trusted.clone()
        })
    }

    /// The manifest, once the log has sealed it.
    fn sealed(&self, report: &mut Report, key: &LogKey) -> Option<Manifest> {
        let receipt = self.receipt(report, key, SEALED, SEALED_PROOF)?;
        match receipt.verify_sealed(key, self.text(MANIFEST)) {
            Ok(manifest) => {
                report.checkpoint = receipt.checkpoint;
                report.counts.manifests += 1;
                Some(manifest)
            }
            Err(error) => {
                report.find(Code::ManifestWrong, MANIFEST, error.to_string());
                None
            }
        }
    }

    /// A proof that leads from its event to a checkpoint that the log has signed.
    fn receipt(&self, report: &mut Report, key: &LogKey, leaf: &str, proof: &str) -> Option<Receipt> {
        let text = String::from_utf8_lossy(self.text(proof));
        let receipt = Receipt::from_tlog_proof(&text, self.text(leaf));
        let proven = receipt.and_then(|receipt| receipt.verify(key).map(|_| receipt));
        match proven {
            Ok(receipt) => {
                report.counts.events += 1;
                Some(receipt)
            }
            Err(error) => {
                let code = match error {
                    record::receipt::ReceiptError::Checkpoint(_) => Code::CheckpointWrong,
                    _ => Code::EntriesWrong,
                };
                let key = String::from_utf8_lossy(self.text(LOG_KEY));
                report.find(code, proof, format!("{error}; the bundle itself names the key `{}`", key.trim()));
                None
            }
        }
    }

    fn chain(&self, report: &mut Report, manifest: &Manifest) {
        let mut later = manifest.clone();
        while let Some(previous) = later.previous {
            let name = earlier_manifest(later.version - 1);
            let bytes = self.text(&name);
            let earlier = canonical::from_bytes::<Manifest>(bytes).ok().filter(|_| Digest::of(bytes) == previous);
            let Some(earlier) = earlier.filter(|it| it.version + 1 == later.version && it.document == later.document)
            else {
                report.find(Code::ManifestWrong, name, format!("it is not what version {} names", later.version));
                return;
            };
            report.counts.manifests += 1;
            later = earlier;
        }
    }

    fn blobs(&self, report: &mut Report, manifest: &Manifest) {
        let pages = manifest
            .pages
            .iter()
            .flat_map(|page| page.blobs().map(move |blob| (format!("page {}", page.number), blob)));
        let originals = manifest.originals.iter().map(|blob| ("an original".to_owned(), blob));
        let index = std::iter::once(("the index fields".to_owned(), &manifest.index));
        for (what, blob) in pages.chain(originals).chain(index) {
            match self.files.get(&blob.digest) {
                Some((_, size)) if *size == blob.size => {
                    report.counts.blobs += 1;
                    report.counts.bytes += size;
                }
                _ => report.find(
                    Code::BlobMissing,
                    blob.digest.to_string(),
                    format!("no file is {what}, as it was sealed"),
                ),
            }
        }
        let all = manifest.pages.iter().map(|page| page.blobs().count()).sum::<usize>() + manifest.originals.len() + 1;
        (report.coverage.blobs, report.coverage.of_blobs) = (report.counts.blobs, all as u64);
        (report.coverage.bytes, report.coverage.of_bytes) = (report.counts.bytes, report.counts.bytes);
    }

    fn capture(&self, report: &mut Report, key: &LogKey, stations: Option<&[StationKey]>, manifest: &Manifest) {
        let envelope = self.text(ENVELOPE);
        if envelope.is_empty() {
            report.note(Code::CaptureUnsigned, ENVELOPE, "the bundle has no signature of a capture station");
            return;
        }
        let Some(receipt) = self.receipt(report, key, CAPTURE, CAPTURE_PROOF) else { return };
        let signed = receipt.verify(key).ok().and_then(|(event, _)| event.event.attached());
        if signed != Some(Digest::of(envelope)) {
            report.find(Code::CaptureWrong, ENVELOPE, "the event that closed the batch names another envelope");
        }
        let Some(stations) = stations else {
            report.note(
                Code::StationsByLedger,
                ENVELOPE,
                "no --stations were given, so that its signature was not checked",
            );
            return;
        };
        report.counts.envelopes += 1;
        match canonical::from_bytes::<Envelope>(envelope)
            .map(|envelope| envelope.open(stations).map(|(capture, _)| capture))
        {
            Ok(Ok(capture)) => {
                let print = fingerprint(manifest.pages.iter().map(|page| &page.image.digest));
                let document = capture.documents.iter().find(|one| one.document == manifest.document);
                if document.is_none_or(|document| fingerprint(&document.pages) != print) {
                    report.find(Code::CaptureWrong, ENVELOPE, "the station signed other pages");
                }
            }
            Ok(Err(error)) => report.find(Code::StationUnknown, ENVELOPE, format!("it {error}")),
            Err(error) => report.find(Code::CaptureWrong, ENVELOPE, format!("it is {error}")),
        }
    }
}

impl Report {
    fn find(&mut self, code: Code, object: impl Into<String>, detail: impl Into<String>) {
        self.findings.push(Finding::new(code, object, detail));
    }

    fn note(&mut self, code: Code, object: impl Into<String>, detail: impl Into<String>) {
        self.notes.push(Finding::new(code, object, detail));
    }
}
