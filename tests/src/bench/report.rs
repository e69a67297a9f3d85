//! One JSON line a figure: what was measured, its value and unit, and its floor.

use std::fs::OpenOptions;
use std::io::Write as _;

use anyhow::Result;
use serde_json::{Value, json};

pub struct Report {
    file: Option<String>,
}

impl Report {
    pub fn new(file: Option<String>) -> Self {
        Self { file }
    }

    pub fn line(&mut self, line: &Value) -> Result<()> {
        writeln!(std::io::stdout(), "{line}")?;
        if let Some(file) = &self.file {
            writeln!(OpenOptions::new().create(true).append(true).open(file)?, "{line}")?;
        }
        Ok(())
    }

    /// A figure beside its floor. `ratio` is ours over the floor's: 1 is as good as it gets.
    pub fn beside(&mut self, bench: &str, unit: &str, ours: f64, floor: &str, floor_value: f64) -> Result<()> {
        self.line(&json!({
            "bench": bench,
            "unit": unit,
            "ours": rounded(ours),
            "floor": floor,
            "floor_value": rounded(floor_value),
            "ratio": rounded(ours / floor_value),
        }))
    }
}

/// Three significant digits: more would be noise.
pub fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let scale = 10_f64.powf(2.0 - value.abs().log10().floor());
    (value * scale).round() / scale
}

/// Processor seconds of this process and of its children that have ended, to 0.01 s.
/// From `/proc/self/stat`, fields 14 to 17 (proc(5)); Debian's clock tick is 1/100 s.
pub fn cpu_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The program's name, in parentheses, may hold spaces; the fields after it may not.
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks: u64 = after_name.split(' ').skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(ticks as f64 / 100.0)
}
