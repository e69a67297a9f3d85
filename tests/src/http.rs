//! What a script would ask the server.

use anyhow::{Result, ensure};
use reqwest::blocking::{Client, Response};
use serde_json::Value;

/// One caller: an address and a bearer token.
#[derive(Clone)]
pub struct Caller {
    base: String,
    token: String,
    client: Client,
}

impl Caller {
    pub fn new(base: &str, token: &str) -> Result<Self> {
        Ok(Self { base: base.to_owned(), token: token.to_owned(), client: Client::builder().build()? })
    }

    pub fn get(&self, path: &str) -> Result<Response> {
        Ok(self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.token).send()?)
    }

    /// The JSON of an answer that must be a success.
    pub fn json(&self, path: &str) -> Result<Value> {
        let answer = self.get(path)?;
        let status = answer.status();
        ensure!(status.is_success(), "GET {path} answered {status}: {}", answer.text()?);
        Ok(answer.json()?)
    }

    pub fn bytes(&self, path: &str) -> Result<Vec<u8>> {
        let answer = self.get(path)?;
        let status = answer.status();
        ensure!(status.is_success(), "GET {path} answered {status}");
        Ok(answer.bytes()?.to_vec())
    }

    pub fn status(&self, path: &str) -> Result<u16> {
        Ok(self.get(path)?.status().as_u16())
    }

    /// Hits for a query of plain words.
    pub fn search(&self, words: &str) -> Result<Vec<Value>> {
        let answer = self.json(&format!("/api/v1/search?q={}", words.replace(' ', "+")))?;
        Ok(answer["hits"].as_array().cloned().unwrap_or_default())
    }

    pub fn post(&self, path: &str, body: &Value) -> Result<Response> {
        Ok(self.client.post(format!("{}{path}", self.base)).bearer_auth(&self.token).json(body).send()?)
    }

    /// Posts something that is not JSON; the answer's status.
    pub fn send(&self, path: &str, media_type: &str, body: String) -> Result<u16> {
        let request = self.client.post(format!("{}{path}", self.base)).bearer_auth(&self.token);
        Ok(request.header("content-type", media_type).body(body).send()?.status().as_u16())
    }

    /// Posts a change to the version that was looked at; the answer's status.
    pub fn revise(&self, path: &str, version: u32, body: &Value) -> Result<u16> {
        let request = self.client.post(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let answer = request.header("If-Match", format!("\"{version}\"")).json(body).send()?;
        Ok(answer.status().as_u16())
    }
}
