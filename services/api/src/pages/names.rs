//! Who is behind an id? The ledger holds ids; people read names.

use std::collections::HashMap;

use record::event::Actor;

use crate::problem::Reply;
use crate::state::App;

/// Names of accounts and tokens, as they are now.
pub struct Names(HashMap<Actor, String>);

impl Names {
    pub async fn load(app: &App) -> Reply<Self> {
        let accounts = app.catalog.accounts().await?.into_iter();
        let tokens = app.catalog.tokens().await?.into_iter();
        let people = accounts.map(|record| (Actor::Account(record.account), record.login));
        let machines = tokens.map(|record| (Actor::Token(record.token), format!("{} (token)", record.name)));
        Ok(Self(people.chain(machines).collect()))
    }

    /// The name, or the id where the account is unknown.
    pub fn of(&self, actor: &Actor) -> String {
        match actor {
            Actor::System => "the server itself".to_owned(),
            other => self.0.get(other).cloned().unwrap_or_else(|| other.to_string()),
        }
    }
}
