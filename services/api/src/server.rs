//! Which address does what, and who may ask? The route table of the API, and how the server
//! is put together around it.
//!
//! The pages have a table of the same form: [`crate::pages::configure`] and
//! [`crate::pages::ROUTES`], both made by [`crate::routes!`].

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::{Error, ResponseError as _, web};
use record::limits;

use crate::headers;
use crate::policy::Action;
use crate::problem::{Problem, Reply};
use crate::state::App;

/// One line of a route table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// `get`, `put`, …
    pub method: &'static str,
    /// As actix writes it: `/api/v1/documents/{document}`.
    pub path: &'static str,
    pub action: Action,
}

/// Makes a route table: `method "path" Action => handler;` line by line. It gives
/// `ROUTES: &[Route]` and `configure(&mut ServiceConfig)`, which registers each handler with
/// [`crate::guard::Guard`] before it. There is no other way to register a route, so there is
/// none without a policy.
///
/// An [`Action::Open`] handler takes `Option<Caller>` where it wants to know who asks; every
/// other one may take `Caller`.
#[macro_export]
macro_rules! routes {
    ($($method:ident $path:literal $action:ident => $handler:path;)*) => {
        pub const ROUTES: &[$crate::server::Route] = &[$($crate::server::Route {
            method: stringify!($method),
            path: $path,
            action: $crate::policy::Action::$action,
        }),*];

        pub fn configure(config: &mut actix_web::web::ServiceConfig) {
            $(config.route($path, actix_web::web::$method().to($handler).wrap(
                $crate::guard::Guard($crate::policy::Action::$action),
            ));)*
        }
    };
}

mod api {
    use crate::routes::{
        alarms, attention, batches, campaigns, corrections, destructions, documents, frames, handover, iiif, jobs,
        ledger, open, pages, patients, reels, search, searches, session, store, uploads,
    };

    routes! {
        get    "/healthz"                                     Open       => open::health;
        get    "/metrics"                                     Audit      => open::metrics;
        get    "/api/openapi.json"                            Open       => open::description;

        post   "/api/v1/session"                              Open       => session::log_in;
        get    "/api/v1/session"                              BeSomebody => session::whoami;
        delete "/api/v1/session"                              BeSomebody => session::log_out;
        post   "/api/v1/session/password"                     BeSomebody => session::change_password;

        get    "/api/v1/ledger/key"                           BeSomebody => ledger::key;
        get    "/api/v1/ledger/keys"                          BeSomebody => ledger::keys;
        get    "/api/v1/ledger/checkpoint"                    BeSomebody => ledger::checkpoint;
        get    "/api/v1/ledger/events"                        Audit      => ledger::events;
        get    "/api/v1/ledger/events/{index}/proof"          Audit      => ledger::proof;

        get    "/api/v1/store"                                Audit      => store::show;

        post   "/api/v1/uploads"                              Capture    => uploads::create;
        head   "/api/v1/uploads/{digest}"                     Capture    => uploads::offset;
        patch  "/api/v1/uploads/{digest}"                     Capture    => uploads::append;
        put    "/api/v1/batches/{batch}"                      Capture    => batches::open;
        post   "/api/v1/batches/{batch}/close"                Capture    => batches::close;
        get    "/api/v1/batches/{batch}"                      Oversee    => batches::status;
        get    "/api/v1/batches"                              Oversee    => batches::list;
        put    "/api/v1/batches/{batch}/documents/{document}" Capture    => handover::take;
        post   "/api/v1/patients/lookup"                      Resolve    => patients::look_up;
        get    "/api/v1/exceptions"                           Oversee    => batches::exceptions;
        get    "/api/v1/attention"                            Oversee    => attention::list;
        post   "/api/v1/pages/{page}/corrections"             Resolve    => corrections::post;
        get    "/api/v1/alarms"                               Oversee    => alarms::list;
        get    "/api/v1/documents/{document}/proposals"       Resolve    => alarms::proposals;
        post   "/api/v1/documents/{document}/fields"          Resolve    => documents::enter_fields;
        post   "/api/v1/documents/{document}/alarms/{page}/dismissal" Resolve => alarms::dismiss;

        post   "/api/v1/jobs/claim"                           Work       => jobs::claim;
        get    "/api/v1/jobs/{job}/image"                     Work       => jobs::image;
        get    "/api/v1/jobs/{job}/brought"                   Work       => jobs::brought;
        post   "/api/v1/jobs/{job}/beat"                      Work       => jobs::beat;
        post   "/api/v1/jobs/{job}/text"                      Work       => jobs::text;
        post   "/api/v1/jobs/{job}/failure"                   Work       => jobs::failure;
        post   "/api/v1/jobs/{job}/release"                   Work       => jobs::release;
        get    "/api/v1/jobs"                                 Work       => jobs::length;

        get    "/api/v1/campaigns"                            Oversee    => campaigns::list;
        post   "/api/v1/campaigns"                            Administer => campaigns::start;
        post   "/api/v1/campaigns/{campaign}/state"           Administer => campaigns::set_state;
        post   "/api/v1/trials"                               Administer => campaigns::start_trial;
        get    "/api/v1/trials/{trial}"                       Administer => campaigns::trial;

        get    "/api/v1/destructions"                         Propose    => destructions::list;
        get    "/api/v1/destructions/due"                     Propose    => destructions::due;
        post   "/api/v1/destructions/plan"                    Propose    => destructions::plan;
        post   "/api/v1/destructions"                         Propose    => destructions::propose;
        post   "/api/v1/destructions/again"                   Dispose    => destructions::again;
        post   "/api/v1/destructions/{destruction}/approval"  Dispose    => destructions::approve;
        post   "/api/v1/destructions/{destruction}/withdrawal" Propose   => destructions::withdraw;
        get    "/api/v1/holds"                                Propose    => destructions::holds;
        post   "/api/v1/holds"                                Propose    => destructions::hold;
        post   "/api/v1/holds/{hold}/release"                 Dispose    => destructions::release;

        get    "/api/v1/search"                               Read       => search::search;
        get    "/api/v1/search.csv"                           Read       => search::export;
        get    "/api/v1/search/words"                         Read       => search::words;
        get    "/api/v1/searches"                             Read       => searches::list;
        post   "/api/v1/searches"                             Read       => searches::keep;
        post   "/api/v1/searches/{search}/seen"               Read       => searches::seen;
        post   "/api/v1/searches/{search}/drop"               Read       => searches::drop;
        get    "/api/v1/frames"                               Read       => frames::find;
        get    "/api/v1/pages/{page}/strip"                   Resolve    => frames::strip;
        post   "/api/v1/documents/{document}/pages/{page}/cuts" Resolve  => frames::cut;
        post   "/api/v1/documents/{document}/groups"          Resolve    => frames::group;
        post   "/api/v1/documents/{document}/whole"           Resolve    => frames::put_back;
        get    "/api/v1/reels"                                Oversee    => reels::list;
        get    "/api/v1/reel"                                 Oversee    => reels::show;
        get    "/api/v1/reels/finding-aid"                    Oversee    => reels::finding_aid;
        get    "/api/v1/documents/{document}"                 Read       => documents::show;
        get    "/api/v1/documents/{document}/pdf"             Read       => documents::pdf;
        get    "/api/v1/documents/{document}/bundle"          Read       => documents::bundle;
        get    "/api/v1/documents/{document}/proof"           Prove      => documents::proof;
        get    "/api/v1/pages/{page}/words"                   Read       => pages::words;
        get    "/api/v1/pages/{page}/alto"                    Read       => pages::alto;
        get    "/api/v1/pages/{page}/hocr"                    Read       => pages::hocr;
        get    "/api/v1/pages/{page}/text"                    Read       => pages::text;
        get    "/api/v1/pages/{page}/texts"                   Read       => corrections::texts;
        get    "/api/v1/pages/{page}/image"                   Read       => pages::image;

        get    "/iiif/3/{page}/info.json"                     Read       => iiif::info;
        get    "/iiif/3/{page}/{region}/{size}/{rotation}/{file}" Read   => iiif::image;
        get    "/iiif/presentation/3/{document}/manifest"     Read       => iiif::manifest;
        get    "/iiif/search/2/{document}"                    Read       => iiif::search;
        get    "/iiif/search/2/{document}/complete"           Read       => iiif::complete;
        get    "/iiif/search/1/{document}"                    Read       => iiif::search_1;
        get    "/iiif/search/1/{document}/complete"           Read       => iiif::complete_1;
    }
}

/// Every route there is: the API's and the pages'.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    api::ROUTES.iter().chain(crate::pages::ROUTES)
}

/// Registers every route.
pub fn configure(config: &mut web::ServiceConfig) {
    api::configure(config);
    crate::pages::configure(config);
}

/// The whole application around one state: what the binary serves and what tests call.
pub fn assemble(
    app: web::Data<App>,
) -> actix_web::App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    actix_web::App::new()
        .app_data(app)
        .app_data(
            web::JsonConfig::default()
                .limit(limits::REQUEST_JSON_BYTES_MAX)
                .error_handler(|error, _| misread(error.status_code().as_u16()).into()),
        )
        .app_data(web::PayloadConfig::new(limits::PAGE_TEXT_BYTES_MAX))
        .app_data(web::QueryConfig::default().error_handler(|_, _| misread(400).into()))
        .app_data(web::FormConfig::default().limit(limits::FORM_BYTES_MAX).error_handler(|_, _| misread(400).into()))
        .configure(configure)
        .default_service(web::to(nothing))
        .wrap(from_fn(crate::pages::dress))
        .wrap(from_fn(crate::pages::dress))
        .wrap(from_fn(headers::put))
}

/// What is wrong with a body or a query, without quoting it: it may hold patient data.
fn misread(status: u16) -> Problem {
    match status {
        413 => Problem::too_large("the body has more than 8 MiB"),
        415 => Problem::malformed("the body must be JSON, and say so in Content-Type"),
        _ => {
            Problem::malformed("the body or the query has another shape than this address takes: see /api/openapi.json")
        }
    }
}

async fn nothing() -> Reply<()> {
    Err(Problem::absent())
}
