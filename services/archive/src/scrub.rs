//! Does every object still hold what was sealed, here and in the replica?
//!
//! A [`Pass`] goes through the ledger from its first commit to its last event, looks at every object on the way, and puts right what it
//! can. It is as long as the archive and may be interrupted at any time: [`Standing`] is all that has to be kept of it.
//! The caller sets the pace, between two steps. Memory does not depend on how much there is.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use record::event::Bucket;
use record::{Event, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Tending;
use crate::copies::{Copies, Incident};
use crate::destruction::Destroyed;
use crate::error::{Error, Result};
use crate::ledger::proof::Reader;
use crate::ledger::tile::{Piece, Row, WIDTH};
use crate::ledger::{self, Ledger};
use crate::object::{self, Object};
use crate::{WITNESSED, replica};

/// Objects that are read at once.
const READS: usize = 8;
/// Events, or commits, that are looked up at a time.
const GROUP: u64 = 64;
/// Steps without the replica after it did not answer.
const WITHOUT_REPLICA: u32 = 1_000;

/// How far a pass has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    pub began: Timestamp,
    /// Events that there were when it began: its end.
    pub events: u64,
    /// Those before this one are done; so are the commits.
    pub next_event: u64,
    pub next_commit: u64,
    pub objects: u64,
    pub bytes: u64,
    /// Objects that are still not what was sealed, and such as are so again.
    pub damaged: u64,
    pub repaired: u64,
    /// Everything was looked at in the replica too.
    pub replica: bool,
}

/// What one step has looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    pub objects: u64,
    pub bytes: u64,
    pub incidents: Vec<Incident>,
}

pub struct Pass {
    ledger: Arc<Ledger>,
    copies: Copies,
    destroyed: Destroyed,
    tending: Arc<Tending>,
    /// What had been deleted when it was looked up what comes next.
    deletions: u64,
    standing: Standing,
    /// What is to be looked at before the standing moves to here.
    queue: VecDeque<(Object, Held)>,
    upcoming: Standing,
    /// Events that the replica should have.
    in_replica: u64,
    without_replica: u32,
    edges_done: bool,
    /// By looking up what comes next. What could not be put right then is looked at again, and named.
    repaired: Vec<Incident>,
}

/// Which buckets should have an object.
#[derive(Debug, Clone, Copy)]
enum Held {
    Both,
    Store,
    Replica,
}

impl Held {
    const fn buckets(self, with_replica: bool) -> &'static [Bucket] {
        match (self, with_replica) {
            (Self::Both, true) => &[Bucket::Store, Bucket::Replica],
            (Self::Both, false) | (Self::Store, _) => &[Bucket::Store],
            (Self::Replica, true) => &[Bucket::Replica],
            (Self::Replica, false) => &[],
        }
    }
}

impl Pass {
    /// Its incidents are those of these copies.
    pub(crate) fn new(ledger: Arc<Ledger>, copies: Copies, care: (Destroyed, Arc<Tending>), began: Timestamp) -> Self {
        let (events, replica) = (ledger.head().size(), copies.has_replica());
        let standing = Standing {
            began,
            events,
            next_event: 0,
            next_commit: 0,
            objects: 0,
            bytes: 0,
            damaged: 0,
            repaired: 0,
            replica,
        };
        Self::go_on(ledger, copies, care, standing)
    }

    pub(crate) fn go_on(
        ledger: Arc<Ledger>,
        copies: Copies,
        (destroyed, tending): (Destroyed, Arc<Tending>),
        standing: Standing,
    ) -> Self {
        let upcoming = standing.clone();
        Self {
            ledger,
            copies,
            destroyed,
            tending,
            deletions: 0,
            standing,
            queue: VecDeque::new(),
            upcoming,
            in_replica: 0,
            without_replica: 0,
            edges_done: false,
            repaired: Vec::new(),
        }
    }

    /// From where another pass may go on.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Looks at the next few objects. None: all were looked at.
    ///
    /// # Errors
    /// Where the store is away. The same step may be tried again.
    pub async fn step(&mut self) -> Result<Option<Step>> {
        let tending = Arc::clone(&self.tending);
        let _one = tending.one.lock().await;
        self.drop_what_may_be_gone();
        while self.queue.is_empty() {
            (self.standing.next_event, self.standing.next_commit) =
                (self.upcoming.next_event, self.upcoming.next_commit);
            if self.edges_done {
                return Ok(None);
            }
            self.refill().await?;
            self.repaired.extend(self.copies.take_incidents().into_iter().filter(|incident| incident.repaired));
        }
        let with_replica = self.with_replica().await;
        let these: Vec<_> = self.queue.iter().take(READS).cloned().collect();
        let number = these.len();
        let looked = self.look(these, with_replica).await;
        if looked.is_err() && with_replica {
            // Whichever of the two is away: the store alone will tell.
            self.without_replica = WITHOUT_REPLICA;
            return Ok(Some(Step::default()));
        }
        let mut incidents = std::mem::take(&mut self.repaired);
        incidents.extend(self.copies.take_incidents());
        let step = Step { objects: number as u64, bytes: looked?, incidents };
        self.queue.drain(..number);
        self.count(&step, with_replica);
        Ok(Some(step))
    }

    /// Something was destroyed since it was looked up what comes next: it is looked up again.
    fn drop_what_may_be_gone(&mut self) {
        let deletions = self.tending.deletions.load(Ordering::Acquire);
        if deletions != self.deletions {
            self.deletions = deletions;
            self.queue.clear();
            self.upcoming = self.standing.clone();
            self.edges_done = false;
        }
    }

    /// The bytes that were read.
    async fn look(&self, objects: Vec<(Object, Held)>, with_replica: bool) -> Result<u64> {
        let looks = objects.into_iter().map(|(object, held)| {
            let copies = self.copies.clone();
            async move { copies.examine(&object, held.buckets(with_replica)).await }
        });
        let read: Vec<u64> = stream::iter(looks).buffered(READS).try_collect().await?;
        Ok(read.iter().sum())
    }

    fn count(&mut self, step: &Step, with_replica: bool) {
        self.standing.objects += step.objects;
        self.standing.bytes += step.bytes;
        let repaired = step.incidents.iter().filter(|incident| incident.repaired).count() as u64;
        self.standing.repaired += repaired;
        self.standing.damaged += step.incidents.len() as u64 - repaired;
        self.standing.replica &= with_replica;
    }

    /// Whether the replica is looked at in this step; after it did not answer, only now and then.
    async fn with_replica(&mut self) -> bool {
        if !self.copies.has_replica() {
            return false;
        }
        if self.without_replica > 0 {
            self.without_replica -= 1;
            return false;
        }
        if self.in_replica == 0 {
            let known = match self.copies.replica() {
                Ok(replica) => replica::size(&self.ledger, &self.copies, &replica).await,
                Err(error) => Err(error),
            };
            self.in_replica = known.unwrap_or(0);
            self.without_replica = if self.in_replica == 0 { WITHOUT_REPLICA } else { 0 };
        }
        self.in_replica > 0
    }

    /// What comes next: commits, then events with all that they name, then the edges of both buckets.
    async fn refill(&mut self) -> Result<()> {
        if self.with_replica().await && self.in_replica < self.standing.events {
            // It has come further meanwhile.
            self.in_replica = replica::size(&self.ledger, &self.copies, &self.copies.replica()?).await.unwrap_or(0);
        }
        if self.upcoming.next_event == 0 && self.refill_commits().await? {
            return Ok(());
        }
        if self.upcoming.next_event < self.standing.events {
            return self.refill_events().await;
        }
        self.edges_done = true;
        self.refill_edges().await
    }

    /// False where there are no more.
    async fn refill_commits(&mut self) -> Result<bool> {
        let from = self.upcoming.next_commit;
        for sequence in from..from + GROUP {
            match ledger::find(&self.copies, sequence, &self.ledger.key()).await {
                Ok(Some(found)) if found.commit.new_size > self.standing.events => break,
                Ok(None) => break,
                Ok(Some(found)) => {
                    let held = self.held(found.commit.new_size);
                    self.queue.push_back((Object::commit(sequence, &self.ledger.key()), held));
                }
                // Looking at it will name it.
                Err(Error::Corrupt { .. }) => {
                    self.queue.push_back((Object::commit(sequence, &self.ledger.key()), Held::Store));
                }
                Err(error) => return Err(error),
            }
            self.upcoming.next_commit = sequence + 1;
        }
        Ok(self.upcoming.next_commit > from)
    }

    fn reader(&self) -> Reader {
        Reader::new(self.copies.clone(), self.ledger.head())
    }

    /// Where the objects are of which the first `events` events tell.
    fn held(&self, events: u64) -> Held {
        if events <= self.in_replica { Held::Both } else { Held::Store }
    }

    async fn refill_events(&mut self) -> Result<()> {
        let from = self.upcoming.next_event;
        let to = (from + GROUP).min(self.standing.events).min((from / WIDTH + 1) * WIDTH);
        let reader = self.reader();
        if from.is_multiple_of(WIDTH) {
            self.refill_tiles(from / WIDTH).await?;
        }
        let leaves = match reader.entries(from..to).await {
            Ok(leaves) => leaves,
            // What is damaged and cannot be put right is in the queue, and will be named.
            Err(Error::Corrupt { .. } | Error::Missing(_)) => Vec::new(),
            Err(error) => return Err(error),
        };
        // Where the ledger itself is damaged, what was known before will do: the damage is in the queue.
        let gone = match self.destroyed.documents(&self.copies, &reader).await {
            Err(Error::Corrupt { .. } | Error::Missing(_)) => self.destroyed.so_far(),
            gone => gone?,
        };
        for (index, leaf) in (from..).zip(leaves) {
            let held = self.held(index + 1);
            let objects = object::named(&self.copies, &gone, index, &Event::from_leaf(&leaf)?).await?;
            self.queue.extend(objects.into_iter().map(|object| (object, held)));
        }
        self.upcoming.next_event = to;
        Ok(())
    }

    /// The full tiles that begin with bundle `n`, from the top: a tile is known by the one above it. Then the bundle.
    async fn refill_tiles(&mut self, n: u64) -> Result<()> {
        let (reader, size) = (self.reader(), self.standing.events);
        let mut begins: Vec<(Row, u64)> = Vec::new();
        for row in Row::of(size) {
            let span = match row {
                Row::Entries | Row::Hashes(0) => 1,
                Row::Hashes(level) => WIDTH.pow(u32::from(level)),
            };
            if n.is_multiple_of(span) && (n / span) < row.count(size) / WIDTH {
                begins.push((row, n / span));
            }
        }
        begins.sort_by_key(|(row, _)| std::cmp::Reverse(*row));
        for (row, n) in begins {
            let leaves = match row {
                Row::Entries => WIDTH,
                Row::Hashes(level) => WIDTH.pow(u32::from(level) + 1),
            };
            match reader.object(row, n).await {
                Ok(object) => self.queue.push_back((object, self.held((n + 1) * leaves))),
                // The tile above it is lost, and is named itself.
                Err(Error::Corrupt { .. } | Error::Missing(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Partial pieces, checkpoints, and what others have said of them.
    async fn refill_edges(&mut self) -> Result<()> {
        let head = self.ledger.refresh().await?;
        self.refill_partials(Bucket::Store, head.size()).await?;
        let checkpoint = Object::checkpoint(&self.ledger.key());
        // A newer one is true as well, and stays.
        self.copies.insist(Bucket::Store, &checkpoint, head.checkpoint().to_owned().into()).await?;
        if self.copies.store().exists(WITNESSED).await? {
            self.queue.push_back((Object::note(WITNESSED, &self.ledger.key()), Held::Store));
        }
        let stamped = replica::timestamps(&self.copies, &self.ledger).await?;
        self.queue.extend(stamped.into_iter().map(|object| (object, Held::Store)));
        if self.with_replica().await {
            self.refill_partials(Bucket::Replica, self.in_replica).await?;
        }
        Ok(())
    }

    /// All partial pieces that one bucket has of the tiles at the edge of its tree.
    async fn refill_partials(&mut self, bucket: Bucket, size: u64) -> Result<()> {
        let (reader, store) = (self.reader(), self.copies.bucket(bucket)?);
        let held = if bucket == Bucket::Store { Held::Store } else { Held::Replica };
        for edge in Row::of(size).filter_map(|row| row.edge(size)) {
            let listed = store.list_all(&edge.partials()).await?;
            let pieces = listed.iter().filter_map(|found| Piece::parse(&found.key));
            for piece in pieces.filter(|piece| piece.width <= edge.width) {
                self.queue.push_back((reader.piece(piece).await?, held));
            }
        }
        Ok(())
    }
}
