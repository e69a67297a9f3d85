//! `scanner-agent serve`: the technician's page, for this machine alone.
//!
//! | question | answered by |
//! |---|---|
//! | who may ask? | [`gate`]: this machine, the page itself, whoever was told the key of this start |
//! | what is running, and where does each batch stand? | [`desk`] |
//! | what is asked for, in the words of the command line? | [`start`] |
//! | what runs, and how does it end? | [`work`]: the same commands, in threads |
//! | what goes to the archive meanwhile? | [`delivery`] |
//! | which address does what? | [`routes`] |
//! | how do page images get to the browser? | [`pictures`] |
//! | how does a strip of film get there? | [`ribbons`] |
//!
//! The page decides nothing: it sends the operations that `scanner-agent batch` does, and shows what
//! `batch … show --json` prints. The journals in the spool are the truth; the page watches them grow.

mod delivery;
mod desk;
mod gate;
mod pictures;
mod ribbons;
mod routes;
mod start;
mod work;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use anyhow::Context;
use serde::Serialize;

use super::{Exit, spool_folder};
use crate::cli;
use crate::report::{print, print_json};
use crate::station;
use desk::Desk;
use gate::Gate;
use start::JobType;

/// What a request may hold: an operation, or the start of a job.
const BODY_BYTES_MAX: usize = 64 * 1024;

#[derive(Serialize)]
struct Told<'a> {
    url: &'a str,
}

pub fn run(args: &cli::Serve) -> anyhow::Result<Exit> {
    let jobs = JobType::all(args.jobs.as_deref())?;
    let desk = Arc::new(Desk::open(&spool_folder(&args.folder)?, args, jobs)?);
    // Other machines cannot reach this address.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port))
        .with_context(|| format!("failed to listen on port {}; give another --port", args.port))?;
    let port = listener.local_addr().context("failed to listen")?.port();
    let gate = Gate::new(port, station::fresh_key());
    let url = gate.url();
    if args.json {
        print_json(&Told { url: &url })?;
    } else {
        print(&format!(
            "Open this in a browser on this machine; it holds for this start only, and Ctrl-C ends it:\n  {url}\n"
        ))?;
    }
    delivery::start(&desk);
    actix_web::rt::System::new().block_on(serve(listener, desk, gate)).context("failed to serve the page")?;
    Ok(Exit::Done)
}

async fn serve(listener: TcpListener, desk: Arc<Desk>, gate: Gate) -> std::io::Result<()> {
    let (desk, gate) = (web::Data::from(desk), web::Data::new(gate));
    let app = move || {
        App::new()
            .app_data(desk.clone())
            .app_data(gate.clone())
            .app_data(
                web::JsonConfig::default().limit(BODY_BYTES_MAX).error_handler(|error, _| routes::misread(&error)),
            )
            .configure(routes::configure)
            .wrap(from_fn(gate::admit))
    };
    HttpServer::new(app).workers(2).shutdown_timeout(1).listen(listener)?.run().await
}
