//! `/api/v1/patients`: is a number in the patient list? For stations, before a batch goes on.

use actix_web::{HttpResponse, web};
use record::event::LookUpRecord;
use record::wire::{LookUp, LookedUp};
use record::{EventKind, canonical, limits};

use crate::identity::Caller;
use crate::password;
use crate::problem::{Problem, Reply};
use crate::state::App;

/// Which of these numbers are in the patient list, and whose are they? Who asked for whom is in the ledger before the answer
/// leaves.
#[utoipa::path(post, path = "/api/v1/patients/lookup", tag = "capture",
    request_body(content = Object, description = "`LookUp`: mrns"),
    responses((status = 200, description = "`LookedUp`: has_list, patients in the order of the question", body = Object),
        (status = 422, description = "more numbers than are answered at once")))]
pub async fn look_up(app: web::Data<App>, caller: Caller, body: web::Json<LookUp>) -> Reply<HttpResponse> {
    let mrns = body.into_inner().mrns;
    if mrns.is_empty() || mrns.len() > limits::LOOKUP_PATIENTS_MAX {
        let text = format!("ask for 1 to {} patient numbers at once", limits::LOOKUP_PATIENTS_MAX);
        return Err(Problem::refused("lookup-size", text));
    }
    // Afterwards the catalog has what others appended, too: patients that were added a moment ago.
    let count = mrns.len() as u32;
    let record = LookUpRecord { salt: password::salt()?, mrns: mrns.clone() };
    let body = app.archive.put("application/json", canonical::to_bytes(&record)?.into()).await?;
    app.append_one(caller.actor, EventKind::PatientsLookedUp { body: body.digest, count }).await?;
    let mut patients = Vec::with_capacity(mrns.len());
    for mrn in &mrns {
        // One number is printed in several ways; where several patients have these digits, it names none.
        let exact = app.catalog.patient(mrn).await?;
        let mut alike = app.catalog.patients_with_digits(mrn).await?;
        patients.push(exact.or_else(|| if alike.len() == 1 { alike.pop() } else { None }));
    }
    let has_list = app.catalog.has_patients().await?;
    Ok(HttpResponse::Ok().json(LookedUp { has_list, patients }))
}
