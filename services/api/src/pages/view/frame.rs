//! What surrounds every screen: title, navigation, who is logged in, and one notice.

use record::event::Role;

/// Where a navigation link leads; each is shown to those who may go there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Search,
    Saved,
    Batches,
    Exceptions,
    Attention,
    Ledger,
    Destruction,
    Campaigns,
    Accounts,
}

impl Section {
    pub const ALL: [Self; 9] = [
        Self::Search,
        Self::Saved,
        Self::Batches,
        Self::Exceptions,
        Self::Attention,
        Self::Ledger,
        Self::Destruction,
        Self::Campaigns,
        Self::Accounts,
    ];

    pub const fn href(self) -> &'static str {
        match self {
            Self::Search => "/search",
            Self::Saved => "/saved",
            Self::Batches => "/batches",
            Self::Exceptions => "/exceptions",
            Self::Attention => "/attention",
            Self::Ledger => "/ledger",
            Self::Destruction => "/destruction",
            Self::Campaigns => "/campaigns",
            Self::Accounts => "/accounts",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Search => "Search",
            Self::Saved => "Saved",
            Self::Batches => "Batches",
            Self::Exceptions => "Exceptions",
            Self::Attention => "Attention",
            Self::Ledger => "Ledger",
            Self::Destruction => "Destruction",
            Self::Campaigns => "Campaigns",
            Self::Accounts => "Accounts",
        }
    }

    /// Where the number beside the link comes from: after the page, so that no page waits for it.
    pub const fn count_href(self) -> Option<&'static str> {
        match self {
            Self::Attention => Some("/attention/count"),
            Self::Saved => Some("/saved/count"),
            Self::Ledger => Some("/ledger/count"),
            Self::Destruction => Some("/destruction/count"),
            _ => None,
        }
    }

    /// The symbol in `static/icons.svg`.
    pub const fn icon(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Saved => "download",
            Self::Batches => "batches",
            Self::Exceptions => "exceptions",
            Self::Attention => "attention",
            Self::Ledger => "ledger",
            Self::Destruction => "cut",
            Self::Campaigns => "rotate",
            Self::Accounts => "accounts",
        }
    }
}

/// The person looking at the screen.
#[derive(Debug, Clone)]
pub struct Person {
    pub login: String,
    pub role: Role,
}

/// One sentence above the content, after something was done or refused.
#[derive(Debug, Clone)]
pub struct Notice {
    /// `ok`, `info`, `warn` or `bad`: a class of the stylesheet and a symbol.
    pub tone: &'static str,
    pub text: String,
}

/// What `frame.html` needs; a field of every screen's struct.
#[derive(Debug, Clone)]
pub struct Frame {
    pub title: String,
    pub person: Option<Person>,
    pub sections: Vec<Section>,
    pub current: Option<Section>,
    pub notice: Option<Notice>,
}

impl Frame {
    /// For people who are logged in. `may` is the policy.
    pub fn new(title: &str, current: Option<Section>, person: Person, may: impl Fn(Section) -> bool) -> Self {
        let sections = Section::ALL.into_iter().filter(|section| may(*section)).collect();
        Self { title: title.to_owned(), person: Some(person), sections, current, notice: None }
    }

    /// For the log-in page and for errors before anybody is known.
    pub fn bare(title: &str) -> Self {
        Self { title: title.to_owned(), person: None, sections: Vec::new(), current: None, notice: None }
    }

    pub fn is_current(&self, section: &Section) -> bool {
        self.current.as_ref() == Some(section)
    }

    pub fn with_notice(mut self, tone: &'static str, text: impl Into<String>) -> Self {
        self.notice = Some(Notice { tone, text: text.into() });
        self
    }
}

impl Notice {
    pub fn icon(&self) -> &'static str {
        match self.tone {
            "ok" => "ok",
            "warn" => "exceptions",
            "bad" => "bad",
            _ => "info",
        }
    }
}
