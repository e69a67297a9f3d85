//! Who did it, and what may they do?

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, TokenId};

/// Who did it: `account:<id>`, `token:<id>` or `system`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    Account(AccountId),
    Token(TokenId),
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => write!(f, "account:{id}"),
            Self::Token(id) => write!(f, "token:{id}"),
            Self::System => f.write_str("system"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an actor is `account:<id>`, `token:<id>` or `system`")]
pub struct ActorError;

impl FromStr for Actor {
    type Err = ActorError;

    fn from_str(text: &str) -> Result<Self, ActorError> {
        match text.split_once(':') {
            None if text == "system" => Ok(Self::System),
            Some(("account", id)) => id.parse().map(Self::Account).map_err(|_| ActorError),
            Some(("token", id)) => id.parse().map(Self::Token).map_err(|_| ActorError),
            _ => Err(ActorError),
        }
    }
}

/// What somebody may do. [`Role::Worker`] is for reading pages only and is held by tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Admin,
    Technician,
    Searcher,
    Auditor,
    Worker,
}

impl Role {
    pub const ALL: [Self; 5] = [Self::Admin, Self::Technician, Self::Searcher, Self::Auditor, Self::Worker];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Technician => "technician",
            Self::Searcher => "searcher",
            Self::Auditor => "auditor",
            Self::Worker => "worker",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role is one of admin, technician, searcher, auditor, worker")]
pub struct RoleError;

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(RoleError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_and_actors_round_trip() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        let actor = Actor::Token(TokenId::derived([b"t".as_slice()]));
        assert_eq!(actor.to_string().parse(), Ok(actor));
        assert_eq!("root".parse::<Actor>(), Err(ActorError));
    }
}
