//! How do values stand in JSON that have one spelling? As that spelling, and nothing else is read back.

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
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )* };
}

as_text! {
    crate::Date crate::Digest crate::campaign::Hours crate::event::Actor crate::timing::Timing
}
