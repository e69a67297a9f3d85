//! What templates may do to a value beyond printing it. Everything that comes out is escaped.

use std::fmt::Display;

use askama::{Result, Values, filter_fn};

/// `{{ "chartroom.css"|asset }}`: the address with the version.
#[filter_fn]
pub fn asset(name: impl Display, _: &dyn Values) -> Result<String> {
    Ok(crate::pages::assets::url(&name.to_string()))
}

/// `DISCHARGE-SUMMARY` reads as `Discharge summary`.
#[filter_fn]
pub fn readable(code: impl Display, _: &dyn Values) -> Result<String> {
    Ok(super::readable(&code.to_string()))
}

/// A rule or reason as a sentence of its own.
#[filter_fn]
pub fn sentence(text: impl Display, _: &dyn Values) -> Result<String> {
    Ok(super::sentence(&text.to_string()))
}

/// `1,234,567`.
#[filter_fn]
pub fn grouped(number: &u64, _: &dyn Values) -> Result<String> {
    Ok(super::grouped(*number))
}

/// Bytes as people say them: `1.4 MB`.
#[filter_fn]
pub fn size(bytes: &u64, _: &dyn Values) -> Result<String> {
    Ok(super::size(*bytes))
}
