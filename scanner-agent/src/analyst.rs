//! Who looks at pages while the scanner feeds the next ones?
//!
//! Capture never waits for barcodes: a page is durable first and looked at afterwards, by as many child processes as there
//! are processors. What they find comes back in the order in which they are done.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::spool::Blob;
use crate::unpack::Unpacked;
use crate::unpack::supervise::Unpacker;

/// A page's number in capture order, and what was found; nothing where it could not be looked at.
pub type Looked = (u32, Option<Unpacked>);

pub struct Analyst {
    pages: Sender<(u32, Blob)>,
    found: Receiver<std::io::Result<Looked>>,
    waiting: usize,
}

impl Analyst {
    /// Children leave what they must write in folders of their own inside `scratch`.
    pub fn start(unpacker: &Unpacker, scratch: &Path) -> Self {
        let (pages, queue) = mpsc::channel();
        let (done, found) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let (unpacker, scratch, queue, done) = (unpacker.clone(), scratch.to_owned(), queue.clone(), done.clone());
            thread::spawn(move || {
                while let Some((number, page)) = next(&queue) {
                    let looked = look(&unpacker, &scratch, &page).map(|found| (number, found));
                    if done.send(looked).is_err() {
                        return;
                    }
                }
            });
        }
        Self { pages, found, waiting: 0 }
    }

    pub fn submit(&mut self, number: u32, page: Blob) {
        // The threads outlive this sender, unless all of them panicked; then nothing is found.
        if self.pages.send((number, page)).is_ok() {
            self.waiting += 1;
        }
    }

    /// What is found by now, without waiting.
    pub fn ready(&mut self) -> Vec<std::io::Result<Looked>> {
        let found: Vec<_> = self.found.try_iter().collect();
        self.waiting -= found.len();
        found
    }

    /// The next that is found; `None` when every page has been looked at.
    pub fn wait(&mut self) -> Option<std::io::Result<Looked>> {
        self.waiting = self.waiting.checked_sub(1)?;
        self.found.recv().ok()
    }
}

fn next(queue: &Mutex<Receiver<(u32, Blob)>>) -> Option<(u32, Blob)> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

fn look(unpacker: &Unpacker, scratch: &Path, page: &Blob) -> std::io::Result<Option<Unpacked>> {
    let folder = tempfile::Builder::new().prefix("look-").tempdir_in(scratch)?;
    let contents = unpacker.unpack(page, folder.path())?;
    Ok(contents.pages.into_iter().next().map(|(page, _)| page))
}
