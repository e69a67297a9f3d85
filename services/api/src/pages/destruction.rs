//! What may be destroyed, what waits for a second person, and what is held: for those who propose and those who approve.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use record::destruction::{DestructionState, ProposeDestruction, PutHold};
use record::event::Actor;
use record::{DestructionId, DocumentId, HoldId};
use serde::Deserialize;

use super::names::Names;
use super::reply::{html, html_with, see};
use super::view::destruction::{DestructionPage, DestructionRow, Form, HoldRow};
use super::view::{Section, clock, sentence};
use crate::destruction;
use crate::identity::Caller;
use crate::policy::Action;
use crate::problem::{Problem, Reply};
use crate::routes::named;
use crate::state::App;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Ask {
    /// To begin with: the document that somebody comes from.
    document: String,
    /// Fill in what is due.
    due: bool,
}

pub async fn show(app: web::Data<App>, caller: Caller, ask: web::Query<Ask>) -> Reply<HttpResponse> {
    let mut form = Form { documents: ask.document.clone(), ..Form::default() };
    if ask.due {
        let due = destruction::due(&app).await?;
        form.none_due = due.is_empty();
        form.documents = due.iter().map(|one| one.document.to_string()).collect::<Vec<_>>().join("\n");
    }
    html(&page(&app, &caller, form).await?)
}

async fn page(app: &App, caller: &Caller, form: Form) -> Reply<DestructionPage> {
    let names = Names::load(app).await?;
    let row = |found: catalog::Destruction| {
        let own = found.proposed_by == caller.actor;
        let by = |actor: &Actor| names.of(actor);
        let (proposed, decided) = (by(&found.proposed_by), found.decided_by.as_ref().map(by));
        let status = destruction::status(app, found);
        DestructionRow {
            own,
            proposed_by: proposed,
            proposed_at: clock(&status.proposed_at),
            decided: decided.zip(status.decided_at.as_ref().map(clock)),
            status,
        }
    };
    let holds = app.catalog.holds().await?;
    let hold = |hold: record::destruction::HoldRecord| HoldRow {
        hold: hold.hold.to_string(),
        reference: hold.reference,
        patients: hold.patients.iter().map(|mrn| mrn.reveal().to_owned()).collect(),
        documents: hold.documents.iter().map(ToString::to_string).collect(),
        released: hold.released,
    };
    Ok(DestructionPage {
        frame: super::frame(caller, "Destruction", Some(Section::Destruction)),
        form,
        rows: app.catalog.destructions(destruction::LISTED_MAX).await?.into_iter().map(row).collect(),
        holds: holds.into_iter().map(hold).collect(),
        may_approve: caller.may(Action::Dispose),
        has_schedule: app.retention.is_some(),
    })
}

async fn refused(app: &App, caller: &Caller, form: Form, problem: Problem) -> Reply<HttpResponse> {
    if problem.status.is_server_error() {
        return Err(problem);
    }
    let mut page = page(app, caller, form).await?;
    page.frame = page.frame.with_notice("bad", sentence(&problem.detail));
    html_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

#[derive(Deserialize)]
pub struct Proposing {
    /// Ids, between blanks, commas or ends of lines.
    documents: String,
    #[serde(default)]
    reference: String,
    #[serde(default)]
    authority: String,
    /// `plan` or `propose`.
    #[serde(default)]
    step: String,
}

/// Shows what would go, or puts it before a second person.
pub async fn propose(app: web::Data<App>, caller: Caller, asked: web::Form<Proposing>) -> Reply<HttpResponse> {
    let Proposing { documents: text, reference, authority, step } = asked.into_inner();
    let form = Form { documents: text.clone(), reference, authority, ..Form::default() };
    let documents = match ids(&text) {
        Ok(documents) => documents,
        Err(problem) => return refused(&app, &caller, form, problem).await,
    };
    if step == "propose" {
        let ask = ProposeDestruction {
            documents,
            reference: form.reference.trim().to_owned(),
            authority: form.authority.clone(),
        };
        return match destruction::propose(&app, &caller, &ask).await {
            Ok(_) => Ok(see("/destruction")),
            Err(problem) => refused(&app, &caller, form, problem).await,
        };
    }
    match destruction::plan(&app, &documents).await {
        Ok(plan) => html(&page(&app, &caller, Form { plan: Some(plan), ..form }).await?),
        Err(problem) => refused(&app, &caller, form, problem).await,
    }
}

fn ids(text: &str) -> Reply<Vec<DocumentId>> {
    let words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    // Somebody may paste the address of a document's page.
    let id = |word: &str| word.rsplit('/').next().and_then(|id| id.parse().ok());
    let wrong =
        || Problem::refused("documents", "write ids of documents, as they stand in the addresses of their pages");
    words.map(|word| id(word).ok_or_else(wrong)).collect()
}

pub async fn approve(app: web::Data<App>, caller: Caller, id: web::Path<String>) -> Reply<HttpResponse> {
    let id: DestructionId = named(&id)?;
    match destruction::approve(&app, &caller, id).await {
        Ok(()) => Ok(see("/destruction")),
        Err(problem) => refused(&app, &caller, Form::default(), problem).await,
    }
}

pub async fn withdraw(app: web::Data<App>, caller: Caller, id: web::Path<String>) -> Reply<HttpResponse> {
    let id: DestructionId = named(&id)?;
    match destruction::withdraw(&app, &caller, id).await {
        Ok(()) => Ok(see("/destruction")),
        Err(problem) => refused(&app, &caller, Form::default(), problem).await,
    }
}

#[derive(Deserialize)]
pub struct Holding {
    reference: String,
    #[serde(default)]
    patients: String,
    #[serde(default)]
    documents: String,
}

pub async fn hold(app: web::Data<App>, caller: Caller, asked: web::Form<Holding>) -> Reply<HttpResponse> {
    let Holding { reference, patients, documents } = asked.into_inner();
    let words = |text: &str| text.split([',', ' ', '\n', '\r', '\t']).map(str::to_owned).collect::<Vec<_>>();
    let wrong = || Problem::refused("patients", "write patient numbers, with blanks or commas between them");
    let numbers = words(&patients).into_iter().filter(|word| !word.is_empty());
    let patients: Reply<Vec<_>> = numbers.map(|word| word.parse().map_err(|_| wrong())).collect();
    let ask = match (patients, ids(&documents)) {
        (Ok(patients), Ok(documents)) => PutHold { reference: reference.trim().to_owned(), patients, documents },
        (Err(problem), _) | (_, Err(problem)) => return refused(&app, &caller, Form::default(), problem).await,
    };
    match destruction::put_hold(&app, &caller, ask).await {
        Ok(_) => Ok(see("/destruction#holds")),
        Err(problem) => refused(&app, &caller, Form::default(), problem).await,
    }
}

pub async fn release(app: web::Data<App>, caller: Caller, hold: web::Path<String>) -> Reply<HttpResponse> {
    let hold: HoldId = named(&hold)?;
    destruction::release_hold(&app, &caller, hold).await?;
    Ok(see("/destruction#holds"))
}

/// Proposals that wait for this caller: the number beside the link.
pub async fn count(app: web::Data<App>, caller: Caller) -> Reply<HttpResponse> {
    let all = app.catalog.destructions(destruction::LISTED_MAX).await?;
    let waits = |found: &&catalog::Destruction| {
        found.state == DestructionState::Proposed && found.proposed_by != caller.actor && caller.may(Action::Dispose)
    };
    html(&super::view::destruction::Waiting { count: all.iter().filter(waits).count() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_out_of_what_people_paste() {
        let id = DocumentId::derived([b"d".as_slice()]);
        let text = format!("{id},\n https://charts.example/documents/{id}\t");
        assert_eq!(ids(&text).expect("two ids"), [id, id]);
        assert!(ids("").expect("none").is_empty() && ids("MRN-1").is_err());
    }
}
