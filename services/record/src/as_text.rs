//! How do values stand in JSON that have one spelling? As that spelling, and nothing else is read back.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::Visitor;

/// Serde by `Display` and `FromStr`.
macro_rules! as_text {
    ($($type:ty)*) => { $(
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str($crate::as_text::Spelled(std::marker::PhantomData::<Self>))
            }
        }
    )* };
}

/// Parses the text where it stands: a ledger holds millions of them.
struct Spelled<T>(PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Spelled<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

as_text! {
    crate::Date crate::Digest crate::campaign::Hours crate::event::Actor crate::timing::Timing crate::note::Vkey
}
