//! Is a patient number in the archive's list, as far as this station knows?
//!
//! The server is asked ([`crate::handover::client::Client::look_up`]), which checks who asks and writes it into the ledger. What it
//! said is kept, so that fields can be checked while it is away: on disk by a salted digest of the number and without
//! names, which live in memory only. A stranger's copy of the file tells nobody's name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use record::manifest::Patient;
use record::{Digest, Mrn, Timestamp};
use serde::{Deserialize, Serialize};

use crate::questions::Known;
use crate::spool::durable;

/// An answer is asked for again after a day: patients are added and numbers merged.
const FRESH_MILLISECONDS: i64 = 24 * 60 * 60 * 1000;
/// Numbers remembered; with more, the oldest answers go.
const REMEMBERED_MAX: usize = 100_000;

#[derive(Debug)]
pub struct Patients {
    path: PathBuf,
    book: Mutex<Book>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Book {
    salt: String,
    answers: BTreeMap<String, Answer>,
    #[serde(skip)]
    names: BTreeMap<String, String>,
    #[serde(skip)]
    version: u64,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Answer {
    known: bool,
    at: Timestamp,
}

impl Patients {
    /// A file that cannot be read is as good as none: the server is asked again.
    pub fn open(spool: &Path) -> Self {
        let path = spool.join("patients.json");
        let read = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Self { path, book: Mutex::new(read.unwrap_or_default()) }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn known(&self, mrn: &Mrn) -> Known {
        let book = self.book();
        let key = book.key(mrn);
        match book.answers.get(&key) {
            None => Known::Unasked,
            Some(Answer { known: false, .. }) => Known::No,
            Some(Answer { known: true, .. }) => Known::Yes { name: book.names.get(&key).cloned() },
        }
    }

    /// Another count, other answers.
    pub fn version(&self) -> u64 {
        self.book().version
    }

    /// Whether the server should be asked, again or for the first time; for a name too.
    pub fn is_stale(&self, mrn: &Mrn, now: Timestamp) -> bool {
        let book = self.book();
        let key = book.key(mrn);
        book.answers.get(&key).is_none_or(|answer| {
            now.0 - answer.at.0 > FRESH_MILLISECONDS || (answer.known && !book.names.contains_key(&key))
        })
    }

    /// Keeps what the server said; `salt` is for a book that is new.
    pub fn learn(&self, now: Timestamp, salt: &str, said: &[(Mrn, Option<Patient>)]) -> std::io::Result<()> {
        let mut book = self.book();
        if book.salt.is_empty() {
            salt.clone_into(&mut book.salt);
        }
        for (mrn, patient) in said {
            let key = book.key(mrn);
            book.answers.insert(key.clone(), Answer { known: patient.is_some(), at: now });
            match patient {
                Some(patient) => book.names.insert(key, patient.name.clone()),
                None => book.names.remove(&key),
            };
        }
        book.version += 1;
        book.forget_oldest();
        durable::write(&self.path, &serde_json::to_vec(&*book)?)
    }
}

impl Book {
    /// One number is printed in several ways; its digits are what counts.
    fn key(&self, mrn: &Mrn) -> String {
        Digest::of(format!("{} {}", self.salt, mrn.digits()).as_bytes()).hex()
    }

    fn forget_oldest(&mut self) {
        while self.answers.len() > REMEMBERED_MAX {
            let oldest = self.answers.iter().min_by_key(|(_, answer)| answer.at).map(|(key, _)| key.clone());
            if let Some(key) = oldest {
                self.answers.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_outlive_the_program_and_names_do_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let mrn = |text: &str| text.parse::<Mrn>().expect("well formed");
        let patient = Patient { mrn: mrn("MRN-104233"), name: "Villanueva, Tobias".into(), birth_date: None };
        let patients = Patients::open(folder.path());
        assert_eq!(patients.known(&mrn("MRN-104233")), Known::Unasked);
        let said = [(mrn("MRN-104233"), Some(patient)), (mrn("MRN-999999"), None)];
        patients.learn(Timestamp(1), "salt", &said).expect("writes");
        assert_eq!(patients.known(&mrn("104233")), Known::Yes { name: Some("Villanueva, Tobias".into()) });
        let bytes = std::fs::read_to_string(folder.path().join("patients.json")).expect("is there");
        assert!(!bytes.contains("104233") && !bytes.contains("Villanueva"), "{bytes}");
        let later = Patients::open(folder.path());
        assert_eq!(later.known(&mrn("MRN-104233")), Known::Yes { name: None });
        assert_eq!(later.known(&mrn("MRN-999999")), Known::No);
        assert!(later.is_stale(&mrn("MRN-104233"), Timestamp(2)), "its name is to be asked for");
        assert!(!later.is_stale(&mrn("MRN-999999"), Timestamp(2)));
        assert!(later.is_stale(&mrn("MRN-999999"), Timestamp(2 + FRESH_MILLISECONDS)));
    }
}
