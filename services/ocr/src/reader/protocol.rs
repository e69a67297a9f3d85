//! What do a reader and its parent say to each other?
//!
//! Over stdin and stdout, one message at a time: 4 bytes length of the header, 4 bytes length of the
//! body (both big-endian), the header as JSON, the body as it is. The child speaks first: [`Hello`],
//! then one [`Reply`] (its body is ALTO) for each [`Request`] (its body is the image; where the page brought words along,
//! their ALTO is the body of a message of its own after it).
//! Neither side trusts the other's lengths.

use std::io::{self, Read, Write};

use record::PageId;
use record::event::UnreadableReason;
use record::timing::Timing;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::sandbox::Network;

const HEADER_BYTES_MAX: usize = 4096;

/// The model is loaded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hello {
    pub tesseract: String,
    pub model: String,
    pub model_digest: record::Digest,
    pub network: Network,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) page: PageId,
    pub(super) media_type: String,
    pub(super) dpi: u32,
    /// Another message follows.
    pub(super) brought: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Reply {
    /// Absent where the body is ALTO.
    pub(super) unread: Option<Unread>,
    pub(super) timing: Timing,
}

/// Why a page could not be read: for machines, and for people. Neither holds text of the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    pub reason: UnreadableReason,
    /// Reads on from "failed to …".
    pub why: String,
}

impl Unread {
    /// `why` is cut to what fits a header.
    pub(super) fn new(reason: UnreadableReason, why: &str) -> Self {
        Self { reason, why: why.chars().take(400).collect() }
    }
}

impl From<UnreadableReason> for Unread {
    fn from(reason: UnreadableReason) -> Self {
        Self::new(reason, &format!("read the page: {}", reason.explain()))
    }
}

struct Lengths {
    header: usize,
    body: usize,
}

impl Lengths {
    fn parse(bytes: [u8; 8], body_max: usize) -> io::Result<Self> {
        let [h0, h1, h2, h3, b0, b1, b2, b3] = bytes;
        let header = u32::from_be_bytes([h0, h1, h2, h3]) as usize;
        let body = u32::from_be_bytes([b0, b1, b2, b3]) as usize;
        if header > HEADER_BYTES_MAX || body > body_max {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a message between reader and parent is too long"));
        }
        Ok(Self { header, body })
    }
}

fn head(header: &impl Serialize, body: &[u8]) -> io::Result<Vec<u8>> {
    let header = serde_json::to_vec(header)?;
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(io::Error::other);
    let mut head = Vec::with_capacity(8 + header.len());
    head.extend(length(&header)?.to_be_bytes());
    head.extend(length(body)?.to_be_bytes());
    head.extend(header);
    Ok(head)
}

pub(super) fn write(out: &mut impl Write, header: &impl Serialize, body: &[u8]) -> io::Result<()> {
    out.write_all(&head(header, body)?)?;
    out.write_all(body)?;
    out.flush()
}

/// `None` where the other side hung up between messages.
pub(super) fn read<H: DeserializeOwned>(input: &mut impl Read, body_max: usize) -> io::Result<Option<(H, Vec<u8>)>> {
    let mut lengths = [0; 8];
    match input.read_exact(&mut lengths) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let lengths = Lengths::parse(lengths, body_max)?;
    let (mut header, mut body) = (vec![0; lengths.header], vec![0; lengths.body]);
    input.read_exact(&mut header)?;
    input.read_exact(&mut body)?;
    Ok(Some((serde_json::from_slice(&header)?, body)))
}

pub(super) async fn send(out: &mut (impl AsyncWrite + Unpin), header: &impl Serialize, body: &[u8]) -> io::Result<()> {
    out.write_all(&head(header, body)?).await?;
    out.write_all(body).await?;
    out.flush().await
}

pub(super) async fn receive<H: DeserializeOwned>(
    input: &mut (impl AsyncRead + Unpin),
    body_max: usize,
) -> io::Result<(H, Vec<u8>)> {
    let mut lengths = [0; 8];
    input.read_exact(&mut lengths).await?;
    let lengths = Lengths::parse(lengths, body_max)?;
    let (mut header, mut body) = (vec![0; lengths.header], vec![0; lengths.body]);
    input.read_exact(&mut header).await?;
    input.read_exact(&mut body).await?;
    Ok((serde_json::from_slice(&header)?, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_arrives_whole_and_the_end_is_told_from_a_break() {
        let mut bytes = Vec::new();
        let sent = Reply { unread: Some(UnreadableReason::Crashed.into()), timing: Timing::default() };
        write(&mut bytes, &sent, b"body").expect("memory");
        let (reply, body): (Reply, _) = read(&mut bytes.as_slice(), 4).expect("sound").expect("one");
        assert_eq!((reply.unread, body.as_slice()), (Some(UnreadableReason::Crashed.into()), b"body".as_slice()));
        assert!(read::<Reply>(&mut [].as_slice(), 4).expect("the end is no error").is_none());
        assert!(read::<Reply>(&mut &bytes[..bytes.len() - 1], 4).is_err());
    }

    #[test]
    fn lengths_are_not_trusted() {
        let mut bytes = Vec::new();
        write(&mut bytes, &Reply { unread: None, timing: Timing::default() }, b"body").expect("memory");
        assert!(read::<Reply>(&mut bytes.as_slice(), 3).is_err());
        assert!(read::<Reply>(&mut [0xff; 64].as_slice(), usize::MAX).is_err());
    }
}
