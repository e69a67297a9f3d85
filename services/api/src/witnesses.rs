//! Have witnesses seen our ledger? Where the data folder has a policy, each witness in it is asked to cosign the newest
//! checkpoint, and what enough of them have cosigned is published beside it. Nothing waits for them: without witnesses, auditors
//! are told that freshness is not proven.

use std::collections::HashMap;
use std::time::Duration;

use actix_web::web;
use anyhow::{Context as _, bail};
use archive::Snapshot;
use futures::future::join_all;
use record::policy::{Policy, Witness};
use record::witness::AddCheckpoint;
use reqwest::{Client, StatusCode};

use crate::state::App;

const POLL: Duration = Duration::from_secs(5);
/// How long a witness may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// A ledger in which nothing happens is cosigned again after so long, to be seen to be fresh.
const AGAIN_AFTER_SECONDS: u64 = 15 * 60;
/// Two clocks may differ by so much.
const CLOCK_SECONDS: u64 = 5 * 60;

/// Asks again and again; runs as long as the server.
pub async fn run(app: web::Data<App>, policy: Policy) {
    let mut asking = Asking { policy, sizes: HashMap::new(), done: None };
    let client = Client::builder().timeout(PATIENCE).build().unwrap_or_default();
    loop {
        if let Err(error) = asking.round(&app, &client).await {
            tracing::warn!("witnesses have not cosigned the ledger: {error:#}");
        }
        tokio::time::sleep(POLL).await;
    }
}

struct Asking {
    policy: Policy,
    /// What each witness has cosigned last, as far as is known.
    sizes: HashMap<String, u64>,
    /// Size and time of what was published last.
    done: Option<(u64, u64)>,
}

impl Asking {
    async fn round(&mut self, app: &App, client: &Client) -> anyhow::Result<()> {
        let (snapshot, now) = (app.archive.snapshot(), u64::try_from(app.now().0 / 1000)?);
        if self.done.is_some_and(|(size, at)| size == snapshot.size() && now - at < AGAIN_AFTER_SECONDS) {
            return Ok(());
        }
        let witnesses = self.policy.witnesses.iter().filter(|witness| witness.url.is_some());
        let asks = witnesses.map(|witness| {
            let known = self.sizes.get(&witness.name).copied().unwrap_or(0);
            let snapshot = &snapshot;
            async move { (witness.name.clone(), ask(client, snapshot, witness, known).await) }
        });
        let mut note = snapshot.checkpoint().to_owned();
        for (name, answer) in join_all(asks).await {
            match answer {
                Ok(line) => {
                    note.push_str(&line);
                    self.sizes.insert(name, snapshot.size());
                }
                Err(error) => tracing::warn!("witness {name}: {error:#}"),
            }
        }
        if self.policy.witnessed(&note, now - CLOCK_SECONDS, now + CLOCK_SECONDS)?.is_none() {
            bail!("too few of them have answered");
        }
        app.archive.publish_witnessed(note).await.context("failed to publish it")?;
        self.done = Some((snapshot.size(), now));
        metrics::gauge!("chartroom_witnessed_events").set(snapshot.size() as f64);
        metrics::gauge!("chartroom_witnessed_time_seconds").set(now as f64);
        Ok(())
    }
}

/// One witness's lines over the snapshot's checkpoint. It may know another size than we think: it says so, and is asked again.
async fn ask(client: &Client, snapshot: &Snapshot, witness: &Witness, known: u64) -> anyhow::Result<String> {
    let mut old = known;
    for _ in 0..2 {
        let proof = snapshot.consistency(old).await?;
        let request = AddCheckpoint { old, proof, note: snapshot.checkpoint().to_owned() };
        let url = witness.url.as_deref().unwrap_or_default().trim_end_matches('/');
        let answer = client.post(format!("{url}/add-checkpoint")).body(request.to_text()).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        match status {
            StatusCode::OK => return own_lines(snapshot, witness, &text),
            StatusCode::CONFLICT => old = text.trim().parse().context("it knows another checkpoint, and not which")?,
            _ => bail!("it answers {status}: {}", text.trim()),
        }
        if old > snapshot.size() {
            bail!("it has seen {old} events, and here are {}: the ledger was set back", snapshot.size());
        }
    }
    bail!("it has cosigned another checkpoint of {old} events: keep both, somebody signs two histories")
}

/// Its signature lines among those of its answer, which must be good.
fn own_lines(snapshot: &Snapshot, witness: &Witness, text: &str) -> anyhow::Result<String> {
    let own = text.split_inclusive('\n').filter(|line| {
        let cosigned = format!("{}{line}", snapshot.checkpoint());
        matches!(witness.key.seen(&cosigned), Ok(Some(_)))
    });
    let own: String = own.collect();
    if own.is_empty() {
        bail!("its answer is not signed with the key that the policy names");
    }
    Ok(own)
}
