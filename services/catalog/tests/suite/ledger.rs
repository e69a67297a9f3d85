//! Ledgers to fold: built event by event, with bodies, from names that give ids.

use catalog::{Body, Catalog, Entry, PageIdentity};
use record::campaign::{Budget, CampaignRecord, CampaignState, Criteria};
use record::destruction::{HoldRecord, Proposal, Proposed};
use record::event::{
    AccountRecord, Actor, PatientsRecord, Role, StationRecord, TokenRecord, UnreadableReason, ViewForm,
};
use record::manifest::{
    BatchClosed, BatchRecord, Exception, ExceptionCode, MANIFEST_SCHEMA, Patient, Refused, Source, SourceKind,
};
use record::saved::SavedSearch;
use record::words::AttentionReason;
use record::{
    AccountId, BatchId, CampaignId, Descriptor, DestructionId, Digest, DocumentId, Event, EventKind, HoldId,
    IndexFields, Manifest, PageEntry, PageId, Timestamp, TokenId,
};

pub const START: i64 = 1_700_000_000_000;

#[derive(Default)]
pub struct Ledger {
    pub entries: Vec<Entry>,
}

pub fn document(name: &str) -> DocumentId {
    DocumentId::derived([name.as_bytes()])
}

pub fn batch(name: &str) -> BatchId {
    BatchId::derived([name.as_bytes()])
}

/// Page `number` of the document of that name.
pub fn page(name: &str, number: u32) -> PageId {
    PageId::derived([name.as_bytes(), &number.to_be_bytes()])
}

pub fn campaign(name: &str) -> CampaignId {
    CampaignId::derived([name.as_bytes()])
}

pub fn account(login: &str) -> AccountId {
    AccountId::derived([login.as_bytes()])
}

/// The text that stands on page `number` after `step`.
pub fn text(name: &str, number: u32, step: &str) -> Digest {
    Digest::of(format!("{step} of {name} {number}").as_bytes())
}

fn source() -> Source {
    Source { kind: SourceKind::Import, station: "desk-1".to_owned(), device: None }
}

pub fn fields(mrn: Option<&str>, exceptions: &[ExceptionCode]) -> IndexFields {
    IndexFields {
        salt: "00112233445566778899aabbccddeeff".to_owned(),
        mrn: mrn.map(|mrn| mrn.parse().expect("a patient number")),
        encounter: Some("E-1".parse().expect("an encounter")),
        document_type: Some("LETTER".parse().expect("a type")),
        department: Some("CARDIOLOGY".parse().expect("a department")),
        date: Some("1974-03-09".parse().expect("a date")),
        reel: None,
        file_names: vec!["letter.pdf".to_owned()],
        exceptions: exceptions.iter().map(|code| Exception { code: *code, page: Some(3) }).collect(),
    }
}

fn entry_of_page(name: &str, number: u32, place: u32) -> PageEntry {
    let image = Descriptor::of("image/png", format!("{name} {number}").as_bytes());
    PageEntry {
        page: page(name, number),
        number: place,
        image,
        width: 1700,
        height: 2200,
        dpi: 200,
        from: None,
        brought: None,
        frame: None,
    }
}

impl Ledger {
    pub fn push(&mut self, event: EventKind, body: Body) -> &mut Self {
        let index = self.entries.len() as u64;
        let at = Timestamp(START + index as i64);
        self.entries.push(Entry { index, event: Event { at, actor: Actor::System, event }, body });
        self
    }

    /// What was added since the catalog was last brought up to date, and before.
    pub async fn apply(&self, catalog: &Catalog) {
        let cursor = catalog.apply(&self.entries).await.expect("applies");
        assert_eq!(cursor, self.entries.len() as u64);
    }

    /// Seals pages `numbers` of document `name` in batch "b".
    pub fn seal(&mut self, name: &str, version: u32, numbers: &[u32], fields: IndexFields) -> &mut Self {
        let pages = (1..).zip(numbers).map(|(place, number)| entry_of_page(name, *number, place)).collect();
        self.seal_pages(name, version, pages, fields)
    }

    pub fn seal_pages(&mut self, name: &str, version: u32, pages: Vec<PageEntry>, fields: IndexFields) -> &mut Self {
        let manifest = Manifest {
            schema: MANIFEST_SCHEMA.to_owned(),
            document: document(name),
            version,
            previous: None,
            batch: batch("b"),
            created: Timestamp(START - 1000 + i64::from(version)),
            created_by: Actor::System,
            source: source(),
            originals: vec![],
            pages,
            index: Descriptor::of("application/json", name.as_bytes()),
        };
        let event = EventKind::Sealed {
            document: document(name),
            version,
            manifest: Digest::of(format!("{name} {version}").as_bytes()),
            batch: batch("b"),
            pages: manifest.pages.len() as u32,
        };
        self.push(event, Body::Sealed { manifest, fields })
    }

    pub fn read(&mut self, name: &str, number: u32) -> &mut Self {
        let text = Digest::of(format!("text of {name} {number}").as_bytes());
        let (document, page) = (document(name), page(name, number));
        self.push(
            EventKind::Read { document, page, text, words: 120, confidence: 91, attention: None, generation: 1 },
            Body::None,
        )
    }

    /// Page `number` was read once more, by generation 2.
    pub fn read_again(&mut self, name: &str, number: u32, better: bool) -> &mut Self {
        let text = if better { "better text" } else { "text" };
        let text = Digest::of(format!("{text} of {name} {number}").as_bytes());
        let (document, page) = (document(name), page(name, number));
        self.push(
            EventKind::Read { document, page, text, words: 130, confidence: 95, attention: None, generation: 2 },
            Body::None,
        )
    }

    /// A campaign over pages read by a generation before the second.
    pub fn campaign(&mut self, name: &str, state: CampaignState) -> &mut Self {
        let pages = Criteria { generation_below: Some(2), ..Criteria::default() };
        let record = CampaignRecord { campaign: campaign(name), state, pages, budget: Budget::default() };
        let event = EventKind::CampaignRecorded { campaign: campaign(name), body: Digest::of(b"c") };
        self.push(event, Body::Campaign(record))
    }

    pub fn search(&mut self, record: &SavedSearch) -> &mut Self {
        let event = EventKind::SearchSaved { search: record.search, body: Digest::of(b"s") };
        self.push(event, Body::Search(record.clone()))
    }

    /// Read again or for the first time, with a reason to look at it.
    pub fn doubt(&mut self, name: &str, number: u32, attention: AttentionReason) -> &mut Self {
        let (document, page, text) = (document(name), page(name, number), text(name, number, "read"));
        let attention = Some(attention);
        self.push(
            EventKind::Read { document, page, text, words: 9, confidence: 40, attention, generation: 1 },
            Body::None,
        )
    }

    /// `from` and `to` name texts of the page as [`text`] does; it had none where `from` is none.
    pub fn correct(
        &mut self,
        name: &str,
        number: u32,
        from: Option<&str>,
        to: &str,
        attention: Option<AttentionReason>,
    ) -> &mut Self {
        let event = EventKind::Corrected {
            document: document(name),
            page: page(name, number),
            text: text(name, number, to),
            replaces: from.map(|from| text(name, number, from)),
            words: 10,
            confidence: 100,
            changed: 1,
            attention,
        };
        self.push(event, Body::None)
    }

    /// The page is read, and its text says whose it is: `number`, or a patient by [`PatientName::key`].
    pub fn says(&mut self, name: &str, number: u32, mrn: Option<&str>, key: Option<&str>) -> &mut Self {
        self.read(name, number);
        let birth = "1931-12-01".parse().expect("a date");
        let identity = PageIdentity {
            mrn: mrn.map(|mrn| mrn.parse().expect("a patient number")),
            person: key.map(|key| (key.to_owned(), birth)),
            confidence: 93,
        };
        self.entries.last_mut().expect("just read").body = Body::Text(identity);
        self
    }

    pub fn dismiss(&mut self, name: &str, version: u32, number: u32) -> &mut Self {
        let (document, page) = (document(name), page(name, number));
        self.push(EventKind::AlarmDismissed { document, version, page }, Body::None)
    }

    pub fn unreadable(&mut self, name: &str, number: u32) -> &mut Self {
        let (document, page) = (document(name), page(name, number));
        self.push(EventKind::Unreadable { document, page, reason: UnreadableReason::TimedOut }, Body::None)
    }

    pub fn view(&mut self, name: &str) -> &mut Self {
        self.push(EventKind::Viewed { document: document(name), page: None, form: ViewForm::Pdf }, Body::None)
    }

    /// Opens batch "b", or closes it with `captured` pages and one refused file.
    pub fn batch(&mut self, captured: Option<u32>) -> &mut Self {
        let refused = vec![Refused { file: "broken.tif".to_owned(), page: Some(2), reason: "cut short".to_owned() }];
        let closed = captured.map(|captured| BatchClosed {
            at: Timestamp(START + 9),
            captured,
            documents: 1,
            sheets: None,
            refused,
            signed: None,
        });
        let record = BatchRecord {
            batch: batch("b"),
            name: "Monday's letters".to_owned(),
            source: source(),
            opened: Timestamp(START),
            opened_by: Actor::System,
            closed,
        };
        self.push(
            EventKind::BatchRecorded { batch: batch("b"), body: Digest::of(b"b"), signed: None },
            Body::Batch(record),
        )
    }

    pub fn account(&mut self, login: &str, role: Role, disabled: bool) -> &mut Self {
        let record = AccountRecord {
            account: account(login),
            login: login.to_owned(),
            role,
            password_hash: "$argon2id$".to_owned(),
            must_change_password: true,
            disabled,
        };
        self.push(EventKind::AccountRecorded { account: account(login), body: Digest::of(b"a") }, Body::Account(record))
    }

    pub fn token(&mut self, name: &str, revoked: bool) -> &mut Self {
        let token = TokenId::derived([name.as_bytes()]);
        let secret = Digest::of(name.as_bytes());
        let record = TokenRecord { token, name: name.to_owned(), role: Role::Worker, secret, revoked };
        self.push(EventKind::TokenRecorded { token, body: Digest::of(b"t") }, Body::Token(record))
    }

    pub fn station(&mut self, name: &str, revoked: bool) -> &mut Self {
        let record = StationRecord { key: format!("{name}+key"), revoked };
        let event = EventKind::StationRecorded { station: Digest::of(name.as_bytes()), body: Digest::of(b"s") };
        self.push(event, Body::Station(record))
    }

    pub fn patients(&mut self, patients: &[(&str, &str)]) -> &mut Self {
        let patient = |(mrn, name): &(&str, &str)| Patient {
            mrn: mrn.parse().expect("a patient number"),
            name: (*name).to_owned(),
            birth_date: "1931-12-01".parse().ok(),
        };
        let patients: Vec<_> = patients.iter().map(patient).collect();
        let event = EventKind::PatientsRecorded { body: Digest::of(b"p"), count: patients.len() as u32 };
        self.push(event, Body::Patients(PatientsRecord { salt: String::new(), patients }))
    }

    /// One proposes that a document go, the other approves it, and it is said to be gone.
    pub fn destroy(&mut self, name: &str, [proposer, approver]: [&str; 2]) -> &mut Self {
        let destruction = DestructionId::derived([name.as_bytes()]);
        let (proposal, body) = (Digest::of(b"proposal"), Digest::of(b"order"));
        let proposed =
            Proposed { document: document(name), version: 1, pages: 1, filed: true, class: "A-10".to_owned() };
        let record =
            Proposal { reference: "RC-1".to_owned(), authority: "committee".to_owned(), documents: vec![proposed] };
        let event = EventKind::DestructionProposed { destruction, documents: 1, body: proposal };
        self.push(event, Body::Proposal(record)).by(proposer);
        self.push(EventKind::DestructionApproved { destruction, body }, Body::Order { proposal }).by(approver);
        let event = EventKind::Destroyed { destruction, objects: 4, bytes: 9, replica: true, versions_kept: false };
        self.push(event, Body::None)
    }

    /// The last event was somebody's.
    fn by(&mut self, login: &str) -> &mut Self {
        if let Some(entry) = self.entries.last_mut() {
            entry.event.actor = Actor::Account(account(login));
        }
        self
    }

    pub fn hold(&mut self, released: bool) -> &mut Self {
        let hold = HoldId::derived([b"hold".as_slice()]);
        let patients = vec!["MRN-1".parse().expect("a patient number")];
        let (salt, reference, documents) = (String::new(), "LIT-1".to_owned(), Vec::new());
        let record = HoldRecord { hold, salt, reference, patients, documents, released };
        self.push(EventKind::HoldRecorded { hold, body: Digest::of(b"h") }, Body::Hold(record))
    }

    /// What documents had that are gone can no longer be read.
    pub fn without(mut self, name: &str) -> Self {
        for entry in &mut self.entries {
            let names = matches!(entry.body, Body::Sealed { .. } | Body::Text(_))
                || matches!(entry.event.event, EventKind::Read { .. } | EventKind::Corrected { .. });
            if names && entry.event.event.document() == Some(document(name)) {
                entry.body = Body::Gone;
            }
        }
        self
    }

    /// A little of everything, misuse included: what a ledger may hold after an unlucky week.
    pub fn everything() -> Self {
        let mut ledger = Self::default();
        ledger.account("ada", Role::Admin, false).token("worker", false).batch(None);
        ledger.patients(&[("MRN-1", "Ångström, Ida"), ("MRN-2", "Zoë\nNewline")]);
        ledger.seal("filed", 1, &[1, 2, 3], fields(Some("MRN-1"), &[]));
        ledger.seal("open", 1, &[1, 2], fields(None, &[ExceptionCode::DamagedSheet, ExceptionCode::NoPatient]));
        ledger.read("filed", 1).unreadable("filed", 2).read("filed", 3).read("open", 2);
        ledger.read("never sealed", 1).unreadable("filed", 3).view("filed");
        ledger.seal("open", 2, &[2, 1], fields(Some("MRN-2"), &[])).seal("open", 2, &[1], fields(None, &[]));
        ledger.seal("filed", 2, &[1, 3, 4], fields(Some("MRN-1"), &[])).read("filed", 2);
        ledger
            .says("filed", 1, Some("MRN-2"), None)
            .dismiss("filed", 1, 1)
            .dismiss("filed", 2, 1)
            .says("open", 1, None, None);
        ledger.account("ada", Role::Auditor, true).token("worker", true).batch(Some(7));
        ledger.station("ward 9", false).station("front desk", false).station("ward 9", true);
        ledger.patients(&[("MRN-2", "Zoë Renamed")]);
        ledger.campaign("again", CampaignState::Running).read_again("filed", 1, true).read_again("open", 2, false);
        ledger.campaign("again", CampaignState::Paused);
        ledger.hold(false).hold(true).destroy("filed", ["ada", "ada"]);
        ledger
    }
}
