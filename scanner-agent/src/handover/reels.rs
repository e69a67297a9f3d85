//! What does the archive know of a frame of film, and how is it cut another way there?

use record::film::FrameAddress;
use record::words::Box as Rectangle;
use record::{DocumentId, PageId};
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::json;

use super::client::{Client, ClientError, accepted, parse};

/// A page that is the frame.
#[derive(Debug, Deserialize)]
pub struct Hit {
    pub document: DocumentId,
    pub page: PageId,
}

#[derive(Deserialize)]
struct Hits {
    frames: Vec<Hit>,
}

/// A document, as far as it matters for its frames.
#[derive(Debug, Deserialize)]
pub struct Shown {
    pub version: u32,
    pub pages: Vec<ShownPage>,
}

#[derive(Debug, Deserialize)]
pub struct ShownPage {
    pub page: PageId,
    pub frame: Option<FrameAddress>,
}

#[derive(Deserialize)]
struct NewVersion {
    version: u32,
}

impl Client {
    /// More than one where reels of that label were taken in twice.
    pub fn frames(&self, reel: &str, frame: u32) -> Result<Vec<Hit>, ClientError> {
        let query = [("reel", reel), ("frame", &frame.to_string())];
        // Only its query is wanted: labels may have any letters.
        let encoded = Url::parse_with_params("http://localhost/", query);
        let encoded = encoded.map_err(|error| ClientError::Start(error.to_string()))?;
        let path = format!("/frames?{}", encoded.query().unwrap_or_default());
        parse::<Hits>(accepted(self.send(|| self.request(Method::GET, &path))?)?).map(|found| found.frames)
    }

    pub fn document(&self, document: DocumentId) -> Result<Shown, ClientError> {
        parse(accepted(self.send(|| self.request(Method::GET, &format!("/documents/{document}")))?)?)
    }

    /// Gives the document's new version. Said twice, the second time is refused: the newest version is another by then.
    pub fn recut(
        &self,
        document: DocumentId,
        page: PageId,
        version: u32,
        cuts: &[Rectangle],
    ) -> Result<u32, ClientError> {
        let path = format!("/documents/{document}/pages/{page}/cuts");
        let body = json!({ "cuts": cuts });
        let post = || self.request(Method::POST, &path).header("If-Match", format!("\"{version}\"")).json(&body);
        parse::<NewVersion>(accepted(self.send(post)?)?).map(|new| new.version)
    }
}
