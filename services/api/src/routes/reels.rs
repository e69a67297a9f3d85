//! `/api/v1/reels`: which reels of film are there, and what stands on one? `/api/v1/reels/finding-aid` tells of them as an archive
//! does, without patients.

use actix_web::{HttpResponse, web};
use formats::ead::Form;
use record::film::Reel;
use record::limits::{FINDING_AID_REELS_MAX, NAME_CHARS_MAX};
use record::{DocumentId, Mrn};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::pages::attached;
use crate::problem::{Problem, Reply};
use crate::reels::{self, Chart, Shown};
use crate::state::App;

/// A reel with what of it is in documents.
#[derive(Serialize, ToSchema)]
pub struct ReelView {
    #[schema(value_type = Object)]
    pub reel: Reel,
    pub documents: u64,
    /// Of these, not filed.
    pub unfiled: u64,
    /// In documents.
    pub frames: u64,
    /// The highest number of one in a document.
    pub last_frame: Option<u32>,
}

impl From<catalog::HeldReel> for ReelView {
    fn from(held: catalog::HeldReel) -> Self {
        let catalog::HeldReel { record, documents, unfiled, frames, last_frame, .. } = held;
        Self { reel: record, documents, unfiled, frames, last_frame }
    }
}

/// Every reel, by label.
#[utoipa::path(get, path = "/api/v1/reels", tag = "oversight", responses((status = 200, body = Vec<ReelView>)))]
pub async fn list(app: web::Data<App>) -> Reply<web::Json<Vec<ReelView>>> {
    let held = app.catalog.reels(0, FINDING_AID_REELS_MAX).await?;
    Ok(web::Json(held.into_iter().map(ReelView::from).collect()))
}

#[derive(Deserialize, IntoParams)]
pub struct Which {
    /// The reel's label.
    reel: String,
}

/// What stands on a reel, and what of it should be looked at.
#[derive(Serialize, ToSchema)]
pub struct ReelContents {
    #[serde(flatten)]
    pub held: ReelView,
    /// Frames in a row that are one patient's, in one document.
    pub charts: Vec<ChartView>,
    /// Numbers of frames that are in no document.
    pub left_out: Vec<Span>,
    /// Numbers that more than one page has.
    pub twice: Vec<u32>,
    /// For people; empty where all is in order.
    pub differences: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Span {
    pub from: u32,
    pub to: u32,
}

#[derive(Serialize, ToSchema)]
pub struct ChartView {
    pub from: u32,
    pub to: u32,
    #[schema(value_type = String)]
    pub document: DocumentId,
    /// The first frame's 1-based place in the document.
    pub number: u32,
    #[schema(value_type = Option<String>)]
    pub mrn: Option<Mrn>,
    /// The number was read on a frame; else it is the document's.
    pub read: bool,
    /// Breaks the reel's order.
    pub misplaced: bool,
    /// Is not among the charts that the reel's box names.
    pub foreign: bool,
}

impl From<Chart> for ChartView {
    fn from(chart: Chart) -> Self {
        let Chart { document, number, first, last, mrn, is_read, misplaced, foreign, .. } = chart;
        Self { from: first, to: last, document, number, mrn, read: is_read, misplaced, foreign }
    }
}

/// What stands on a reel, chart by chart, held against its order and its box by what was read on the frames.
#[utoipa::path(get, path = "/api/v1/reel", tag = "oversight", params(Which), responses((status = 200, body = ReelContents), (status = 404)))]
pub async fn show(app: web::Data<App>, which: web::Query<Which>) -> Reply<web::Json<ReelContents>> {
    let shown = reels::show(&app, &which.reel).await?;
    let differences = shown.differences();
    let Shown { held, charts, left_out, twice } = shown;
    Ok(web::Json(ReelContents {
        held: held.into(),
        charts: charts.into_iter().map(ChartView::from).collect(),
        left_out: left_out.into_iter().map(|(from, to)| Span { from, to }).collect(),
        twice,
        differences,
    }))
}

#[derive(Deserialize, IntoParams)]
pub struct Wanted {
    /// `ead3`, or `ead2002`.
    form: Option<String>,
    /// Who keeps the reels, as the finding aid is to say it.
    agency: Option<String>,
}

/// The finding aid of all reels, as EAD 3 or EAD 2002. It names no patient.
#[utoipa::path(get, path = "/api/v1/reels/finding-aid", tag = "oversight", params(Wanted),
    responses((status = 200, content_type = "application/xml"), (status = 400)))]
pub async fn finding_aid(app: web::Data<App>, wanted: web::Query<Wanted>) -> Reply<HttpResponse> {
    let Wanted { form, agency } = wanted.into_inner();
    let form = match form.as_deref() {
        None | Some("ead3") => Form::Ead3,
        Some("ead2002") => Form::Ead2002,
        Some(_) => return Err(Problem::malformed("a finding aid is `ead3` or `ead2002`")),
    };
    let agency = agency.filter(|agency| !agency.trim().is_empty() && agency.chars().count() <= NAME_CHARS_MAX);
    let aid = reels::finding_aid(&app, agency.unwrap_or_else(|| "Medical records".to_owned())).await?;
    Ok(attached("application/xml", form.file_name()).body(aid.write(form)))
}
