//! The forms on a reel's page with which its frames are grouped into documents, and put back.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use record::{DocumentId, Mrn};

use super::reels::{self, shown};
use super::reply::see;
use super::view::reels::{BeginRow, GroupForm, PutBackForm};
use super::view::sentence;
use crate::grouping::{self, Beginning};
use crate::identity::Caller;
use crate::problem::{Problem, Reply};
use crate::reach;
use crate::reels::{Chart, Shown};
use crate::routes::named;
use crate::state::App;

/// Documents of a reel that are looked at for whether they came from grouping.
const CHANGED_MAX: u32 = 20;

/// A form for each document that holds frames of several charts.
pub async fn forms(app: &App, shown: &Shown) -> Reply<Vec<GroupForm>> {
    let mut forms = Vec::new();
    for charts in shown.charts.chunk_by(|a, b| a.document == b.document).filter(|charts| charts.len() > 1) {
        let Some(document) = app.catalog.document(charts[0].document).await? else { continue };
        forms.push(GroupForm {
            document: document.document.to_string(),
            version: document.version,
            frames: format!("{}-{}", charts[0].first, charts[charts.len() - 1].last),
            begins: charts.iter().map(begin_row).collect(),
        });
    }
    Ok(forms)
}

/// A chart that breaks the reel's order is more likely misread: its frames are proposed to go with those before.
fn begin_row(chart: &Chart) -> BeginRow {
    BeginRow {
        number: chart.number,
        frames: chart.span(),
        href: super::search::href(chart.document, chart.number, ""),
        mrn: chart.mrn.as_ref().map_or("", |mrn| mrn.reveal()).to_owned(),
        proposed: chart.is_read && !chart.misplaced,
        misplaced: chart.misplaced,
    }
}

/// A form for each document whose newest version came from grouping.
pub async fn put_back_forms(app: &App, label: &str) -> Reply<Vec<PutBackForm>> {
    let mut forms = Vec::new();
    for document in app.catalog.changed_on_reel(label, CHANGED_MAX).await? {
        let manifest = app.archive.manifest(&document.manifest).await?;
        let parts = grouping::parts(app, &document, &manifest).await?.len();
        if parts > 0 {
            forms.push(PutBackForm {
                document: document.document.to_string(),
                version: document.version,
                documents: parts + 1,
            });
        }
    }
    Ok(forms)
}

/// What was sent: `version`, and for each chart that may begin a document `begin-N` and `mrn-N`.
type Sent = Vec<(String, String)>;

pub async fn group(
    app: web::Data<App>,
    caller: Caller,
    document: web::Path<String>,
    sent: web::Form<Sent>,
) -> Reply<HttpResponse> {
    let (document, label) = on_reel(&app, &caller, &document).await?;
    let sent: HashMap<String, String> = sent.into_inner().into_iter().collect();
    let done = async {
        let (version, begins) = beginnings(&sent)?;
        grouping::group(&app, &caller, document, version, begins).await.map(drop)
    };
    answer(&app, &caller, &label, done.await).await
}

pub async fn put_back(
    app: web::Data<App>,
    caller: Caller,
    document: web::Path<String>,
    sent: web::Form<Sent>,
) -> Reply<HttpResponse> {
    let (document, label) = on_reel(&app, &caller, &document).await?;
    let version = version(&sent.into_inner().into_iter().collect());
    let done = async { grouping::put_back(&app, &caller, document, version?).await.map(drop) };
    answer(&app, &caller, &label, done.await).await
}

async fn on_reel(app: &App, caller: &Caller, document: &str) -> Reply<(DocumentId, String)> {
    let document = reach::document(app, caller, named(document)?).await?;
    Ok((document.document, document.reel.ok_or_else(Problem::absent)?))
}

/// The reel's page again, with what is wrong.
async fn answer(app: &App, caller: &Caller, label: &str, done: Reply<()>) -> Reply<HttpResponse> {
    match done {
        Ok(()) => Ok(see(&reels::href(label))),
        Err(problem) if [StatusCode::UNPROCESSABLE_ENTITY, StatusCode::CONFLICT].contains(&problem.status) => {
            shown(app, caller, label, (problem.status, Some(sentence(&problem.detail)))).await
        }
        Err(problem) => Err(problem),
    }
}

fn refused(rule: impl Into<String>) -> Problem {
    Problem::refused("grouping", rule.into())
}

fn version(sent: &HashMap<String, String>) -> Reply<u32> {
    sent.get("version").and_then(|version| version.parse().ok()).ok_or_else(|| refused("open the reel anew"))
}

fn beginnings(sent: &HashMap<String, String>) -> Reply<(u32, Vec<Beginning>)> {
    let named = sent.keys().filter_map(|key| key.strip_prefix("begin-")?.parse::<u32>().ok());
    let mut numbers: Vec<u32> = named.collect();
    numbers.sort_unstable();
    let begin = |number: u32| {
        let text = sent.get(&format!("mrn-{number}")).map_or("", |mrn| mrn.trim()).to_uppercase();
        let mrn = (!text.is_empty()).then(|| text.parse::<Mrn>()).transpose();
        let mrn = mrn.map_err(|_| refused(format!("the patient number of the document at page {number} is none")))?;
        Ok(Beginning { number, mrn })
    };
    let begins: Reply<Vec<Beginning>> = numbers.into_iter().map(begin).collect();
    Ok((version(sent)?, begins?))
}
