//! What does the reader process do?

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use record::limits;
use record::timing::Step;

use super::protocol::{self, Hello, Reply, Request, Unread};
use super::sandbox;
use crate::brought;
use crate::engine::{Engine, EngineError};
use crate::read;
use crate::steps::Steps;

/// What the parent passes on the command line.
#[derive(Debug, Clone)]
pub struct ChildOptions {
    pub model: String,
    pub tessdata: Option<PathBuf>,
    /// Model of the second engine.
    pub second: Option<PathBuf>,
    pub memory_bytes: u64,
    /// Tesseract is asked to stop here; the parent kills a little later.
    pub page_time: Duration,
}

#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    #[error("lock the reader in: {0}")]
    Sandbox(#[from] rustix::io::Errno),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("talk to the worker: {0}")]
    Pipe(#[from] io::Error),
}

/// Reads pages from stdin until it is closed. Call it first thing in `main`, before any thread.
pub fn serve(options: &ChildOptions) -> Result<(), ChildError> {
    let network = sandbox::enter(options.memory_bytes)?;
    let mut engine = Engine::new(&options.model, options.tessdata.as_deref())?;
    if let Some(second) = &options.second {
        engine = engine.with_second(second)?;
    }
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    protocol::write(&mut output, &hello(&engine, network), &[])?;
    while let Some((request, image)) = protocol::read::<Request>(&mut input, limits::PAGE_BYTES_MAX)? {
        let words = match request.brought {
            true => protocol::read::<()>(&mut input, limits::PAGE_TEXT_BYTES_MAX)?.map(|((), words)| words),
            false => None,
        };
        let page = Page { request, image, words };
        let mut steps = Steps::default();
        let (unread, alto) = match answer(&mut engine, &page, options.page_time, &mut steps) {
            Ok(alto) => (None, alto),
            Err(unread) => (Some(unread), String::new()),
        };
        protocol::write(&mut output, &Reply { unread, timing: steps.timing() }, alto.as_bytes())?;
    }
    Ok(())
}

fn hello(engine: &Engine, network: sandbox::Network) -> Hello {
    Hello {
        tesseract: Engine::version(),
        model: engine.model().to_owned(),
        model_digest: engine.model_digest(),
        network,
    }
}

struct Page {
    request: Request,
    image: Vec<u8>,
    /// What it brought along.
    words: Option<Vec<u8>>,
}

fn answer(engine: &mut Engine, page: &Page, page_time: Duration, steps: &mut Steps) -> Result<String, Unread> {
    let Page { request, image, words } = page;
    let brought = words.as_ref().map(|words| steps.time(Step::Judge, || brought::kept(words, image)));
    let text = match brought {
        Some(Ok(text)) => text,
        other => {
            let mut text = read::read(engine, image, request.dpi, page_time, steps)
                .map_err(|error| Unread::new(error.reason(), &error.to_string()))?;
            // So that anyone can tell why the page was read though it brought words.
            let refused = other.and_then(Result::err).map(|why| format!(" text-layer=refused:{}", why.as_str()));
            text.engine.recipe.extend(refused);
            text
        }
    };
    Ok(steps.time(Step::Write, || formats::alto::write(&text, request.page)))
}
