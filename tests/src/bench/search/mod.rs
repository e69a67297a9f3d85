//! Indexing and searching generated pages, beside the bare engine over the same text in the same
//! run. The floor does less: no boxes, no filters, no grouping, no snippets, no counts of kinds;
//! it is what those cost that the ratio shows.

mod keeping;
mod known;
mod peers;
mod quality;
mod renewal;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result};
use indexer::floor::Floor;
use indexer::{Common, DocumentFields, Edges, Filters, Index, PageDocument, Scope, SearchRequest, Vocabulary};
use record::manifest::SourceKind;
use record::words::{Block, Box as Place, Line, PageText, Word};
use record::{BatchId, Date, DocumentId, PageId, Timestamp};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use tempfile::TempDir;

use self::peers::Peers;
use crate::memory;
use crate::report::{Report, cpu_seconds};

/// Where nothing is said; for the record it is a million.
const PAGES: u32 = 100_000;
const DOCUMENT_PAGES: u32 = 5;
const PATIENT_DOCUMENTS: u32 = 10;
const COMMIT_PAGES: u32 = 5_000;
const VOCABULARY: usize = 60_000;
/// The most frequent words, whose neighbourhoods are indexed.
const COMMON: usize = 32;
const LINES: usize = 28;
const LINE_WORDS: usize = 9;
/// One word in this many is misread.
const NOISE: usize = 14;
const QUERIES: usize = 300;
/// A word on no page, so that no page has all of the words.
const ABSENT: &str = "qqxzzqxvqz";
const FLOOR_WRITER_BYTES: usize = 64 * 1024 * 1024;

/// Speed over generated pages; with a corpus, quality over real ones. `only` is `ours` where nobody else is to be asked.
pub fn run(report: &mut Report, corpus: Option<&Path>, count: Option<usize>, only: Option<&str>) -> Result<()> {
    if let Some(corpus) = corpus {
        quality::run(report, corpus)?;
        return known::run(report, corpus);
    }
    let count = count.and_then(|count| u32::try_from(count).ok()).unwrap_or(PAGES).next_multiple_of(COMMIT_PAGES);
    let (ours_dir, floor_dir) = (TempDir::new()?, TempDir::new()?);
    let mut pages = Pages::new(count);
    let mut peers = Peers::new()?;
    let index = Index::open_with(ours_dir.path(), pages.vocabulary())?;
    let mut floor = Floor::create(floor_dir.path(), FLOOR_WRITER_BYTES)?;
    build(report, &mut pages, &index, &mut floor, &mut peers)?;
    report.line(&json!({"bench": "search bytes", "kind": "bytes/page", "ours": bytes_by_kind(&ours_dir, count)?,
        "floor": bytes_by_kind(&floor_dir, count)?}))?;
    report.line(&json!({"bench": "search segments", "value": index.segments()}))?;
    for class in Class::ONCE.into_iter().chain([Class::Most]) {
        measure(report, class, &mut pages, &index, &floor, &mut peers)?;
    }
    renewal::run(report, &mut pages, &index)?;
    drop((index, floor));
    let heap = heap_of_asking(ours_dir.path(), count)?;
    report.line(&json!({"bench": "search heap of a program that asks alone", "unit": "MB", "value": heap / 1_000}))?;
    keeping::run(report, &mut pages)?;
    if only.is_none() { peers.run(report) } else { Ok(()) }
}

/// Of a process of its own, in kilobytes: what building has left behind in this one would be counted too.
fn heap_of_asking(dir: &Path, count: u32) -> Result<u64> {
    let output = Command::new(std::env::current_exe()?)
        .args(["ask", "--pages", &count.to_string(), "--only"])
        .arg(dir)
        .output()?;
    let said = String::from_utf8(output.stdout)?;
    said.trim().parse().with_context(|| format!("asking an index: {}", String::from_utf8_lossy(&output.stderr)))
}

/// Opens an index, asks it everything, and says what that took of memory, in kilobytes.
pub fn ask(dir: &Path, count: u32) -> Result<()> {
    let mut pages = Pages::new(count);
    let index = Index::open_with(dir, pages.vocabulary())?;
    for class in Class::ONCE.into_iter().chain([Class::Most]) {
        for _ in 0..QUERIES {
            let (words, filters) =
                (pages.query_words(class.words()), class.filters(&mut pages.random, patients(count)));
            let texts: Vec<&str> = words.iter().map(String::as_str).collect();
            index.search(&SearchRequest { filters, ..SearchRequest::new(&class.query(&texts), Scope::FILED) })?;
        }
    }
    Ok(writeln!(std::io::stdout(), "{}", memory::heap_kb())?)
}

/// Ours with and without mending, and the bare engine, each over the same pages; of a million, the one without mending and
/// the peers get the first [`PAGES`] only, for the disk's sake.
fn build(report: &mut Report, pages: &mut Pages, index: &Index, floor: &mut Floor, peers: &mut Peers) -> Result<()> {
    let plain_dir = TempDir::new()?;
    let plain = Index::open(plain_dir.path())?;
    let (mut ours, mut bare, mut unmended, mut bare_beside) = (0.0, 0.0, 0.0, 0.0);
    for from in (0..pages.count).step_by(COMMIT_PAGES as usize) {
        let batch: Vec<PageDocument> = (from..from + COMMIT_PAGES).map(|n| pages.page(n)).collect();
        let texts: Vec<String> = batch.iter().map(|page| page.text.plain()).collect();
        ours += cpu_of(|| put(index, &batch))?;
        bare += cpu_of(|| {
            texts.iter().try_for_each(|text| floor.put(text))?;
            Ok(floor.commit()?)
        })?;
        if from < PAGES {
            texts.iter().try_for_each(|text| peers.page(text))?;
            unmended += cpu_of(|| put(&plain, &batch))?;
            bare_beside = bare;
        }
    }
    let (all, first) = (f64::from(pages.count), f64::from(pages.count.min(PAGES)));
    report.beside("search index", "pages/CPU-s", all / ours, "bare engine", all / bare)?;
    report.beside("search index, not mended", "pages/CPU-s", first / unmended, "bare engine", first / bare_beside)
}

fn put(index: &Index, batch: &[PageDocument]) -> Result<()> {
    batch.iter().try_for_each(|page| index.put(page))?;
    Ok(index.commit(index.cursor() + 1)?)
}

/// Processor seconds of all threads: merges in the background count where they fall.
fn cpu_of(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let before = cpu_seconds()?;
    work()?;
    Ok(cpu_seconds()? - before)
}

#[derive(Clone, Copy, PartialEq)]
pub enum Class {
    Term,
    All,
    Phrase,
    Patient,
    KindAndYears,
    Prefix,
    Alike,
    Most,
}

impl Class {
    /// All that ask once; the last one asks again where nothing has all of its words.
    const ONCE: [Self; 7] =
        [Self::Term, Self::All, Self::Phrase, Self::Patient, Self::KindAndYears, Self::Prefix, Self::Alike];

    pub fn name(self) -> &'static str {
        match self {
            Self::Term => "one word",
            Self::All => "two words",
            Self::Phrase => "phrase",
            Self::Patient => "one word of one patient",
            Self::KindAndYears => "one word, type and years",
            Self::Prefix => "beginning of a word",
            Self::Alike => "words that look alike",
            Self::Most => "most of five words",
        }
    }

    pub fn query(self, words: &[&str]) -> String {
        match self {
            Self::Phrase => format!("\"{}\"", words.join(" ")),
            Self::Prefix => format!("{}*", &words[0][..words[0].len().min(4)]),
            // Short ones cannot be asked for.
            Self::Alike if words[0].len() < 4 => format!("{0}{0}~", words[0]),
            Self::Alike => format!("{}~", words[0]),
            Self::Most => format!("{} {ABSENT}", words.join(" ")),
            _ => words.join(" "),
        }
    }

    pub fn words(self) -> usize {
        match self {
            Self::All | Self::Phrase => 2,
            Self::Most => 4,
            _ => 1,
        }
    }

    fn filters(self, random: &mut Random, patients: u32) -> Filters {
        match self {
            Self::Patient => Filters { mrn: mrn(random.below(patients as usize) as u32), ..Filters::default() },
            Self::KindAndYears => Filters {
                document_type: KINDS[random.below(KINDS.len())].parse().ok(),
                from: Date::from_days_since_epoch(3_650),
                to: Date::from_days_since_epoch(7_300),
                ..Filters::default()
            },
            _ => Filters::default(),
        }
    }
}

/// Processor time, in microseconds, and the clock's: the whole answer, facets, snippets and boxes included, against the bare engine's top
/// ten and count. The floor has no filters, so it answers the plain words there.
fn measure(
    report: &mut Report,
    class: Class,
    pages: &mut Pages,
    index: &Index,
    floor: &Floor,
    peers: &mut Peers,
) -> Result<()> {
    let mut asked = Vec::with_capacity(QUERIES);
    for _ in 0..QUERIES {
        let words = pages.query_words(class.words());
        let filters = class.filters(&mut pages.random, patients(pages.count));
        let texts: Vec<&str> = words.iter().map(String::as_str).collect();
        peers.query(class, &texts)?;
        let request = SearchRequest { filters, ..SearchRequest::new(&class.query(&texts), Scope::FILED) };
        asked.push((words, request));
    }
    let each = |ask: &dyn Fn(&[&str], SearchRequest) -> Result<()>| -> Result<Took> {
        let mut took = Took::default();
        for (words, request) in &asked {
            let (texts, request) = (words.iter().map(String::as_str).collect::<Vec<_>>(), request.clone());
            let (cpu, clock) = (cpu_micros(), Instant::now());
            ask(&texts, request)?;
            took.clock.push(clock.elapsed().as_secs_f64() * 1e6);
            took.cpu.push(cpu_micros() - cpu);
        }
        Ok(took)
    };
    let mut ours = each(&|_, request| Ok(index.search(&request).map(drop)?))?;
    let mut unlit =
        each(&|_, request| Ok(index.search(&SearchRequest { pages_per_document: 0, ..request }).map(drop)?))?;
    let mut bare = each(&|texts, _| Ok(floor.count(texts, class == Class::Phrase).map(drop)?))?;
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        for (took, what) in [(&mut ours, ""), (&mut unlit, ", ten best, counts and facets alone")] {
            let bench = format!("search {} {name}{what}", class.name());
            report.beside(
                &bench,
                "us",
                quantile(&mut took.cpu, share),
                "bare engine",
                quantile(&mut bare.cpu, share),
            )?;
            let (ours, bare) = (quantile(&mut took.clock, share), quantile(&mut bare.clock, share));
            report.beside(&format!("{bench}, by the clock"), "us", ours, "bare engine", bare)?;
        }
    }
    Ok(())
}

/// Microseconds of each search.
#[derive(Default)]
struct Took {
    cpu: Vec<f64>,
    clock: Vec<f64>,
}

/// What all threads have computed so far: other programs on the machine do not count.
fn cpu_micros() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

/// The value that so large a share of all does not exceed.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share) as usize]
}

/// Bytes a page, by what the engine's files hold: `store` is what hits show; the rest, `index`, is what finds them.
fn bytes_by_kind(dir: &TempDir, pages: u32) -> Result<Value> {
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for entry in std::fs::read_dir(dir.path()).context("list the index")? {
        let entry = entry?;
        let kind = entry.path().extension().unwrap_or_default().to_string_lossy().into_owned();
        *kinds.entry(kind).or_default() += entry.metadata()?.len();
    }
    let all: u64 = kinds.values().sum();
    let index = all - kinds.get("store").copied().unwrap_or_default();
    kinds.extend([("all".to_owned(), all), ("index".to_owned(), index)]);
    let each = kinds.into_iter().map(|(kind, bytes)| (kind, Value::from(bytes / u64::from(pages))));
    Ok(each.collect::<serde_json::Map<_, _>>().into())
}

const KINDS: [&str; 8] =
    ["LETTER", "LAB-REPORT", "DISCHARGE-SUMMARY", "CONSENT", "RADIOLOGY", "NURSING-NOTE", "OPERATION", "FILM"];

const DEPARTMENTS: [&str; 5] = ["CARDIOLOGY", "SURGERY", "RADIOLOGY", "PAEDIATRICS", "ONCOLOGY"];

fn patients(pages: u32) -> u32 {
    pages / DOCUMENT_PAGES / PATIENT_DOCUMENTS
}

fn mrn(patient: u32) -> Option<record::Mrn> {
    format!("MRN-{patient:06}").parse().ok()
}

/// Whose document it is, and what kind: spread evenly.
fn fields(document: u32, patients: u32) -> DocumentFields {
    DocumentFields {
        document: DocumentId::derived([document.to_be_bytes().as_slice()]),
        batch: BatchId::derived([(document / 100).to_be_bytes().as_slice()]),
        filed: !document.is_multiple_of(50),
        mrn: mrn(document % patients),
        encounter: format!("E-{document}").parse().ok(),
        document_type: KINDS[document as usize % KINDS.len()].parse().ok(),
        department: DEPARTMENTS[document as usize % DEPARTMENTS.len()].parse().ok(),
        date: Date::from_days_since_epoch(i64::from(document) * 7 % 18_000),
        source: if document.is_multiple_of(4) { SourceKind::Film } else { SourceKind::Scan },
        station: "station-1".to_owned(),
        scanned: Timestamp(1_700_000_000_000 + i64::from(document) * 1_000),
        reel: None,
    }
}

/// Pages with the word frequencies of a language and the misreadings of a scanner; the same
/// ones on every machine.
pub struct Pages {
    count: u32,
    vocabulary: Vec<String>,
    random: Random,
}

impl Pages {
    pub fn new(count: u32) -> Self {
        let mut random = Random(0x5EED_CAFE);
        let vocabulary = (0..VOCABULARY).map(|_| invented_word(&mut random)).collect();
        Self { count, vocabulary, random }
    }

    /// Every right word, so that the misread ones are mended.
    fn vocabulary(&self) -> Vocabulary {
        let mut vocabulary = Vocabulary::default();
        self.vocabulary.iter().for_each(|word| vocabulary.lexicon.learn(word));
        // As English has them: see [`indexer::Common`].
        vocabulary.common = Common::new(self.vocabulary[..COMMON].iter().cloned());
        vocabulary
    }

    /// Zipf-like: rank r with a probability near 1/r, by inverting the logarithm.
    fn rank(&mut self) -> usize {
        let share = self.random.below(1 << 24) as f64 / f64::from(1 << 24);
        ((VOCABULARY as f64).powf(share) as usize - 1).min(VOCABULARY - 1)
    }

    fn word(&mut self) -> String {
        let rank = self.rank();
        let mut word = self.vocabulary[rank].clone();
        if self.random.below(NOISE) == 0 {
            let at = self.random.below(word.len());
            word.replace_range(at..=at, &letter(&mut self.random).to_string());
        }
        word
    }

    /// As frequent in queries as on pages: the hard case, since frequent words have long lists.
    pub fn query_words(&mut self, count: usize) -> Vec<String> {
        let ranks: Vec<usize> = (0..count).map(|_| self.rank()).collect();
        ranks.into_iter().map(|rank| self.vocabulary[rank].clone()).collect()
    }

    fn page(&mut self, n: u32) -> PageDocument {
        let number = n % DOCUMENT_PAGES + 1;
        let page = PageId::derived([n.to_be_bytes().as_slice()]);
        let fields = fields(n / DOCUMENT_PAGES, patients(self.count));
        PageDocument {
            page,
            number,
            frame: None,
            arrived: n.into(),
            fields,
            text: self.text(),
            before: Edges::default(),
            behind: Edges::default(),
        }
    }

    pub fn text(&mut self) -> PageText {
        let lines = (0..LINES).map(|row| self.line(row as u32)).collect();
        let (width, height, language) = (2550, 3300, "eng".to_owned());
        PageText { width, height, language, blocks: vec![Block::of(lines)], ..PageText::default() }
    }

    fn line(&mut self, row: u32) -> Line {
        let mut x = 150;
        let words = (0..LINE_WORDS).map(|_| {
            let text = self.word();
            let w = 18 * text.len() as u32 + self.random.below(9) as u32;
            let place =
                Place { x, y: 200 + 100 * row + self.random.below(5) as u32, w, h: 34 + self.random.below(12) as u32 };
            x += w + 16;
            Word::read(text, place, 60 + self.random.below(40) as u8)
        });
        Line::of(words.collect())
    }
}

fn invented_word(random: &mut Random) -> String {
    (0..3 + random.below(9)).map(|_| letter(random)).collect()
}

fn letter(random: &mut Random) -> char {
    char::from(b'a' + random.below(26) as u8)
}

/// Xorshift64* (Marsaglia 2003, Vigna 2016).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound
    }
}
