//! `chartroom bundle`: one document with all that proves it, as a file to give away.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use record::event::{Actor, ViewForm};
use record::{DocumentId, Event, EventKind};
use tokio::runtime::Handle;

use super::{open, say};
use crate::bundle::Bundle;
use crate::config::{DataDir, StoreOptions};
use crate::state;

/// Writes the bundle of a version, the newest where none is named. That it was given out is in the ledger first.
pub async fn run(
    data: &DataDir,
    options: StoreOptions,
    document: DocumentId,
    version: Option<u32>,
    out: Option<PathBuf>,
) -> anyhow::Result<()> {
    let (archive, catalog) = open(data, options).await?;
    let found = catalog.document(document).await?.context("there is no such document: its id stands in its address")?;
    let number = version.unwrap_or(found.version);
    let version = catalog.version(document, number).await?;
    let version = version.with_context(|| format!("the document has {} versions", found.version))?;
    let out = out.unwrap_or_else(|| format!("{document}-v{number}.tar").into());
    if out.exists() {
        bail!("{} is there already: name another file with --out", out.display());
    }
    let viewed = EventKind::Viewed { document, page: None, form: ViewForm::Bundle };
    archive.append(vec![Event { at: state::now(), actor: Actor::System, event: viewed }]).await?;
    let bundle = Bundle::of(&archive, &catalog, &version).await?;
    let (file, handle) = (out.clone(), Handle::current());
    tokio::task::spawn_blocking(move || write(bundle, &file, |digest| handle.block_on(archive.read(digest)))).await??;
    say(&out.display().to_string())
}

fn write(
    bundle: Bundle,
    file: &Path,
    read: impl Fn(&record::Digest) -> Result<bytes::Bytes, archive::Error>,
) -> anyhow::Result<()> {
    let made = File::create_new(file).with_context(|| format!("failed to write {}", file.display()))?;
    let mut out = BufWriter::new(made);
    bundle.write(&mut out, read)?;
    out.flush().with_context(|| format!("failed to write {}", file.display()))
}
