//! How does a document leave as a file? A searchable PDF/A, or a bundle with its proof, written page by page while it
//! goes out: what is held in memory is one page, not the document.

use std::fmt::Display;
use std::io::{self, Write};

use archive::Archive;
use bytes::{Bytes, BytesMut};
use catalog::Page;
use formats::alto;
use formats::pdf::{DocumentWriter, PdfError, ScannedPage};
use futures::Stream;
use record::words::PageText;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::bundle::Bundle;

/// Bytes of one piece on its way out, and pieces that may wait for a slow reader.
const PIECE: usize = 64 * 1024;
const WAITING: usize = 8;

#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error("failed to {0}")]
    Archive(#[from] archive::Error),
    #[error("failed to {0}")]
    Pdf(#[from] PdfError),
    #[error("failed to {0}")]
    Image(#[from] imaging::ImageError),
}

/// The pages, in this order, as a PDF. An error on the way breaks the line, so that nobody
/// takes half a document for the whole; the log says why.
pub fn pdf(archive: Archive, pages: Vec<Page>) -> impl Stream<Item = io::Result<Bytes>> {
    let handle = Handle::current();
    streamed("PDF", move |out| write(&handle, &archive, &pages, out))
}

/// A document with all that proves it, likewise.
pub fn bundle(archive: Archive, bundle: Bundle) -> impl Stream<Item = io::Result<Bytes>> {
    let handle = Handle::current();
    streamed("bundle", move |out| bundle.write(out, |digest| handle.block_on(archive.read(digest))))
}

fn streamed<E: Display>(
    what: &'static str,
    write: impl FnOnce(Outlet) -> Result<(), E> + Send + 'static,
) -> impl Stream<Item = io::Result<Bytes>> {
    let (sender, mut receiver) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let out = Outlet { sender: sender.clone(), piece: BytesMut::with_capacity(PIECE) };
        if let Err(error) = write(out) {
            if sender.is_closed() {
                tracing::debug!("whoever asked for a {what} has left");
                return;
            }
            tracing::error!("a {what} was broken off: {error}");
            let _ = sender.blocking_send(Err(io::Error::other("the document could not be written")));
        }
    });
    async_stream::stream! {
        while let Some(piece) = receiver.recv().await {
            yield piece;
        }
    }
}

fn write(handle: &Handle, archive: &Archive, pages: &[Page], out: Outlet) -> Result<(), ExportError> {
    let mut document = DocumentWriter::new(out)?;
    for page in pages {
        let image = handle.block_on(archive.read(&page.image))?;
        let text = match &page.text {
            Some(digest) => alto::parse(&handle.block_on(archive.read(digest))?).ok(),
            None => None,
        };
        add(&mut document, page, &image, text.as_ref())?;
    }
    document.finish()?;
    Ok(())
}

/// The image as it was captured; where PDF has no word for its coding, the same pixels, packed anew.
fn add(
    document: &mut DocumentWriter<Outlet>,
    page: &Page,
    image: &[u8],
    text: Option<&PageText>,
) -> Result<(), ExportError> {
    let rotation = text.map_or(0, |text| text.rotation);
    let scanned = ScannedPage { image, width: page.width, height: page.height, dpi: page.dpi, rotation, text };
    match document.page(&scanned) {
        Err(PdfError::NotEmbeddable(_)) => {
            let plain = imaging::decode(image)?.encode_lossless(page.dpi)?;
            Ok(document.page(&ScannedPage { image: &plain, ..scanned })?)
        }
        done => Ok(done?),
    }
}

/// Gathers what is written and sends it on in pieces.
struct Outlet {
    sender: mpsc::Sender<io::Result<Bytes>>,
    piece: BytesMut,
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.sender.blocking_send(Ok(self.piece.split().freeze())).map_err(gone)
    }
}
