//! How many of the documents that match are of each kind?

use tantivy::DocAddress;

use crate::PATIENTS_SHOWN;
use crate::hits::{FacetCount, Facets};
use crate::matches::Matches;
use crate::register::Moment;
use crate::stored::{SOURCES, source_of};

/// Documents by what they have, each list by number: see [`crate::register::Labels`].
pub struct Tally {
    pub documents: u64,
    kinds: Vec<u64>,
    departments: Vec<u64>,
    years: Vec<u64>,
    sources: [u64; SOURCES.len()],
    patients: Vec<u32>,
    /// Each patient, with a page of theirs.
    pages: Vec<(u32, DocAddress)>,
}

/// A page of a patient, and how many of their documents match.
pub struct Frequent {
    pub page: DocAddress,
    pub documents: u64,
}

impl Tally {
    pub fn of(matches: &Matches<'_>) -> Self {
        let Moment { kinds, departments, years, patients, .. } = matches.moment;
        let none = |names: usize| vec![0; names + 1];
        let mut tally = Self {
            documents: 0,
            kinds: none(kinds.len()),
            departments: none(departments.len()),
            years: none(years.len()),
            sources: [0; SOURCES.len()],
            patients: vec![0; patients + 1],
            pages: Vec::new(),
        };
        matches.each_document(|labels, page| {
            tally.documents += 1;
            tally.kinds[usize::from(labels.kind)] += 1;
            tally.departments[usize::from(labels.department)] += 1;
            tally.years[usize::from(labels.year)] += 1;
            tally.sources.get_mut(usize::from(labels.source)).into_iter().for_each(|count| *count += 1);
            let of_patient = &mut tally.patients[labels.patient as usize];
            if *of_patient == 0 && labels.patient != 0 {
                tally.pages.push((labels.patient, page));
            }
            *of_patient += 1;
        });
        tally
    }

    /// All but patients, whose numbers stand with their pages.
    pub fn facets(&self, moment: &Moment) -> Facets {
        let sources =
            (0..).zip(self.sources).filter_map(|(code, n)| Some(count(source_of(code)?.as_str().to_owned(), n)));
        let mut years: Vec<(i32, u64)> = moment.years.iter().copied().zip(self.years.iter().skip(1).copied()).collect();
        years.sort_unstable_by_key(|(year, _)| std::cmp::Reverse(*year));
        let years = years.into_iter().map(|(year, n)| count(year.to_string(), n));
        Facets {
            document_type: named(&moment.kinds, &self.kinds),
            department: named(&moment.departments, &self.departments),
            year: years.filter(|count| count.documents > 0).collect(),
            source: frequent_first(sources.collect()),
            patient: Vec::new(),
        }
    }

    /// Patients with most documents; of those with as many, the one who came into the index first.
    pub fn frequent_patients(&self) -> Vec<Frequent> {
        let mut first: Vec<(u32, Frequent)> = Vec::with_capacity(PATIENTS_SHOWN + 1);
        for (patient, page) in &self.pages {
            let documents = u64::from(self.patients[*patient as usize]);
            let is_before = |(other, than): &(u32, Frequent)| (than.documents, patient) < (documents, other);
            // Nearly all are behind the last of those that are shown.
            if first.len() == PATIENTS_SHOWN && !first.last().is_some_and(is_before) {
                continue;
            }
            let at = first.partition_point(|other| !is_before(other));
            first.insert(at, (*patient, Frequent { page: *page, documents }));
            first.truncate(PATIENTS_SHOWN);
        }
        first.into_iter().map(|(_, frequent)| frequent).collect()
    }
}

fn named(names: &[String], counts: &[u64]) -> Vec<FacetCount> {
    frequent_first(names.iter().zip(&counts[1..]).map(|(name, n)| count(name.clone(), *n)).collect())
}

fn count(value: String, documents: u64) -> FacetCount {
    FacetCount { value, documents }
}

fn frequent_first(mut counts: Vec<FacetCount>) -> Vec<FacetCount> {
    counts.retain(|count| count.documents > 0);
    counts.sort_by(|a, b| b.documents.cmp(&a.documents).then_with(|| a.value.cmp(&b.value)));
    counts
}
