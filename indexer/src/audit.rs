//! Does the index say of a page what the page and its document say, and do the page's own words find it?

use record::{DocumentId, PageId};
use tantivy::collector::Count;
use tantivy::query::{BooleanQuery, Query};
use tantivy::{DocAddress, Term};

use crate::error::Result;
use crate::hits::PageDocument;
use crate::schema::exactly;
use crate::search::View;
use crate::stored::StoredPage;

/// Words of a page that are looked for; the longest are the rarest.
const WORDS: usize = 40;

/// What is wrong with a page in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    Missing,
    Twice,
    OtherDocument,
    OtherPatient,
    /// Its filing, its document's type or date, its place.
    OtherFields,
    OtherText,
    /// It rests here as it should, and a search for its own words does not find it.
    NotFound,
}

impl View<'_> {
    pub fn flaw(&self, page: &PageDocument) -> Result<Option<Flaw>> {
        let address = match self.addresses(self.fields.page_term(&page.page))?[..] {
            [address] => address,
            [] => return Ok(Some(Flaw::Missing)),
            _ => return Ok(Some(Flaw::Twice)),
        };
        let (here, should) = (self.stored(address)?, StoredPage::of(page));
        let place = |page: &StoredPage| (page.number, page.frame, page.width, page.height);
        Ok(if here.fields.document != should.fields.document {
            Some(Flaw::OtherDocument)
        } else if here.fields.mrn != should.fields.mrn {
            Some(Flaw::OtherPatient)
        } else if here.fields != should.fields || place(&here) != place(&should) {
            Some(Flaw::OtherFields)
        } else if here.text != should.text {
            Some(Flaw::OtherText)
        } else {
            (!self.finds(&here)?).then_some(Flaw::NotFound)
        })
    }

    /// Whether the lists of its own words, of its patient and of its filing all lead to it.
    fn finds(&self, page: &StoredPage) -> Result<bool> {
        let tokens = page.tokens();
        let mut words: Vec<&str> = tokens.iter().map(|token| token.term).collect();
        words.sort_unstable_by_key(|word| (std::cmp::Reverse(word.len()), *word));
        words.dedup();
        let own = words.into_iter().take(WORDS).map(|word| Term::from_field_text(self.fields.body, word));
        let known = [self.fields.page_term(&page.page), self.fields.document_term(&page.fields.document)];
        let parts: Vec<Box<dyn Query>> = own.chain(known).chain(self.fields.who(&page.fields)).map(exactly).collect();
        Ok(self.searcher().search(&BooleanQuery::intersection(parts), &Count)? == 1)
    }

    /// Every page there is, with its document.
    pub fn each_page(&self, mut look: impl FnMut(PageId, DocumentId)) -> Result<()> {
        for (segment, reader) in (0..).zip(self.searcher().segment_readers()) {
            for id in reader.doc_ids_alive() {
                let page = self.decoded(DocAddress::new(segment, id), StoredPage::decode_names)?;
                look(page.0, page.1);
            }
        }
        Ok(())
    }
}
