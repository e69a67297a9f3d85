//! How do bytes arrive, when the line may break at any moment? One partial file per digest in
//! `DATA/uploads`; its length is the offset. Bytes are on disk (fsync) before the new offset
//! is told, and the file goes only after the archive has the whole.

use std::collections::HashSet;
use std::hash::Hash;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use archive::Archive;
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use record::{Digest, limits};
use serde::{Deserialize, Serialize};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Semaphore;

use crate::problem::{Problem, Reply};

/// Files that are held in memory at once while they go into the archive.
const WHOLE_AT_ONCE: usize = 2;
/// A partial upload that nobody has continued for that long is given up.
const KEPT: Duration = Duration::from_secs(14 * 24 * 3600);

pub struct Uploads {
    folder: PathBuf,
    arriving: Busy<Digest>,
    whole: Semaphore,
}

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// That many bytes are on disk.
    Partial(u64),
    /// The archive has it, with that many bytes.
    Whole(u64),
}

/// What is told of an upload before its first byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    pub media_type: String,
    /// Bytes of the whole.
    pub length: u64,
}

/// One piece of an upload.
pub struct Piece {
    pub digest: Digest,
    pub media_type: String,
    /// Where the piece begins.
    pub offset: u64,
    /// Bytes of the whole.
    pub length: u64,
}

impl Uploads {
    /// Uses `folder`, which is made where there is none, and drops uploads given up long ago.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let age = SystemTime::now().duration_since(entry.metadata()?.modified()?);
            if age.is_ok_and(|age| age > KEPT) {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(Self { folder, arriving: Busy::default(), whole: Semaphore::new(WHOLE_AT_ONCE) })
    }

    /// How far the upload of `digest` is; none where nothing has arrived.
    pub async fn progress(&self, archive: &Archive, digest: &Digest) -> Reply<Option<Progress>> {
        // Read whole and hashed anew: a station that hears "complete" forgets its own copy.
        if let Some(bytes) = archive.find(digest).await? {
            return Ok(Some(Progress::Whole(bytes.len() as u64)));
        }
        match fs::metadata(self.file(digest)).await {
            Ok(found) => Ok(Some(Progress::Partial(found.len()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(broken(&error)),
        }
    }

    /// Remembers what an upload is that comes in pieces without saying so each time. The same again changes nothing.
    pub async fn begin(&self, archive: &Archive, digest: Digest, begun: &Begun) -> Reply<Progress> {
        let piece = Piece { digest, media_type: begun.media_type.clone(), offset: 0, length: begun.length };
        within_limits(&piece)?;
        let _mine = self.arriving.enter(digest).ok_or_else(arriving_elsewhere)?;
        if let Some(progress) = self.progress(archive, &digest).await? {
            return Ok(progress);
        }
        let text = serde_json::to_vec(begun).map_err(|error| Problem::unavailable("upload folder", &error))?;
        fs::write(self.begun_file(&digest), text).await.map_err(|e| broken(&e))?;
        let file =
            OpenOptions::new().create(true).append(true).open(self.file(&digest)).await.map_err(|e| broken(&e))?;
        self.settle(file, &piece).await?;
        Ok(Progress::Partial(0))
    }

    /// What was told of it; none where nothing was, or where it is whole.
    pub async fn begun(&self, digest: &Digest) -> Reply<Option<Begun>> {
        match fs::read(self.begun_file(digest)).await {
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(broken(&error)),
        }
    }

    /// Takes one piece in, and the whole into the archive once it is complete.
    ///
    /// # Errors
    /// 409 where the offset is another, 413 beyond the limits, 422 where the whole has another digest (the partial file is
    /// dropped), 503 where the digest is arriving on another line.
    pub async fn take<S>(&self, archive: &Archive, piece: &Piece, body: S) -> Reply<Progress>
    where
        S: Stream<Item = Result<Bytes, actix_web::error::PayloadError>>,
    {
        within_limits(piece)?;
        let _mine = self.arriving.enter(piece.digest).ok_or_else(arriving_elsewhere)?;
        match self.progress(archive, &piece.digest).await? {
            Some(Progress::Whole(size)) => return Ok(Progress::Whole(size)),
            Some(Progress::Partial(at)) if at != piece.offset => return Err(other_offset(at)),
            None if piece.offset != 0 => return Err(other_offset(0)),
            _ => {}
        }
        let offset = self.append(piece, body).await?;
        if offset < piece.length {
            return Ok(Progress::Partial(offset));
        }
        self.finish(archive, piece).await
    }

    /// Writes what arrives; what a broken line has brought stays, and is the next offset.
    async fn append<S>(&self, piece: &Piece, body: S) -> Reply<u64>
    where
        S: Stream<Item = Result<Bytes, actix_web::error::PayloadError>>,
    {
        let path = self.file(&piece.digest);
        let mut file = OpenOptions::new().create(true).append(true).open(path).await.map_err(|e| broken(&e))?;
        let mut written = 0;
        let mut failure = None;
        let mut body = std::pin::pin!(body);
        while let Some(chunk) = body.next().await {
            let Ok(chunk) = chunk else {
                failure = Some(Problem::malformed("the line broke: ask for the offset and go on from there"));
                break;
            };
            if written + chunk.len() as u64 > piece.length - piece.offset {
                failure = Some(Problem::too_large("the piece is longer than was said"));
                break;
            }
            file.write_all(&chunk).await.map_err(|e| broken(&e))?;
            written += chunk.len() as u64;
        }
        self.settle(file, piece).await?;
        failure.map_or(Ok(piece.offset + written), Err)
    }

    /// On disk before anybody is told; the folder too, for the file may be new.
    async fn settle(&self, mut file: File, piece: &Piece) -> Reply<()> {
        file.flush().await.map_err(|e| broken(&e))?;
        file.sync_all().await.map_err(|e| broken(&e))?;
        if piece.offset == 0 {
            let folder = File::open(&self.folder).await.map_err(|e| broken(&e))?;
            folder.sync_all().await.map_err(|e| broken(&e))?;
        }
        Ok(())
    }

    async fn finish(&self, archive: &Archive, piece: &Piece) -> Reply<Progress> {
        let _room = self.whole.acquire().await.map_err(|error| Problem::unavailable("upload folder", &error))?;
        let path = self.file(&piece.digest);
        let bytes = Bytes::from(fs::read(&path).await.map_err(|e| broken(&e))?);
        let hashed = bytes.clone();
        let found = tokio::task::spawn_blocking(move || Digest::of(&hashed)).await;
        if found.map_err(|error| Problem::unavailable("upload folder", &error))? != piece.digest {
            fs::remove_file(&path).await.map_err(|e| broken(&e))?;
            return Err(Problem::refused("digest", "the whole has another digest: send it again from the start"));
        }
        archive.put(&piece.media_type, bytes).await?;
        // Kept by a crash before this line, the partial file is dropped at the next upload or with age.
        fs::remove_file(&path).await.map_err(|e| broken(&e))?;
        let _ = fs::remove_file(self.begun_file(&piece.digest)).await;
        Ok(Progress::Whole(piece.length))
    }

    fn begun_file(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{}.begun", digest.hex()))
    }

    fn file(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.hex())
    }
}

fn within_limits(piece: &Piece) -> Reply<()> {
    if piece.length > limits::FILE_BYTES_MAX as u64 {
        return Err(Problem::too_large("a file may have 512 MiB"));
    }
    if piece.length == 0 || piece.offset > piece.length {
        return Err(Problem::malformed("the offset lies behind the end, or there are no bytes at all"));
    }
    Ok(())
}

fn arriving_elsewhere() -> Problem {
    Problem::busy("upload-busy", "these bytes are arriving on another line: ask for the offset again")
}

fn other_offset(at: u64) -> Problem {
    Problem::conflict("upload-offset", "the upload stands at another offset: go on from there").at_offset(at)
}

/// The text of an I/O error may hold a path: its kind says enough.
fn broken(error: &io::Error) -> Problem {
    Problem::unavailable("upload folder", &error.kind())
}

/// Keys that somebody is working on: each at most once at a time, within this process.
pub struct Busy<K: Eq + Hash>(Mutex<HashSet<K>>);

impl<K: Eq + Hash> Default for Busy<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// Leaves when dropped, also when the request is given up half-way.
pub struct Entered<'a, K: Eq + Hash + Copy> {
    busy: &'a Busy<K>,
    key: K,
}

impl<K: Eq + Hash + Copy> Busy<K> {
    /// None where somebody else is at `key`.
    pub fn enter(&self, key: K) -> Option<Entered<'_, K>> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Made only for whoever gets in: one that is dropped here would wait for this very lock, and then let others in.
        keys.insert(key).then(|| Entered { busy: self, key })
    }
}

impl<K: Eq + Hash + Copy> Drop for Entered<'_, K> {
    fn drop(&mut self) {
        self.busy.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_entered_once_at_a_time_and_refusing_it_disturbs_nobody() {
        let busy = Busy::default();
        let first = busy.enter(7);
        assert!(first.is_some() && busy.enter(8).is_some());
        assert!(busy.enter(7).is_none() && busy.enter(7).is_none());
        drop(first);
        assert!(busy.enter(7).is_some());
    }
}
