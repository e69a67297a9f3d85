//! What happened to a document, as PREMIS 3.0: <https://www.loc.gov/standards/premis/v3/>, the Data Dictionary's units in the
//! order of its schema. Events are those of the ledger, under their numbers; types are terms of the Library of Congress's list
//! (id.loc.gov/vocabulary/preservation/eventType).

use std::collections::BTreeSet;
use std::fmt::{Result, Write as _};

use record::event::{Actor, ViewForm};
use record::{Descriptor, DocumentId, EventKind, Timestamp};

use crate::xml::clean;

/// One event of the ledger.
#[derive(Debug, Clone)]
pub struct Happened {
    pub index: u64,
    pub at: Timestamp,
    pub actor: Actor,
    pub event: EventKind,
}

/// The document's files by name, and its events; `log` is the ledger's name.
pub fn write<'a>(
    document: DocumentId,
    files: impl IntoIterator<Item = (String, &'a Descriptor)>,
    log: &str,
    events: &[Happened],
) -> String {
    let mut xml = String::new();
    // Writing to a string cannot fail; `fmt::Result` only satisfies the trait.
    let _ = premis(&mut xml, document, files, log, events);
    xml
}

fn premis<'a>(
    xml: &mut String,
    document: DocumentId,
    files: impl IntoIterator<Item = (String, &'a Descriptor)>,
    log: &str,
    events: &[Happened],
) -> Result {
    writeln!(xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        xml,
        "<premis xmlns=\"http://www.loc.gov/premis/v3\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" version=\"3.0\">"
    )?;
    writeln!(xml, "<object xsi:type=\"intellectualEntity\">{}</object>", identifier("object", "UUID", document))?;
    for (name, file) in files {
        object(xml, &name, file)?;
    }
    for happened in events {
        event(xml, document, log, happened)?;
    }
    for actor in events.iter().map(|happened| happened.actor.to_string()).collect::<BTreeSet<_>>() {
        writeln!(xml, "<agent>{}</agent>", identifier("agent", "chartroom", actor))?;
    }
    writeln!(xml, "</premis>")
}

fn identifier(of: &str, kind: &str, value: impl std::fmt::Display) -> String {
    let (upper, value) = (format!("{of}Identifier"), clean(&value.to_string()));
    format!("<{upper}><{upper}Type>{kind}</{upper}Type><{upper}Value>{value}</{upper}Value></{upper}>")
}

fn object(xml: &mut String, name: &str, file: &Descriptor) -> Result {
    let Descriptor { media_type, digest, size, .. } = file;
    write!(xml, "<object xsi:type=\"file\">{}", identifier("object", "local", name))?;
    write!(xml, "<objectCharacteristics><compositionLevel>0</compositionLevel><fixity>")?;
    write!(
        xml,
        "<messageDigestAlgorithm>SHA-256</messageDigestAlgorithm><messageDigest>{}</messageDigest>",
        digest.hex()
    )?;
    write!(xml, "</fixity><size>{size}</size><format><formatDesignation><formatName>{}", clean(media_type))?;
    writeln!(xml, "</formatName></formatDesignation></format></objectCharacteristics></object>")
}

fn event(xml: &mut String, document: DocumentId, log: &str, happened: &Happened) -> Result {
    let Happened { index, at, actor, event } = happened;
    let (kind, detail) = told(event);
    write!(xml, "<event>{}", identifier("event", "entry of a C2SP log", format!("{log}#{index}")))?;
    write!(xml, "<eventType>{kind}</eventType><eventDateTime>{at}</eventDateTime>")?;
    write!(xml, "<eventDetailInformation><eventDetail>{}</eventDetail></eventDetailInformation>", clean(&detail))?;
    let (agent, entity) =
        (identifier("linkingAgent", "chartroom", actor), identifier("linkingObject", "UUID", document));
    writeln!(xml, "{agent}{entity}</event>")
}

/// The term for an event, and what it was.
fn told(event: &EventKind) -> (&'static str, String) {
    match event {
        EventKind::Sealed { version: 1, manifest, .. } => ("ingestion", format!("sealed by manifest {manifest}")),
        EventKind::Sealed { version, manifest, .. } => {
            ("metadata modification", format!("version {version} sealed by manifest {manifest}"))
        }
        EventKind::Read { page, confidence, .. } => {
            ("metadata extraction", format!("page {page} was read, confidence {confidence} %"))
        }
        EventKind::Unreadable { page, reason, .. } => {
            ("metadata extraction", format!("page {page} was not read: {}", reason.explain()))
        }
        EventKind::Corrected { page, changed, .. } => {
            ("modification", format!("a person corrected {changed} words of page {page}"))
        }
        EventKind::AlarmDismissed { page, .. } => {
            ("validation", format!("a person says that page {page} is the right patient's"))
        }
        EventKind::Viewed { form: ViewForm::Screen | ViewForm::Text, .. } => ("dissemination", "shown".to_owned()),
        EventKind::Viewed { .. } => ("exporting", "given out".to_owned()),
        other => ("policy assignment", other.name().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use record::Digest;

    use super::*;

    #[test]
    fn objects_events_and_agents_come_in_the_order_of_the_schema() {
        let (document, manifest) = (DocumentId::derived([b"d".as_slice()]), Digest::of(b"m"));
        let sealed = EventKind::Sealed {
            document,
            version: 1,
            manifest,
            batch: record::BatchId::derived([b"b".as_slice()]),
            pages: 1,
        };
        let viewed = EventKind::Viewed { document, page: None, form: ViewForm::Bundle };
        let happened = |index, event| Happened { index, at: Timestamp(1_700_000_000_000), actor: Actor::System, event };
        let image = Descriptor::of("image/png", b"image");
        let files = [("pages/0001.png".to_owned(), &image)];
        let xml = write(document, files, "log <1>", &[happened(7, sealed), happened(9, viewed)]);
        let at = |text: &str| xml.find(text).unwrap_or_else(|| panic!("no {text} in {xml}"));
        assert!(at("intellectualEntity") < at(&image.digest.hex()) && at(&image.digest.hex()) < at("log &lt;1&gt;#7"));
        assert!(at("<eventType>ingestion<") < at("<eventType>exporting<") && at("exporting") < at("<agent>"));
    }
}
