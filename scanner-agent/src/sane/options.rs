//! What can an open device be told?

use std::ffi::c_char;

use super::device::{Device, FIXED_ONE, text};
use super::ffi::{self, RawOption, RawRange, Word};
use super::frames::OptionFacts;

/// Choices beyond this are not listed: no person would read them.
const CHOICES_MAX: usize = 500;
/// Guards against a driver without end.
const OPTIONS_MAX: Word = 4_096;

/// Every option that can be set or asked for, in the driver's order.
pub fn list(device: &Device<'_>) -> Vec<OptionFacts> {
    // Option 0 is their number.
    (1..OPTIONS_MAX).map_while(|index| device.describe(index)).filter_map(|raw| facts(device, raw)).collect()
}

fn facts(device: &Device<'_>, raw: &RawOption) -> Option<OptionFacts> {
    let kind = match raw.value_type {
        ffi::TYPE_BOOL => "yes-no",
        ffi::TYPE_INT => "whole",
        ffi::TYPE_FIXED => "number",
        ffi::TYPE_STRING => "text",
        ffi::TYPE_BUTTON => "button",
        // A heading.
        _ => return None,
    };
    let active = raw.capabilities & ffi::CAP_INACTIVE == 0;
    // SAFETY: names and titles of a descriptor are C strings or null.
    let (name, title) = unsafe { (text(raw.name), text(raw.title)) };
    let unit = usize::try_from(raw.unit).ok().and_then(|unit| ffi::UNITS.get(unit)).filter(|unit| !unit.is_empty());
    let list = raw.value_type != ffi::TYPE_STRING && raw.size as usize > size_of::<Word>();
    let value = if list || raw.value_type == ffi::TYPE_BUTTON { None } else { device.get(&name) };
    let settable = active && raw.capabilities & ffi::CAP_SOFT_SELECT != 0;
    let (choices, range) = (choices(raw), range(raw));
    Some(OptionFacts {
        name,
        title,
        kind: kind.into(),
        unit: unit.map(|u| (*u).to_owned()),
        value,
        choices,
        range,
        settable,
    })
}

fn number(raw: &RawOption, word: Word) -> String {
    if raw.value_type == ffi::TYPE_FIXED { (f64::from(word) / FIXED_ONE).to_string() } else { word.to_string() }
}

fn choices(raw: &RawOption) -> Vec<String> {
    if raw.constraint.is_null() {
        return Vec::new();
    }
    match raw.constraint_type {
        // SAFETY: by the standard a list of C strings that ends with null.
        ffi::CONSTRAINT_STRINGS => unsafe {
            let strings = raw.constraint.cast::<*const c_char>();
            (0..CHOICES_MAX).map(|at| *strings.add(at)).take_while(|s| !s.is_null()).map(|s| text(s)).collect()
        },
        // SAFETY: by the standard a list of words, of which the first is the number of the others.
        ffi::CONSTRAINT_WORDS => unsafe {
            let words = raw.constraint.cast::<Word>();
            let count = usize::try_from(*words).unwrap_or(0).min(CHOICES_MAX);
            (1..=count).map(|at| number(raw, *words.add(at))).collect()
        },
        _ => Vec::new(),
    }
}

fn range(raw: &RawOption) -> Option<(String, String)> {
    let is_range = raw.constraint_type == ffi::CONSTRAINT_RANGE;
    // SAFETY: by the standard a range then, or null.
    let range = unsafe { raw.constraint.cast::<RawRange>().as_ref() }.filter(|_| is_range)?;
    Some((number(raw, range.min), number(raw, range.max)))
}
