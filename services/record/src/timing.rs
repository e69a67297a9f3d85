//! Where does the time go that reading a page takes? Into steps, which reader, worker and server call
//! by the same names.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::limits;

/// One step of reading a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Bytes to pixels.
    Decode,
    /// What page is this?
    Look,
    /// What this page needs before it is read.
    Clean,
    /// Pixels to words.
    Recognize,
    /// Is this text sound?
    Judge,
    /// Words to ALTO.
    Write,
}

impl Step {
    pub const ALL: [Self; 6] = [Self::Decode, Self::Look, Self::Clean, Self::Recognize, Self::Judge, Self::Write];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Look => "look",
            Self::Clean => "clean",
            Self::Recognize => "recognize",
            Self::Judge => "judge",
            Self::Write => "write",
        }
    }
}

/// How long each step took, in microseconds. Written `decode=3100,recognize=1210000`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing([u32; Step::ALL.len()]);

impl Timing {
    pub fn add(&mut self, step: Step, took: Duration) {
        let micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        let sum = &mut self.0[step as usize];
        *sum = sum.saturating_add(micros);
    }

    /// The steps that were taken.
    pub fn steps(&self) -> impl Iterator<Item = (Step, Duration)> {
        let all = Step::ALL.into_iter().zip(self.0);
        all.filter(|(_, micros)| *micros > 0).map(|(step, micros)| (step, Duration::from_micros(micros.into())))
    }

    pub fn total(&self) -> Duration {
        self.steps().map(|(_, took)| took).sum()
    }
}

impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (step, took)) in self.steps().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{}={}", step.as_str(), took.as_micros())?;
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a timing is `step=microseconds`, each step once, of at most {} seconds", limits::READ_PAGE_SECONDS_MAX)]
pub struct TimingError;

impl FromStr for Timing {
    type Err = TimingError;

    fn from_str(text: &str) -> Result<Self, TimingError> {
        let mut timing = Self::default();
        for part in text.split(',').filter(|_| !text.is_empty()) {
            let (name, micros) = part.split_once('=').ok_or(TimingError)?;
            let step = Step::ALL.into_iter().find(|step| step.as_str() == name).ok_or(TimingError)?;
            let took = Duration::from_micros(micros.parse::<u32>().map_err(|_| TimingError)?.into());
            if timing.0[step as usize] > 0 || took > Duration::from_secs(limits::READ_PAGE_SECONDS_MAX) {
                return Err(TimingError);
            }
            timing.add(step, took);
        }
        Ok(timing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timing_is_read_as_it_was_written_and_nothing_else_is() {
        let mut timing = Timing::default();
        assert_eq!(timing.to_string().parse(), Ok(timing));
        timing.add(Step::Recognize, Duration::from_millis(1210));
        timing.add(Step::Decode, Duration::from_micros(3000));
        timing.add(Step::Decode, Duration::from_micros(100));
        assert_eq!(timing.to_string(), "decode=3100,recognize=1210000");
        assert_eq!(timing.to_string().parse(), Ok(timing));
        assert_eq!(timing.total(), Duration::from_micros(1_213_100));
        for wrong in ["decode", "decode=-1", "sleep=4", "decode=1,decode=2", "decode=121000000", ",", "decode=1,"] {
            assert_eq!(wrong.parse::<Timing>(), Err(TimingError), "{wrong}");
        }
    }
}
