//! How is a document given to somebody who does not believe us? As a tar file of its pages and all that proves them:
//! [`record::bundle`] says what is in it.

use std::io::Write;

use archive::Archive;
use bytes::Bytes;
use catalog::{Catalog, Version};
use record::bundle::{
    CAPTURE, CAPTURE_PROOF, CHECKPOINT, ENVELOPE, FIELDS, LOG_KEY, LOG_KEYS, MANIFEST, POLICY, README, SEALED,
    SEALED_PROOF, SUMS, earlier_manifest,
};
use record::log_key::KeyChange;
use record::{Descriptor, Digest, EventKind, Manifest, Receipt, canonical};

use crate::problem::Problem;

#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("failed to {0}")]
    Archive(#[from] archive::Error),
    #[error("failed to {0}")]
    Catalog(#[from] catalog::CatalogError),
    #[error("failed to prove it: {0}")]
    Receipt(#[from] record::receipt::ReceiptError),
    #[error("failed to read a record: it {0}")]
    Record(#[from] canonical::CanonicalError),
    #[error("failed to write the bundle: {0}")]
    Io(#[from] std::io::Error),
}

/// What comes into a bundle, with names. Pages are read only as they are written.
pub struct Bundle {
    entries: Vec<(String, Part)>,
    /// Seconds since the epoch: files are as old as the version.
    sealed: u64,
}

/// What is in one file.
pub enum Part {
    Text(Bytes),
    Blob(Digest),
}

impl Bundle {
    /// All that proves this version, to the ledger as it is now.
    pub async fn of(archive: &Archive, catalog: &Catalog, version: &Version) -> Result<Self, BundleError> {
        let receipt = archive.proof(version.sealed_index).await?;
        let manifest = archive.manifest(&version.manifest).await?;
        let mut bundle = Self { entries: Vec::new(), sealed: u64::try_from(version.at.0 / 1000).unwrap_or_default() };
        bundle.text(CHECKPOINT, receipt.checkpoint.clone());
        bundle.text(LOG_KEY, format!("{}\n", archive.key()));
        bundle.text(POLICY, format!("log {}\nquorum none\n", archive.key()));
        bundle.keys(archive).await?;
        bundle.proven((SEALED, SEALED_PROOF), &receipt)?;
        bundle.text(MANIFEST, archive.manifest_bytes(&version.manifest).await?);
        bundle.earlier(archive, &manifest).await?;
        bundle.blobs(&manifest);
        bundle.capture(archive, catalog, &manifest).await?;
        bundle.text(README, readme(&manifest, receipt.index));
        bundle.text(SUMS, bundle.sums());
        Ok(bundle)
    }

    fn text(&mut self, name: &str, text: impl Into<Bytes>) {
        self.entries.push((name.to_owned(), Part::Text(text.into())));
    }

    fn blob(&mut self, name: String, blob: &Descriptor) {
        self.entries.push((name, Part::Blob(blob.digest)));
    }

    /// Where the log's key was changed, so that the first one is enough.
    async fn keys(&mut self, archive: &Archive) -> Result<(), BundleError> {
        let changes = archive.key_changes().await?;
        if !changes.is_empty() {
            self.text(LOG_KEYS, KeyChange::to_list(changes)?);
        }
        Ok(())
    }

    fn proven(&mut self, (leaf, proof): (&str, &str), receipt: &Receipt) -> Result<(), BundleError> {
        self.text(leaf, receipt.leaf_bytes()?);
        self.text(proof, receipt.to_tlog_proof());
        Ok(())
    }

    async fn earlier(&mut self, archive: &Archive, manifest: &Manifest) -> Result<(), BundleError> {
        let mut previous = manifest.previous;
        while let Some(digest) = previous {
            let earlier = archive.manifest(&digest).await?;
            self.text(&earlier_manifest(earlier.version), archive.manifest_bytes(&digest).await?);
            previous = earlier.previous;
        }
        Ok(())
    }

    fn blobs(&mut self, manifest: &Manifest) {
        for page in &manifest.pages {
            self.blob(page_name(page.number, &page.image.media_type), &page.image);
            if let Some(words) = &page.brought {
                self.blob(format!("words/{:04}.xml", page.number), words);
            }
        }
        for (number, original) in (1..).zip(&manifest.originals) {
            self.blob(format!("originals/{number}.{}", ending(&original.media_type)), original);
        }
        self.blob(FIELDS.to_owned(), &manifest.index);
    }

    /// What the station signed, where it did, and where that names no file of somebody else's document.
    async fn capture(&mut self, archive: &Archive, catalog: &Catalog, manifest: &Manifest) -> Result<(), BundleError> {
        let Some(index) = catalog.batch_closed_by(manifest.batch).await? else { return Ok(()) };
        let record = catalog.batch_record(manifest.batch).await?;
        let names_files = record.and_then(|record| record.closed).is_none_or(|closed| !closed.refused.is_empty());
        let receipt = archive.proof(index).await?;
        let (event, _) = receipt.verify(&archive.key())?;
        let EventKind::BatchRecorded { signed: Some(envelope), .. } = event.event else { return Ok(()) };
        if names_files {
            return Ok(());
        }
        self.proven((CAPTURE, CAPTURE_PROOF), &receipt)?;
        self.text(ENVELOPE, archive.read(&envelope).await?);
        Ok(())
    }

    /// As `sha256sum` writes it.
    fn sums(&self) -> String {
        let digest = |part: &Part| match part {
            Part::Text(bytes) => Digest::of(bytes),
            Part::Blob(digest) => *digest,
        };
        self.entries.iter().map(|(name, part)| format!("{}  {name}\n", digest(part).hex())).collect()
    }

    /// Its files by name.
    pub fn into_files(self) -> Vec<(String, Part)> {
        self.entries
    }

    /// Writes the tar file; `read` gives a blob's bytes.
    pub fn write(
        self,
        out: impl Write,
        read: impl Fn(&Digest) -> Result<Bytes, archive::Error>,
    ) -> Result<(), BundleError> {
        let mut tar = tar::Builder::new(out);
        for (name, part) in &self.entries {
            let bytes = match part {
                Part::Text(bytes) => bytes.clone(),
                Part::Blob(digest) => read(digest)?,
            };
            let mut header = tar::Header::new_ustar();
            header.set_mode(0o644);
            header.set_mtime(self.sealed);
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, format!("bundle/{name}"), bytes.as_ref())?;
        }
        Ok(tar.into_inner()?.flush()?)
    }
}

/// The name of a page's image.
pub fn page_name(number: u32, media_type: &str) -> String {
    format!("pages/{number:04}.{}", ending(media_type))
}

fn ending(media_type: &str) -> &'static str {
    match media_type {
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/tiff" => "tif",
        "image/jp2" => "jp2",
        "application/pdf" => "pdf",
        _ => "bin",
    }
}

fn readme(manifest: &Manifest, index: u64) -> String {
    let Manifest { document, version, .. } = manifest;
    format!(
        "Document {document}, version {version}, with the proof that it was sealed as it is.\n\
         It holds a patient's pages: keep it as you keep the paper.\n\
         \n\
         Trust log.pub only if it is the key that the archive's owner gave you by another way.\n\
         \n\
         In one step:  chartroom-verify --key log.pub --bundle .        (or the .tar file)\n\
         \n\
         With public tools alone:\n\
         1. sha256sum -c SHA256SUMS         the files came over whole\n\
         2. sha256sum manifest.json         stands in sealed.json as \"manifest\"\n\
         3. sha256sum pages/*               each stands in manifest.json as an \"image\", in the order of the pages\n\
         4. sealed.json is entry {index} of the log: sealed.tlog-proof (c2sp.org/tlog-proof) proves it. Any program that\n\
         \x20  knows the format will do, for instance that of PyPI's proofbundle:\n\
         \x20  proofbundle verify-proof sealed.tlog-proof --payload-file sealed.json --log-vkey \"$(cat log.pub)\"\n\
         5. Where there is capture.dsse.json: the station's signed word (DSSE, Ed25519) for these pages, and\n\
         \x20  capture.json, the event that names its sha256sum, with a proof like the other.\n\
         \n\
         Not proven by this: that there is no newer version, and that the log is the newest. Ask for the log's checkpoint\n\
         of today, and hold it against another that you got elsewhere.\n"
    )
}

impl From<BundleError> for Problem {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::Archive(error) => error.into(),
            BundleError::Catalog(error) => error.into(),
            other => Self::unavailable("archive", &other),
        }
    }
}
