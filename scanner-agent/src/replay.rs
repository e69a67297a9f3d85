//! A folder of page images as a scanner: for training, and for trying rules without paper.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use record::limits;

use crate::drive::{Request, Stopped, feed, say_file};
use crate::fault::Fault;
use crate::files;
use crate::sane::frames::{Finish, Settings};

/// Feeds the folder's files in natural order, each as one page (PNG, JPEG, TIFF), bytes as they are.
pub fn scan(folder: &Path, request: &Request<'_>) -> Result<Finish, Stopped> {
    let gone = |error: std::io::Error| Stopped::new(Fault::Gone, format!("the folder {}: {error}", folder.display()));
    let pages = files::children(folder).map_err(gone)?;
    let source = Some("Folder".to_owned());
    let most = request.begin(Settings { source, mode: None, dpi: 0, feeder: true })?;
    let mut pages = pages.into_iter().filter(|path| path.is_file());
    feed(most, || match pages.next() {
        None => Ok(false),
        Some(page) => {
            let name = page.file_name().unwrap_or_default().display().to_string();
            let bytes = read(&page).map_err(|error| Stopped::new(Fault::Other, format!("{name}: {error}")))?;
            let named = |stopped: Stopped| Stopped { text: format!("{name}: {}", stopped.text), ..stopped };
            say_file(&bytes, 0).map_err(named).map(|()| true)
        }
    })
}

fn read(page: &Path) -> std::io::Result<Vec<u8>> {
    if fs::metadata(page)?.len() > limits::PAGE_BYTES_MAX as u64 {
        return Err(std::io::Error::other("is larger than a page may be"));
    }
    let mut bytes = Vec::new();
    File::open(page)?.take(limits::PAGE_BYTES_MAX as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
