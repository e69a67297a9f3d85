//! What became of a document's fields from version to version, and which station signed for its pages?

use record::envelope::{Envelope, EnvelopeError, StationKey, fingerprint};
use record::manifest::{BatchRecord, ExceptionCode};
use record::{EventKind, IndexFields, Manifest, canonical};

use super::view::proof::{Change, Signature};
use crate::problem::Reply;
use crate::state::App;

/// The fields of a version, told for people in the order of the page.
pub async fn fields(app: &App, manifest: &Manifest) -> Reply<IndexFields> {
    Ok(canonical::from_bytes(&app.archive.read(&manifest.index.digest).await?)?)
}

/// What is not the same. Without `values`, only which fields it is: they may name a patient.
pub fn changes(before: &IndexFields, after: &IndexFields, values: bool) -> Vec<Change> {
    let (before, after) = (told(before), told(after));
    let differ = before.into_iter().zip(after).filter(|((_, old), (_, new))| old != new);
    let shown = |value: String| if values { Some(value) } else { None };
    differ.map(|((field, old), (_, new))| Change { field, before: shown(old), after: shown(new) }).collect()
}

fn told(fields: &IndexFields) -> [(&'static str, String); 8] {
    let IndexFields { mrn, encounter, document_type, department, date, reel, file_names, exceptions, .. } = fields;
    let questions = exceptions.iter().map(|open| ExceptionCode::name(open.code));
    [
        ("Patient number", mrn.as_ref().map_or(String::new(), |mrn| mrn.reveal().to_owned())),
        ("Encounter", encounter.as_ref().map_or(String::new(), |encounter| encounter.reveal().to_owned())),
        ("Type", document_type.as_ref().map_or(String::new(), |kind| kind.reveal().to_owned())),
        ("Department", department.as_ref().map_or(String::new(), |department| department.reveal().to_owned())),
        ("Date", date.map_or(String::new(), |date| date.to_string())),
        ("Reel", reel.as_ref().map_or(String::new(), |reel| reel.label.clone())),
        ("File names", file_names.join(", ")),
        ("Open questions", questions.collect::<Vec<_>>().join(", ")),
    ]
}

/// What the station signed when it closed the batch; nothing before that.
pub async fn signature(app: &App, manifest: &Manifest) -> Reply<Option<Signature>> {
    let Some(index) = app.catalog.batch_closed_by(manifest.batch).await? else { return Ok(None) };
    let Some(event) = app.archive.events(index, 1).await?.pop() else { return Ok(None) };
    let EventKind::BatchRecorded { body, signed, .. } = event.event else { return Ok(None) };
    let record: BatchRecord = canonical::from_bytes(&app.archive.read(&body).await?)?;
    let station = record.source.station;
    let Some(signed) = signed else {
        return Ok(Some(Signature {
            station,
            key: None,
            index,
            holds: None,
            says: "the batch carries no signature".into(),
        }));
    };
    let envelope: Envelope = canonical::from_bytes(&app.archive.read(&signed).await?)?;
    let keys = app.catalog.stations().await?;
    // A key that was revoked since was good then; `chartroom-verify` holds each against its time.
    let keys: Vec<StationKey> = keys.iter().filter_map(|record| record.key.parse().ok()).collect();
    let key = envelope.signatures.first().map(|signature| signature.keyid.clone());
    let (station, holds, says) = judge(&envelope, &keys, manifest, station);
    Ok(Some(Signature { station, key, index, holds, says }))
}

fn judge(
    envelope: &Envelope,
    keys: &[StationKey],
    manifest: &Manifest,
    station: String,
) -> (String, Option<bool>, String) {
    let print = fingerprint(manifest.pages.iter().map(|page| &page.image.digest));
    match envelope.open(keys) {
        Ok((capture, key)) => {
            let mine = capture.documents.iter().find(|one| one.document == manifest.document);
            let same = mine.is_some_and(|one| fingerprint(&one.pages) == print);
            let says = if same { "it signed these very pages" } else { "it signed other pages than these" };
            (key.name().to_owned(), Some(same), says.to_owned())
        }
        Err(EnvelopeError::Stranger) if keys.is_empty() => {
            (station, None, "no station is enrolled here, so that its signature says nothing yet".to_owned())
        }
        Err(error) => (station, Some(false), format!("the envelope {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_by_its_field_and_to_readers_by_its_values() {
        let before = IndexFields {
            salt: "00".repeat(16),
            mrn: None,
            encounter: None,
            document_type: "LETTER".parse().ok(),
            department: None,
            date: None,
            reel: None,
            file_names: Vec::new(),
            exceptions: Vec::new(),
        };
        let after = IndexFields { salt: "11".repeat(16), mrn: "MRN-7".parse().ok(), ..before.clone() };
        let change = |before: Option<&str>, after: Option<&str>| Change {
            field: "Patient number",
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        assert_eq!(changes(&before, &after, true), [change(Some(""), Some("MRN-7"))]);
        assert_eq!(changes(&before, &after, false), [change(None, None)]);
        assert_eq!(changes(&before, &before, true), []);
    }
}
