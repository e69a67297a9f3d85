//! Which reels of film are there, and what stands on one, frame by frame?

use record::film::Reel;
use record::{Date, DocumentId, Mrn, PageId};

use crate::column::{Value, table_row};
use crate::engine::{Tx, row, rows, run};
use crate::{Catalog, Document, Result};

table_row! {
    /// A reel with what of it is in documents.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct HeldReel {
        /// As it was described last.
        pub record: Reel,
        pub documents: u64,
        /// Of these, not filed.
        pub unfiled: u64,
        pub frames: u64,
        /// The highest number on the reel.
        pub last_frame: Option<u32>,
        /// Days of service.
        pub earliest: Option<Date>,
        pub latest: Option<Date>,
    }
}

table_row! {
    /// A frame that is a page.
    #[derive(Clone)]
    pub struct FilmPage {
        pub page: PageId,
        pub document: DocumentId,
        /// 1-based place in the document.
        pub number: u32,
        pub frame: u32,
        /// Whose document it is.
        pub filed: Option<Mrn>,
        pub filed_name: Option<String>,
        /// Who stands on the page, as it was read: by number, or by a name and birth date that are one patient's.
        pub said: Option<Mrn>,
        pub said_name: Option<String>,
    }
}

const HELD: &str = "SELECT r.record AS record, COUNT(DISTINCT d.document) AS documents, \
        COUNT(DISTINCT CASE WHEN d.filed = 0 THEN d.document END) AS unfiled, COUNT(p.page) AS frames, \
        MAX(p.frame) AS last_frame, MIN(d.date) AS earliest, MAX(d.date) AS latest \
    FROM reels r JOIN documents d ON d.reel = r.reel JOIN pages p ON p.document = d.document AND p.withdrawn = 0";

impl Catalog {
    /// By label, after skipping `skip` of them.
    pub async fn reels(&self, skip: u64, most: u32) -> Result<Vec<HeldReel>> {
        let sql = format!("{HELD} GROUP BY r.reel, r.record ORDER BY r.reel LIMIT $1 OFFSET $2");
        rows!(self.reader.on(), HeldReel, sqlx::AssertSqlSafe(sql), most, skip)
    }

    pub async fn reel(&self, label: &str) -> Result<Option<HeldReel>> {
        let sql = format!("{HELD} WHERE r.reel = $1 GROUP BY r.reel, r.record");
        row!(self.reader.on(), HeldReel, sqlx::AssertSqlSafe(sql), label.to_owned())
    }

    /// Its frames in reel order, at most `most` of them.
    pub async fn frames_of(&self, label: &str, most: u32) -> Result<Vec<FilmPage>> {
        let sql = "SELECT page, document, number, frame, filed, said, \
                (SELECT MIN(l.folded_name) FROM patients l WHERE l.mrn_digits = filed_digits) AS filed_name, \
                (SELECT MIN(l.folded_name) FROM patients l WHERE l.mrn_digits = said_digits) AS said_name \
            FROM (SELECT p.page, p.document, p.number, p.frame, d.mrn AS filed, d.mrn_digits AS filed_digits, d.sealed_index, \
                COALESCE(i.mrn, (SELECT MIN(l.mrn) FROM patients l \
                    WHERE l.name_key = i.name_key AND l.birth_date = i.birth_date HAVING COUNT(*) = 1)) AS said, \
                COALESCE(i.mrn_digits, (SELECT MIN(l.mrn_digits) FROM patients l \
                    WHERE l.name_key = i.name_key AND l.birth_date = i.birth_date HAVING COUNT(*) = 1)) AS said_digits \
                FROM pages p JOIN documents d ON d.document = p.document \
                    LEFT JOIN page_identities i ON i.page = p.page \
                WHERE d.reel = $1 AND p.withdrawn = 0 AND p.frame IS NOT NULL) AS held \
            ORDER BY frame, sealed_index, document, number LIMIT $2";
        rows!(self.reader.on(), FilmPage, sql, label.to_owned(), most)
    }

    /// Its documents that have another version than the first, the latest change first; at most `most`.
    pub async fn changed_on_reel(&self, label: &str, most: u32) -> Result<Vec<Document>> {
        let sql = "SELECT * FROM documents WHERE reel = $1 AND version > 1 ORDER BY sealed_index DESC LIMIT $2";
        rows!(self.reader.on(), Document, sql, label.to_owned(), most)
    }

    /// The frame itself where it is in a document, else the next one, on along the reel or back; of filed documents alone, or
    /// of all.
    pub async fn frame_near(&self, label: &str, frame: u32, on: bool, filed: bool) -> Result<Option<u32>> {
        let (nearest, side) = if on { ("MIN", ">=") } else { ("MAX", "<=") };
        let sql = format!(
            "SELECT {nearest}(p.frame) FROM pages p JOIN documents d ON d.document = p.document \
             WHERE d.reel = $1 AND p.withdrawn = 0 AND p.frame {side} $2 AND d.filed >= $3"
        );
        let found =
            row!(self.reader.on(), Value<Option<u32>>, sqlx::AssertSqlSafe(sql), label.to_owned(), frame, filed)?;
        Ok(found.and_then(|row| row.0))
    }

    /// Whether a word, in small letters, is a part of a patient's name.
    pub async fn is_in_a_name(&self, word: &str) -> Result<bool> {
        let sql = "SELECT CAST(1 AS BIGINT) FROM patients WHERE ' ' || name_key || ' ' LIKE $1 LIMIT 1";
        // What is no letter could mean something in the pattern.
        let word: String = word.chars().filter(|c| c.is_alphabetic()).collect();
        Ok(row!(self.reader.on(), Value<i64>, sql, format!("% {word} %"))?.is_some())
    }
}

/// The reel as a document describes it that has just been sealed; the latest description holds.
pub(crate) async fn described(tx: &mut Tx, index: u64, reel: &Reel) -> Result<()> {
    let sql = "INSERT INTO reels (reel, first_index, record) VALUES ($1, $2, $3) \
               ON CONFLICT (reel) DO UPDATE SET record = excluded.record";
    run!(tx.on(), sql, reel.label, index, reel.clone()).map(drop)
}
