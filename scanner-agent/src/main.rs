//! `scanner-agent`: see [`scanner_agent::cli`] for what it understands.

use std::process::ExitCode;

use clap::Parser;
use scanner_agent::cli::Cli;
use scanner_agent::commands::{Exit, exit_of, run};

fn main() -> ExitCode {
    scanner_agent::memory::give_back();
    let exit = run(Cli::parse()).unwrap_or_else(|error| {
        if is_unheard(&error) {
            std::process::exit(UNHEARD);
        }
        let exit = exit_of(&error);
        let text = format!("{error:#}");
        // Library errors read on from "failed to"; ours may say so already.
        let failed = if text.starts_with("failed to") { "" } else { "failed to " };
        eprintln!("scanner-agent: {failed}{text}");
        if exit == Exit::Waiting || exit == Exit::NotTrusted {
            eprintln!("Everything captured is safe in the spool; run `scanner-agent resume` to try again.");
        }
        exit
    });
    ExitCode::from(exit as u8)
}

/// What a shell says of a program that wrote on after its reader had left.
const UNHEARD: i32 = 128 + 13;

/// Nobody reads what is said, as behind `| head`. A pipe to a child that broke has a reason in front of it.
fn is_unheard(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    error.chain().count() == 1 && io.is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
}
