//! The attention list: pages that a person has to look at, and the way from one to the next.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use actix_web::{HttpResponse, web};
use catalog::attention::Standing;
use catalog::{Attention, Need};
use record::words::AttentionReason;
use record::{BatchId, PageId};
use serde::Deserialize;

use super::document::THUMB;
use super::reply::{html, see};
use super::view::attention::{AttentionCount, AttentionPage, AttentionRow, Choice, Part};
use super::view::sheet::Sheet;
use super::view::{Section, sentence};
use crate::identity::Caller;
use crate::problem::Reply;
use crate::routes::attention::Ask;
use crate::state::App;

/// Pages on one page of the list.
const LISTED: u32 = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Arrival {
    /// From the last page of the list.
    done: bool,
}

pub async fn list(
    app: web::Data<App>,
    caller: Caller,
    ask: web::Query<Ask>,
    arrival: web::Query<Arrival>,
) -> Reply<HttpResponse> {
    let (wanted, part) = (ask.wanted()?, part_of(&ask));
    let counts = app.catalog.attention_counts(wanted.batch).await?;
    let of_reason = |reason: Need| counts.iter().find(|waiting| waiting.reason == reason).map_or(0, |one| one.pages);
    let all = counts.iter().map(|waiting| waiting.pages).sum();
    let total = wanted.reason.map_or(all, of_reason);
    let found = app.catalog.attention(wanted, ask.skip(LISTED), LISTED).await?;
    let names = names(&app, found.iter().map(|page| page.batch).chain(wanted.batch)).await?;
    let (list_page, list_pages) = (u64::from(ask.page.unwrap_or(1)), total.div_ceil(u64::from(LISTED)).max(1));
    let leaf = |page: u64| part.href("/attention", &[("page", &page.to_string())]);
    let mut frame = super::frame(&caller, "Attention", Some(Section::Attention));
    if arrival.done {
        frame = frame.with_notice("ok", "That was the last page of this list.");
    }
    html(&AttentionPage {
        frame,
        rows: found.iter().map(|page| row(page, &part, &names)).collect(),
        choices: choices(&part, all, counts.iter().map(|waiting| (waiting.reason, waiting.pages))),
        total,
        batch: wanted.batch.map(|batch| (name_of(&names, batch), without_batch(&part))),
        list_page,
        list_pages,
        earlier: (list_page > 1).then(|| leaf(list_page - 1)),
        later: (list_page < list_pages).then(|| leaf(list_page + 1)),
        part: part.clone(),
    })
}

/// How many pages are on the list: the number in the navigation.
pub async fn count(app: web::Data<App>) -> Reply<HttpResponse> {
    let counts = app.catalog.attention_counts(None).await?;
    html(&AttentionCount { pages: counts.iter().map(|waiting| waiting.pages).sum() })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct From {
    /// The page that somebody comes from, and the ledger index of the text that it had.
    page: Option<PageId>,
    after: Option<u64>,
    reason: String,
    batch: String,
}

/// To the next page of the list; to the list where there is none.
pub async fn next(app: web::Data<App>, from: web::Query<From>) -> Reply<HttpResponse> {
    let From { page, after, reason, batch } = from.into_inner();
    let ask = Ask { reason, batch, page: None };
    let part = part_of(&ask);
    let from = page.map(|page| Standing { page, read_index: after });
    Ok(match app.catalog.attention_after(ask.wanted()?, from).await? {
        Some(page) => see(&part.href(&format!("/pages/{page}/correct"), &[])),
        None => see(&part.href("/attention", &[("done", "true")])),
    })
}

pub fn part_of(ask: &Ask) -> Part {
    Part { reason: ask.reason.clone(), batch: ask.batch.clone() }
}

fn without_batch(part: &Part) -> String {
    Part { batch: String::new(), ..part.clone() }.href("/attention", &[])
}

async fn names(app: &App, batches: impl Iterator<Item = BatchId>) -> Reply<HashMap<BatchId, String>> {
    let mut names = HashMap::new();
    for batch in batches {
        if let Entry::Vacant(unknown) = names.entry(batch) {
            let record = app.catalog.batch_record(batch).await?;
            unknown.insert(record.map(|record| record.name).unwrap_or_default());
        }
    }
    Ok(names)
}

fn name_of(names: &HashMap<BatchId, String>, batch: BatchId) -> String {
    names.get(&batch).cloned().unwrap_or_default()
}

fn row(page: &Attention, part: &Part, names: &HashMap<BatchId, String>) -> AttentionRow {
    AttentionRow { batch: name_of(names, page.batch), ..plain_row(page, part) }
}

/// A page on a list that says elsewhere which batch it is of.
pub fn plain_row(page: &Attention, part: &Part) -> AttentionRow {
    let hint = match page.reason {
        Need::Unreadable(_) => Some("the image is safe: write down what stands there".to_owned()),
        Need::Look(_) => page.confidence.map(|confidence| format!("read with {confidence} % confidence")),
    };
    let alt = format!("Page {}", page.number);
    AttentionRow {
        href: part.href(&format!("/pages/{}/correct", page.page), &[]),
        thumb: Sheet::whole(page.page, (page.width, page.height), Vec::new(), THUMB, alt),
        number: page.number,
        batch: String::new(),
        reason: page.reason.explain(),
        icon: icon(page.reason),
        hint: sentence(&hint.unwrap_or_default()),
    }
}

fn choices(part: &Part, all: u64, counts: impl Iterator<Item = (Need, u64)>) -> Vec<Choice> {
    let to = |reason: &str| Part { reason: reason.to_owned(), ..part.clone() }.href("/attention", &[]);
    let every = Choice { label: "All", icon: "attention", href: to(""), pages: all, chosen: part.reason.is_empty() };
    let choice = |(need, pages): (Need, u64)| Choice {
        label: label(need),
        icon: icon(need),
        href: to(need.as_str()),
        pages,
        chosen: part.reason == need.as_str(),
    };
    [every].into_iter().chain(counts.map(choice)).collect()
}

const fn label(need: Need) -> &'static str {
    match need {
        Need::Unreadable(_) => need.explain(),
        Need::Look(AttentionReason::Handwriting) => "Handwriting",
        Need::Look(AttentionReason::Picture) => "Picture",
        Need::Look(AttentionReason::Faint) => "Too faint",
        Need::Look(AttentionReason::CutOff) => "Cut off",
        Need::Look(AttentionReason::Doubtful) => "Doubtful",
    }
}

const fn icon(need: Need) -> &'static str {
    match need {
        Need::Unreadable(_) => "bad",
        Need::Look(AttentionReason::Handwriting) => "hand",
        Need::Look(AttentionReason::Picture) => "picture",
        Need::Look(AttentionReason::Faint) => "faint",
        Need::Look(AttentionReason::CutOff) => "cut",
        Need::Look(AttentionReason::Doubtful) => "exceptions",
    }
}
