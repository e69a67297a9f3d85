//! What stands in an element's tag?

use std::str::FromStr;

use quick_xml::escape::unescape;
use quick_xml::events::BytesStart;
use record::words::Box;

use super::AltoError;

const ATTRIBUTES_MAX: usize = 32;

pub(super) struct Attributes(Vec<(String, String)>);

impl Attributes {
    pub(super) fn of(tag: &BytesStart) -> Result<Self, AltoError> {
        let mut found = Vec::new();
        // Its check for duplicates is quadratic; ours is that the first one counts, and that there are few.
        for attribute in tag.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| AltoError::Content("an attribute is malformed"))?;
            if found.len() == ATTRIBUTES_MAX {
                return Err(AltoError::Content("an element has too many attributes"));
            }
            let value =
                unescape(&attribute.value).map_err(|_| AltoError::Content("an entity is not one of the five"))?;
            found.push((attribute.key.as_ref().to_owned(), value.into_owned()));
        }
        Ok(Self(found))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<T, AltoError> {
        let value = self.get(name).and_then(|value| value.parse().ok());
        value.ok_or(AltoError::Content("a place or size is missing or no whole number"))
    }

    pub(super) fn place(&self) -> Result<Box, AltoError> {
        let number = |name| self.number::<u32>(name);
        let place = Box { x: number("HPOS")?, y: number("VPOS")?, w: number("WIDTH")?, h: number("HEIGHT")? };
        if place.x.checked_add(place.w).is_none() || place.y.checked_add(place.h).is_none() {
            return Err(AltoError::Content("something is in an impossible place"));
        }
        Ok(place)
    }

    /// The element is of the type that its maker calls so.
    pub(super) fn is(&self, kind: &str) -> bool {
        self.get("TYPE") == Some(kind)
    }
}
