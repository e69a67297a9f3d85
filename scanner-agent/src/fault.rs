//! What went wrong with a sheet, and what is a person to do about it?

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    Jam,
    DoubleFeed,
    CoverOpen,
    /// The driver ended the page before all of it had come, and called that success.
    Short,
    /// The driver's process died.
    Crashed,
    /// Nothing came for too long.
    Silent,
    /// The device is not there any more.
    Gone,
    /// The scanner is well; the spool's disk has no room for another sheet.
    DiskFull,
    /// The operator wanted no further sheet.
    Halted,
    #[default]
    Other,
}

impl Fault {
    /// Reads on from what happened.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Jam => "Open the scanner, take that sheet out, smooth it and put it back on top",
            Self::DoubleFeed => "Two sheets went in at once: take both out, part them, and put them back on top",
            Self::CoverOpen => "Close the cover, and put that sheet back on top",
            Self::Short | Self::Crashed | Self::Other => "Put that sheet back on top",
            Self::Silent => "Switch the scanner off and on, and put that sheet back on top",
            Self::DiskFull => "Free some space on the spool's disk, put that sheet back on top if it has come out",
            Self::Halted => "Put that sheet back on top if it has come out",
            Self::Gone => "Look after the scanner's power and cable, and put that sheet back on top",
        }
    }
}

/// What happened, to which sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mishap {
    pub kind: Fault,
    /// From 1, in the batch; absent where it did not come to feeding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<u32>,
    /// In the driver's words.
    pub text: String,
}
