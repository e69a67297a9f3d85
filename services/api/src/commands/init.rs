//! `chartroom init`: a new archive and its first account.

use anyhow::{Context as _, bail};
use archive::Archive;
use catalog::Catalog;
use record::AccountId;
use record::event::{AccountRecord, Actor, Role};
use serde_json::json;

use super::{catch_up, say};
use crate::config::{DataDir, Settings, StoreOptions};
use crate::{password, people, state};

pub const FIRST_LOGIN: &str = "admin";

pub struct Init {
    pub data: DataDir,
    pub store: Option<String>,
    pub catalog: Option<String>,
    pub replica: Option<String>,
    pub origin: Option<String>,
    pub json: bool,
}

/// Key, store, account, settings: in this order, so that a folder with settings is whole.
pub async fn run(init: Init, options: StoreOptions) -> anyhow::Result<()> {
    let data = &init.data;
    if data.is_archive() {
        bail!("{} holds an archive already: it is left as it is", data.path().display());
    }
    std::fs::create_dir_all(data.path()).with_context(|| format!("failed to make {}", data.path().display()))?;
    let settings = Settings {
        store: init.store.clone().unwrap_or_else(|| "store".to_owned()),
        origin: match &init.origin {
            Some(origin) => origin.clone(),
            None => drawn_origin()?,
        },
        catalog: init.catalog.clone(),
        replica: init.replica.clone(),
        signer: None,
    };
    let signer = data.keys().make(&settings.origin)?;
    let key = signer.public();
    let archive =
        Archive::init(&data.store(&settings, options)?, signer).await.context("failed to make the archive")?;
    let password = first_account(&archive).await?;
    let catalog = Catalog::open(&data.catalog(&settings)).await?;
    catch_up(data, &archive, &catalog).await?;
    catalog.close().await;
    data.write_settings(&settings)?;
    tell(&init, &key.to_string(), &password)
}

/// The first administrator, with a password for one log-in.
async fn first_account(archive: &Archive) -> anyhow::Result<String> {
    let password = password::secret()?;
    let record = AccountRecord {
        account: AccountId::from_uuid(uuid::Uuid::now_v7()),
        login: FIRST_LOGIN.to_owned(),
        role: Role::Admin,
        password_hash: password::hash(&password)?,
        must_change_password: true,
        disabled: false,
    };
    people::record_account(archive, Actor::System, state::now(), &record).await?;
    Ok(password)
}

/// A log's name is its own for ever: two archives must not share one by chance.
fn drawn_origin() -> anyhow::Result<String> {
    Ok(format!("chartroom/{}", &password::salt()?[..12]))
}

fn tell(init: &Init, key: &str, password: &str) -> anyhow::Result<()> {
    let folder = init.data.path().display();
    if init.json {
        return say(&json!({"data": folder.to_string(), "login": FIRST_LOGIN, "password": password, "log_key": key})
            .to_string());
    }
    say(&format!("made an archive in {folder}"))?;
    say(&format!("log key         {key}"))?;
    say(&format!("                give it to your auditors, and keep a copy of {folder}/keys in a safe"))?;
    say(&format!("log in as       {FIRST_LOGIN}"))?;
    say(&format!("with password   {password}"))?;
    say("                it is shown this once, and must be changed at the first log-in")
}
