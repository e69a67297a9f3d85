//! A store of which one call goes wrong.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was done.
    Failed,
    /// It was done, and an error came back all the same.
    FailedButPersisted,
    /// Nothing was done, and nothing works any more: as if the process had been killed.
    Died,
    /// It was done, and nothing works any more.
    DiedAfterwards,
    /// Half of it was put there, and an error came back.
    Torn,
    /// Zeros were put there, and no error came back.
    Zeros,
    /// Puts that were begun after it were done, and it was not; then nothing works any more.
    Overtaken,
    /// Nothing works any more, and it is done when others have gone on for a while ([`Faulty::arrive`]).
    Late,
    /// It was done and could be read, and is gone later ([`Faulty::lose`]).
    Lost,
}

#[derive(Debug)]
pub struct Faulty {
    store: Arc<dyn ObjectStore>,
    fault: Fault,
    /// Only puts of keys that begin so count.
    puts: Option<&'static str>,
    /// Calls until the fault.
    left: AtomicI64,
    /// The put that was struck, and what was there before.
    struck: Mutex<Option<Struck>>,
    dead: AtomicBool,
}

#[derive(Debug)]
struct Struck {
    location: Path,
    payload: PutPayload,
    options: PutOptions,
    before: Option<Bytes>,
}

enum Turn {
    Work,
    Fail,
    WorkAndFail,
}

impl Faulty {
    /// The fault hits call number `at`, from 0.
    pub fn new(store: Arc<dyn ObjectStore>, fault: Fault, at: i64) -> Self {
        Self {
            store,
            fault,
            puts: None,
            left: AtomicI64::new(at),
            struck: Mutex::default(),
            dead: AtomicBool::new(false),
        }
    }

    /// The fault hits the first put of a key that begins so.
    pub fn at_put(store: Arc<dyn ObjectStore>, fault: Fault, family: &'static str) -> Self {
        Self { puts: Some(family), ..Self::new(store, fault, 0) }
    }

    pub fn has_struck(&self) -> bool {
        self.left.load(Ordering::SeqCst) < 0
    }

    /// How many calls there have been, of a fault that was to come after so many.
    pub fn calls(&self, at: i64) -> i64 {
        at - self.left.load(Ordering::SeqCst)
    }

    fn turn(&self) -> Turn {
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        match (left, self.fault) {
            (1.., _) => Turn::Work,
            (0, Fault::FailedButPersisted | Fault::DiedAfterwards) => Turn::WorkAndFail,
            (0, _) | (_, Fault::Died | Fault::DiedAfterwards) => Turn::Fail,
            _ => Turn::Work,
        }
    }

    /// The turn of a call that is not one of the puts that count, where only those do.
    fn any_turn(&self) -> Turn {
        match self.puts {
            Some(_) if self.dead.load(Ordering::SeqCst) => Turn::Fail,
            Some(_) => Turn::Work,
            None => self.turn(),
        }
    }

    /// A put that is struck in another way than by failing.
    async fn mishap(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        match self.fault {
            Fault::Torn | Fault::Zeros => self.spoil(location, payload, options).await,
            Fault::Overtaken => {
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                self.dead.store(true, Ordering::SeqCst);
                Err(fault())
            }
            Fault::Late | Fault::Lost => {
                let before = match self.store.get(location).await {
                    Ok(found) => Some(found.bytes().await?),
                    Err(_) => None,
                };
                let struck = Struck { location: location.clone(), payload, options, before };
                let (payload, options) = (struck.payload.clone(), struck.options.clone());
                *self.struck.lock().expect("not poisoned") = Some(struck);
                if self.fault == Fault::Late {
                    self.dead.store(true, Ordering::SeqCst);
                    return Err(fault());
                }
                self.store.put_opts(location, payload, options).await
            }
            _ => Err(fault()),
        }
    }

    /// A request that was on its way for long comes to the store.
    pub async fn arrive(&self) -> Result<()> {
        let Some(struck) = self.struck.lock().expect("not poisoned").take() else { return Ok(()) };
        match self.store.put_opts(&struck.location, struck.payload, struck.options).await {
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(()),
            done => done.map(drop),
        }
    }

    /// What was put is as it was before.
    pub async fn lose(&self) -> Result<()> {
        let Some(struck) = self.struck.lock().expect("not poisoned").take() else { return Ok(()) };
        match struck.before {
            Some(bytes) => self.store.put(&struck.location, bytes.into()).await.map(drop),
            None => self.store.delete(&struck.location).await,
        }
    }

    /// What is put instead.
    async fn spoil(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let bytes = Bytes::from(payload);
        let (spoiled, fine) = match self.fault {
            Fault::Zeros => (Bytes::from(vec![0; bytes.len()]), true),
            _ => (bytes.slice(..bytes.len() / 2), false),
        };
        let put = self.store.put_opts(location, spoiled.into(), options).await?;
        if fine { Ok(put) } else { Err(fault()) }
    }

    async fn strike<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        match self.any_turn() {
            Turn::Work => work.await,
            Turn::Fail => Err(fault()),
            Turn::WorkAndFail => work.await.and(Err(fault())),
        }
    }
}

fn fault() -> Error {
    Error::Generic { store: "faulty", source: "a fault".into() }
}

impl std::fmt::Display for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("faulty")
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        if let Some(family) = self.puts {
            let turn = location.as_ref().starts_with(family).then(|| self.turn());
            return match turn.unwrap_or_else(|| self.any_turn()) {
                _ if self.dead.load(Ordering::SeqCst) => Err(fault()),
                Turn::Fail => self.mishap(location, payload, options).await,
                Turn::WorkAndFail => self.store.put_opts(location, payload, options).await.and(Err(fault())),
                Turn::Work => self.store.put_opts(location, payload, options).await,
            };
        }
        self.strike(self.store.put_opts(location, payload, options)).await
    }

    async fn put_multipart_opts(&self, at: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.strike(self.store.put_multipart_opts(at, options)).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.strike(self.store.get_opts(location, options)).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        match self.any_turn() {
            Turn::Work => self.store.delete_stream(locations),
            Turn::Fail => stream::iter([Err(fault())]).boxed(),
            Turn::WorkAndFail => self.store.delete_stream(locations).map(|_| Err(fault())).boxed(),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.any_turn() {
            Turn::Work => self.store.list(prefix),
            Turn::Fail | Turn::WorkAndFail => stream::iter([Err(fault())]).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.strike(self.store.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.strike(self.store.copy_opts(from, to, options)).await
    }
}
