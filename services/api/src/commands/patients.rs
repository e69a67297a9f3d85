//! `chartroom patients import`: the patient list, from a CSV file (RFC 4180) with the columns
//! `mrn,name,birth_date`.
//!
//! With a list, a document whose number is not on it waits for a person. Errors name the line,
//! never what stands on it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use record::event::{Actor, PatientsRecord};
use record::manifest::Patient;

use super::{catch_up, open, say};
use crate::config::{DataDir, StoreOptions};
use crate::{password, people, state};

#[derive(Subcommand)]
pub enum Action {
    /// Adds the patients of a CSV file with the columns mrn,name,birth_date.
    Import { file: PathBuf },
}

pub async fn run(data: &DataDir, options: StoreOptions, action: Action) -> anyhow::Result<()> {
    match action {
        Action::Import { file } => import(data, options, &file).await,
    }
}

/// Patients in one sealed record: well below the bound on canonical JSON.
const PER_RECORD: usize = 5_000;

async fn import(data: &DataDir, options: StoreOptions, file: &Path) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))?;
    let patients = parse(&text)?;
    let (archive, catalog) = open(data, options).await?;
    for group in patients.chunks(PER_RECORD) {
        let record = PatientsRecord { salt: password::salt()?, patients: group.to_vec() };
        people::record_patients(&archive, Actor::System, state::now(), &record).await?;
    }
    catch_up(data, &archive, &catalog).await?;
    say(&format!("{} patients are on the list now", catalog.patient_count().await?))
}

fn parse(text: &str) -> anyhow::Result<Vec<Patient>> {
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let header = lines.next().map(|(_, line)| line.trim().to_ascii_lowercase());
    if header.as_deref() != Some("mrn,name,birth_date") {
        bail!("the first line must be: mrn,name,birth_date");
    }
    let filled = lines.filter(|(_, line)| !line.trim().is_empty());
    filled.map(|(at, line)| patient(line).with_context(|| format!("line {} is refused", at + 1))).collect()
}

fn patient(line: &str) -> anyhow::Result<Patient> {
    let fields = fields(line)?;
    let [mrn, name, birth_date] = fields.as_slice() else {
        bail!("it must have three fields");
    };
    if name.trim().is_empty() || name.chars().count() > record::limits::NAME_CHARS_MAX {
        bail!("a name has 1 to {} characters", record::limits::NAME_CHARS_MAX);
    }
    let birth_date = match birth_date.trim() {
        "" => None,
        date => Some(date.parse().context("the birth date is no day that exists, written YYYY-MM-DD")?),
    };
    Ok(Patient { mrn: mrn.parse()?, name: name.trim().to_owned(), birth_date })
}

/// One line of CSV. A quoted field may hold commas and doubled quotes, but no line break.
fn fields(line: &str) -> anyhow::Result<Vec<String>> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.trim_end_matches('\r').chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    if quoted {
        bail!("a quotation mark is not closed");
    }
    fields.push(field);
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_reads_as_it_was_written() {
        let text = "\u{feff}mrn,name,birth_date\r\nMRN-1,\"Doe, \"\"Jo\"\"\",1950-02-28\r\n\r\nMRN-2,Ann,\r\n";
        let patients = parse(text).expect("fine");
        assert_eq!(patients.len(), 2);
        assert_eq!(patients[0].name, "Doe, \"Jo\"");
        assert_eq!(patients[0].birth_date, "1950-02-28".parse().ok());
        assert_eq!(patients[1].birth_date, None);
    }

    #[test]
    fn an_error_names_the_line_and_not_the_patient() {
        for line in ["secret,Ann,1950-02-28", "MRN-1,Ann,1950-02-30", "MRN-1,Ann", "MRN-1,\"Ann,1950-02-28"] {
            let error = parse(&format!("mrn,name,birth_date\n{line}\n")).expect_err("refused");
            let text = format!("{error:#}");
            assert!(text.contains("line 2") && !text.contains("secret") && !text.contains("Ann"), "{text}");
        }
        assert!(parse("name,mrn\n").is_err());
    }
}
