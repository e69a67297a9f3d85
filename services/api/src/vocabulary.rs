//! Which words does this archive know? Those of the system's word lists, those that the hospital
//! adds, its synonyms, the names of codes, and every name on the patient list.

use std::path::Path;

use anyhow::Context as _;
use catalog::Catalog;
use indexer::{Codes, DEBIAN_LISTS, Lexicon, Synonyms, Vocabulary};

use crate::config::DataDir;

/// Patients read from the catalog at a time.
const PATIENTS: u32 = 5_000;

/// Everything but the names, which go in as they are registered.
pub fn read(data: &DataDir) -> anyhow::Result<Vocabulary> {
    let mut lexicon = Lexicon::default();
    for list in DEBIAN_LISTS.map(Path::new) {
        match std::fs::read(list) {
            Ok(bytes) => lexicon.learn_list(&String::from_utf8_lossy(&bytes)),
            Err(error) => {
                tracing::warn!(
                    "there is no word list {}: fewer misread words are found; `scripts/setup` installs it ({error})",
                    list.display()
                );
            }
        }
    }
    lexicon.learn_list(&optional(&data.words_file())?);
    let file = data.synonyms_file();
    let synonyms = Synonyms::parse(&optional(&file)?).with_context(|| format!("{} is refused", file.display()))?;
    let file = data.codes_file();
    let codes = Codes::parse(&optional(&file)?).with_context(|| format!("{} is refused", file.display()))?;
    let (words, groups) = (lexicon.len(), synonyms.len());
    tracing::info!("search knows {words} words, {groups} groups of synonyms and {} codes", codes.len());
    Ok(Vocabulary { lexicon, synonyms, codes, ..Vocabulary::default() })
}

fn optional(file: &Path) -> anyhow::Result<String> {
    match std::fs::read_to_string(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        read => read.with_context(|| format!("failed to read {}", file.display())),
    }
}

/// Gives every name on the patient list to `learn`.
pub async fn names(catalog: &Catalog, learn: impl Fn(&[&str])) -> catalog::Result<()> {
    let mut after = String::new();
    loop {
        let patients = catalog.patients_after(&after, PATIENTS).await?;
        let Some(last) = patients.last() else { return Ok(()) };
        after = last.mrn.reveal().to_owned();
        learn(&patients.iter().map(|patient| patient.name.as_str()).collect::<Vec<_>>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hospitals_own_files_are_optional_and_checked() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::new(folder.path());
        assert!(read(&data).expect("nothing there").synonyms.is_empty());
        std::fs::write(data.words_file(), "Zyxlumab\n").expect("written");
        std::fs::write(data.synonyms_file(), "MI = heart attack\n").expect("written");
        let vocabulary = read(&data).expect("read");
        assert!(vocabulary.lexicon.knows("zyxlumab"));
        assert_eq!(vocabulary.synonyms.len(), 1);
        std::fs::write(data.synonyms_file(), "lonely\n").expect("written");
        let error = format!("{:#}", read(&data).expect_err("refused"));
        assert!(error.contains("synonyms.txt") && error.contains("line 1"), "{error}");
    }
}
