//! How does a station scan what it scans every day?
//!
//! A job is a name for settings of a device, in the rule file under `[job.NAME]`. What the command line says besides holds
//! before them. Jobs that a rule file does not have are those of the built-in one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;

use crate::rules::Rules;

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

impl Rules {
    /// Jobs that the file has.
    pub fn job_names(&self) -> impl Iterator<Item = &String> {
        self.job.keys()
    }

    /// The job of this name, the built-in one where the file has none.
    ///
    /// # Errors
    /// Which jobs there are.
    pub fn job(&self, name: &str) -> Result<Job, String> {
        let built_in = Self::of(None)?.job;
        let found = self.job.get(name).or_else(|| built_in.get(name)).cloned();
        let names = || self.job.keys().chain(built_in.keys()).map(String::as_str).collect::<BTreeSet<_>>();
        found.ok_or_else(|| {
            let names = names().into_iter().collect::<Vec<_>>().join(", ");
            format!("there is no job {name}; there are {names}")
        })
    }
}
