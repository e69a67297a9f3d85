//! What stands on a reel of film, and does it stand where it should? Told by the frames as they were read: a free check on charts
//! that were misfiled before they were filmed, on the wrong reel, and on the reading.
//!
//! The finding aid tells of reels without telling of patients: what people wrote on a box goes into it only where no word of
//! it is in a patient's name, and no number in it is a patient's.

use std::collections::HashMap;

use catalog::{FilmPage, HeldReel};
use film::filing::{self, Standing};
use formats::ead::{FindingAid, Held};
use record::film::{Order, Reel};
use record::limits::{BATCH_PAGES_MAX, FINDING_AID_REELS_MAX};
use record::{DocumentId, Mrn};

use crate::problem::{Problem, Reply};
use crate::state::App;

/// Fewer digits in a row are no patient's number.
const NUMBER_DIGITS_MIN: usize = 5;

/// A reel as it is in the archive.
pub struct Shown {
    pub held: HeldReel,
    pub charts: Vec<Chart>,
    /// Frames that are in no document: targets, leaders, blanks and retakes; first and last of each run.
    pub left_out: Vec<(u32, u32)>,
    /// Numbers that more than one page has: the reel was taken in twice, or a frame is two.
    pub twice: Vec<u32>,
}

/// Frames in a row that are one patient's, in one document.
pub struct Chart {
    pub document: DocumentId,
    /// The first one's place in the document.
    pub number: u32,
    pub first: u32,
    pub last: u32,
    pub mrn: Option<Mrn>,
    /// The number stands on a frame, and not only in the document's index.
    pub is_read: bool,
    /// As the patient list has it, folded.
    name: Option<String>,
    /// Breaks the reel's order.
    pub misplaced: bool,
    /// Is not among the charts that the reel's box names.
    pub foreign: bool,
}

impl Shown {
    /// What a person should look at, in sentences.
    pub fn differences(&self) -> Vec<String> {
        let mut differences = Vec::new();
        if let Some(expected) = self.held.record.frames.filter(|expected| Some(*expected) != self.held.last_frame) {
            let last = self.held.last_frame.unwrap_or_default();
            differences.push(format!("{expected} frames were expected, and the last one in a document is {last}"));
        }
        if !self.twice.is_empty() {
            let numbers: Vec<String> = self.twice.iter().map(u32::to_string).collect();
            differences.push(format!("more than one page is frame {}", numbers.join(", ")));
        }
        if let Some((frames, is_one)) = self.frames_of(|chart| chart.misplaced) {
            let (numbers, breaks) =
                if is_one { ("its patient number", "breaks") } else { ("their patient numbers", "break") };
            differences.push(format!("by {numbers} {frames} {breaks} the reel's order: misread, or misfiled"));
        }
        if let Some((frames, is_one)) = self.frames_of(|chart| chart.foreign) {
            let are_of = if is_one { "is of a patient" } else { "are of patients" };
            differences.push(format!("{frames} {are_of} whom the reel's box does not name: is it the right reel?"));
        }
        differences
    }

    /// The frames of some charts, and whether they are one frame; `None` where there are none.
    fn frames_of(&self, is_one_of_them: impl Fn(&Chart) -> bool) -> Option<(String, bool)> {
        let charts: Vec<&Chart> = self.charts.iter().filter(|chart| is_one_of_them(chart)).collect();
        let spans: Vec<String> = charts.iter().map(|chart| chart.span()).collect();
        match charts[..] {
            [] => None,
            [chart] if chart.frames() == 1 => Some((format!("frame {}", chart.first), true)),
            _ => Some((format!("frames {}", spans.join(", ")), false)),
        }
    }
}

impl Chart {
    fn of(frame: &FilmPage) -> Self {
        let is_read = frame.said.is_some();
        let (mrn, name) = match is_read {
            true => (&frame.said, &frame.said_name),
            false => (&frame.filed, &frame.filed_name),
        };
        Self {
            document: frame.document,
            number: frame.number,
            first: frame.frame,
            last: frame.frame,
            mrn: mrn.clone(),
            is_read,
            name: name.clone(),
            misplaced: false,
            foreign: false,
        }
    }

    /// A frame on which nobody is named goes with those before it.
    fn takes(&self, frame: &FilmPage) -> bool {
        let digits = |mrn: &Option<Mrn>| mrn.as_ref().map(Mrn::digits);
        self.document == frame.document && (frame.said.is_none() || digits(&frame.said) == digits(&self.mrn))
    }

    pub fn span(&self) -> String {
        if self.first == self.last { self.first.to_string() } else { format!("{}-{}", self.first, self.last) }
    }

    fn frames(&self) -> u32 {
        self.last + 1 - self.first
    }

    fn standing(&self, order: Order) -> Option<Standing> {
        Standing::of(order, self.mrn.as_ref()?, self.name.as_deref())
    }
}

/// # Errors
/// 404 where no document is on a reel of that label.
pub async fn show(app: &App, label: &str) -> Reply<Shown> {
    let held = app.catalog.reel(label).await?.ok_or_else(Problem::absent)?;
    let frames = app.catalog.frames_of(label, BATCH_PAGES_MAX as u32).await?;
    let mut charts: Vec<Chart> = Vec::new();
    for frame in &frames {
        match charts.last_mut().filter(|chart| chart.takes(frame)) {
            Some(chart) => {
                chart.last = frame.frame;
                chart.is_read |= frame.said.is_some();
            }
            None => charts.push(Chart::of(frame)),
        }
    }
    place(app, &held.record, &mut charts).await?;
    let (left_out, twice) = gaps(&frames);
    Ok(Shown { held, charts, left_out, twice })
}

/// Holds the charts against the reel's order, and against its box.
async fn place(app: &App, reel: &Reel, charts: &mut [Chart]) -> Reply<()> {
    let order = reel.order.unwrap_or(Order::Numeric);
    let known: Vec<(usize, Standing)> =
        charts.iter().enumerate().filter_map(|(at, chart)| Some((at, chart.standing(order)?))).collect();
    let (places, standings): (Vec<usize>, Vec<Standing>) = known.into_iter().unzip();
    if reel.order.is_some() {
        let heard: Vec<(Standing, u32)> =
            standings.iter().cloned().zip(places.iter().map(|at| charts[*at].frames())).collect();
        filing::misplaced(&heard).into_iter().for_each(|at| charts[places[at]].misplaced = true);
    }
    let (first, last) = (end(app, order, reel.first.as_ref()).await?, end(app, order, reel.last.as_ref()).await?);
    let foreign = filing::foreign(&standings, first.as_ref(), last.as_ref());
    foreign.into_iter().for_each(|at| charts[places[at]].foreign = true);
    Ok(())
}

async fn end(app: &App, order: Order, mrn: Option<&Mrn>) -> Reply<Option<Standing>> {
    let Some(mrn) = mrn else { return Ok(None) };
    let listed = app.catalog.patients_with_digits(mrn).await?.into_iter().next();
    Ok(Standing::of(order, mrn, listed.as_ref().map(|patient| patient.name.as_str())))
}

/// Runs of numbers that no page has, and numbers that several have.
fn gaps(frames: &[FilmPage]) -> (Vec<(u32, u32)>, Vec<u32>) {
    let (mut left_out, mut twice, mut before) = (Vec::new(), Vec::new(), 0);
    for frame in frames.iter().map(|frame| frame.frame) {
        if frame > before + 1 {
            left_out.push((before + 1, frame - 1));
        }
        if frame == before && twice.last() != Some(&frame) {
            twice.push(frame);
        }
        before = frame;
    }
    (left_out, twice)
}

/// All reels, for people outside of the record office.
pub async fn finding_aid(app: &App, agency: String) -> Reply<FindingAid> {
    let mut words = Words { app, known: HashMap::new() };
    let mut reels = Vec::new();
    for (number, held) in (1..).zip(app.catalog.reels(0, FINDING_AID_REELS_MAX).await?) {
        let reel = held.record;
        let label = words.harmless(Some(reel.label)).await?;
        reels.push(Held {
            label: label.unwrap_or_else(|| format!("Reel {number} of this list; its label names a patient")),
            film: reel.film,
            polarity: reel.polarity,
            reduction: reel.reduction,
            carton: words.harmless(reel.carton).await?,
            shelf: words.harmless(reel.shelf).await?,
            order: reel.order,
            frames: held.frames,
            documents: held.documents,
            years: held.earliest.zip(held.latest).map(|(from, to)| (year(from), year(to))),
        });
    }
    Ok(FindingAid { agency, log: app.archive.key().name().to_owned(), made: app.now(), reels })
}

fn year(date: record::Date) -> String {
    date.to_string().chars().take(4).collect()
}

/// Which words are in patients' names, as far as it was asked for.
struct Words<'a> {
    app: &'a App,
    known: HashMap<String, bool>,
}

impl Words<'_> {
    /// The text, where it names no patient.
    async fn harmless(&mut self, text: Option<String>) -> Reply<Option<String>> {
        let Some(text) = text else { return Ok(None) };
        let lower = text.to_lowercase().replace(['\'', '’'], "");
        for word in lower.split(|c: char| !c.is_alphanumeric() && c != '-') {
            if self.names_a_patient(word).await? {
                return Ok(None);
            }
        }
        Ok(Some(text))
    }

    async fn names_a_patient(&mut self, word: &str) -> Reply<bool> {
        if let Some(known) = self.known.get(word) {
            return Ok(*known);
        }
        let mut names = false;
        for part in word.split(|c: char| !c.is_alphabetic()).filter(|part| part.chars().count() > 1) {
            names = names || self.app.catalog.is_in_a_name(part).await?;
        }
        let is_number = word.chars().filter(char::is_ascii_digit).count() >= NUMBER_DIGITS_MIN;
        if let (true, Ok(mrn)) = (is_number, word.to_uppercase().parse::<Mrn>()) {
            names = names || !self.app.catalog.patients_with_digits(&mrn).await?.is_empty();
        }
        self.known.insert(word.to_owned(), names);
        Ok(names)
    }
}
