//! `chartroom signer`: the process that alone has the log's key, and signs nothing but what continues what it signed last.
//!
//! It runs as another user than the server's: whoever has the server then neither has the key nor can set the ledger back. A Unix socket is
//! its only door; who may open that is said by its folder.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use archive::Archive;
use archive::signer::Held;
use archive::signer::{Memory, REQUEST_BYTES_MAX};
use clap::Subcommand;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};

use super::{key, say};
use crate::config::{DataDir, StoreOptions, write_once};
use crate::keys::Keys;
use crate::serve;

const ORIGIN: &str = "origin";
/// The server's user comes in by the socket's group.
const SOCKET_MODE: u32 = 0o660;

#[derive(Subcommand)]
pub enum Action {
    /// Takes the key out of a data folder, whose server is stopped and asks the signer from its next start on.
    Take,
    /// Signs until it is stopped.
    Serve,
    /// Draws the key that is to follow, and prints it for `chartroom key rotate --to`; from its next start on the signer signs with both.
    Draw,
    /// Removes the old key, once the new one has taken over in the archive of the data folder; start the signer anew afterwards.
    Retire,
}

pub async fn run(
    folder: &Path,
    socket: PathBuf,
    data: &DataDir,
    options: StoreOptions,
    action: Action,
) -> anyhow::Result<()> {
    match action {
        Action::Take => take(folder, socket, data, options).await,
        Action::Serve => serve(folder, &socket).await,
        Action::Draw => say(&Keys::new(folder).draw_next(&origin(folder)?)?.to_string()),
        Action::Retire => key::retire(data, options, &Keys::new(folder)).await,
    }
}

/// The name of the log that a signer's folder is for.
fn origin(folder: &Path) -> anyhow::Result<String> {
    let origin = fs::read_to_string(folder.join(ORIGIN));
    let origin = origin.with_context(|| format!("{} holds no signer: `chartroom signer take`", folder.display()))?;
    Ok(origin.trim().to_owned())
}

/// Takes the key out of a data folder into the signer's, which goes on from the checkpoint that is there. Cut off anywhere, it is
/// begun again: the data folder has the key until the signer has all it needs.
async fn take(folder: &Path, socket: PathBuf, data: &DataDir, options: StoreOptions) -> anyhow::Result<()> {
    serve::is_stopped(data)?;
    let (settings, here, there) = (data.settings()?, data.keys(), Keys::new(folder));
    if settings.signer.is_some() {
        here.drop_held_by(&there)?;
        return say(&format!("{} has the key, and has had it before", folder.display()));
    }
    if here.next(&settings.origin)?.is_some() {
        bail!("the log's key is being changed: end that first, `chartroom key retire`");
    }
    let archive = Archive::open(&data.store(&settings, options)?, here.key(&settings.origin)?).await;
    let archive = archive.context("failed to open the archive")?;
    fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
    if folder.join(ORIGIN).exists() {
        is_of(folder, here.held(&settings.origin)?, &archive.checkpoint())?;
    } else {
        here.copy_to(&there)?;
        Memory::begin(folder, &here.key(&settings.origin)?, &archive.checkpoint()).context("failed to begin")?;
        // Last: without it the folder is no signer's.
        write_once(&folder.join(ORIGIN), settings.origin.as_bytes())?;
    }
    data.hand_key_over(settings, socket, &there)?;
    say(&format!("{} has the key, from {} events on; keep a backup of its log.key", folder.display(), archive.size()))
}

/// Whether the folder was made for this ledger as it stands: what a signer has signed since must not be forgotten.
fn is_of(folder: &Path, held: Held, checkpoint: &str) -> anyhow::Result<()> {
    match Memory::load(folder, held) {
        Ok(memory) if memory.checkpoint() == checkpoint => Ok(()),
        _ => bail!("{} holds a signer that signed something else: name another folder", folder.display()),
    }
}

/// Answers until it is stopped, one after the other.
async fn serve(folder: &Path, socket: &Path) -> anyhow::Result<()> {
    let origin = origin(folder)?;
    let mut memory =
        Memory::load(folder, Keys::new(folder).held(&origin)?).context("failed to read what was signed last")?;
    if UnixStream::connect(socket).await.is_ok() {
        bail!("a signer runs on {} already", socket.display());
    }
    // What a signer that was killed has left.
    let _ = fs::remove_file(socket);
    let listener = UnixListener::bind(socket).with_context(|| format!("failed to listen on {}", socket.display()))?;
    fs::set_permissions(socket, fs::Permissions::from_mode(SOCKET_MODE))?;
    tracing::info!("signs for {origin} on {}, from {} events on", socket.display(), memory.size());
    loop {
        let (line, _) = listener.accept().await.context("failed to accept")?;
        if let Err(error) = answer(&mut memory, line).await {
            // A disk that fails must not be asked again for the same bytes: what it says then may not be so.
            if error.is::<archive::Error>() {
                return Err(error.context("failed to sign"));
            }
            tracing::warn!("a request was cut off: {error:#}");
        }
    }
}

async fn answer(memory: &mut Memory, line: UnixStream) -> anyhow::Result<()> {
    let (mut reader, mut request) = (BufReader::new(line.take(REQUEST_BYTES_MAX)), Vec::new());
    reader.read_until(b'\n', &mut request).await?;
    let reply = match memory.answer(&request) {
        Err(archive::Error::Refused(reason)) => bail!("it could not {reason}"),
        reply => reply?,
    };
    Ok(reader.into_inner().into_inner().write_all(&reply).await?)
}
