//! The schemas of ALTO 4.4, EAD 3 and EAD 2002, from wheels that `scripts/setup --tests` installs, asked through xmllint.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::program;

const ALTO: &str = "htrflow/serialization/schemas/alto-4-4.xsd";
const XLINK_AT: &str = "http://www.loc.gov/standards/xlink/xlink.xsd";
/// All that the schema takes from XLink is a group of attributes that it calls deprecated; we write none of them.
const XLINK: &str = r#"<schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/1999/xlink">
<attributeGroup name="simpleLink"/></schema>"#;

pub struct AltoSchema {
    folder: TempDir,
}

impl AltoSchema {
    pub fn load() -> Result<Self> {
        let text = std::fs::read_to_string(installed(ALTO)?)?;
        let folder = TempDir::new()?;
        // Tests ask nothing of the network.
        std::fs::write(folder.path().join("alto.xsd"), text.replace(XLINK_AT, "xlink.xsd"))?;
        std::fs::write(folder.path().join("xlink.xsd"), XLINK)?;
        Ok(Self { folder })
    }

    /// An error that says what is wrong with a file that is not valid.
    pub fn check(&self, file: &Path) -> Result<()> {
        valid(&self.folder.path().join("alto.xsd"), file)
    }
}

/// Which finding aid.
#[derive(Debug, Clone, Copy)]
pub enum Ead {
    Three,
    Of2002,
}

impl Ead {
    /// An error that says what is wrong with a file that is not valid.
    pub fn check(self, file: &Path) -> Result<()> {
        valid(
            &installed(match self {
                Self::Three => "ead/management/commands/ead3.xsd",
                Self::Of2002 => "eadator/ents/ead.xsd",
            })?,
            file,
        )
    }
}

fn valid(schema: &Path, file: &Path) -> Result<()> {
    let mut xmllint = Command::new("xmllint");
    xmllint.args(["--noout", "--nonet", "--schema"]).arg(schema).arg(file);
    program::succeed("xmllint", xmllint.output()?).map(drop)
}

fn installed(schema: &str) -> Result<PathBuf> {
    let libraries = program::cache()?.join("venv/lib");
    let pythons = std::fs::read_dir(&libraries).with_context(|| format!("reading {}", libraries.display()))?;
    let mut places = pythons.flatten().map(|python| python.path().join("site-packages").join(schema));
    places.find(|place| place.is_file()).with_context(|| format!("no {schema}; run scripts/setup --tests"))
}
