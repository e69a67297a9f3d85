//! What the capture helper says to the agent: frames on its stdout.
//!
//! ```text
//! frame = kind (1 byte: 'J' or 'D')  length (4 bytes, big-endian)  payload
//! ```
//! `J` is one [`Message`] in JSON, `D` is image bytes of the page that was announced last. Any
//! program that writes this is a scanner to the agent: that is the door for other drivers.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// A frame's payload: enough for a second of the fastest scanner, small enough to be bounded.
pub const FRAME_BYTES_MAX: usize = 1024 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    Message(Message),
    Data(Vec<u8>),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "kebab-case")]
pub enum Message {
    Devices {
        devices: Vec<DeviceFacts>,
    },
    /// The device is open and has these settings, whatever was asked for.
    Ready(Settings),
    /// A page begins; its bytes follow.
    Page(PageFacts),
    /// A page begins that is a file already; its bytes follow.
    File(FileFacts),
    /// The driver says that the page is whole.
    PageEnd,
    /// Nothing more comes, and that is in order.
    Finished {
        why: Finish,
    },
    /// What the open device can be told, and what it says now.
    Options {
        options: Vec<OptionFacts>,
    },
    /// Something went wrong; an unfinished page is void.
    Fault {
        #[serde(default)]
        kind: Fault,
        text: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceFacts {
    pub name: String,
    pub vendor: String,
    pub model: String,
    pub kind: String,
}

/// One option of a device, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionFacts {
    pub name: String,
    pub title: String,
    /// `yes-no`, `whole`, `number`, `text` or `button`.
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// As it is now; absent where it cannot be asked for, or takes a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The values that it takes, where they are few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// The least and the greatest, where it takes a range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<(String, String)>,
    pub settable: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    pub source: Option<String>,
    pub mode: Option<String>,
    /// Dots per inch; 0 where the device does not say.
    pub dpi: u32,
    /// Pages come until there are no more; else it is one page.
    pub feeder: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageFacts {
    pub colour: bool,
    /// Bits per sample.
    pub depth: u32,
    pub width: u32,
    /// Absent where the device does not know beforehand.
    pub height: Option<u32>,
    pub bytes_per_line: u32,
}

/// A page as the device made a file of it. Who says so has read it to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// `image/png`, `image/jpeg` or `image/tiff`.
    pub media_type: String,
    pub width: u32,
    pub height: u32,
    pub dpi: u32,
    pub bytes: u64,
}

impl PageFacts {
    /// The number of lines, if so many bytes are every byte. A short page is a fault, never a page.
    pub fn whole(&self, bytes: usize) -> Result<u32, String> {
        // Any program may write frames; a line of no bytes is not worth a panic.
        let line = (self.bytes_per_line as usize).max(1);
        let lines = u32::try_from(bytes / line).unwrap_or(u32::MAX);
        if lines == 0 || !bytes.is_multiple_of(line) || self.height.is_some_and(|height| height != lines) {
            let announced =
                self.height.map_or("whole lines".into(), |height| format!("{} bytes", height as usize * line));
            return Err(format!("the page is short: {bytes} bytes came instead of {announced}"));
        }
        Ok(lines)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finish {
    FeederEmpty,
    /// A flatbed has one page, and `--pages` says how many are wanted.
    EnoughPages,
    /// The agent wanted no further sheet.
    Halted,
}

pub fn write(to: &mut dyn Write, frame: &Frame) -> io::Result<()> {
    let (kind, payload) = match frame {
        Frame::Message(message) => (b'J', serde_json::to_vec(message)?),
        Frame::Data(bytes) => (b'D', bytes.clone()),
    };
    let length = u32::try_from(payload.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    to.write_all(&[kind])?;
    to.write_all(&length.to_be_bytes())?;
    to.write_all(&payload)?;
    to.flush()
}

/// The next frame; `None` at a clean end.
pub fn read(from: &mut dyn Read) -> io::Result<Option<Frame>> {
    let mut kind = [0];
    if from.read(&mut kind)? == 0 {
        return Ok(None);
    }
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > FRAME_BYTES_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut payload = vec![0; length];
    from.read_exact(&mut payload)?;
    match kind[0] {
        b'J' => Ok(Some(Frame::Message(serde_json::from_slice(&payload)?))),
        b'D' => Ok(Some(Frame::Data(payload))),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_read_back_and_a_cut_one_is_an_error() {
        let frames = [
            Frame::Message(Message::Finished { why: Finish::FeederEmpty }),
            Frame::Data(vec![1, 2, 3]),
            Frame::Data(Vec::new()),
        ];
        let mut bytes = Vec::new();
        frames.iter().for_each(|frame| write(&mut bytes, frame).expect("writes"));
        let mut from = bytes.as_slice();
        for frame in frames {
            assert_eq!(read(&mut from).expect("reads"), Some(frame));
        }
        assert_eq!(read(&mut from).expect("ends"), None);
        assert!(read(&mut &bytes[..3]).is_err());
        assert!(read(&mut [b'D', 0xff, 0xff, 0xff, 0xff].as_slice()).is_err());
    }
}
