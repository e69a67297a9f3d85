//! A scanner of ours that the real libsane loads, and paper in its feeder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use imaging::Raster;

use crate::program;

/// The device, as SANE names it.
pub const DEVICE: &str = "feeder:paper";

/// A folder with the driver, its configuration and the paper.
pub struct Feeder {
    folder: PathBuf,
}

impl Feeder {
    /// `script` says what goes wrong with which sheet, as the feeder's own documentation has it.
    pub fn with(folder: &Path, pages: &[Raster], script: &str) -> Result<Self> {
        for name in ["lib", "conf/dll.d", "paper"] {
            fs::create_dir_all(folder.join(name))?;
        }
        fs::copy(program::path("libsane_feeder.so")?, folder.join("lib/libsane-feeder.so.1"))?;
        fs::write(folder.join("conf/dll.conf"), "feeder\n")?;
        for (number, page) in pages.iter().enumerate() {
            let head = format!("P5\n{} {}\n255\n", page.width(), page.height()).into_bytes();
            fs::write(folder.join(format!("paper/{number:03}.pgm")), [&head, page.bytes()].concat())?;
        }
        fs::write(folder.join("paper/script"), script)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// What a program needs to find it.
    pub fn environment(&self) -> [(&'static str, PathBuf); 3] {
        [("SANE_CONFIG_DIR", "conf"), ("SANE_FEEDER_DIR", "paper"), ("LD_LIBRARY_PATH", "lib")]
            .map(|(name, part)| (name, self.folder.join(part)))
    }
}

const QUIET: usize = 10;
/// Pixels of a narrow bar, of a wide one, and of a code's height.
const NARROW: usize = 2;
const WIDE: usize = 6;
const HIGH: usize = 40;

/// Draws a Code 39 barcode (ISO/IEC 16388) with its left upper corner at a place of a grey page.
pub fn code_39(levels: &mut [u8], width: usize, (x, y): (usize, usize), text: &str) -> Result<()> {
    let letters = format!("*{text}*");
    let bars = letters.chars().map(pattern).collect::<Result<Vec<_>>>()?.concat();
    ensure!(x + QUIET + bars.len() <= width, "the code of {text} is wider than the page");
    for row in levels.chunks_mut(width).skip(y).take(HIGH) {
        for (at, dark) in bars.iter().enumerate() {
            if *dark {
                row[x + QUIET + at] = 10;
            }
        }
    }
    Ok(())
}

/// Bars and spaces of one character, a narrow space behind them.
fn pattern(letter: char) -> Result<Vec<bool>> {
    // Nine elements, bar and space in turn; `w` is a wide one.
    let elements = match letter {
        '0' => "nnnwwnwnn",
        '1' => "wnnwnnnnw",
        '2' => "nnwwnnnnw",
        '3' => "wnwwnnnnn",
        '4' => "nnnwwnnnw",
        '5' => "wnnwwnnnn",
        '6' => "nnwwwnnnn",
        '7' => "nnnwnnwnw",
        '8' => "wnnwnnwnn",
        '9' => "nnwwnnwnn",
        'B' => "nnwnnwnnw",
        'D' => "nnnnwwnnw",
        'M' => "wnwnnnnwn",
        'N' => "nnnnwnnww",
        'R' => "wnnnnnwwn",
        '-' => "nwnnnnwnw",
        '*' => "nwnnwnwnn",
        other => anyhow::bail!("no bars are known here for {other}"),
    };
    let pixels = |(at, element): (usize, char)| vec![at % 2 == 0; if element == 'w' { WIDE } else { NARROW }];
    Ok(elements.chars().enumerate().flat_map(pixels).chain([false; NARROW]).collect())
}
