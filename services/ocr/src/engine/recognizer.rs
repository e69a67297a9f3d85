//! How is the second engine called?
//!
//! A text recognizer of the PP-OCR family (C. Du et al., "PP-OCR: a practical ultra lightweight OCR system", 2020) as an
//! ONNX file, run in pure Rust: the picture of a word goes in, its text comes out. It was trained on photographs and
//! receipts, so that its mistakes are not Tesseract's; but it knows no layout and hardly any spaces. Its text is decoded
//! greedily after A. Graves et al., "Connectionist temporal classification" (2006).

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use imaging::Raster;
use record::{Digest, limits};
use rten::{Model, RunOptions, ThreadPool};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};

use super::EngineError;

/// Pixels that the model wants a line to be high.
const HEIGHT: u32 = 48;
/// And at least, and at most, wide.
const WIDTHS: std::ops::RangeInclusive<u32> = 48..=1_536;

/// It was trained on words with gray to their right, and cuts off the last letter without.
const PADDING: u32 = 48;

/// A loaded recognizer. Reads in the thread that calls it.
pub struct Recognizer {
    model: Model,
    /// Of the classes: first that of no letter, last the space.
    labels: Vec<String>,
    digest: Digest,
    thread: Arc<ThreadPool>,
}

impl Recognizer {
    pub fn new(path: &Path) -> Result<Self, EngineError> {
        let refused = |why: String| EngineError::Second { path: path.to_owned(), why };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(|error| refused(error.to_string()))?;
        file.take(limits::SECOND_ENGINE_BYTES_MAX)
            .read_to_end(&mut bytes)
            .map_err(|error| refused(error.to_string()))?;
        let digest = Digest::of(&bytes);
        let model = Model::load(bytes).map_err(|error| refused(error.to_string()))?;
        let alphabet = model.metadata().get("character").ok_or_else(|| refused("it names no alphabet".to_owned()))?;
        let labels = [""].into_iter().chain(alphabet.lines()).chain([" "]).map(str::to_owned).collect();
        Ok(Self { model, labels, digest, thread: Arc::new(ThreadPool::with_num_threads(1)) })
    }

    /// SHA-256 of the model file.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The text of a picture of one word, and how sure it is, 0 to 1; `None` where nothing is read.
    pub fn read(&self, word: &Raster) -> Option<(String, f32)> {
        let input = input(word)?;
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.thread)));
        let output = self.model.run_one(input.into(), Some(options)).ok()?;
        let steps: NdTensorView<'_, f32, 3> = (&output).try_into().ok()?;
        let most_likely = (0..steps.size(1)).filter_map(|step| {
            let classes = steps.slice((0, step));
            classes.iter().copied().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b))
        });
        self.decoded(most_likely)
    }

    /// A class that goes on is one letter; mean certainty of the letters.
    fn decoded(&self, steps: impl Iterator<Item = (usize, f32)>) -> Option<(String, f32)> {
        let (mut text, mut sum, mut letters, mut before) = (String::new(), 0.0, 0.0, 0);
        for (class, certainty) in steps {
            if class != before && class != 0 {
                text.push_str(self.labels.get(class)?);
                sum += certainty;
                letters += 1.0;
            }
            before = class;
        }
        (letters > 0.0).then(|| (text, sum / letters))
    }
}

/// The word at the model's height and its own proportions: levels from -1 to 1, the same in red, green and blue.
fn input(word: &Raster) -> Option<NdTensor<f32, 4>> {
    let width = (u64::from(word.width()) * u64::from(HEIGHT)).div_ceil(u64::from(word.height()));
    let width = u32::try_from(width).ok()?.clamp(*WIDTHS.start(), *WIDTHS.end());
    let line = word.scale_to(width, HEIGHT).ok()?.to_gray();
    let padded = (width + PADDING) as usize;
    let mut levels = vec![0.0_f32; HEIGHT as usize * padded];
    for (from, to) in line.bytes().chunks_exact(width as usize).zip(levels.chunks_exact_mut(padded)) {
        from.iter().zip(to).for_each(|(from, to)| *to = f32::from(*from) / 127.5 - 1.0);
    }
    Some(NdTensor::from_data([1, 3, HEIGHT as usize, padded], levels.repeat(3)))
}
