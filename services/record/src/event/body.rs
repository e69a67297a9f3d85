//! What an event names where a leaf has no room for it, or must not hold it: sealed blobs.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Role;
use crate::digest::Digest;
use crate::id::{AccountId, TokenId};
use crate::manifest::Patient;
use crate::patient::Mrn;

/// The sealed record of an account; a later one replaces an earlier one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountRecord {
    pub account: AccountId,
    pub login: String,
    pub role: Role,
    /// Argon2id in PHC form.
    pub password_hash: String,
    /// The password was handed out by somebody else and must be changed at the next log-in.
    pub must_change_password: bool,
    pub disabled: bool,
}

impl fmt::Debug for AccountRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountRecord({}, {})", self.account, self.role.as_str())
    }
}

/// The sealed record of a token; a later one replaces an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRecord {
    pub token: TokenId,
    pub name: String,
    pub role: Role,
    /// SHA-256 of the token's text: the text has 256 random bits, so a plain hash suffices.
    pub secret: Digest,
    pub revoked: bool,
}

/// The sealed record of a station's key; a later one replaces an earlier one. A batch is believed if the key that signed it
/// was enrolled, and not revoked, where the batch's event stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StationRecord {
    /// [`crate::envelope::StationKey`] as text.
    pub key: String,
    pub revoked: bool,
}

/// The sealed body of [`super::EventKind::PatientsRecorded`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatientsRecord {
    /// 32 hex digits, for the same reason as in [`crate::manifest::IndexFields`].
    pub salt: String,
    pub patients: Vec<Patient>,
}

/// The sealed body of [`super::EventKind::PatientsLookedUp`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookUpRecord {
    /// As in [`PatientsRecord`].
    pub salt: String,
    pub mrns: Vec<Mrn>,
}

/// The sealed body of [`super::EventKind::PatientSearched`]. Words that were searched for are not in it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchRecord {
    /// As in [`PatientsRecord`].
    pub salt: String,
    /// Numbers as they were looked for; a beginning ends in `*`.
    pub patients: Vec<String>,
}

impl fmt::Debug for SearchRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SearchRecord({} patients)", self.patients.len())
    }
}

impl PatientsRecord {
    pub fn contains(&self, mrn: &Mrn) -> bool {
        self.patients.iter().any(|patient| patient.mrn == *mrn)
    }
}
