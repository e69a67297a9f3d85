//! The correction screen: what was read on a page beside what is there. The page brings who, what and where; the
//! words come by script from the API, and go back to it.

use actix_web::{HttpResponse, web};
use catalog::{Document, Page, PageState};
use record::event::{UnreadableReason, ViewForm};

use super::attention::part_of;
use super::names::Names;
use super::reply::html;
use super::search::{href, patient_name};
use super::view::attention::{CorrectPage, TextRow};
use super::view::{Section, clock, readable};
use crate::correct::{self, Version};
use crate::identity::Caller;
use crate::problem::{Problem, Reply};
use crate::routes::attention::Ask;
use crate::routes::named;
use crate::state::App;
use crate::{reach, views};

/// Words read with less confidence are shown without being asked for.
const DOUBTFUL_BELOW: u8 = 80;

pub async fn show(
    app: web::Data<App>,
    caller: Caller,
    page: web::Path<String>,
    ask: web::Query<Ask>,
) -> Reply<HttpResponse> {
    ask.wanted()?;
    let (document, page) = reach::page(&app, &caller, named(&page)?).await?;
    if page.withdrawn {
        return Err(Problem::absent());
    }
    views::log(&app, &caller, document.document, Some(page.page), ViewForm::Screen).await?;
    let part = part_of(&ask);
    let (here, after) = (page.page.to_string(), page.read_index.map(|index| index.to_string()).unwrap_or_default());
    html(&CorrectPage {
        frame: super::frame(&caller, "Correct the text", Some(Section::Attention)),
        page: here.clone(),
        heading: heading(&document, &page),
        patient: patient(&app, &document).await?,
        viewer: href(document.document, page.number, ""),
        list: part.href("/attention", &[]),
        next: part.href("/attention/next", &[("page", &here), ("after", &after)]),
        waits: page.state == PageState::Sealed,
        unread: (page.state == PageState::Unreadable)
            .then(|| page.reason.unwrap_or(UnreadableReason::Failed).explain()),
        below: DOUBTFUL_BELOW,
        texts: texts(&app, &page).await?,
    })
}

fn heading(document: &Document, page: &Page) -> String {
    let kind = document.document_type.as_ref().map(|kind| readable(kind.reveal()));
    let kind = kind.unwrap_or_else(|| "Document".to_owned());
    format!("{kind}, page {} of {}", page.number, document.pages)
}

async fn patient(app: &App, document: &Document) -> Reply<String> {
    let Some(mrn) = &document.mrn else {
        return Ok("no patient yet".to_owned());
    };
    let name = patient_name(app, Some(mrn)).await?;
    Ok(name.map_or_else(|| mrn.reveal().to_owned(), |name| format!("{name}, {}", mrn.reveal())))
}

async fn texts(app: &App, page: &Page) -> Reply<Vec<TextRow>> {
    let names = Names::load(app).await?;
    let versions = correct::versions(app, page).await?;
    let row = |version: &Version| TextRow {
        href: format!("/api/v1/pages/{}/alto?text={}", page.page, version.text),
        at: clock(&version.at),
        what: told(version),
        who: names.of(&version.by),
        current: page.text == Some(version.text),
    };
    Ok(versions.iter().rev().filter(|version| version.held).map(row).collect())
}

fn told(version: &Version) -> String {
    match version.changed {
        None => format!("read: {} words, {} %", version.words, version.confidence),
        Some(0) => "confirmed".to_owned(),
        Some(1) => "1 word corrected".to_owned(),
        Some(changed) => format!("{changed} words corrected"),
    }
}
