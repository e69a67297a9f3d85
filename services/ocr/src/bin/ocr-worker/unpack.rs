//! Which pages are in this file?
//!
//! A file is taken apart on a thread of its own, one page ahead of the reader, so that memory does
//! not grow with the pages, and a parser that panics costs only the rest of that file.

use formats::{pdf, tiff};
use imaging::MediaType;
use record::words::PageText;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// One page's image, as in the file.
pub struct Master {
    pub media_type: &'static str,
    /// 0 where the file does not say.
    pub dpi: u32,
    pub bytes: Vec<u8>,
    /// The words that came with it.
    pub brought: Option<PageText>,
}

type Page = (u32, anyhow::Result<Master>);

pub struct Pages {
    receiver: mpsc::Receiver<Page>,
    thread: Option<JoinHandle<()>>,
    next: u32,
}

/// The pages of a PNG, JPEG, TIFF or PDF file, told by its content and not by its name.
pub fn pages(bytes: Vec<u8>) -> Pages {
    let (sender, receiver) = mpsc::channel(1);
    let thread = tokio::task::spawn_blocking(move || unpack(bytes, &sender));
    Pages { receiver, thread: Some(thread), next: 1 }
}

impl Pages {
    /// The next page and its number, from 1.
    pub async fn next(&mut self) -> Option<Page> {
        if let Some(page) = self.receiver.recv().await {
            self.next = page.0 + 1;
            return Some(page);
        }
        let ended = self.thread.take()?.await;
        let lost = "take the rest of the file apart: it confuses the parser; print it to a new PDF";
        ended.is_err().then(|| (self.next, Err(anyhow::anyhow!(lost))))
    }
}

fn unpack(bytes: Vec<u8>, to: &mpsc::Sender<Page>) {
    // Where nobody listens any more, there is nobody to tell.
    let send = |number, page| to.blocking_send((number, page)).is_ok();
    match MediaType::sniff(&bytes) {
        Some(MediaType::Tiff) => match tiff::Pages::open(&bytes) {
            Ok(pages) => drop((1..=pages.len()).all(|number| send(number, tiff_page(&pages, number)))),
            Err(error) => drop(send(1, Err(error.into()))),
        },
        Some(kind) => drop(send(1, Ok(image(kind.as_str(), bytes)))),
        None => match pdf::Pages::open(&bytes) {
            Ok(pages) => {
                let layers = pdf::Layers::open(bytes, pages.len());
                let page = |number| pdf_page(&pages, layers.as_ref(), number);
                let _all_taken = (1..=pages.len()).all(|number| send(number, page(number)));
            }
            Err(pdf::PdfError::NotPdf) => {
                let unknown = "read the file: it is neither PNG, JPEG, TIFF nor PDF; convert it to one of these";
                send(1, Err(anyhow::anyhow!(unknown)));
            }
            Err(error) => drop(send(1, Err(error.into()))),
        },
    }
}

fn tiff_page(pages: &tiff::Pages<'_>, number: u32) -> anyhow::Result<Master> {
    Ok(image(MediaType::Tiff.as_str(), pages.page(number)?))
}

fn pdf_page(pages: &pdf::Pages, layers: Option<&pdf::Layers>, number: u32) -> anyhow::Result<Master> {
    match pages.page(number)? {
        pdf::PageContent::Untouched(image) => {
            let brought = layers.and_then(|layers| layers.page(number, &image));
            let pdf::Untouched { media_type, bytes, dpi, .. } = image;
            Ok(Master { media_type, dpi, bytes, brought })
        }
        pdf::PageContent::NeedsRendering { why, .. } => {
            anyhow::bail!("find a scan on the page: {why}; import it with scanner-agent, which draws such pages")
        }
    }
}

fn image(media_type: &'static str, bytes: Vec<u8>) -> Master {
    // An image that cannot be probed is named when it is read.
    let dpi = imaging::probe(&bytes).map_or(0, |facts| facts.dpi);
    Master { media_type, dpi, bytes, brought: None }
}
