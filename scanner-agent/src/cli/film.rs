//! What may be said of film.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use record::Mrn;
use record::film::{Film as Stock, Order, Polarity, Reel};
use serde::{Deserialize, Serialize};

use super::{Filing, Server, capture};

const FILM_EXAMPLES: &str = "\
Examples:
  scanner-agent film reel-0231.tif --cuts-only --json
  scanner-agent film reel-0231.tif --reel MF-0231 --reduction 24 --frames 2486 --server http://localhost:8080
  scanner-agent film frames/ --reel MF-0232 --box 14 --shelf C3 --order terminal-digit --first 100200 --last 104900
  scanner-agent batch 0198… account
  scanner-agent batch 0198… mark target 1-3 2486 && scanner-agent batch 0198… mark page 117 118
  scanner-agent batch 0198… accept && scanner-agent batch 0198… release && scanner-agent resume

A reel that is accounted for goes to the archive. One that is not is held, with what differs: look at the doubtful frames,
mark them, explain what remains, and release it.";

#[derive(Debug, Args)]
#[command(after_help = FILM_EXAMPLES)]
pub struct Film {
    /// The strip as one picture, tall or wide, or as tiles in order; or the frames in reel order: files, folders, a TIFF of many
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Only say where the frames of one strip are; needs no server and keeps nothing
    #[arg(long)]
    pub cuts_only: bool,
    /// The reel's number, as addresses name it
    #[arg(long, value_name = "LABEL", required_unless_present = "cuts_only", value_parser = capture::name)]
    pub reel: Option<String>,
    /// Width of the film, and how pages lie on it [default: 16mm-simplex]
    #[arg(long, value_name = "FILM", value_parser = PossibleValuesParser::new(Stock::ALL.map(Stock::as_str)))]
    pub film: Option<String>,
    /// What the film is: a strip that looks otherwise is refused [default: as it looks]
    #[arg(long, value_enum, value_name = "POLARITY")]
    pub polarity: Option<PolarityArg>,
    /// How much smaller pages are on the film, 24 for 24×; gives frames their true resolution
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(5..=150))]
    pub reduction: Option<u32>,
    /// The box it lies in
    #[arg(long = "box", value_name = "BOX", value_parser = capture::name)]
    pub carton: Option<String>,
    /// The shelf the box stands on
    #[arg(long, value_name = "SHELF", value_parser = capture::name)]
    pub shelf: Option<String>,
    /// In which order charts stand on it
    #[arg(long, value_enum, value_name = "ORDER")]
    pub order: Option<OrderArg>,
    /// The first chart that its box names, by patient number: charts of another reel are told of
    #[arg(long, value_name = "MRN")]
    pub first: Option<Mrn>,
    /// The last chart that its box names
    #[arg(long, value_name = "MRN")]
    pub last: Option<Mrn>,
    /// How many frames its box, odometer or target says there are
    #[arg(long, value_name = "FRAMES")]
    pub frames: Option<u32>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub filing: Filing,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum PolarityArg {
    Negative,
    Positive,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum OrderArg {
    TerminalDigit,
    Numeric,
    Alphabetical,
}

impl Film {
    /// The reel, where it was named.
    pub fn reel(&self) -> Option<Reel> {
        let named = |text: &String| Stock::ALL.into_iter().find(|film| film.as_str() == text);
        Some(Reel {
            label: self.reel.clone()?,
            film: self.film.as_ref().and_then(named).unwrap_or_default(),
            polarity: self.polarity.map(|polarity| match polarity {
                PolarityArg::Negative => Polarity::Negative,
                PolarityArg::Positive => Polarity::Positive,
            }),
            reduction: self.reduction,
            carton: self.carton.clone(),
            shelf: self.shelf.clone(),
            order: self.order.map(|order| match order {
                OrderArg::TerminalDigit => Order::TerminalDigit,
                OrderArg::Numeric => Order::Numeric,
                OrderArg::Alphabetical => Order::Alphabetical,
            }),
            frames: self.frames,
            first: self.first.clone(),
            last: self.last.clone(),
        })
    }
}

const RECUT_EXAMPLES: &str = "\
Examples:
  scanner-agent recut --reel MF-0231 --frame 100 --left 48210 --right 50040 --server http://localhost:8080
  scanner-agent recut --reel MF-0231 --frame 101 --divide-x 49100 --json

The document has a new version with the new picture; the version before it stays as it was sealed.";

/// In pixels of the strip as its scanner made it; edges that are not named stay.
#[derive(Debug, Args)]
#[command(after_help = RECUT_EXAMPLES)]
pub struct Recut {
    /// The reel's number
    #[arg(long, value_name = "LABEL", value_parser = capture::name)]
    pub reel: String,
    /// The frame's number on the reel
    #[arg(long, value_name = "NUMBER")]
    pub frame: u32,
    #[arg(long, value_name = "PIXEL")]
    pub left: Option<u32>,
    #[arg(long, value_name = "PIXEL")]
    pub right: Option<u32>,
    #[arg(long, value_name = "PIXEL")]
    pub top: Option<u32>,
    #[arg(long, value_name = "PIXEL")]
    pub bottom: Option<u32>,
    /// The frame is two, side by side: where the second one begins
    #[arg(long, value_name = "PIXEL", conflicts_with = "divide_y")]
    pub divide_x: Option<u32>,
    /// The frame is two, one above the other: where the second one begins
    #[arg(long, value_name = "PIXEL")]
    pub divide_y: Option<u32>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub server: Server,
}

/// Where a frame of film begins and ends, in pixels of its strip.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edges {
    /// Where it begins along the film
    #[arg(long, value_name = "PIXEL")]
    #[serde(default)]
    pub from: Option<u32>,
    /// Where it ends along the film
    #[arg(long, value_name = "PIXEL")]
    #[serde(default)]
    pub to: Option<u32>,
    /// Where it begins across the film
    #[arg(long, value_name = "PIXEL")]
    #[serde(default)]
    pub top: Option<u32>,
    /// Where it ends across the film
    #[arg(long, value_name = "PIXEL")]
    #[serde(default)]
    pub bottom: Option<u32>,
}

/// One frame, or a run of them: `12`, `12-40`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub from: u32,
    pub to: u32,
}

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let (Ok(from), Ok(to)) = (from.parse(), to.parse()) else { return Err("write it as 12, or 12-40") };
        if from == 0 || from > to || to - from >= record::limits::BATCH_PAGES_MAX as u32 {
            return Err("a run goes from a frame to a later one");
        }
        Ok(Self { from, to })
    }
}
