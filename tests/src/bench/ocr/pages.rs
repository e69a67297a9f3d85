//! Which pages are read, and where does each contestant leave its text?

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use tests::samples;

use super::contestants::Contestant;

/// The reader's recipe, as its ALTO names it, where the page is read as it is.
const UNTREATED: &str = "recipe=clean=none turn=0 straighten=0.00 scale=1.000 ";
/// The sample pages are few; each is read so often.
const ROUNDS: usize = 2;

#[derive(Clone)]
pub struct Page {
    /// One image, under a name that no other page has.
    pub path: PathBuf,
    pub category: String,
    /// The file that says what is on it.
    pub truth: Option<PathBuf>,
}

pub struct Pages {
    pub list: Vec<Page>,
    folder: TempDir,
}

impl Pages {
    fn empty() -> Result<Self> {
        let folder = TempDir::new()?;
        fs::create_dir(folder.path().join("pages"))?;
        Ok(Self { list: Vec::new(), folder })
    }

    pub fn of_samples() -> Result<Self> {
        let mut pages = Self::empty()?;
        for (file, _) in samples::FILES.iter().cycle().take(ROUNDS * samples::FILES.len()) {
            let bytes = fs::read(samples::path(file))?;
            let is_tiff = file.ends_with(".tif");
            for image in if is_tiff { formats::tiff::split(&bytes)? } else { vec![bytes] } {
                let path = pages.next_path(file);
                fs::write(&path, image)?;
                pages.list.push(Page { path, category: "samples".to_owned(), truth: None });
            }
        }
        Ok(pages)
    }

    /// The sets named, or all of them.
    pub fn of_corpus(corpus: &Path, sets: &[String]) -> Result<Self> {
        let mut pages = Self::empty()?;
        let corpus = fs::canonicalize(corpus).with_context(|| format!("finding {}", corpus.display()))?;
        let mut folders: Vec<PathBuf> = fs::read_dir(&corpus)?.flatten().map(|entry| entry.path()).collect();
        folders.sort();
        for folder in folders.iter().filter(|folder| folder.join("manifest.tsv").is_file()) {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            if sets.is_empty() || sets.iter().any(|set| *set == name) {
                pages.add_set(folder)?;
            }
        }
        ensure!(!pages.list.is_empty(), "no pages: {} holds no such set with a manifest.tsv", corpus.display());
        Ok(pages)
    }

    fn add_set(&mut self, folder: &Path) -> Result<()> {
        let manifest = folder.join("manifest.tsv");
        for line in fs::read_to_string(&manifest)?.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let [category, page, truth] = fields[..] else {
                anyhow::bail!("{} has a line that is not category, page, truth", manifest.display());
            };
            let path = self.next_path(page);
            symlink(folder.join(page), &path)?;
            self.list.push(Page { path, category: category.to_owned(), truth: Some(folder.join(truth)) });
        }
        Ok(())
    }

    /// Named after its number, because results are named after it.
    fn next_path(&self, like: &str) -> PathBuf {
        let ending = Path::new(like).extension().unwrap_or_default().to_string_lossy();
        self.folder.path().join("pages").join(format!("{:05}.{ending}", self.list.len()))
    }

    /// Those that we read as they are. Their files stay where they were.
    pub fn untreated(&self) -> Result<Self> {
        let read_as_it_is = |page: &&Page| {
            let stem = page.path.file_stem().unwrap_or_default().to_string_lossy();
            // A file that could hold several pages numbers them.
            let alto = ["", "-0001"].map(|number| format!("{:?}/{stem}{number}.alto.xml", Contestant::Ours));
            let read = alto.iter().find_map(|name| fs::read_to_string(self.folder.path().join(name)).ok());
            read.is_some_and(|alto| alto.contains(UNTREATED))
        };
        let list = self.list.iter().filter(read_as_it_is).cloned().collect();
        Ok(Self { list, ..Self::empty()? })
    }

    pub fn paths(&self) -> Vec<&Path> {
        self.list.iter().map(|page| page.path.as_path()).collect()
    }

    /// Where a contestant's results stand, made if missing.
    pub fn results(&self, of: Contestant) -> Result<PathBuf> {
        let folder = self.folder.path().join(format!("{of:?}"));
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// What a contestant read on a page; nothing where it failed.
    pub fn text(&self, of: Contestant, number: usize) -> String {
        let path = self.folder.path().join(format!("{of:?}")).join(format!("{number:05}.txt"));
        fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }
}
