//! Searches that people keep: theirs alone, the newest record of each, and the same when folded again.

use record::event::Actor;
use record::saved::SavedSearch;
use record::{AccountId, SearchId};

use crate::ledger::Ledger;
use crate::{Fresh, on_both};

on_both! {
    a_kept_search_is_its_owners_until_it_is_dropped
}

fn owner(name: &str) -> Actor {
    Actor::Account(AccountId::derived([name.as_bytes()]))
}

fn search(name: &str, of: &str) -> SavedSearch {
    let search = SearchId::derived([name.as_bytes()]);
    SavedSearch { search, owner: owner(of), name: name.to_owned(), query: "q=fever".to_owned(), seen: 1, kept: true }
}

async fn a_kept_search_is_its_owners_until_it_is_dropped(fresh: Fresh) {
    let catalog = fresh.catalog;
    let (fever, rash) = (search("fever", "ann"), search("rash", "ann"));
    let mut ledger = Ledger::default();
    ledger.search(&fever).search(&rash).search(&search("cough", "bob")).apply(&catalog).await;
    assert_eq!(catalog.searches_of(owner("ann")).await, Ok(vec![fever.clone(), rash.clone()]));
    let seen = SavedSearch { seen: 7, ..fever.clone() };
    // Nobody takes it over.
    ledger.search(&SavedSearch { owner: owner("bob"), seen: 9, ..rash.clone() }).search(&seen).apply(&catalog).await;
    assert_eq!(catalog.searches_of(owner("ann")).await, Ok(vec![seen.clone(), rash.clone()]));
    assert_eq!(catalog.search_of(owner("bob"), rash.search).await, Ok(None));
    ledger.search(&SavedSearch { kept: false, ..rash.clone() }).apply(&catalog).await;
    assert_eq!(catalog.searches_of(owner("ann")).await, Ok(vec![seen]));
    let before = catalog.dump().await.expect("dumps");
    catalog.clear().await.expect("cleared");
    ledger.apply(&catalog).await;
    assert_eq!(catalog.dump().await.expect("dumps"), before);
}
