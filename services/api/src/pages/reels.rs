//! Reels of film: which there are, and what stands on one.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use record::film::{Order, Reel};
use record::limits::FINDING_AID_REELS_MAX;
use serde::Deserialize;

use super::reply::{html, html_with};
use super::view::reels::{ChartRow, ReelPage, ReelRow, ReelsPage};
use super::view::{Section, clock, encoded, sentence};
use super::{grouping, search};
use crate::identity::Caller;
use crate::policy::Action;
use crate::problem::Reply;
use crate::reels::{self, Chart};
use crate::state::App;

#[derive(Deserialize)]
pub struct Ask {
    /// The label of one.
    reel: Option<String>,
}

pub async fn show(app: web::Data<App>, caller: Caller, ask: web::Query<Ask>) -> Reply<HttpResponse> {
    match ask.into_inner().reel {
        Some(label) => shown(&app, &caller, &label, (StatusCode::OK, None)).await,
        None => list(&app, &caller).await,
    }
}

async fn list(app: &App, caller: &Caller) -> Reply<HttpResponse> {
    let reels = app.catalog.reels(0, FINDING_AID_REELS_MAX).await?.iter().map(row).collect();
    html(&ReelsPage { frame: super::frame(caller, "Reels", Some(Section::Batches)), reels })
}

/// A reel's page, with what is wrong where something was asked of it.
pub async fn shown(
    app: &App,
    caller: &Caller,
    label: &str,
    (status, wrong): (StatusCode, Option<String>),
) -> Reply<HttpResponse> {
    let shown = reels::show(app, label).await?;
    let left_out: Vec<String> = shown.left_out.iter().map(span).collect();
    let page = ReelPage {
        frame: super::frame(caller, &format!("Reel {label}"), Some(Section::Batches)),
        reel: row(&shown.held),
        order: order(&shown.held.record),
        expected: shown.held.record.frames,
        last: shown.held.last_frame,
        left_out: left_out.join(", "),
        differences: shown.differences().iter().map(|difference| sentence(difference)).collect(),
        groups: grouping::forms(app, &shown).await?,
        grouped: grouping::put_back_forms(app, label).await?,
        may_group: caller.may(Action::Resolve),
        wrong,
        charts: shown.charts.iter().map(chart_row).collect(),
        made: clock(&app.now()),
    };
    html_with(status, &page)
}

pub fn href(label: &str) -> String {
    format!("/reels?reel={}", encoded(label))
}

fn row(held: &catalog::HeldReel) -> ReelRow {
    let Reel { label, film, polarity, reduction, carton, shelf, .. } = held.record.clone();
    let polarity = polarity.map(|polarity| polarity.as_str().to_owned());
    let film = [Some(film.as_str().to_owned()), polarity, reduction.map(|times| format!("{times}×"))];
    let place = [carton.map(|carton| format!("box {carton}")), shelf.map(|shelf| format!("shelf {shelf}"))];
    let told = |parts: &[Option<String>]| parts.iter().flatten().cloned().collect::<Vec<_>>().join(", ");
    ReelRow {
        label,
        film: told(&film),
        place: told(&place),
        frames: held.frames,
        documents: held.documents,
        unfiled: held.unfiled,
    }
}

fn order(reel: &Reel) -> String {
    let order = match reel.order {
        Some(Order::TerminalDigit) => "by terminal digits",
        Some(Order::Numeric) => "by number",
        Some(Order::Alphabetical) => "by name",
        None => "not said",
    };
    match (&reel.first, &reel.last) {
        (None, None) => order.to_owned(),
        (first, last) => {
            let end = |mrn: &Option<record::Mrn>| mrn.as_ref().map_or("…", |mrn| mrn.reveal()).to_owned();
            format!("{order}, {} to {}", end(first), end(last))
        }
    }
}

fn span((from, to): &(u32, u32)) -> String {
    if from == to { from.to_string() } else { format!("{from}-{to}") }
}

fn chart_row(chart: &Chart) -> ChartRow {
    ChartRow {
        href: search::href(chart.document, chart.number, ""),
        frames: chart.span(),
        mrn: chart.mrn.as_ref().map_or("", |mrn| mrn.reveal()).to_owned(),
        read: chart.is_read,
        misplaced: chart.misplaced,
        foreign: chart.foreign,
    }
}
