//! What stands in a bag's tag files, as RFC 8493 and the drafts before it have it.

use encoding_rs::{Encoding, UTF_8};
use record::digest::Sum;

/// What `bagit.txt` declares.
pub(super) struct Declaration {
    pub version: (u32, u32),
    /// Of the other tag files.
    pub encoding: &'static Encoding,
}

/// A line of a manifest: what a file of this path hashes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub path: String,
    pub hash: Vec<u8>,
    /// What a reader forgives and the RFC does not have.
    pub odd: Option<&'static str>,
}

const DECLARATION: &str = "it has to be `BagIt-Version: M.N` and `Tag-File-Character-Encoding: UTF-8`, a line each";

/// RFC 8493, section 2.1.1. It is in UTF-8, whatever the other tag files are in.
pub(super) fn declaration(bytes: &[u8]) -> Result<Declaration, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| DECLARATION)?;
    let mut lines = lines(text);
    let mut value = |label| lines.next().and_then(|line| line.strip_prefix(label)).ok_or(DECLARATION);
    let (version, encoding) = (value("BagIt-Version: ")?, value("Tag-File-Character-Encoding: ")?);
    let number = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let version = version.split_once('.').and_then(|(major, minor)| number(major).zip(number(minor)));
    let version = version.ok_or(DECLARATION)?;
    if !((0, 93)..=(0, 97)).contains(&version) && version != (1, 0) {
        return Err(format!("it declares version {}.{}; 0.93 to 0.97 and 1.0 are read here", version.0, version.1));
    }
    let encoding = Encoding::for_label(encoding.as_bytes());
    encoding
        .map(|encoding| Declaration { version, encoding })
        .ok_or_else(|| "its encoding is not known here".to_owned())
}

/// The text of another tag file.
pub(super) fn text(bytes: &[u8], encoding: &'static Encoding) -> Result<String, &'static str> {
    // A byte order mark belongs to UTF-16 alone.
    if encoding == UTF_8 && bytes.starts_with(b"\xef\xbb\xbf") {
        return Err("it begins with a byte order mark");
    }
    let (text, _, wrong) = encoding.decode(bytes);
    if wrong { Err("its bytes are not in the encoding that bagit.txt declares") } else { Ok(text.into_owned()) }
}

/// Lines end in LF, CR, or both.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'));
    lines.filter(|line| !line.is_empty())
}

/// RFC 8493, section 2.1.3.
pub(super) fn line(line: &str, sum: Sum) -> Result<Line, String> {
    let (hash, rest) = line.split_once([' ', '\t']).ok_or("a line has no path")?;
    let bytes = sum.parse(hash).ok_or_else(|| format!("`{}` is no {sum} of a file", shown(hash)))?;
    let (path, odd) = match rest.trim_start_matches([' ', '\t']) {
        path if path.starts_with('*') => (&path[1..], Some("a line is as md5sum writes it for binary files")),
        path if path.starts_with("./") => (&path[2..], Some("a path begins with ./")),
        path => (path, None),
    };
    Ok(Line { path: inside(path)?, hash: bytes, odd })
}

/// RFC 8493, section 2.2.3: the path in a line of `fetch.txt`, behind an address and a length.
pub(super) fn fetch(line: &str) -> Result<String, String> {
    let path = line.splitn(3, [' ', '\t']).nth(2).ok_or("a line is not an address, a length and a path")?;
    inside(path.trim_start_matches([' ', '\t']))
}

/// The path as the file system has it, if it stays in the bag.
fn inside(path: &str) -> Result<String, String> {
    let path = decoded(path);
    let outside = path.is_empty()
        || path.starts_with(['/', '~', '\\'])
        || path.split('/').any(|part| matches!(part, "" | "." | ".."))
        || path.contains('\0');
    if outside { Err(format!("`{}` is no path within the bag", shown(&path))) } else { Ok(path) }
}

/// Section 2.1.3: line ends, and the sign that stands for them, are written in per cent.
fn decoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        let code = rest.get(at + 1..at + 3).map(str::to_ascii_uppercase);
        let meant = match code.as_deref() {
            Some("0A") => '\n',
            Some("0D") => '\r',
            Some("25") => '%',
            _ => {
                out.push_str(&rest[..=at]);
                rest = &rest[at + 1..];
                continue;
            }
        };
        out.push_str(&rest[..at]);
        out.push(meant);
        rest = &rest[at + 3..];
    }
    out + rest
}

/// The value of `Payload-Oxum` in `bag-info.txt` (section 2.2.2): bytes and files.
pub(super) fn oxum(info: &str) -> Option<Result<(u64, u64), &'static str>> {
    let labels = lines(info).filter_map(|line| line.split_once(':'));
    let mut values = labels.filter(|(label, _)| label.trim().eq_ignore_ascii_case("payload-oxum"));
    let (_, value) = values.next()?;
    let number = |text: &str| text.parse::<u64>().ok();
    let parsed = value.trim().split_once('.').and_then(|(bytes, files)| number(bytes).zip(number(files)));
    Some(parsed.filter(|_| values.next().is_none()).ok_or("its Payload-Oxum is not one `bytes.files`"))
}

/// As much of what stands there as helps to find it.
fn shown(text: &str) -> String {
    text.chars().take(80).map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_has_one_form() {
        let good = |text: &str| declaration(text.as_bytes()).map(|found| (found.version, found.encoding.name()));
        let utf_8 = "Tag-File-Character-Encoding: UTF-8";
        assert_eq!(good(&format!("BagIt-Version: 1.0\n{utf_8}\n")), Ok(((1, 0), "UTF-8")));
        assert_eq!(good(&format!("BagIt-Version: 0.93\r\n{utf_8}")), Ok(((0, 93), "UTF-8")));
        for wrong in ["BagIt-Version: .97", "BagIt-Version : 1.0", "BagIt-Version: 2.0", "BagIt-Version: +1.0", ""] {
            assert!(good(&format!("{wrong}\n{utf_8}\n")).is_err(), "{wrong}");
        }
        assert!(good(&format!("\u{feff}BagIt-Version: 1.0\n{utf_8}\n")).is_err());
        assert!(good("BagIt-Version: 1.0\nTag-File-Character-Encoding: EBCDIC\n").is_err());
    }

    #[test]
    fn paths_stay_in_the_bag() {
        let path = |path: &str| line(&format!("{} {path}", "0".repeat(32)), Sum::Md5).map(|line| line.path);
        assert_eq!(path("data/a%0Ab%0d%25%7E%.txt"), Ok("data/a\nb\r%%7E%.txt".to_owned()));
        assert_eq!(path(" \t./data/a b"), Ok("data/a b".to_owned()));
        for wrong in ["", "/a", "~/a", "data/../../a", "..", "data//a", "data/./a", "\\\\host\\a", "data/\0"] {
            assert!(path(wrong).is_err(), "{wrong}");
        }
        assert!(line("00 data/a", Sum::Md5).is_err() && line(&"0".repeat(32), Sum::Md5).is_err());
        assert_eq!(fetch("http://a/b - data/a b"), Ok("data/a b".to_owned()));
        assert!(fetch("http://a/b - ../a").is_err() && fetch("http://a/b").is_err());
    }

    #[test]
    fn lines_end_in_any_way() {
        assert_eq!(lines("a\nb\r\n\r\nc\rd").collect::<Vec<_>>(), ["a", "b", "c", "d"]);
        assert_eq!(oxum("Other: 1\nPAYLOAD-oxum :  12.3 \n"), Some(Ok((12, 3))));
        assert_eq!(oxum("Other: 1\n"), None);
        assert!(matches!(oxum("Payload-Oxum: 12\n"), Some(Err(_))));
    }
}
