//! How do accounts, tokens, stations and patients come into the ledger? A sealed record each, and an
//! event that names it. The commands and the server share these.

use archive::Archive;
use record::envelope::StationKey;
use record::event::{AccountRecord, Actor, PatientsRecord, Role, StationRecord, TokenRecord};
use record::{Event, EventKind, Timestamp, TokenId, canonical};
use serde::Serialize;

use crate::password;

/// Why a record was not sealed.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    #[error("failed to {0}")]
    Archive(#[from] archive::Error),
    #[error("failed to write the record: it {0}")]
    Record(#[from] canonical::CanonicalError),
}

/// The record of a token whose text is `secret`; only its hash is in it.
pub fn token(token: TokenId, name: &str, role: Role, secret: &str) -> TokenRecord {
    TokenRecord { token, name: name.to_owned(), role, secret: password::stored(secret), revoked: false }
}

pub async fn record_token(
    archive: &Archive,
    actor: Actor,
    at: Timestamp,
    record: &TokenRecord,
) -> Result<(), PeopleError> {
    let body = sealed(archive, record).await?;
    append(archive, actor, at, EventKind::TokenRecorded { token: record.token, body }).await
}

/// Enrols a station's key, or revokes it.
pub async fn record_station(
    archive: &Archive,
    actor: Actor,
    at: Timestamp,
    key: &StationKey,
    revoked: bool,
) -> Result<(), PeopleError> {
    let body = sealed(archive, &StationRecord { key: key.to_string(), revoked }).await?;
    append(archive, actor, at, EventKind::StationRecorded { station: key.digest(), body }).await
}

/// The keys that may sign now.
pub fn valid_stations(records: &[StationRecord]) -> Vec<StationKey> {
    records.iter().filter(|record| !record.revoked).filter_map(|record| record.key.parse().ok()).collect()
}

pub async fn record_account(
    archive: &Archive,
    actor: Actor,
    at: Timestamp,
    record: &AccountRecord,
) -> Result<(), PeopleError> {
    let body = sealed(archive, record).await?;
    append(archive, actor, at, EventKind::AccountRecorded { account: record.account, body }).await
}

pub async fn record_patients(
    archive: &Archive,
    actor: Actor,
    at: Timestamp,
    record: &PatientsRecord,
) -> Result<(), PeopleError> {
    let body = sealed(archive, record).await?;
    let count = u32::try_from(record.patients.len()).unwrap_or(u32::MAX);
    append(archive, actor, at, EventKind::PatientsRecorded { body, count }).await
}

async fn sealed<T: Serialize>(archive: &Archive, record: &T) -> Result<record::Digest, PeopleError> {
    let bytes = canonical::to_bytes(record)?;
    Ok(archive.put("application/json", bytes.into()).await?.digest)
}

async fn append(archive: &Archive, actor: Actor, at: Timestamp, event: EventKind) -> Result<(), PeopleError> {
    archive.append(vec![Event { at, actor, event }]).await?;
    Ok(())
}
