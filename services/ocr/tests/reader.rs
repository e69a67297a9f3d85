//! Does a page that hangs, crashes or starves its reader cost that reader only?

use std::path::PathBuf;
use std::time::Duration;

use ocr::reader::{PageImage, ReadError, Reader, ReaderOptions, Reading};
use record::PageId;
use record::event::UnreadableReason;
use record::timing::Step;
use rustix::process::{Pid, Signal, kill_process};

const SAMPLE: &[u8] = include_bytes!("samples/discharge.png");

fn options() -> ReaderOptions {
    ReaderOptions::new(PathBuf::from(env!("CARGO_BIN_EXE_ocr-worker")))
}

fn page(bytes: &[u8]) -> PageImage<'_> {
    PageImage { page: PageId::derived([bytes]), media_type: "image/png", dpi: 150, bytes, brought: None }
}

async fn reads_the_sample(reader: &mut Reader) {
    let reading = reader.read(page(SAMPLE)).await.expect("readable");
    assert!(reading.timing.steps().any(|(step, _)| step == Step::Recognize), "{}", reading.timing);
    assert!(String::from_utf8(reading.alto).expect("UTF-8").contains("hypertension"));
}

fn reason(result: Result<Reading, ReadError>) -> UnreadableReason {
    match result {
        Err(ReadError::Page(unread)) => unread.reason,
        other => panic!("{:?} is no page's fault", other.map(|reading| reading.timing)),
    }
}

/// Sends the idle child a signal while it reads the sample.
async fn struck_while_reading(reader: &mut Reader, signal: Signal) -> UnreadableReason {
    let id = reader.process_id().and_then(|id| Pid::from_raw(id as i32)).expect("it waits");
    let strike = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        kill_process(id, signal).expect("it is ours");
    };
    let (result, ()) = tokio::join!(reader.read(page(SAMPLE)), strike);
    reason(result)
}

#[tokio::test]
async fn one_child_reads_page_after_page() {
    let mut reader = Reader::start(options()).await.expect("installed");
    let first = reader.process_id();
    reads_the_sample(&mut reader).await;
    assert_eq!(reason(reader.read(page(b"no image")).await), UnreadableReason::Undecodable);
    assert_eq!(reader.process_id(), first);
}

#[tokio::test]
async fn a_crash_costs_one_child() {
    let mut reader = Reader::start(options()).await.expect("installed");
    assert_eq!(struck_while_reading(&mut reader, Signal::ABORT).await, UnreadableReason::Crashed);
    reads_the_sample(&mut reader).await;
}

#[tokio::test]
async fn whoever_ends_a_reader_is_not_the_page() {
    let mut reader = Reader::start(options()).await.expect("installed");
    for signal in [Signal::KILL, Signal::TERM] {
        assert_eq!(struck_while_reading(&mut reader, signal).await, UnreadableReason::Lost);
        reader.ready().await.expect("installed");
    }
}

#[tokio::test]
async fn a_child_that_hangs_is_killed() {
    let mut reader =
        Reader::start(ReaderOptions { page_time: Duration::from_secs(2), ..options() }).await.expect("installed");
    let id = reader.process_id().and_then(|id| Pid::from_raw(id as i32)).expect("it waits");
    kill_process(id, Signal::STOP).expect("it is ours");
    assert_eq!(reason(reader.read(page(SAMPLE)).await), UnreadableReason::TimedOut);
    assert!(rustix::process::test_kill_process(id).is_err(), "it is still there");
}

#[tokio::test]
async fn a_page_too_large_for_the_cap_is_out_of_memory() {
    let white =
        imaging::Raster::gray(16_000, 16_000, vec![255; 256_000_000]).expect("fits").encode_png(150).expect("memory");
    let mut reader = Reader::start(ReaderOptions { memory_bytes: 400 << 20, ..options() }).await.expect("installed");
    assert_eq!(reason(reader.read(page(&white)).await), UnreadableReason::OutOfMemory);
    reads_the_sample(&mut reader).await;
}

#[tokio::test]
async fn the_child_has_one_thread_no_secrets_and_no_network() {
    let reader = Reader::start(options()).await.expect("installed");
    let proc = PathBuf::from(format!("/proc/{}", reader.process_id().expect("it waits")));
    // Its memory map and environment are its own business once it has other user ids: what is
    // visible from outside must be enough.
    let status = std::fs::read_to_string(proc.join("status")).expect("visible");
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    assert!(status.contains("Threads:\t1\n"), "{status}");
    if let Ok(environment) = std::fs::read(proc.join("environ")) {
        let environment = String::from_utf8(environment).expect("ours");
        let mut names: Vec<&str> =
            environment.split_terminator('\0').filter_map(|one| Some(one.split_once('=')?.0)).collect();
        names.sort_unstable();
        assert_eq!(names, ["LC_ALL", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "OMP_THREAD_LIMIT"]);
    }
}

/// Tesseract's own threads make a page slower, not faster: a page took 42 s instead of 6.
#[tokio::test]
async fn a_child_that_reads_has_one_thread() {
    let mut reader = Reader::start(options()).await.expect("installed");
    let tasks = format!("/proc/{}/task", reader.process_id().expect("it waits"));
    let (mut most, mut looks) = (0, 0);
    let count = async {
        loop {
            most = most.max(std::fs::read_dir(&tasks).map_or(0, Iterator::count));
            looks += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = count => {}
        () = reads_the_sample(&mut reader) => {}
    }
    assert!(looks > 3, "it read faster than we can look");
    assert_eq!(most, 1);
}

#[tokio::test]
async fn a_child_is_replaced_when_it_is_old() {
    let mut reader = Reader::start(ReaderOptions { pages_max: 2, ..options() }).await.expect("installed");
    let first = reader.process_id();
    reads_the_sample(&mut reader).await;
    assert_eq!(reader.process_id(), first);
    reads_the_sample(&mut reader).await;
    assert_eq!(reader.process_id(), None, "it has read its share");
    reader.ready().await.expect("installed");
    assert_ne!(reader.process_id(), first);
}

#[tokio::test]
async fn a_child_is_replaced_when_it_has_grown() {
    let small = Reader::start(options()).await.expect("installed").resident_bytes().expect("it waits");
    let mut reader = Reader::start(ReaderOptions { resident_bytes_max: small, ..options() }).await.expect("installed");
    reads_the_sample(&mut reader).await;
    assert_eq!(reader.process_id(), None, "a page leaves something behind");
    reads_the_sample(&mut reader).await;
}

#[tokio::test]
async fn a_missing_model_is_the_installations_fault() {
    let Err(error) = Reader::start(ReaderOptions { model: "klingon".to_owned(), ..options() }).await else {
        panic!("there is no such model");
    };
    assert!(matches!(&error, ReadError::Start(said) if said.contains("klingon")), "{error}");
}
