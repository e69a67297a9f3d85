//! Who may come in, and whose charts are these?
//!
//! Accounts and tokens come from the ledger like everything else; only their hashes are here.

use record::event::{AccountRecord, PatientsRecord, StationRecord, TokenRecord};
use record::manifest::Patient;
use record::patient::PatientName;
use record::{AccountId, Digest, Mrn};

use crate::column::Value;
use crate::engine::{Tx, row, rows, run};
use crate::{Catalog, Result};

impl Catalog {
    /// Disabled accounts too. Where two accounts have one log-in, the older one has it.
    pub async fn account_by_login(&self, login: &str) -> Result<Option<AccountRecord>> {
        let sql = "SELECT record FROM accounts WHERE login = $1 ORDER BY first_index LIMIT 1";
        Ok(row!(self.reader.on(), Value<AccountRecord>, sql, login.to_owned())?.map(|row| row.0))
    }

    pub async fn account(&self, account: AccountId) -> Result<Option<AccountRecord>> {
        let sql = "SELECT record FROM accounts WHERE account = $1";
        Ok(row!(self.reader.on(), Value<AccountRecord>, sql, account)?.map(|row| row.0))
    }

    pub async fn accounts(&self) -> Result<Vec<AccountRecord>> {
        let sql = "SELECT record FROM accounts ORDER BY login, first_index";
        Ok(values(rows!(self.reader.on(), Value<AccountRecord>, sql)?))
    }

    /// The token with this hash, revoked ones too.
    pub async fn token_by_secret(&self, secret: &Digest) -> Result<Option<TokenRecord>> {
        let sql = "SELECT record FROM tokens WHERE secret = $1 ORDER BY first_index LIMIT 1";
        Ok(row!(self.reader.on(), Value<TokenRecord>, sql, *secret)?.map(|row| row.0))
    }

    /// In the order in which they were made.
    pub async fn tokens(&self) -> Result<Vec<TokenRecord>> {
        let sql = "SELECT record FROM tokens ORDER BY first_index";
        Ok(values(rows!(self.reader.on(), Value<TokenRecord>, sql)?))
    }

    /// Capture stations whose keys were ever enrolled, in the order in which they were.
    pub async fn stations(&self) -> Result<Vec<StationRecord>> {
        let sql = "SELECT record FROM stations ORDER BY first_index";
        Ok(values(rows!(self.reader.on(), Value<StationRecord>, sql)?))
    }

    /// An archive without a patient list takes every well-formed patient number.
    pub async fn has_patients(&self) -> Result<bool> {
        let sql = "SELECT CAST(1 AS BIGINT) FROM patients LIMIT 1";
        Ok(row!(self.reader.on(), Value<i64>, sql)?.is_some())
    }

    pub async fn patient(&self, mrn: &Mrn) -> Result<Option<Patient>> {
        let sql = "SELECT record FROM patients WHERE mrn = $1";
        Ok(row!(self.reader.on(), Value<Patient>, sql, mrn.clone())?.map(|row| row.0))
    }

    /// At most `most` patients by number, from the one after `mrn` on.
    pub async fn patients_after(&self, mrn: &str, most: u32) -> Result<Vec<Patient>> {
        let sql = "SELECT record FROM patients WHERE mrn > $1 ORDER BY mrn LIMIT $2";
        Ok(values(rows!(self.reader.on(), Value<Patient>, sql, mrn.to_owned(), most)?))
    }

    pub async fn patient_count(&self) -> Result<u64> {
        Ok(row!(self.reader.on(), Value<u64>, "SELECT COUNT(*) FROM patients")?.map_or(0, |row| row.0))
    }

    /// At most `most` patients whose name or number begins with `prefix`, small and capital letters alike; by name.
    pub async fn patients_like(&self, prefix: &str, most: u32) -> Result<Vec<Patient>> {
        let (name, number) = (fold_name(prefix), prefix.to_uppercase());
        let sql = "SELECT record FROM patients WHERE (folded_name >= $1 AND folded_name < $2) \
                   OR (mrn >= $3 AND mrn < $4) ORDER BY folded_name, mrn LIMIT $5";
        let found = rows!(self.reader.on(), Value<Patient>, sql, name, after(&name), number, after(&number), most)?;
        Ok(values(found))
    }
}

// -- the folds -----------------------------------------------------------------------------

pub(crate) async fn account_recorded(tx: &mut Tx, index: u64, record: &AccountRecord) -> Result<()> {
    let sql = "INSERT INTO accounts (account, login, first_index, record) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (account) DO UPDATE SET login = excluded.login, record = excluded.record";
    run!(tx.on(), sql, record.account, record.login, index, record.clone())?;
    Ok(())
}

pub(crate) async fn token_recorded(tx: &mut Tx, index: u64, record: &TokenRecord) -> Result<()> {
    let sql = "INSERT INTO tokens (token, secret, first_index, record) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (token) DO UPDATE SET secret = excluded.secret, record = excluded.record";
    run!(tx.on(), sql, record.token, record.secret, index, record.clone())?;
    Ok(())
}

pub(crate) async fn station_recorded(tx: &mut Tx, index: u64, station: Digest, record: &StationRecord) -> Result<()> {
    let sql = "INSERT INTO stations (station, first_index, record) VALUES ($1, $2, $3) \
               ON CONFLICT (station) DO UPDATE SET record = excluded.record";
    run!(tx.on(), sql, station, index, record.clone())?;
    Ok(())
}

pub(crate) async fn patients_recorded(tx: &mut Tx, record: &PatientsRecord) -> Result<()> {
    let sql = "INSERT INTO patients (mrn, folded_name, record, mrn_digits, name_key, birth_date) \
               VALUES ($1, $2, $3, $4, $5, $6) \
               ON CONFLICT (mrn) DO UPDATE SET folded_name = excluded.folded_name, record = excluded.record, \
                   name_key = excluded.name_key, birth_date = excluded.birth_date";
    for patient in &record.patients {
        let key = patient.name.parse::<PatientName>().map_or(String::new(), |name| name.key());
        let (name, digits) = (fold_name(&patient.name), patient.mrn.digits());
        run!(tx.on(), sql, patient.mrn, name, patient.clone(), digits, key, patient.birth_date)?;
    }
    Ok(())
}

/// What names are found by; both engines would fold letters beyond ASCII differently.
pub(crate) fn fold_name(name: &str) -> String {
    name.to_lowercase()
}

/// Greater than every text that begins with `prefix`, by bytes.
fn after(prefix: &str) -> String {
    format!("{prefix}{}", char::MAX)
}

fn values<T>(rows: Vec<Value<T>>) -> Vec<T> {
    rows.into_iter().map(|row| row.0).collect()
}
