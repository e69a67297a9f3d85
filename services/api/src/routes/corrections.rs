//! `/api/v1/pages/{page}/corrections` and `/texts`: what people made of a page's words, and what stood there
//! before.

use actix_web::web;
use record::Digest;
use record::correction::Correction;
use record::event::Actor;
use serde::Serialize;
use utoipa::ToSchema;

use super::named;
use crate::correct::{self, Saved, Version};
use crate::identity::Caller;
use crate::problem::Reply;
use crate::reach;
use crate::state::App;

/// The page's text after a correction.
#[derive(Serialize, ToSchema)]
pub struct SavedText {
    /// The new text's digest, which the next correction replaces.
    #[schema(value_type = String)]
    pub text: Digest,
    pub words: u32,
    /// 0 to 100.
    pub confidence: u8,
    /// Words that are not as they were.
    pub changed: u32,
}

/// Gives the page a new text. Answers when it is durable; search finds it a moment later.
#[utoipa::path(post, path = "/api/v1/pages/{page}/corrections", tag = "oversight", params(("page" = String, Path)),
    request_body(content = Object, description = "`replaces`: the digest of the text that was looked at; left \
        out where the page could not be read and is written down for the first time. `words`: \
        `{index, text}` each, counted from 0 in reading order; a blank text removes the word, several words share its \
        place. `confirmed`: indices of words that are right. `confirmed_all`: so are all others, and the page leaves the \
        attention list. `added`: `{after, text, box}` each, a line after the line of that word, or last of all."),
    responses((status = 200, body = SavedText), (status = 404),
        (status = 409, description = "the page has another text by now"),
        (status = 422, description = "this cannot be said of this text")))]
pub async fn post(
    app: web::Data<App>,
    caller: Caller,
    page: web::Path<String>,
    body: web::Json<Correction>,
) -> Reply<web::Json<SavedText>> {
    let Saved { text, words, confidence, changed } = correct::correct(&app, &caller, named(&page)?, &body).await?;
    Ok(web::Json(SavedText { text, words, confidence, changed }))
}

/// One text that the page was given.
#[derive(Serialize, ToSchema)]
pub struct TextVersion {
    /// `/api/v1/pages/{page}/alto?text=` gives it.
    #[schema(value_type = String)]
    pub text: Digest,
    /// `read` by a machine or `corrected` by a person.
    pub kind: &'static str,
    /// RFC 3339.
    pub at: String,
    /// `account:<id>`, `token:<id>` or `system`.
    #[schema(value_type = String)]
    pub by: Actor,
    pub words: u32,
    /// 0 to 100.
    pub confidence: u8,
    /// Of a correction: words that are not as they were.
    pub changed: Option<u32>,
    /// Whether it became the page's text; a reading after a correction does not.
    pub held: bool,
    /// Whether it is the page's text now.
    pub current: bool,
}

/// Every text that the ledger names for this page, oldest first. None is ever overwritten.
#[utoipa::path(get, path = "/api/v1/pages/{page}/texts", tag = "retrieval", params(("page" = String, Path)),
    responses((status = 200, body = Vec<TextVersion>), (status = 404)))]
pub async fn texts(app: web::Data<App>, caller: Caller, page: web::Path<String>) -> Reply<web::Json<Vec<TextVersion>>> {
    let (_, page) = reach::page(&app, &caller, named(&page)?).await?;
    let version = |version: Version| TextVersion {
        text: version.text,
        kind: if version.changed.is_some() { "corrected" } else { "read" },
        at: version.at.to_string(),
        by: version.by,
        words: version.words,
        confidence: version.confidence,
        changed: version.changed,
        held: version.held,
        current: page.text == Some(version.text),
    };
    Ok(web::Json(correct::versions(&app, &page).await?.into_iter().map(version).collect()))
}
