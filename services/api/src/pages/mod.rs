//! What do people see? Server-rendered pages; scripts only make them quicker to use.
//!
//! A handler asks the same modules as the API does ([`crate::find`], [`crate::reach`],
//! [`crate::seal`], [`crate::sessions`]), fills a struct of [`view`] and renders it. Nothing
//! here decides who may see what.
//!
//! Addresses of pages hold ids, never patient data. What was searched for stands in the query
//! string, so that a result can be reloaded and gone back to; therefore no page sends a
//! referrer, none is cached, and query strings are never logged.

mod accounts;
pub mod assets;
mod attention;
mod batches;
mod campaigns;
mod correct;
mod cut;
mod destruction;
mod document;
mod exceptions;
mod gate;
mod grouping;
mod ledger;
mod names;
mod proof;
mod reels;
mod reply;
mod revisions;
mod saved;
mod search;
pub mod view;

pub use reply::dress;
pub use search::href as viewer;

use crate::identity::Caller;
use crate::policy::Action;
use crate::routes::frames;
use view::{Frame, Person, Section};

crate::routes! {
    get  "/"                             BeSomebody => gate::home;
    get  "/login"                        Open       => gate::show_login;
    post "/login"                        Open       => gate::log_in;
    post "/logout"                       BeSomebody => gate::log_out;
    get  "/password"                     BeSomebody => gate::show_password;
    post "/password"                     BeSomebody => gate::change_password;
    get  "/static/{name:.*}"             Open       => reply::file;

    get  "/search"                       Read       => search::show;
    get  "/search/words"                 Read       => search::words;
    get  "/saved"                        Read       => saved::list;
    post "/saved"                        Read       => saved::keep;
    get  "/saved/count"                  Read       => saved::count;
    post "/saved/{search}/open"          Read       => saved::open;
    post "/saved/{search}/drop"          Read       => saved::drop;
    get  "/frames"                       Read       => frames::open;
    get  "/documents/{document}"         Read       => document::show;
    get  "/documents/{document}/hits"    Read       => document::hits;
    get  "/documents/{document}/proof"   Prove      => proof::show;

    get  "/batches"                      Oversee    => batches::list;
    get  "/batches/{batch}"              Oversee    => batches::show;
    get  "/reels"                        Oversee    => reels::show;
    post "/reels/documents/{document}/groups" Resolve => grouping::group;
    post "/reels/documents/{document}/whole" Resolve => grouping::put_back;
    get  "/exceptions"                   Oversee    => exceptions::list;
    get  "/exceptions/{document}"        Resolve    => exceptions::show;
    post "/exceptions/{document}"        Resolve    => exceptions::file;
    get  "/attention"                    Oversee    => attention::list;
    get  "/attention/count"              Oversee    => attention::count;
    get  "/attention/next"               Oversee    => attention::next;
    get  "/pages/{page}/correct"         Resolve    => correct::show;
    get  "/pages/{page}/cut"             Resolve    => cut::show;
    post "/pages/{page}/cut"             Resolve    => cut::cut;
    post "/exceptions/{document}/alarms/{page}" Resolve => exceptions::dismiss;

    get  "/ledger"                       Audit      => ledger::show;
    get  "/ledger/count"                 Audit      => ledger::count;
    get  "/destruction"                  Propose    => destruction::show;
    get  "/destruction/count"            Propose    => destruction::count;
    post "/destruction"                  Propose    => destruction::propose;
    post "/destruction/{destruction}/approval" Dispose => destruction::approve;
    post "/destruction/{destruction}/withdrawal" Propose => destruction::withdraw;
    post "/destruction/holds"            Propose    => destruction::hold;
    post "/destruction/holds/{hold}/release" Dispose => destruction::release;
    get  "/campaigns"                    Administer => campaigns::list;
    get  "/accounts"                     Administer => accounts::list;
    post "/accounts"                     Administer => accounts::create;
    post "/accounts/{account}"           Administer => accounts::change;
    post "/tokens"                       Administer => accounts::create_token;
    post "/tokens/{token}/revoke"        Administer => accounts::revoke_token;
}

/// What a caller must be allowed to do to see a section in the navigation.
const fn action_of(section: Section) -> Action {
    match section {
        Section::Search | Section::Saved => Action::Read,
        Section::Batches | Section::Exceptions | Section::Attention => Action::Oversee,
        Section::Ledger => Action::Audit,
        Section::Destruction => Action::Propose,
        Section::Campaigns | Section::Accounts => Action::Administer,
    }
}

fn person(caller: &Caller) -> Person {
    Person { login: caller.name.clone(), role: caller.role }
}

/// The frame around a page, with the navigation that the policy leaves this caller.
fn frame(caller: &Caller, title: &str, current: Option<Section>) -> Frame {
    Frame::new(title, current, person(caller), |section| caller.may(action_of(section)))
}

#[cfg(test)]
mod tests {
    use record::event::Role;

    use super::*;
    use crate::policy;

    /// A link that leads to a refusal is worse than none; a missing one hides a screen.
    #[test]
    fn navigation_and_routes_agree() {
        for section in Section::ALL {
            let route = ROUTES.iter().find(|route| route.path == section.href()).expect("a route");
            for role in Role::ALL {
                let shown = policy::allows(role, action_of(section));
                assert_eq!(shown, policy::allows(role, route.action), "{section:?} {role:?}");
            }
        }
    }
}
