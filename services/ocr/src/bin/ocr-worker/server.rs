//! What does the worker say to the server? The requests are those of [`record::wire`].

use std::time::Duration;

use record::event::UnreadableReason;
use record::limits;
use record::timing::Timing;
use record::wire::{Claim, Failure, Job, QueueLength, TIMING_HEADER};
use reqwest::{Client, RequestBuilder, Response, StatusCode};

/// The server is asked again after this long without an answer.
const CONNECT: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(120);

/// Errors name neither address nor token.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Try again later.
    #[error("reach the server: {0}")]
    Away(reqwest::Error),
    #[error("use the server: it answers {0}; trying again")]
    Busy(StatusCode),
    /// Drop the job.
    #[error("keep the page: another worker has it, or nobody may")]
    Gone,
    /// Give up.
    #[error("work for the server: it refuses the token; make one with `chartroom token create --role worker`")]
    Refused,
    #[error("use the server's answer: it says {0}; are server and worker of one version?")]
    Unexpected(StatusCode),
    #[error("fetch the page: it is larger than any that is taken in")]
    TooLarge,
}

impl From<reqwest::Error> for ServerError {
    fn from(error: reqwest::Error) -> Self {
        Self::Away(error.without_url())
    }
}

impl ServerError {
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Busy(_))
    }
}

pub struct Server {
    client: Client,
    /// The address of the jobs.
    jobs: String,
    token: String,
}

impl Server {
    pub fn new(url: &str, token: String) -> anyhow::Result<Self> {
        anyhow::ensure!(
            url.starts_with("http://") || url.starts_with("https://"),
            "understand --server: it must start with http:// or https://"
        );
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .read_timeout(ANSWER)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { client, jobs: format!("{}/api/v1/jobs", url.trim_end_matches('/')), token })
    }

    /// `None` where there is nothing to do.
    pub async fn claim(&self, worker: &str) -> Result<Option<Job>, ServerError> {
        let claim = Claim { worker: worker.to_owned() };
        let answer = self.send(self.client.post(format!("{}/claim", self.jobs)).json(&claim)).await?;
        match answer.status() {
            StatusCode::NO_CONTENT => Ok(None),
            _ => Ok(Some(answer.json().await?)),
        }
    }

    /// The master image of the job's page.
    pub async fn image(&self, job: &Job) -> Result<Vec<u8>, ServerError> {
        self.fetch(job, "image", limits::PAGE_BYTES_MAX).await
    }

    /// The words that the page brought along.
    pub async fn brought(&self, job: &Job) -> Result<Vec<u8>, ServerError> {
        self.fetch(job, "brought", limits::PAGE_TEXT_BYTES_MAX).await
    }

    async fn fetch(&self, job: &Job, what: &str, most: usize) -> Result<Vec<u8>, ServerError> {
        let mut answer = self.send(self.client.get(self.at(job, what))).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await? {
            if bytes.len() + piece.len() > most {
                return Err(ServerError::TooLarge);
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    pub async fn beat(&self, job: &Job) -> Result<(), ServerError> {
        self.send(self.client.post(self.at(job, "beat"))).await.map(drop)
    }

    pub async fn deliver_text(&self, job: &Job, alto: Vec<u8>, timing: Timing) -> Result<(), ServerError> {
        let request = self.client.post(self.at(job, "text")).header("content-type", "application/xml");
        self.send(request.header(TIMING_HEADER, timing.to_string()).body(alto)).await.map(drop)
    }

    pub async fn deliver_failure(&self, job: &Job, reason: UnreadableReason) -> Result<(), ServerError> {
        self.send(self.client.post(self.at(job, "failure")).json(&Failure { reason })).await.map(drop)
    }

    /// Gives the page back unread.
    pub async fn release(&self, job: &Job) -> Result<(), ServerError> {
        self.send(self.client.post(self.at(job, "release"))).await.map(drop)
    }

    pub async fn queue_length(&self) -> Result<QueueLength, ServerError> {
        Ok(self.send(self.client.get(&self.jobs)).await?.json().await?)
    }

    fn at(&self, job: &Job, what: &str) -> String {
        format!("{}/{}/{what}", self.jobs, job.job)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, ServerError> {
        let answer = request.bearer_auth(&self.token).send().await?;
        match answer.status() {
            status if status.is_success() => Ok(answer),
            StatusCode::GONE | StatusCode::NOT_FOUND => Err(ServerError::Gone),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(ServerError::Refused),
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                Err(ServerError::Busy(status))
            }
            status => Err(ServerError::Unexpected(status)),
        }
    }
}
