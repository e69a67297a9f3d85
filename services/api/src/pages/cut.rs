//! The screen on which a frame of film is cut another way out of its strip. The form alone does it; a script moves its edges.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use catalog::{Document, Page};
use record::event::ViewForm;
use record::words::Box as Place;
use serde::Deserialize;

use super::reply::{html_with, see};
use super::search::{href, on_film};
use super::view::reels::CutPage;
use super::view::sheet::Sheet;
use super::view::{Section, sentence};
use crate::identity::Caller;
use crate::problem::{Problem, Reply};
use crate::routes::{frames, named};
use crate::state::App;
use crate::{reach, recut, views};

/// The edges as sent, in pixels of the strip.
#[derive(Deserialize)]
pub struct Edges {
    version: u32,
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
    /// Where along the film a second frame begins; blank for none.
    #[serde(default)]
    divide: String,
}

pub async fn show(app: web::Data<App>, caller: Caller, page: web::Path<String>) -> Reply<HttpResponse> {
    let (document, page) = on_reel(&app, &caller, &page).await?;
    let (_, place) = frames::on_film(&app, &document, page.page).await?;
    screen(&app, &caller, (&document, &page), place, None).await
}

pub async fn cut(
    app: web::Data<App>,
    caller: Caller,
    page: web::Path<String>,
    edges: web::Form<Edges>,
) -> Reply<HttpResponse> {
    let (document, page) = on_reel(&app, &caller, &page).await?;
    let Edges { version, left, top, right, bottom, divide } = edges.into_inner();
    let place = Place { x: left, y: top, w: right.saturating_sub(left), h: bottom.saturating_sub(top) };
    let (film, _) = frames::on_film(&app, &document, page.page).await?;
    let cuts = match divide.trim() {
        "" => Ok(vec![place]),
        at => at
            .parse()
            .map(|at| divided(place, at, film.size()))
            .map_err(|_| "say where it is divided as a number of pixels"),
    };
    let done = match cuts {
        Ok(cuts) => recut::recut(&app, &caller, document.document, version, page.page, cuts).await,
        Err(rule) => Err(Problem::refused("divide", rule)),
    };
    match done {
        Ok(_) => Ok(see(&href(document.document, page.number, ""))),
        Err(problem) if problem.status == StatusCode::UNPROCESSABLE_ENTITY => {
            screen(&app, &caller, (&document, &page), place, Some(sentence(&problem.detail))).await
        }
        Err(problem) => Err(problem),
    }
}

/// What lies before the place along the film, and what lies behind it.
fn divided(place: Place, at: u32, (width, height): (u32, u32)) -> Vec<Place> {
    let before = |from: u32, size: u32| at.clamp(from, from.saturating_add(size)) - from;
    if height > width {
        let first = before(place.y, place.h);
        vec![Place { h: first, ..place }, Place { y: place.y + first, h: place.h - first, ..place }]
    } else {
        let first = before(place.x, place.w);
        vec![Place { w: first, ..place }, Place { x: place.x + first, w: place.w - first, ..place }]
    }
}

async fn on_reel(app: &App, caller: &Caller, page: &str) -> Reply<(Document, Page)> {
    let (document, page) = reach::page(app, caller, named(page)?).await?;
    if page.withdrawn { Err(Problem::absent()) } else { Ok((document, page)) }
}

async fn screen(
    app: &App,
    caller: &Caller,
    (document, page): (&Document, &Page),
    place: Place,
    wrong: Option<String>,
) -> Reply<HttpResponse> {
    views::log(app, caller, document.document, Some(page.page), ViewForm::Screen).await?;
    let (film, was) = frames::on_film(app, document, page.page).await?;
    let (size, part) = (film.size(), film.around(was));
    let src = format!("/api/v1/pages/{}/strip?x={}&y={}&w={}&h={}", page.page, part.x, part.y, part.w, part.h);
    let address = on_film(document.reel.as_deref(), page.frame).unwrap_or_else(|| format!("page {}", page.number));
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    html_with(
        status,
        &CutPage {
            frame: super::frame(caller, "Cut a frame", Some(Section::Batches)),
            page: page.page.to_string(),
            address,
            viewer: href(document.document, page.number, ""),
            version: document.version,
            strip: Sheet { src, alt: "The strip around the frame".to_owned(), part, lit: vec![place] },
            size,
            left: place.x,
            top: place.y,
            right: place.x.saturating_add(place.w),
            bottom: place.y.saturating_add(place.h),
            tall: size.1 > size.0,
            wrong,
        },
    )
}
