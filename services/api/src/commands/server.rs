//! How does a command ask a running server?

use anyhow::{Context as _, bail};
use clap::Args;
use reqwest::{Client, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Which server, and on whose behalf.
#[derive(Args)]
pub struct Asking {
    /// Address of the server, as in https://chartroom.example:8443
    #[arg(long, value_name = "URL", global = true, default_value = "http://127.0.0.1:8080")]
    server: String,
    /// A token. Better given by the environment: other users of this machine can see arguments.
    #[arg(long, env = "CHARTROOM_TOKEN", hide_env_values = true, global = true, default_value = "")]
    token: String,
    /// Prints JSON instead of text.
    #[arg(long, global = true)]
    pub json: bool,
}

pub struct Server {
    client: Client,
    url: String,
    token: String,
    /// What is not there, or not for this token, where it says so.
    absent: &'static str,
}

impl Asking {
    pub fn reach(&self, absent: &'static str) -> Server {
        let url = self.server.trim_end_matches('/').to_owned();
        Server { client: Client::new(), url, token: self.token.clone(), absent }
    }
}

impl Server {
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.send(self.client.get(format!("{}/api/v1/{path}", self.url))).await
    }

    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> anyhow::Result<T> {
        self.send(self.client.post(format!("{}/api/v1/{path}", self.url)).json(body)).await
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<T> {
        let answer = request.bearer_auth(&self.token).send().await.context("failed to reach the server")?;
        let status = answer.status();
        if status.is_success() {
            return answer.json().await.context("failed to understand the server: are both of one version?");
        }
        let problem: serde_json::Value = answer.json().await.unwrap_or_default();
        match problem["detail"].as_str() {
            _ if [401, 404].contains(&status.as_u16()) => bail!("failed: {}: give one in CHARTROOM_TOKEN", self.absent),
            Some(detail) => bail!("failed: {detail}"),
            None => bail!("failed: the server answers {status}"),
        }
    }
}
