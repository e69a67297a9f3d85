//! From files to pages in the spool, file by file; and from pages to decided documents.

use std::fs::{self, File};

use anyhow::{Context, anyhow};
use formats::alto;
use record::manifest::{OriginalPage, Refused};
use record::{Descriptor, limits};

use crate::analyst::{Analyst, Looked};
use crate::plan;
use crate::progress::Progress;
use crate::spool::event::{Captured, CapturedPage, Event, SourceFile};
use crate::spool::{self, Batch, Blob};
use crate::unpack::Unpacked;
use crate::unpack::supervise::{Contents, Unpacker};
use crate::unpack::words_file;

/// Takes in the files of a batch that are not in yet. Ends with the capture complete.
pub fn files(batch: &mut Batch, unpacker: &Unpacker) -> anyhow::Result<()> {
    let files = batch.state().files().to_vec();
    let unpacker = &unpacker.on(batch.state().reel());
    let mut progress = Progress::new("taking in", "files", files.len());
    for (at, file) in (0..).zip(&files) {
        if !batch.state().files_done.contains(&at) {
            // Kept encrypted, and while it is unpacked there once more for the child that reads it.
            spool::has_room(batch.folder(), file.size.saturating_mul(2))?;
            let captured = one_file(batch, unpacker, at, file)?;
            batch.record(Event::Captured(captured))?;
        }
        progress.reach(at as usize + 1);
    }
    progress.finish();
    if !batch.state().capture_complete {
        batch.record(Event::CaptureComplete)?;
    }
    Ok(())
}

/// Copies the file into the spool first: what is unpacked is what is kept, even if the file
/// changes meanwhile.
fn one_file(batch: &Batch, unpacker: &Unpacker, at: u32, file: &SourceFile) -> anyhow::Result<Captured> {
    let refuse = |reason: String| Captured {
        file: Some(at),
        original: None,
        pages: Vec::new(),
        refused: vec![Refused { file: file.name.clone(), page: None, reason }],
        strip: None,
    };
    if batch.state().pages.len() >= limits::BATCH_PAGES_MAX {
        return Ok(refuse(format!(
            "the batch is full ({} pages): import it as another batch",
            limits::BATCH_PAGES_MAX
        )));
    }
    let mut source = match File::open(&file.path) {
        Ok(source) => source,
        Err(error) => return Ok(refuse(format!("cannot be read any more: {error}"))),
    };
    let original = batch.keep_original("application/octet-stream", &mut source)?;
    if original.digest != file.digest {
        return Ok(refuse("changed while it was imported: import it again".into()));
    }
    let scratch = batch.scratch()?;
    let unpacker = unpacker.behind(at.checked_sub(1).and_then(|before| batch.state().strips.get(&before)));
    let contents = unpacker.unpack(&batch.blob(&original.digest), &scratch).context("failed to start unpacking")?;
    let captured = captured(at, file, contents, |media_type, page| {
        let bytes = page.read().context("failed to read back an unpacked page")?;
        Ok(batch.keep_page(media_type, &bytes)?)
    })?;
    let _ = fs::remove_dir_all(&scratch);
    Ok(captured)
}

/// Turns what came out of a file into what the journal says of it. `keep` makes a page's file
/// durable, or only names it.
pub fn captured(
    at: u32,
    source: &SourceFile,
    contents: Contents,
    mut keep: impl FnMut(&str, &Blob) -> anyhow::Result<Descriptor>,
) -> anyhow::Result<Captured> {
    let whole = |media_type: &str| Descriptor {
        media_type: media_type.to_owned(),
        digest: source.digest,
        size: source.size,
        plain_digest: None,
        plain_size: None,
    };
    let mut pages = Vec::new();
    for (page, file) in contents.pages {
        let image = if page.whole_file { whole(&page.media_type) } else { keep(&page.media_type, &file)? };
        let words = page.brought.then(|| keep(alto::MEDIA_TYPE, &Blob { path: words_file(&file.path), ..file }));
        let from =
            (!page.whole_file).then_some(OriginalPage { original: source.digest, number: page.number, how: page.how });
        let (width, height, dpi) = (page.width, page.height, page.dpi);
        let (brought, codes, quality) = (words.transpose()?, Some(page.codes), page.quality);
        let frame = page.frame;
        pages.push(CapturedPage { image, width, height, dpi, from, brought, codes, quality, frame });
    }
    let (refused, strip) = (contents.refused.into_iter(), contents.strip);
    let refused = refused.map(|(page, reason)| Refused { file: source.name.clone(), page, reason }).collect();
    let original = pages.iter().any(|page| page.from.is_some()).then(|| whole(&contents.media_type));
    Ok(Captured { file: Some(at), original, pages, refused, strip })
}

/// Looks at scanned pages that nobody has looked at yet. A page on which that fails
/// stays a page: its image is safe, and without a sheet's word its document is an exception.
pub fn analyse(batch: &mut Batch, unpacker: &Unpacker) -> anyhow::Result<()> {
    let waiting: Vec<(u32, Blob)> = (1..)
        .zip(&batch.state().pages)
        .filter(|(_, placed)| placed.page.codes.is_none())
        .map(|(number, placed)| (number, batch.blob(&placed.page.image.digest)))
        .collect();
    let mut progress = Progress::new("looking at", "pages", waiting.len());
    let mut analyst = Analyst::start(unpacker, batch.folder());
    waiting.into_iter().for_each(|(number, page)| analyst.submit(number, page));
    while let Some(looked) = analyst.wait() {
        progress.advance(1);
        note(batch, looked?)?;
    }
    progress.finish();
    Ok(())
}

/// Writes into the journal what was found on a page.
pub fn note(batch: &mut Batch, (page, found): Looked) -> anyhow::Result<()> {
    if let Some(Unpacked { codes, quality, .. }) = found {
        batch.record(Event::Analysed { page, codes, quality })?;
    }
    Ok(())
}

/// Cuts a batch whose capture is complete into documents, once and for all.
pub fn decide(batch: &mut Batch, unpacker: &Unpacker) -> anyhow::Result<()> {
    if batch.state().documents.is_some() {
        return Ok(());
    }
    analyse(batch, unpacker)?;
    let (documents, sheets) =
        plan::plan(batch.state()).map_err(|reason| anyhow!("failed to read the batch's rules: {reason}"))?;
    batch.record(Event::SplitDecided { documents, sheets })?;
    Ok(())
}
