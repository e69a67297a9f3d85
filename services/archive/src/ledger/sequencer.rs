//! How do many callers share one commit?
//!
//! A task takes what has gathered while the last commit was being written, and commits it
//! together. No timer: a lone event goes at once, a crowd goes as one.

use std::sync::Arc;

use record::{Receipt, limits};
use tokio::sync::{mpsc, oneshot};

use crate::error::{Error, Result};
use crate::ledger::Ledger;

/// One `append` call. Its leaves go into one commit, next to each other.
struct Waiting {
    leaves: Vec<Vec<u8>>,
    answer: oneshot::Sender<Result<Vec<Receipt>>>,
}

#[derive(Clone)]
pub(crate) struct Sequencer {
    queue: mpsc::Sender<Waiting>,
}

impl Sequencer {
    /// The task ends when the last clone is gone. It is not the caller's future, so a caller that
    /// gives up cannot leave half a commit.
    pub fn start(ledger: Arc<Ledger>) -> Self {
        let (queue, mut waiting) = mpsc::channel(limits::COMMIT_WAITING_MAX);
        tokio::spawn(async move {
            while let Some(first) = waiting.recv().await {
                let pool = gather(first, &mut waiting);
                serve(&ledger, pool).await;
            }
        });
        Self { queue }
    }

    pub async fn append(&self, leaves: Vec<Vec<u8>>) -> Result<Vec<Receipt>> {
        let (answer, answered) = oneshot::channel();
        self.queue.send(Waiting { leaves, answer }).await.map_err(|_| Error::Stopped)?;
        answered.await.map_err(|_| Error::Stopped)?
    }
}

/// Everybody who is waiting by now, up to the size of one commit.
fn gather(first: Waiting, waiting: &mut mpsc::Receiver<Waiting>) -> Vec<Waiting> {
    let mut events = first.leaves.len();
    let mut pool = vec![first];
    while events < limits::COMMIT_EVENTS_MAX {
        let Ok(next) = waiting.try_recv() else { break };
        events += next.leaves.len();
        pool.push(next);
    }
    pool
}

/// One commit for the pool, and everybody's answer. A caller who has left meanwhile is no error.
async fn serve(ledger: &Ledger, mut pool: Vec<Waiting>) {
    let leaves: Vec<_> = pool.iter_mut().flat_map(|waiting| waiting.leaves.iter().cloned()).collect();
    match commit(ledger, &leaves).await {
        Ok(receipts) => {
            let mut receipts = receipts.into_iter();
            for waiting in pool {
                let own = receipts.by_ref().take(waiting.leaves.len()).collect();
                let _ = waiting.answer.send(Ok(own));
            }
        }
        Err(error) => {
            let error = Error::Append(Arc::new(error));
            for waiting in pool {
                let _ = waiting.answer.send(Err(error.clone()));
            }
        }
    }
}

/// Durable, published and proven, in this order.
async fn commit(ledger: &Ledger, leaves: &[Vec<u8>]) -> Result<Vec<Receipt>> {
    let first = ledger.sequence(leaves).await?;
    let receipts = ledger.reader().receipts(first..first + leaves.len() as u64).await?;
    let same =
        receipts.iter().zip(leaves).all(|(receipt, leaf)| receipt.leaf_bytes().is_ok_and(|bytes| bytes == *leaf));
    if !same {
        return Err(Error::corrupt(crate::ledger::CHECKPOINT, "the ledger proves other events than were appended"));
    }
    Ok(receipts)
}
