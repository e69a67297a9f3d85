//! `chartroom witness`: a witness's folder, and its service.

use std::net::SocketAddr;

use clap::Subcommand;

use super::say;
use crate::witness::{Folder, log_key, serve};

#[derive(Subcommand)]
pub enum Action {
    /// Draws a key and prints its public half, for policies.
    Init {
        /// What it is called in every cosignature, such as compliance.example.org/w1.
        #[arg(long)]
        name: String,
    },
    /// Cosigns for this log from its next start on; of a log that is known already, by this key in place of the one before.
    AddLog {
        /// The log's public key, or the file log.pub.
        key: String,
    },
    /// Answers `POST /add-checkpoint`, as https://c2sp.org/tlog-witness has it.
    Serve {
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
        listen: SocketAddr,
    },
}

pub async fn run(folder: Folder, action: Action) -> anyhow::Result<()> {
    match action {
        Action::Init { name } => say(&folder.init(&name)?.public().to_string()),
        Action::AddLog { key } => folder.add_log(&log_key(&key)?),
        Action::Serve { listen } => serve(folder, listen).await,
    }
}
