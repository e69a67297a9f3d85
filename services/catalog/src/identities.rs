//! Whose page is it by its own text, and is that somebody else than its document's index says?
//!
//! A page's text names a patient by number, or by name and birth date together. The alarm *wrong patient on this page*
//! is no row anywhere: it is the question whether page and document disagree now, so filing a document anew raises or
//! clears it by itself.

use record::manifest::Patient;
use record::{Date, DocumentId, Mrn, PageId};

use crate::column::{Value, table_row};
use crate::engine::{Tx, row, rows, run};
use crate::{Catalog, Result};

/// What a page's text says for certain about whose it is; the body of `Read` and `Corrected`.
#[derive(Clone, PartialEq, Eq)]
pub struct PageIdentity {
    pub mrn: Option<Mrn>,
    /// [`record::patient::PatientName::key`] and the birth date.
    pub person: Option<(String, Date)>,
    /// 0 to 100.
    pub confidence: u8,
}

impl std::fmt::Debug for PageIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PageIdentity(…)")
    }
}

table_row! {
    /// A page that bears another patient's number or name than its document.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct WrongPatient {
        pub page: PageId,
        pub document: DocumentId,
        /// The one that stands on it.
        pub mrn: Mrn,
        pub confidence: u8,
        /// 1-based place in the document.
        pub number: u32,
        /// Of the document that was looked at.
        pub version: u32,
    }
}

/// Pages whose text and index disagree: by the number where the text has one; else by name and birth date, where
/// these are exactly one patient's on the list.
const WRONG: &str = "FROM (\
        SELECT p.page, p.document, p.number, d.version, d.sealed_index, d.mrn_digits AS filed, i.confidence, \
            i.dismissed_for, \
            COALESCE(i.mrn, (SELECT MIN(l.mrn) FROM patients l \
                WHERE l.name_key = i.name_key AND l.birth_date = i.birth_date HAVING COUNT(*) = 1)) AS mrn, \
            COALESCE(i.mrn_digits, (SELECT MIN(l.mrn_digits) FROM patients l \
                WHERE l.name_key = i.name_key AND l.birth_date = i.birth_date HAVING COUNT(*) = 1)) AS said \
        FROM page_identities i JOIN pages p ON p.page = i.page JOIN documents d ON d.document = p.document \
        WHERE p.withdrawn = 0 AND d.mrn IS NOT NULL) AS held \
    WHERE said <> filed AND (dismissed_for IS NULL OR dismissed_for <> filed)";

impl Catalog {
    /// Pages on which another patient is named, oldest documents first, after skipping `skip` of them.
    pub async fn wrong_patients(&self, skip: u64, most: u32) -> Result<Vec<WrongPatient>> {
        let sql = format!("SELECT * {WRONG} ORDER BY sealed_index, document, number, page LIMIT $1 OFFSET $2");
        rows!(self.reader.on(), WrongPatient, sqlx::AssertSqlSafe(sql), most, skip)
    }

    pub async fn wrong_patient_count(&self) -> Result<u64> {
        let sql = format!("SELECT COUNT(*) {WRONG}");
        Ok(row!(self.reader.on(), Value<u64>, sqlx::AssertSqlSafe(sql))?.map_or(0, |row| row.0))
    }

    /// Those of one document, in the order of its pages.
    pub async fn wrong_patients_in(&self, document: DocumentId) -> Result<Vec<WrongPatient>> {
        let sql = format!("SELECT * {WRONG} AND document = $1 ORDER BY number, page");
        rows!(self.reader.on(), WrongPatient, sqlx::AssertSqlSafe(sql), document)
    }

    /// The patients on the list whose number has these digits: one number is printed in several ways.
    pub async fn patients_with_digits(&self, mrn: &Mrn) -> Result<Vec<Patient>> {
        let sql = "SELECT record FROM patients WHERE mrn_digits = $1 ORDER BY mrn LIMIT 10";
        let found = rows!(self.reader.on(), Value<Patient>, sql, mrn.digits())?;
        Ok(found.into_iter().map(|row| row.0).collect())
    }
}

/// What the page's new text says. That a person found the index right holds as long as the text says the same.
pub(crate) async fn put(tx: &mut Tx, document: DocumentId, page: PageId, said: Option<&PageIdentity>) -> Result<()> {
    let Some(PageIdentity { mrn, person, confidence }) = said else {
        run!(tx.on(), "DELETE FROM page_identities WHERE page = $1", page)?;
        return Ok(());
    };
    let sql = "INSERT INTO page_identities (page, document, mrn, mrn_digits, name_key, birth_date, confidence) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) \
               ON CONFLICT (page) DO UPDATE SET mrn = excluded.mrn, mrn_digits = excluded.mrn_digits, \
                   name_key = excluded.name_key, birth_date = excluded.birth_date, confidence = excluded.confidence, \
                   dismissed_for = CASE WHEN COALESCE(page_identities.mrn_digits, page_identities.name_key) = \
                       COALESCE(excluded.mrn_digits, excluded.name_key) THEN page_identities.dismissed_for END";
    let (name, birth) = person.clone().unzip();
    run!(tx.on(), sql, page, document, mrn.clone(), mrn.as_ref().map(Mrn::digits), name, birth, *confidence)?;
    Ok(())
}

/// The index was found right, as it was in this version; filed for somebody else later, the page is looked at anew.
pub(crate) async fn dismiss(tx: &mut Tx, document: DocumentId, version: u32, page: PageId) -> Result<()> {
    let sql = "UPDATE page_identities SET dismissed_for = \
                   (SELECT mrn_digits FROM documents WHERE document = $1 AND version = $2) \
               WHERE page = $3 AND document = $1 \
                   AND EXISTS (SELECT 1 FROM documents WHERE document = $1 AND version = $2)";
    run!(tx.on(), sql, document, version, page)?;
    Ok(())
}
