//! Runs the unpacking child, and survives whatever it does.
//!
//! A child that dies or hangs on a page costs that page: it is started again behind it. One that
//! keeps dying, or uses up the file's time, costs the rest of the file. The batch goes on.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use record::film::Reel;
use record::limits;

use super::ribbon::Ribbon;
use super::strip::{Cuts, Settings, StripFacts};
use super::{Line, Unpacked, page_file};
use crate::memory::GIVE_BACK;
use crate::progress::Progress;
use crate::spool::Blob;
use crate::spool::cipher::Key;

/// A line with 32 long barcodes stays far below this.
const LINE_BYTES_MAX: u64 = 1024 * 1024;
/// A file whose pages kill the decoder this often is not worth more attempts.
const DEATHS_MAX: usize = 5;

/// What a child is given to read. Opened anew for each child.
pub trait Source {
    /// The bytes, and how many they are.
    fn open(&self) -> io::Result<(Box<dyn Read + Send>, u64)>;
}

impl Source for Path {
    fn open(&self) -> io::Result<(Box<dyn Read + Send>, u64)> {
        let file = File::open(self)?;
        let size = file.metadata()?.len();
        Ok((Box::new(file), size))
    }
}

/// The child gets the bytes, never the batch's key.
impl Source for Blob {
    fn open(&self) -> io::Result<(Box<dyn Read + Send>, u64)> {
        let reader = Self::open(self)?;
        let size = reader.size();
        Ok((Box::new(reader), size))
    }
}

/// Two tiles of one strip, the second behind the first.
impl Source for (Blob, Blob) {
    fn open(&self) -> io::Result<(Box<dyn Read + Send>, u64)> {
        let (first, second) = (Blob::open(&self.0)?, Blob::open(&self.1)?);
        let size = first.size() + second.size();
        Ok((Box::new(first.chain(second)), size))
    }
}

/// What came out of a file. Page numbers are 1-based; `None` is the file as a whole.
#[derive(Default)]
pub struct Contents {
    pub media_type: String,
    /// The child left them encrypted with a key that nobody keeps.
    pub pages: Vec<(Unpacked, Blob)>,
    pub refused: Vec<(Option<u32>, String)>,
    pub strip: Option<StripFacts>,
    pub ribbon: Option<Ribbon>,
}

#[derive(Debug, Clone)]
pub struct Unpacker {
    /// This very program; run as `PROGRAM unpack --out DIR --from N`, the file on its standard input.
    pub program: PathBuf,
    pub file_time: Duration,
    pub page_time: Duration,
    /// Whether pages are measured, too, or only searched for codes.
    pub measures: bool,
    /// Long pictures are strips of this film.
    pub film: Option<Settings>,
}

/// How one run of the child ended.
enum End {
    Done,
    /// The whole file is of no use.
    Unusable(String),
    /// It died, hung or spoke nonsense at the next page.
    Failed(String),
    OutOfTime,
}

struct Run {
    /// Of a strip, where people wait for its frames.
    progress: Option<Progress>,
    contents: Contents,
    /// For what the children leave.
    key: Key,
    total: Option<u32>,
    next: u32,
}

impl Unpacker {
    pub fn new(program: PathBuf) -> Self {
        let page_time = Duration::from_secs(limits::UNPACK_PAGE_SECONDS_MAX);
        Self {
            program,
            file_time: Duration::from_secs(limits::UNPACK_SECONDS_MAX),
            page_time,
            measures: true,
            film: None,
        }
    }

    /// For the batch of a reel, or of anything else.
    pub fn on(&self, reel: Option<&Reel>) -> Self {
        Self { film: reel.map(Settings::from), ..self.clone() }
    }

    /// For the file behind a strip of the same reel.
    pub fn behind(&self, strip: Option<&StripFacts>) -> Self {
        let behind = strip.map(|strip| (strip.width, strip.height));
        Self { film: self.film.clone().map(|film| Settings { behind, ..film }), ..self.clone() }
    }

    /// Writes the one page of `file` into the empty folder `out`, turned clockwise by 90, 180 or 270 degrees.
    ///
    /// # Errors
    /// Where the child cannot be started; what is wrong with the page is in the contents.
    pub fn turn(&self, file: &(impl Source + ?Sized), out: &Path, degrees: u16) -> io::Result<Contents> {
        self.once(file, out, self.page_time, &format!("--turn={degrees}"))
    }

    /// Writes frames of the strip `file` into the empty folder `out`, as a person cut them.
    ///
    /// # Errors
    /// As [`Self::turn`].
    pub fn cut(&self, file: &(impl Source + ?Sized), out: &Path, cuts: &Cuts) -> io::Result<Contents> {
        self.once(file, out, self.file_time, &format!("--cut={}", serde_json::json!(cuts)))
    }

    /// Writes the strip `file`, reduced, into the empty folder `out`, piece by piece.
    ///
    /// # Errors
    /// As [`Self::turn`].
    pub fn ribbon(&self, file: &(impl Source + ?Sized), out: &Path) -> io::Result<Contents> {
        self.once(file, out, self.file_time, "--ribbon")
    }

    /// One run with one more word.
    fn once(&self, file: &(impl Source + ?Sized), out: &Path, time: Duration, word: &str) -> io::Result<Contents> {
        let mut run = Run::begin()?;
        // A strip may be read for as long before the first line.
        let patient = Self { page_time: time, ..self.clone() };
        let end = patient.run(file, out, Instant::now() + time, Some(word), &mut run)?;
        Ok(match end {
            End::Done => run.contents,
            End::Unusable(reason) | End::Failed(reason) => run.give_up(reason),
            End::OutOfTime => run.give_up("took too long".into()),
        })
    }

    /// Unpacks `file` into the empty folder `out`.
    ///
    /// # Errors
    /// Only where the child cannot be started at all; what is wrong with the file is in the contents.
    pub fn unpack(&self, file: &(impl Source + ?Sized), out: &Path) -> io::Result<Contents> {
        let deadline = Instant::now() + self.file_time;
        let mut run = Run::begin()?;
        for _ in 0..DEATHS_MAX {
            match self.run(file, out, deadline, None, &mut run)? {
                End::Done => return Ok(run.contents),
                End::Unusable(reason) => return Ok(run.give_up(reason)),
                End::OutOfTime => {
                    return Ok(run.give_up(format!("took longer than {} s to unpack", self.file_time.as_secs())));
                }
                End::Failed(reason) if run.total.is_none() => return Ok(run.give_up(reason)),
                End::Failed(reason) => run.skip(reason),
            }
            if run.total.is_some_and(|total| run.next > total) {
                return Ok(run.contents);
            }
        }
        Ok(run.give_up(
            "the pages before it crashed the decoder again and again; this page and those after it were not tried"
                .into(),
        ))
    }

    fn run(
        &self,
        file: &(impl Source + ?Sized),
        out: &Path,
        deadline: Instant,
        word: Option<&str>,
        run: &mut Run,
    ) -> io::Result<End> {
        let (bytes, size) = file.open()?;
        let mut child = Command::new(&self.program)
            .arg("unpack")
            .arg("--out")
            .arg(out)
            .args(["--from", &run.next.to_string()])
            .args(self.film.iter().map(|film| format!("--film={}", serde_json::json!(film))))
            .args((!self.measures).then_some("--codes-only"))
            .args(word)
            // No token, no proxy, no library path: the child opens hostile files.
            .env_clear()
            .env(GIVE_BACK.0, GIVE_BACK.1)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        feed(&mut child, &run.key, bytes, size);
        let lines = listen(&mut child);
        let end = self.follow(&lines, out, deadline, run);
        if !matches!(end, None | Some(End::Done)) {
            let _ = child.kill();
        }
        let status = child.wait()?;
        Ok(end.unwrap_or_else(|| if status.success() { run.finished() } else { End::Failed(death(status)) }))
    }

    /// Takes lines until the child has nothing more to say (`None`) or must be stopped.
    fn follow(&self, lines: &Receiver<Option<Line>>, out: &Path, deadline: Instant, run: &mut Run) -> Option<End> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match lines.recv_timeout(left.min(self.page_time)) {
                Ok(Some(Line::Unusable { reason })) => return Some(End::Unusable(reason)),
                Ok(line) => {
                    if !line.is_some_and(|line| run.take(line, out)) {
                        return Some(End::Failed("the unpacking process spoke nonsense".into()));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if left <= self.page_time => return Some(End::OutOfTime),
                Err(RecvTimeoutError::Timeout) => {
                    return Some(End::Failed(format!("took longer than {} s", self.page_time.as_secs())));
                }
            }
        }
    }
}

/// Writes what the child reads: a key for what it leaves, the number of bytes, the bytes. On a thread of its own, for the
/// child may not read them, or only some; it notices itself where some are missing.
fn feed(child: &mut Child, key: &Key, mut bytes: Box<dyn Read + Send>, size: u64) {
    if let Some(mut stdin) = child.stdin.take() {
        let key = *key.bytes();
        std::thread::spawn(move || {
            stdin.write_all(&key)?;
            stdin.write_all(&size.to_be_bytes())?;
            io::copy(&mut bytes, &mut stdin)
        });
    }
}

/// Reads the child's lines on a thread of its own, so that silence can be noticed. `None` is a
/// line that is none of ours.
fn listen(child: &mut Child) -> Receiver<Option<Line>> {
    let (sender, receiver) = mpsc::sync_channel(16);
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stdout);
            let mut line = Vec::new();
            loop {
                line.clear();
                match reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line) {
                    Ok(0) | Err(_) => return,
                    // Half a line is what a dying child leaves; its death says more.
                    Ok(_) if !line.ends_with(b"\n") && (line.len() as u64) < LINE_BYTES_MAX => return,
                    Ok(_) if sender.send(serde_json::from_slice(&line).ok()).is_err() => return,
                    Ok(_) => {}
                }
            }
        });
    }
    receiver
}

impl Run {
    fn begin() -> io::Result<Self> {
        Ok(Self { progress: None, contents: Contents::default(), key: Key::fresh()?, total: None, next: 1 })
    }

    /// False for a line that a sound child would not have written here.
    fn take(&mut self, line: Line, out: &Path) -> bool {
        match line {
            Line::File { media_type, pages } if self.total.is_none_or(|total| total == pages) => {
                self.contents.media_type = media_type;
                self.total = Some(pages);
                pages as usize <= limits::DOCUMENT_PAGES_MAX
            }
            Line::Strip(facts) => {
                self.contents.strip = Some(facts);
                let frames = self.total.unwrap_or_default() as usize;
                self.progress.get_or_insert_with(|| Progress::new("cutting", "frames", frames));
                true
            }
            Line::Ribbon(ribbon) => {
                self.contents.ribbon = Some(ribbon);
                true
            }
            Line::Page(page) if self.expects(page.number) => {
                let path = out.join(page_file(page.number));
                self.contents.pages.push((*page, Blob { path, key: self.key.clone() }));
                self.advance();
                true
            }
            Line::Refused { number, reason } if self.expects(number) => {
                self.contents.refused.push((Some(number), reason));
                self.advance();
                true
            }
            _ => false,
        }
    }

    fn advance(&mut self) {
        self.next += 1;
        if let Some(progress) = &mut self.progress {
            progress.reach(self.next as usize - 1);
        }
    }

    fn expects(&self, number: u32) -> bool {
        number == self.next && self.total.is_some_and(|total| number <= total)
    }

    fn skip(&mut self, reason: String) {
        self.contents.refused.push((Some(self.next), reason));
        self.next += 1;
    }

    fn finished(&self) -> End {
        if self.total.is_some_and(|total| self.next > total) {
            End::Done
        } else {
            End::Failed("the unpacking process stopped half-way".into())
        }
    }

    /// Everything from the next page on is refused; the whole file where no page came through.
    fn give_up(mut self, reason: String) -> Contents {
        let page = (!self.contents.pages.is_empty() || !self.contents.refused.is_empty()).then_some(self.next);
        self.contents.refused.push((page, reason));
        self.contents
    }
}

fn death(status: ExitStatus) -> String {
    let memory = limits::UNPACK_MEMORY_BYTES_MAX / (1 << 30);
    match status.signal() {
        // Linux numbers: abort is what Rust does when an allocation fails.
        Some(6) => format!("the decoder gave up, most likely at its limit of {memory} GiB of memory"),
        Some(24) => format!("needed more than {} s of computing time", limits::UNPACK_SECONDS_MAX),
        Some(25) => format!("wanted to write a page larger than {} bytes", limits::PAGE_BYTES_MAX),
        Some(signal) => format!("crashed the decoder (signal {signal})"),
        None => "crashed the decoder".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A stand-in for the child: a shell script that gets `unpack --out DIR --from N`.
    fn unpacker(folder: &Path, script: &str) -> Unpacker {
        let program = folder.join("child");
        std::fs::write(&program, format!("#!/bin/sh\nfrom=$5\n{script}")).expect("writes");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).expect("may");
        Unpacker {
            program,
            file_time: Duration::from_secs(5),
            page_time: Duration::from_millis(700),
            measures: true,
            film: None,
        }
    }

    fn told(script: &str) -> (usize, Vec<(Option<u32>, String)>) {
        let folder = tempfile::tempdir().expect("a folder");
        let contents = unpacker(folder.path(), script).unpack(Path::new("/dev/null"), folder.path()).expect("starts");
        (contents.pages.len(), contents.refused)
    }

    const FILE: &str = r#"echo '{"line":"file","media_type":"application/pdf","pages":3}'"#;

    fn page(number: u32) -> String {
        format!(
            r#"echo '{{"line":"page","number":{number},"media_type":"image/png","width":1,"height":1,"dpi":0,"how":"untouched","whole_file":false,"codes":[]}}'"#
        )
    }

    #[test]
    fn a_page_that_kills_the_child_is_refused_and_the_others_come_through() {
        let script = format!("{FILE}\nif [ $from = 1 ]; then {}; kill -SEGV $$; fi\n{}", page(1), page(3));
        let (pages, refused) = told(&script);
        assert_eq!(pages, 2);
        assert_eq!(refused, [(Some(2), "crashed the decoder (signal 11)".into())]);
    }

    #[test]
    fn a_page_that_hangs_is_refused_and_the_others_come_through() {
        let script = format!("{FILE}\nif [ $from = 1 ]; then {}; exec sleep 30; fi\n{}", page(1), page(3));
        let (pages, refused) = told(&script);
        assert_eq!((pages, refused[0].0), (2, Some(2)));
        assert!(refused[0].1.starts_with("took longer"), "{refused:?}");
    }

    #[test]
    fn a_file_that_kills_the_child_at_once_is_refused_as_a_whole() {
        assert_eq!(told("kill -ABRT $$").1[0].0, None);
        assert_eq!(told("echo rubbish").1, [(None, "the unpacking process spoke nonsense".into())]);
        assert_eq!(told("yes | tr -d '\\n'").1, [(None, "the unpacking process spoke nonsense".into())]);
        assert_eq!(told(FILE).1.len(), 3);
    }
}
