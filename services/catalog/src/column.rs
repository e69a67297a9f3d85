//! How do our types stand in a column?
//!
//! Both engines hold two kinds of value only: text and 64-bit integers. [`Column`] says which
//! of the two a type is and how it comes back, once for both engines; [`table_row!`] makes
//! a struct that either engine's rows fill.

use std::str::FromStr;

use record::campaign::{CampaignRecord, CampaignState, Comparison};
use record::destruction::{DestructionState, HoldRecord, Proposal};
use record::event::{AccountRecord, Actor, Bucket, Role, StationRecord, TokenRecord, UnreadableReason};
use record::film::Reel;
use record::manifest::{BatchRecord, ExceptionCode, Patient, SourceKind};
use record::saved::SavedSearch;
use record::words::AttentionReason;
use record::{
    AccountId, BatchId, CampaignId, Date, Department, DestructionId, Digest, DocumentId, DocumentType, Encounter,
    EventKind, HoldId, Mrn, PageId, SearchId, Timestamp, TokenId, TrialId,
};
use serde::Serialize;
use serde::de::{DeserializeOwned, IntoDeserializer, value::Error as CodeError};
use sqlx::error::BoxDynError;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use crate::attention::Need;
use crate::documents::PageState;
use crate::queue::Priority;

/// A type that stands in one column as `Stored`: a `String`, an `i64`, or an `Option` of these.
pub(crate) trait Column: Sized {
    type Stored;

    fn to_stored(&self) -> Self::Stored;
    fn from_stored(stored: Self::Stored) -> Result<Self, BoxDynError>;
}

impl<T: Column> Column for Option<T> {
    type Stored = Option<T::Stored>;

    fn to_stored(&self) -> Self::Stored {
        self.as_ref().map(T::to_stored)
    }

    fn from_stored(stored: Self::Stored) -> Result<Self, BoxDynError> {
        stored.map(T::from_stored).transpose()
    }
}

/// Text with a parser of its own.
macro_rules! parsed {
    ($($type:ty: $text:expr;)*) => {$(
        impl Column for $type {
            type Stored = String;

            fn to_stored(&self) -> String {
                let text: fn(&Self) -> String = $text;
                text(self)
            }

            fn from_stored(stored: String) -> Result<Self, BoxDynError> {
                Ok(<$type>::from_str(&stored)?)
            }
        }
    )*};
}

parsed! {
    String: Clone::clone;
    AccountId: ToString::to_string;
    BatchId: ToString::to_string;
    CampaignId: ToString::to_string;
    TrialId: ToString::to_string;
    SearchId: ToString::to_string;
    DestructionId: ToString::to_string;
    HoldId: ToString::to_string;
    DocumentId: ToString::to_string;
    PageId: ToString::to_string;
    TokenId: ToString::to_string;
    Digest: ToString::to_string;
    Date: ToString::to_string;
    Actor: ToString::to_string;
    Mrn: |it| it.reveal().to_owned();
    Encounter: |it| it.reveal().to_owned();
    DocumentType: |it| it.reveal().to_owned();
    Department: |it| it.reveal().to_owned();
    Role: |it| it.as_str().to_owned();
    Need: |it| it.as_str().to_owned();
}

/// Integers that fit; the bounds in `record::limits` are far below 2^63.
macro_rules! integers {
    ($($type:ty)*) => {$(
        impl Column for $type {
            type Stored = i64;

            fn to_stored(&self) -> i64 {
                i64::try_from(*self).expect("counts, sizes and ledger indexes stay below 2^63")
            }

            fn from_stored(stored: i64) -> Result<Self, BoxDynError> {
                Ok(Self::try_from(stored)?)
            }
        }
    )*};
}

integers! { u8 u32 u64 i64 }

impl Column for Timestamp {
    type Stored = i64;

    fn to_stored(&self) -> i64 {
        self.0
    }

    fn from_stored(stored: i64) -> Result<Self, BoxDynError> {
        Ok(Self(stored))
    }
}

impl Column for Priority {
    type Stored = i64;

    fn to_stored(&self) -> i64 {
        *self as i64
    }

    fn from_stored(stored: i64) -> Result<Self, BoxDynError> {
        let found = Self::ALL.into_iter().find(|priority| *priority as i64 == stored);
        found.ok_or_else(|| "a priority is not one of the four".into())
    }
}

impl Column for bool {
    type Stored = i64;

    fn to_stored(&self) -> i64 {
        i64::from(*self)
    }

    fn from_stored(stored: i64) -> Result<Self, BoxDynError> {
        Ok(stored != 0)
    }
}

/// Enumerations, as the one word that serde gives them.
macro_rules! coded {
    ($($type:ty)*) => {$(
        impl Column for $type {
            type Stored = String;

            fn to_stored(&self) -> String {
                json(self).trim_matches('"').to_owned()
            }

            fn from_stored(stored: String) -> Result<Self, BoxDynError> {
                let code: serde::de::value::StringDeserializer<CodeError> = stored.into_deserializer();
                Ok(serde::Deserialize::deserialize(code)?)
            }
        }
    )*};
}

coded! { AttentionReason Bucket CampaignState DestructionState ExceptionCode PageState SourceKind UnreadableReason }

/// Whole records, as JSON. What a query looks them up by has a column of its own.
macro_rules! records {
    ($($type:ty)*) => {$(
        impl Column for $type {
            type Stored = String;

            fn to_stored(&self) -> String {
                json(self)
            }

            fn from_stored(stored: String) -> Result<Self, BoxDynError> {
                from_json(&stored)
            }
        }
    )*};
}

records! {
    AccountRecord BatchRecord CampaignRecord Comparison EventKind HoldRecord Patient Proposal Reel SavedSearch StationRecord
    TokenRecord
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("the record's types have text keys and serializers that cannot fail")
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, BoxDynError> {
    // The parser's own error may quote the text, and the text may name a patient.
    serde_json::from_str(text).map_err(|_| "a stored record is not of the expected shape".into())
}

/// A row of one column.
pub(crate) struct Value<T>(pub(crate) T);

macro_rules! value_from {
    ($row:ty, $database:ty) => {
        impl<'r, T> FromRow<'r, $row> for Value<T>
        where
            T: Column,
            T::Stored: sqlx::Decode<'r, $database> + sqlx::Type<$database>,
        {
            fn from_row(row: &'r $row) -> sqlx::Result<Self> {
                T::from_stored(row.try_get(0)?).map(Self).map_err(sqlx::Error::Decode)
            }
        }
    };
}

value_from!(SqliteRow, sqlx::Sqlite);
value_from!(PgRow, sqlx::Postgres);

/// A struct whose fields are columns of the same names.
macro_rules! table_row {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        $vis struct $name { $($(#[$field_meta])* pub $field: $type,)* }

        $crate::column::table_row!(@from sqlx::sqlite::SqliteRow, $name { $($field: $type,)* });
        $crate::column::table_row!(@from sqlx::postgres::PgRow, $name { $($field: $type,)* });
    };
    (@from $row:ty, $name:ident { $($field:ident: $type:ty,)* }) => {
        impl<'r> sqlx::FromRow<'r, $row> for $name {
            fn from_row(row: &'r $row) -> sqlx::Result<Self> {
                use sqlx::Row as _;
                Ok(Self { $(
                    $field: <$type as $crate::column::Column>::from_stored(row.try_get(stringify!($field))?)
                        .map_err(|source| sqlx::Error::ColumnDecode { index: stringify!($field).to_owned(), source })?,
                )* })
            }
        }
    };
}
pub(crate) use table_row;
