//! `chartroom token`: bearer tokens for stations, workers and programs.

use anyhow::{Context as _, bail};
use clap::Subcommand;
use record::event::{Actor, Role, TokenRecord};
use record::{TokenId, limits};

use super::{open, say};
use crate::config::{DataDir, StoreOptions};
use crate::{password, people, state};

#[derive(Subcommand)]
pub enum Action {
    /// Makes a token and prints it, this once.
    Create {
        /// admin, technician, searcher, auditor or worker.
        #[arg(long)]
        role: Role,
        /// Who holds it.
        #[arg(long)]
        name: String,
    },
    /// Lists ids, roles and names.
    List,
    /// Ends a token, by id or name.
    Revoke { which: String },
}

pub async fn run(data: &DataDir, options: StoreOptions, action: Action) -> anyhow::Result<()> {
    match action {
        Action::Create { role, name } => create(data, options, role, &name).await,
        Action::List => list(data, options).await,
        Action::Revoke { which } => revoke(data, options, &which).await,
    }
}

/// Makes a token and prints its text, this once.
async fn create(data: &DataDir, options: StoreOptions, role: Role, name: &str) -> anyhow::Result<()> {
    if name.trim().is_empty() || name.chars().count() > limits::NAME_CHARS_MAX {
        bail!("a token's name has 1 to {} characters: say which station or worker holds it", limits::NAME_CHARS_MAX);
    }
    let (archive, _) = open(data, options).await?;
    let secret = password::secret()?;
    let record = people::token(TokenId::from_uuid(uuid::Uuid::now_v7()), name, role, &secret);
    people::record_token(&archive, Actor::System, state::now(), &record).await?;
    say(&secret)
}

async fn list(data: &DataDir, options: StoreOptions) -> anyhow::Result<()> {
    let (_, catalog) = open(data, options).await?;
    for token in catalog.tokens().await? {
        let standing = if token.revoked { "revoked" } else { "valid" };
        say(&format!("{}  {:<10}  {standing:<7}  {}", token.token, token.role.as_str(), token.name))?;
    }
    Ok(())
}

/// `which` is an id, or a name that only one valid token has.
async fn revoke(data: &DataDir, options: StoreOptions, which: &str) -> anyhow::Result<()> {
    let (archive, catalog) = open(data, options).await?;
    let mut meant: Vec<TokenRecord> = catalog.tokens().await?;
    meant.retain(|token| !token.revoked && (token.name == which || token.token.to_string() == which));
    if meant.len() > 1 {
        bail!("{} valid tokens have this name: say the id, as `chartroom token list` shows it", meant.len());
    }
    let token = meant.pop().context("no valid token has this id or name: see `chartroom token list`")?;
    let record = TokenRecord { revoked: true, ..token };
    people::record_token(&archive, Actor::System, state::now(), &record).await?;
    say(&format!("revoked {}", record.token))
}
