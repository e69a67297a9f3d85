//! How does a station scan what it scans every day?
//!
//! A job is a name for settings of a device, in the rule file under `[job.NAME]`. What the command line says besides holds
//! before them. Jobs that a rule file does not have are those of the built-in one.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    pub source: Option<String>,
    pub mode: Option<String>,
    pub resolution: Option<u32>,
    /// Further options by the device's names; of any type, as they would stand on the command line.
    #[serde(default)]
    options: BTreeMap<String, Value>,
}

impl Job {
    pub fn options(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.options.iter().map(|(name, value)| (name.clone(), value.to_string()))
    }
}

/// A value as the file's author would write it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
enum Value {
    YesNo(bool),
    Whole(i64),
    Number(f64),
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::YesNo(value) => value.fmt(f),
            Self::Whole(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::Text(value) => f.write_str(value),
        }
    }
}
