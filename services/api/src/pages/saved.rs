//! The searches that somebody keeps: what is new, and the way to it.

use actix_web::{HttpResponse, web};
use record::saved::KeepSearch;

use super::reply::{html, see};
use super::view::Section;
use super::view::saved::{SavedCount, SavedPage, SavedRow};
use crate::identity::Caller;
use crate::problem::Reply;
use crate::routes::named;
use crate::saved::{self, Standing};
use crate::state::App;

pub async fn list(app: web::Data<App>, caller: Caller) -> Reply<HttpResponse> {
    let rows = saved::all(&app, &caller).await?.into_iter().map(row).collect();
    html(&SavedPage { frame: super::frame(&caller, "Saved searches", Some(Section::Saved)), rows })
}

/// How many of them have something new: the number in the navigation.
pub async fn count(app: web::Data<App>, caller: Caller) -> Reply<HttpResponse> {
    let searches = saved::all(&app, &caller).await?.iter().filter(|standing| standing.new > 0).count();
    html(&SavedCount { searches })
}

pub async fn keep(app: web::Data<App>, caller: Caller, form: web::Form<KeepSearch>) -> Reply<HttpResponse> {
    saved::keep(&app, &caller, form.into_inner()).await?;
    Ok(see("/saved"))
}

/// What is new to it, where anything is; else all that it finds. Either is seen from now on.
pub async fn open(app: web::Data<App>, caller: Caller, search: web::Path<String>) -> Reply<HttpResponse> {
    let search = named(&search)?;
    let new = saved::all(&app, &caller).await?.iter().any(|standing| standing.search == search && standing.new > 0);
    let before = saved::look(&app, &caller, search).await?;
    let since = if new { format!("&since={}", before.seen) } else { String::new() };
    Ok(see(&format!("/search?{}{since}", before.query)))
}

pub async fn drop(app: web::Data<App>, caller: Caller, search: web::Path<String>) -> Reply<HttpResponse> {
    saved::drop(&app, &caller, named(&search)?).await?;
    Ok(see("/saved"))
}

fn row(standing: Standing) -> SavedRow {
    let Standing { search, name, query, new, partial, .. } = standing;
    SavedRow { told: told(&query), search, name, query, new, partial }
}

/// The parameters as a person wrote them.
fn told(query: &str) -> String {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(query).map(web::Query::into_inner).unwrap_or_default();
    let told = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    told.map(|(name, value)| if name == "q" { value } else { format!("{name}: {value}") })
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_told_as_it_was_typed() {
        assert_eq!(told("q=chest+pain&type=LETTER&from="), "chest pain, type: LETTER");
        assert_eq!(told("q=%22heart%20attack%22"), "\"heart attack\"");
    }
}
