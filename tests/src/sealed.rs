//! Documents through the archive's own door, without a server: what benches and the long tier fill their stores with.

use anyhow::Result;
use archive::Archive;
use bytes::Bytes;
use record::event::Actor;
use record::manifest::{IndexFields, MANIFEST_SCHEMA, Source, SourceKind};
use record::{BatchId, DocumentId, Event, EventKind, Manifest, PageEntry, PageId, Timestamp, canonical};

/// Puts the pages of a document and seals its manifest. The event that tells of it is the caller's to append.
pub async fn document(archive: &Archive, name: &[u8], pages: impl IntoIterator<Item = Vec<u8>>) -> Result<Event> {
    let (document, batch) = (DocumentId::derived([name]), BatchId::derived([b"harness".as_slice()]));
    let mut entries = Vec::new();
    for (number, image) in (1..).zip(pages) {
        entries.push(PageEntry {
            page: PageId::derived([name, &u32::to_be_bytes(number)]),
            number,
            image: archive.put("image/tiff", Bytes::from(image)).await?,
            width: 1,
            height: 1,
            dpi: 0,
            from: None,
            brought: None,
            frame: None,
        });
    }
    let pages = entries.len() as u32;
    let manifest = Manifest {
        schema: MANIFEST_SCHEMA.to_owned(),
        document,
        version: 1,
        previous: None,
        batch,
        created: Timestamp(0),
        created_by: Actor::System,
        source: Source { kind: SourceKind::Import, station: "harness".to_owned(), device: None },
        originals: Vec::new(),
        pages: entries,
        index: archive.put("application/json", Bytes::from(canonical::to_bytes(&fields())?)).await?,
    };
    let manifest = archive.seal(&manifest).await?;
    let event = EventKind::Sealed { document, version: 1, manifest, batch, pages };
    Ok(Event { at: Timestamp(0), actor: Actor::System, event })
}

fn fields() -> IndexFields {
    IndexFields {
        salt: "00".repeat(16),
        mrn: None,
        encounter: None,
        document_type: None,
        department: None,
        date: None,
        reel: None,
        file_names: Vec::new(),
        exceptions: Vec::new(),
    }
}
