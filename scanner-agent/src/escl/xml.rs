//! What does a scanner's answer say? Its values by the names of the elements around them, whatever their prefixes.

use quick_xml::Reader;
use quick_xml::events::Event;

/// Deeper answers are no scanner's.
const DEPTH_MAX: usize = 32;

/// The values in their order, each with the names of the elements that it stands in, outermost first.
pub struct Document(Vec<(Vec<String>, String)>);

impl Document {
    /// None where it is not well formed.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut reader, mut path, mut found) = (Reader::from_str(text), Vec::new(), Vec::new());
        loop {
            match reader.read_event().ok()? {
                Event::Start(element) if path.len() < DEPTH_MAX => {
                    path.push(element.local_name().as_ref().to_owned());
                    found.push((path.clone(), String::new()));
                }
                Event::Start(_) => return None,
                Event::Empty(element) => {
                    let inner = path.iter().cloned().chain([element.local_name().as_ref().to_owned()]).collect();
                    found.push((inner, String::new()));
                }
                Event::Text(text) => {
                    let at = found.iter().rposition(|(of, _)| *of == path);
                    at.into_iter().for_each(|at| found[at].1.push_str(text.trim()));
                }
                Event::End(_) => drop(path.pop()),
                Event::Eof => return path.is_empty().then_some(Self(found)),
                _ => {}
            }
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(path, _)| path.last().is_some_and(|last| last == name))
    }

    pub fn first(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(path, _)| path.last().is_some_and(|last| last == name));
        found.map(|(_, value)| value.as_str())
    }

    /// The values of all elements of this name that stand somewhere within another.
    pub fn all_in(&self, outer: &str, name: &str) -> Vec<&str> {
        let within = |path: &[String]| {
            path.last().is_some_and(|last| last == name) && path.iter().any(|element| element == outer)
        };
        self.0.iter().filter(|(path, _)| within(path)).map(|(_, value)| value.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_name_and_place_and_cut_off_text_is_refused() {
        let text = "<a:Top xmlns:a='x'><Left><a:V>1</a:V></Left><Right><V> 2 </V><V>3</V></Right><Empty/></a:Top>";
        let document = Document::parse(text).expect("well formed");
        assert_eq!((document.all_in("Right", "V"), document.first("V")), (vec!["2", "3"], Some("1")));
        assert!(document.has("Empty") && !document.has("v"));
        assert!(Document::parse(&text[..text.len() - 3]).is_none());
        assert!(Document::parse(&"<a>".repeat(40)).is_none());
    }
}
