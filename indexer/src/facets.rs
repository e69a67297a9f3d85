//! How many of the documents that match are of each kind?

use crate::PATIENTS_SHOWN;
use crate::hits::{FacetCount, Facets};
use crate::matches::Found;
use crate::register::Moment;
use crate::stored::{SOURCES, source_of};

/// All but patients, whose numbers stand with their pages.
pub fn facets(documents: &[Found<'_>], moment: &Moment) -> Facets {
    let none = |list: usize| vec![0_u64; list];
    let (mut types, mut years) = (none(moment.kinds.len()), none(moment.years.len()));
    let mut departments = none(moment.departments.len());
    let mut sources = [0_u64; SOURCES.len()];
    for entry in documents.iter().map(|found| found.of) {
        entry.kind.into_iter().for_each(|kind| types[usize::from(kind)] += 1);
        entry.department.into_iter().for_each(|department| departments[usize::from(department)] += 1);
        entry.year.into_iter().for_each(|year| years[usize::from(year)] += 1);
        sources.get_mut(usize::from(entry.source)).into_iter().for_each(|count| *count += 1);
    }
    let named = |names: &[String], counts: Vec<u64>| {
        frequent_first(names.iter().zip(counts).map(|(name, n)| count(name.clone(), n)).collect())
    };
    let sources = (0..).zip(sources).filter_map(|(code, n)| Some(count(source_of(code)?.as_str().to_owned(), n)));
    let mut years: Vec<(i32, u64)> = moment.years.iter().copied().zip(years).collect();
    years.sort_unstable_by_key(|(year, _)| std::cmp::Reverse(*year));
    let years = years.into_iter().map(|(year, n)| count(year.to_string(), n));
    Facets {
        document_type: named(&moment.kinds, types),
        department: named(&moment.departments, departments),
        year: years.filter(|count| count.documents > 0).collect(),
        source: frequent_first(sources.collect()),
        patient: Vec::new(),
    }
}

fn count(value: String, documents: u64) -> FacetCount {
    FacetCount { value, documents }
}

fn frequent_first(mut counts: Vec<FacetCount>) -> Vec<FacetCount> {
    counts.retain(|count| count.documents > 0);
    counts.sort_by(|a, b| b.documents.cmp(&a.documents).then_with(|| a.value.cmp(&b.value)));
    counts
}

/// A document of each of the patients with most documents, and how many those are; `patients` are numbered.
pub fn frequent_patients<'a>(documents: &[Found<'a>], patients: usize) -> Vec<(Found<'a>, u64)> {
    let mut counts = vec![0_u32; patients];
    let mut found: Vec<Found<'_>> = Vec::new();
    for document in documents {
        let Some(patient) = document.of.patient else { continue };
        let count = &mut counts[patient as usize];
        if *count == 0 {
            found.push(*document);
        }
        *count += 1;
    }
    let of = |found: &Found<'_>| found.of.patient.map_or(0, |patient| u64::from(counts[patient as usize]));
    let order = |a: &Found<'_>, b: &Found<'_>| of(b).cmp(&of(a)).then_with(|| a.of.patient_key.cmp(&b.of.patient_key));
    if found.len() > PATIENTS_SHOWN {
        found.select_nth_unstable_by(PATIENTS_SHOWN, order);
        found.truncate(PATIENTS_SHOWN);
    }
    found.sort_unstable_by(order);
    found.into_iter().map(|found| (found, of(&found))).collect()
}
