//! `chartroom account`: people's accounts.

use std::io::Read as _;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use record::AccountId;
use record::event::{AccountRecord, Actor, Role};

use super::{open, say};
use crate::config::{DataDir, StoreOptions};
use crate::{password, people, state};

#[derive(Subcommand)]
pub enum Action {
    /// Makes an account; prints a one-time password unless one comes on standard input.
    Create {
        #[arg(long)]
        login: String,
        /// admin, technician, searcher or auditor.
        #[arg(long)]
        role: Role,
        /// Reads the password from standard input; it need not be changed.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Lists ids, roles and log-in names.
    List,
    /// Lets nobody log in to it any more.
    Disable {
        #[arg(long)]
        login: String,
    },
}

pub async fn run(data: &DataDir, options: StoreOptions, action: Action) -> anyhow::Result<()> {
    match action {
        Action::Create { login, role, password_stdin } => create(data, options, &login, role, password_stdin).await,
        Action::List => list(data, options).await,
        Action::Disable { login } => disable(data, options, &login).await,
    }
}

/// Makes an account. Without a password on standard input one is drawn and printed, this once,
/// and must be changed at the first log-in.
async fn create(
    data: &DataDir,
    options: StoreOptions,
    login: &str,
    role: Role,
    password_stdin: bool,
) -> anyhow::Result<()> {
    check_login(login)?;
    let (archive, catalog) = open(data, options).await?;
    if catalog.account_by_login(login).await?.is_some() {
        bail!("an account has this log-in name already: choose another one");
    }
    let password = if password_stdin { from_stdin()? } else { password::secret()? };
    let record = AccountRecord {
        account: AccountId::from_uuid(uuid::Uuid::now_v7()),
        login: login.to_owned(),
        role,
        password_hash: password::hash(&password)?,
        must_change_password: !password_stdin,
        disabled: false,
    };
    people::record_account(&archive, Actor::System, state::now(), &record).await?;
    if password_stdin { Ok(()) } else { say(&password) }
}

fn check_login(login: &str) -> anyhow::Result<()> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    if (2..=64).contains(&login.len()) && login.chars().all(fine) {
        return Ok(());
    }
    bail!("a log-in name has 2 to 64 letters, digits and . - _ @")
}

fn from_stdin() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().take(1024).read_to_string(&mut text).context("failed to read the password from standard input")?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

async fn list(data: &DataDir, options: StoreOptions) -> anyhow::Result<()> {
    let (_, catalog) = open(data, options).await?;
    for account in catalog.accounts().await? {
        let standing = match (account.disabled, account.must_change_password) {
            (true, _) => "disabled",
            (false, true) => "new password due",
            (false, false) => "active",
        };
        say(&format!("{}  {:<10}  {standing:<16}  {}", account.account, account.role.as_str(), account.login))?;
    }
    Ok(())
}

/// Nobody logs in to it any more, and its sessions end.
async fn disable(data: &DataDir, options: StoreOptions, login: &str) -> anyhow::Result<()> {
    let (archive, catalog) = open(data, options).await?;
    let account = catalog.account_by_login(login).await?.context("no account has this log-in name")?;
    let record = AccountRecord { disabled: true, ..account };
    people::record_account(&archive, Actor::System, state::now(), &record).await?;
    catalog.delete_sessions_of(record.account).await?;
    say(&format!("disabled {}", record.account))
}
