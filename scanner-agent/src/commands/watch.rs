//! `scanner-agent watch`: sets that production scanners leave in hot folders become batches, as `import` makes them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use record::BatchId;
use record::manifest::{Source, SourceKind};

use super::deliver::{Archive, unpacker};
use super::told::{Outcome, Told};
use super::{Exit, exit_of, import, review, spool_folder};
use crate::capture;
use crate::cli;
use crate::files;
use crate::hot::index;
use crate::hot::{Claim, HotFolder, Set, Terms, Verdict};
use crate::plan;
use crate::report::{counted, print};
use crate::spool::event::Opened;
use crate::spool::{Spool, State};
use crate::stage::Stage;
use crate::station;

/// A batch that the archive did not take is offered again so often.
const OFFER_AGAIN: Duration = Duration::from_secs(60);

struct Watch<'a> {
    args: &'a cli::Watch,
    terms: Terms,
    archive: Option<Archive<'a>>,
    rules: Option<String>,
    worst: Exit,
    /// Claims that could not be taken the last time.
    failed: BTreeSet<String>,
    /// Something is to be handed over.
    waits: bool,
    /// Where this is a part of a larger program that holds the spool.
    shared: Option<Arc<Spool>>,
}

pub fn run(args: &cli::Watch) -> anyhow::Result<Exit> {
    let (watch, mut folders) = Watch::new(args, None)?;
    if args.once { watch.once(&mut folders) } else { watch.on_and_on(&mut folders, || true) }
}

/// For as long as `goes_on`, held batches into a spool that is open already.
pub(super) fn into(spool: Arc<Spool>, args: &cli::Watch, goes_on: impl Fn() -> bool) -> anyhow::Result<Exit> {
    let (watch, mut folders) = Watch::new(args, Some(spool))?;
    watch.on_and_on(&mut folders, goes_on)
}

impl<'a> Watch<'a> {
    fn new(args: &'a cli::Watch, shared: Option<Arc<Spool>>) -> anyhow::Result<(Self, Vec<HotFolder>)> {
        let terms = Terms {
            steady: Duration::from_secs(args.steady),
            patience: Duration::from_secs(args.patience),
            with_index: args.with_index,
            mappings: args.index_fields.clone(),
        };
        let open = |path: &PathBuf| {
            HotFolder::open(path, terms.clone()).with_context(|| format!("failed to watch {}", path.display()))
        };
        let folders = args.folders.iter().map(open).collect::<anyhow::Result<Vec<HotFolder>>>()?;
        let archive = if args.filing.hold.hold { None } else { Some(Archive::new(&args.filing.server)?) };
        let (rules, failed) = (args.filing.rules.text()?, BTreeSet::new());
        Ok((Self { args, terms, archive, rules, worst: Exit::Done, failed, waits: true, shared }, folders))
    }

    fn spool(&self) -> anyhow::Result<Arc<Spool>> {
        match &self.shared {
            Some(spool) => Ok(Arc::clone(spool)),
            None => Ok(Arc::new(Spool::open(&spool_folder(&self.args.filing.folder)?, station::now)?)),
        }
    }

    /// Looks until everything has been judged; what somebody keeps writing is not waited for.
    fn once(mut self, folders: &mut [HotFolder]) -> anyhow::Result<Exit> {
        let steady = Duration::from_secs(self.args.steady);
        let until = Instant::now() + steady * 2 + LONG * 2;
        while self.sweeps(folders, false)? && Instant::now() < until {
            std::thread::sleep(steady.clamp(SHORT, LONG));
        }
        self.sweeps(folders, true)?;
        self.deliver();
        Ok(self.worst)
    }

    /// Whether something has not been judged yet.
    fn sweeps(&mut self, folders: &mut [HotFolder], last: bool) -> anyhow::Result<bool> {
        folders.iter_mut().try_fold(false, |settling, folder| Ok(self.sweep(folder, last)? || settling))
    }

    fn on_and_on(mut self, folders: &mut [HotFolder], goes_on: impl Fn() -> bool) -> anyhow::Result<Exit> {
        let mut again_at = Instant::now();
        while goes_on() {
            for folder in folders.iter_mut() {
                // A share that is away for a while comes back.
                if let Err(error) = self.sweep(folder, false) {
                    eprintln!("scanner-agent: {error:#}");
                }
            }
            // A server that is away is not asked for each batch: paper goes on being captured meanwhile.
            if self.waits && again_at <= Instant::now() {
                self.waits = !self.deliver();
                again_at = Instant::now() + if self.waits { OFFER_AGAIN } else { Duration::ZERO };
            }
            std::thread::sleep(Duration::from_secs(self.args.every));
        }
        Ok(self.worst)
    }

    /// Takes what is whole; whether something has not been judged yet. The last sweep tells of what is left alone.
    fn sweep(&mut self, folder: &mut HotFolder, last: bool) -> anyhow::Result<bool> {
        let path = folder.path.clone();
        let failed = || format!("failed to watch {}", path.display());
        for claim in folder.left().with_context(failed)? {
            if !(self.args.once && self.failed.contains(&claim.id)) {
                self.take(folder, &claim)?;
            }
        }
        let found = folder.look().with_context(failed)?;
        let settling = found.iter().any(|(_, verdict)| *verdict == Verdict::Settling);
        for (set, verdict) in found {
            let left_alone = match &verdict {
                Verdict::Settling => Some("is being written".into()),
                Verdict::Unfinished(reason) => Some(reason.clone()),
                Verdict::Stuck(_) | Verdict::Whole => None,
            };
            if let Some(reason) = left_alone {
                if last {
                    self.tell(&unfinished(&set, reason))?;
                }
            } else if let Some(claim) = folder.claim(&set, station::fresh_batch()).with_context(failed)? {
                match verdict {
                    Verdict::Stuck(reason) => self.give_up(folder, &claim, reason)?,
                    _ => self.take(folder, &claim)?,
                }
            }
        }
        Ok(settling)
    }

    /// Makes a batch of a set and puts its files away; what fails here stays in `taking` for the next time.
    fn take(&mut self, folder: &HotFolder, claim: &Claim) -> anyhow::Result<()> {
        let told = match self.opened(claim) {
            Ok(opened) if opened.files.is_empty() => {
                let refused = opened.refused.iter().map(|refused| refused.reason.as_str());
                let reason = refused.collect::<Vec<_>>().join("; ");
                return self.give_up(folder, claim, if reason.is_empty() { "holds no file".into() } else { reason });
            }
            Err(reason) => return self.give_up(folder, claim, reason),
            Ok(opened) => self.capture(folder, claim, opened),
        };
        match told {
            Ok(told) => {
                self.failed.remove(&claim.id);
                self.waits = true;
                self.tell(&told)
            }
            Err(error) => self.fail(claim, &error),
        }
    }

    /// Told of once, however often it is tried.
    fn fail(&mut self, claim: &Claim, error: &anyhow::Error) -> anyhow::Result<()> {
        self.worst = worse(self.worst, exit_of(error));
        if !self.failed.insert(claim.id.clone()) {
            return Ok(());
        }
        let reason = Some(format!("failed to {error:#}").replace("failed to failed to", "failed to"));
        self.tell(&Told { reason, ..Told::new(claim.name(), Outcome::Failed) })
    }

    /// As `import` would say it of the same files.
    fn opened(&self, claim: &Claim) -> Result<Opened, String> {
        let listed = claim.files().map_err(|error| format!("cannot be listed: {error}"))?;
        let said = index::read(&listed, &self.terms.mappings, self.terms.with_index)?;
        let files::Found { mut files, mut refused } = files::find(std::slice::from_ref(&claim.main), |_| {});
        files.retain(|file| !index::is_index(&file.path));
        refused.retain(|refused| !index::is_index(refused.file.as_ref()));
        for file in &mut files {
            file.said = said.get(&file.path).cloned();
        }
        let name: String = claim.name().chars().take(record::limits::NAME_CHARS_MAX).collect();
        Ok(Opened {
            batch: plan::batch_id(&name, &files),
            name,
            source: Source { kind: SourceKind::Import, station: station::name(), device: None },
            defaults: self.args.filing.fields.captured(),
            files,
            refused,
            rules: self.rules.clone(),
            two_sided: false,
            held: self.args.filing.hold.hold,
            operator: self.args.filing.hold.operator.clone(),
            reel: None,
        })
    }

    /// The spool is ours only meanwhile, so that other commands get at it.
    fn capture(&self, folder: &HotFolder, claim: &Claim, opened: Opened) -> anyhow::Result<Told> {
        let spool = self.spool()?;
        let id = opened.batch;
        let state = if spool.is_finished(id) {
            // A crash came between the archive's receipt and putting the files away, or they were scanned twice.
            spool.finished(id)?
        } else {
            import::begin(&spool, opened)?;
            let mut batch = spool.batch(id)?;
            capture::files(&mut batch, &unpacker()?)?;
            // People may be done with a batch whose files a crash left here.
            if self.args.filing.hold.hold && batch.state().stage == Stage::Capturing {
                review::hold(&mut batch, &self.args.filing.hold)?;
            }
            batch.into_state()
        };
        put_away(folder, claim, id, &state).with_context(|| format!("failed to put {} away", claim.main.display()))
    }

    fn give_up(&mut self, folder: &HotFolder, claim: &Claim, reason: String) -> anyhow::Result<()> {
        let why =
            format!("{} was not taken in: {reason}.\nPut it right, and lay it into the folder again.\n", claim.name());
        let now_in =
            folder.refuse(claim, &why).with_context(|| anyhow!("failed to refuse {}", claim.main.display()))?;
        let told = Told { reason: Some(reason), now_in: Some(now_in), ..Told::new(claim.name(), Outcome::Refused) };
        self.tell(&told)
    }

    fn tell(&mut self, told: &Told) -> anyhow::Result<()> {
        if told.outcome == Outcome::Refused {
            self.worst = worse(self.worst, Exit::SomeRefused);
        }
        if self.args.json { print(&format!("{}\n", serde_json::to_string(told)?)) } else { print(&told.text()) }
    }

    /// What waits in the spool goes to the archive; what cannot stays there, and capturing goes on.
    fn deliver(&mut self) -> bool {
        let Some(archive) = &self.archive else { return true };
        if let Err(error) = deliver_unheld(archive, &self.args.filing.folder) {
            self.worst = worse(self.worst, exit_of(&error));
            eprintln!("scanner-agent: not handed over yet, and safe in the spool: failed to {error:#}");
            return false;
        }
        true
    }
}

fn deliver_unheld(archive: &Archive<'_>, folder: &cli::Folder) -> anyhow::Result<()> {
    let spool = Spool::open(&spool_folder(folder)?, station::now)?;
    for id in spool.batches()? {
        if !spool.batch(id)?.state().stage().is_held() {
            archive.deliver(&spool, id, false)?;
        }
    }
    Ok(())
}

/// Between two looks at a set that settles.
const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(1);

/// Its pages are durable: its files leave the folder that the scanner writes to.
fn put_away(folder: &HotFolder, claim: &Claim, id: BatchId, state: &State) -> std::io::Result<Told> {
    let (batch, pages, refused) = (Some(id), state.pages.len(), state.refused.clone());
    if refused.is_empty() {
        let now_in = Some(folder.put_away(claim)?);
        return Ok(Told { batch, pages, now_in, ..Told::new(claim.name(), Outcome::Taken) });
    }
    let mut why = format!("Batch {id} has {} of {}. Not taken in:\n", counted(pages, "page"), claim.name());
    for refused in &refused {
        let page = refused.page.map_or(String::new(), |page| format!(", page {page}"));
        why += &format!("{}{page}: {}\n", refused.file, refused.reason);
    }
    let now_in = Some(folder.refuse(claim, &why)?);
    Ok(Told { batch, pages, refused, now_in, ..Told::new(claim.name(), Outcome::Refused) })
}

fn unfinished(set: &Set, reason: String) -> Told {
    Told { reason: Some(reason), ..Told::new(set.name.clone(), Outcome::Unfinished) }
}

fn worse(one: Exit, other: Exit) -> Exit {
    if (other as u8) > (one as u8) { other } else { one }
}
