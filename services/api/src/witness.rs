//! `chartroom witness`: a C2SP witness (<https://c2sp.org/tlog-witness>), on a machine and with a key of its own.
//!
//! It cosigns a log's checkpoint if that continues the newest one it knew, so that nobody can take back, or tell two ways, what
//! it has seen. What it knows of each log is one small file, on disk before the cosignature leaves. A checkpoint that the log
//! has signed and that does not continue is kept as evidence.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use actix_web::http::StatusCode;
use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context as _, bail};
use record::note::{self, Checkpoint, LogKey};
use record::witness::{AddCheckpoint, Refusal, WitnessSigner};
use record::{Digest, limits};

use crate::config::{read_seed, write_once, write_seed};
use crate::state;

/// The folder of one witness.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Draws a key. `name` is what the witness is called in every cosignature.
    pub fn init(&self, name: &str) -> anyhow::Result<WitnessSigner> {
        if self.0.join("name").exists() {
            bail!("{} holds a witness already: start it with `chartroom witness serve`", self.0.display());
        }
        for folder in ["seen", "evidence"] {
            fs::create_dir_all(self.0.join(folder)).with_context(|| format!("failed to make {}", self.0.display()))?;
        }
        write_seed(&self.0.join("witness.key"))?;
        let signer = WitnessSigner::from_seed(name, &read_seed(&self.0.join("witness.key"))?)?;
        write_once(&self.0.join("witness.pub"), format!("{}\n", signer.public()).as_bytes())?;
        write_once(&self.0.join("name"), name.as_bytes())?;
        Ok(signer)
    }

    fn signer(&self) -> anyhow::Result<WitnessSigner> {
        let name = fs::read_to_string(self.0.join("name"));
        let name = name.with_context(|| format!("{} holds no witness: `chartroom witness init`", self.0.display()))?;
        Ok(WitnessSigner::from_seed(name.trim(), &read_seed(&self.0.join("witness.key"))?)?)
    }

    /// Cosigns for this log from now on, and with this key in place of one that it had before; a running witness takes it up when it
    /// is started again.
    pub fn add_log(&self, key: &LogKey) -> anyhow::Result<()> {
        self.signer()?;
        if self.logs()?.get(key.name()).is_none_or(|known| known.current() != key.current()) {
            let mut file = fs::OpenOptions::new().create(true).append(true).open(self.0.join("logs"))?;
            writeln!(file, "{key}").and_then(|()| file.sync_all()).context("failed to write down the log's key")?;
        }
        Ok(())
    }

    /// Keys by origin. Of several lines with one origin the last has the key that counts; those before it counted for what has been
    /// seen by now.
    fn logs(&self) -> anyhow::Result<BTreeMap<String, LogKey>> {
        let text = match fs::read_to_string(self.0.join("logs")) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            text => text.context("failed to read the logs' keys")?,
        };
        let mut logs = BTreeMap::<String, Vec<LogKey>>::new();
        for line in text.lines() {
            let key: LogKey = line.parse()?;
            logs.entry(key.name().to_owned()).or_default().push(key);
        }
        logs.into_iter().map(|(origin, keys)| Ok((origin, self.line(keys)?))).collect()
    }

    fn line(&self, keys: Vec<LogKey>) -> anyhow::Result<LogKey> {
        let any = LogKey::any(keys.iter().cloned()).context("a log has a key")?;
        let size = self.seen(&any)?.map_or(0, |seen| seen.size);
        let mut keys = keys.into_iter();
        let first = keys.next().context("a log has a key")?;
        Ok(keys.fold(first, |line, key| line.then(key.current().clone(), size)))
    }

    fn seen_file(&self, origin: &str) -> PathBuf {
        self.0.join("seen").join(Digest::of(origin.as_bytes()).hex())
    }

    /// The newest checkpoint that was cosigned, as its log signed it.
    fn seen(&self, key: &LogKey) -> anyhow::Result<Option<Checkpoint>> {
        match fs::read_to_string(self.seen_file(key.name())) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            text => Ok(Some(note::open(&text.context("failed to read what was seen last")?, key)?)),
        }
    }

    /// On disk for good, whole or not at all.
    fn remember(&self, origin: &str, text: &str) -> std::io::Result<()> {
        let file = self.seen_file(origin);
        let beside = file.with_extension("part");
        let mut part = fs::File::create(&beside)?;
        part.write_all(text.as_bytes())?;
        part.sync_all()?;
        fs::rename(&beside, &file)?;
        file.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
    }

    fn keep_evidence(&self, text: &str) {
        let file = self.0.join("evidence").join(Digest::of(text.as_bytes()).hex());
        if let Err(error) = write_once(&file, text.as_bytes()) {
            tracing::error!("failed to keep evidence: {error:#}");
        }
    }
}

/// A witness at work.
struct Witness {
    folder: Folder,
    signer: WitnessSigner,
    logs: BTreeMap<String, LogKey>,
    /// From the look at what was seen last until the new one is on disk.
    turn: Mutex<()>,
}

pub async fn serve(folder: Folder, listen: SocketAddr) -> anyhow::Result<()> {
    let (signer, logs) = (folder.signer()?, folder.logs()?);
    if logs.is_empty() {
        bail!("the witness knows no log: `chartroom witness add-log KEY`");
    }
    let key = signer.public();
    let witness = web::Data::new(Witness { folder, signer, logs, turn: Mutex::default() });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(witness.clone())
            .app_data(web::PayloadConfig::new(limits::ADD_CHECKPOINT_BYTES_MAX))
            .route("/add-checkpoint", web::post().to(add_checkpoint))
            .route("/healthz", web::get().to(async || "ok\n"))
    });
    let server = server.workers(1).bind(listen).with_context(|| format!("failed to listen on {listen}"))?;
    let address = server.addrs().first().copied().unwrap_or(listen);
    tracing::info!("{key} listens on http://{address}");
    Ok(server.run().await?)
}

async fn add_checkpoint(witness: web::Data<Witness>, body: String) -> HttpResponse {
    let done = web::block(move || witness.answer(&body)).await;
    match done.map_err(anyhow::Error::from).and_then(|answer| answer) {
        Ok(answer) => answer.into(),
        Err(error) => {
            tracing::error!("failed to cosign: {error:#}");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// Status, media type and body.
struct Answer(StatusCode, &'static str, String);

impl From<Answer> for HttpResponse {
    fn from(Answer(status, media_type, body): Answer) -> Self {
        Self::build(status).content_type(media_type).body(body)
    }
}

const TEXT: &str = "text/plain; charset=utf-8";

impl Witness {
    fn answer(&self, body: &str) -> anyhow::Result<Answer> {
        let Ok(request) = AddCheckpoint::parse(body) else {
            return Ok(Answer(StatusCode::BAD_REQUEST, TEXT, "this is no add-checkpoint request\n".to_owned()));
        };
        let Some(key) = self.logs.get(note::origin(&request.note)) else {
            return Ok(Answer(StatusCode::NOT_FOUND, TEXT, "this log is not known here\n".to_owned()));
        };
        // A panic elsewhere left nothing half done: files are renamed into place.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = self.folder.seen(key)?;
        match request.judge(key, seen.as_ref()) {
            Ok(_) => {
                let line = self.signer.cosign(&request.note, seconds())?;
                self.folder.remember(key.name(), &request.note).context("failed to write down what was seen")?;
                Ok(Answer(StatusCode::OK, TEXT, line))
            }
            Err(refusal) => Ok(self.refuse(&refusal, body)),
        }
    }

    fn refuse(&self, refusal: &Refusal, body: &str) -> Answer {
        let text = format!("{refusal}\n");
        match refusal {
            Refusal::Unsigned(_) => Answer(StatusCode::FORBIDDEN, TEXT, text),
            Refusal::Backwards => Answer(StatusCode::BAD_REQUEST, TEXT, text),
            Refusal::Conflict(size) => Answer(StatusCode::CONFLICT, "text/x.tlog.size", format!("{size}\n")),
            Refusal::Inconsistent => {
                tracing::error!("a log has signed a checkpoint that does not continue what it signed before");
                self.folder.keep_evidence(body);
                Answer(StatusCode::UNPROCESSABLE_ENTITY, TEXT, text)
            }
        }
    }
}

fn seconds() -> u64 {
    u64::try_from(state::now().0 / 1000).unwrap_or_default()
}

/// The key in a file, or written out.
pub fn log_key(text: &str) -> anyhow::Result<LogKey> {
    let text = if Path::new(text).is_file() { fs::read_to_string(text)? } else { text.to_owned() };
    text.parse().context("failed to understand the log's key: give it, or the file log.pub; it")
}
