//! A bag, as RFC 8493 (BagIt 1.0) has it: payload manifests line by line, and the tag files around them.

use std::io::{self, Read};

use record::{Hasher, Hasher512};

/// The bag's declaration: the last file that is written, so that what has it is whole.
pub const DECLARATION: (&str, &str) = ("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
pub const INFO: &str = "bag-info.txt";
/// Payload manifests, and those of the tag files: by SHA-256, which the archive's own names are, and by SHA-512, which the RFC asks for.
pub const MANIFESTS: [&str; 2] = ["manifest-sha256.txt", "manifest-sha512.txt"];
pub const TAG_MANIFESTS: [&str; 2] = ["tagmanifest-sha256.txt", "tagmanifest-sha512.txt"];

/// One line for each of the two manifests.
///
/// # Errors
/// What reading gives.
pub fn lines(path: &str, mut file: impl Read) -> io::Result<[String; 2]> {
    let (mut short, mut long, mut chunk) = (Hasher::new(), Hasher512::default(), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut chunk)? {
            0 => break,
            n => {
                short.update(&chunk[..n]);
                long.update(&chunk[..n]);
            }
        }
    }
    Ok([format!("{}  {path}\n", short.finish().hex()), format!("{}  {path}\n", long.finish().hex())])
}

/// The path in a line of a manifest; none where the line was cut off.
pub fn path_of(line: &str) -> Option<&str> {
    line.strip_suffix('\n')?.split_once("  ").map(|(_, path)| path)
}

/// `bag-info.txt`: of which log, made when and by what; so many payload files with so many bytes.
pub fn info(log: &str, date: &str, agent: &str, bytes: u64, files: u64) -> String {
    format!(
        "External-Identifier: {log}\nBagging-Date: {date}\nBag-Software-Agent: {agent}\nPayload-Oxum: {bytes}.{files}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_off_is_no_line() {
        let [line, long] = lines("data/1/page.png", b"abc".as_slice()).expect("read");
        assert_eq!(path_of(&line), Some("data/1/page.png"));
        assert!(long.starts_with("ddaf35a193617aba") && path_of(&line[..line.len() - 1]).is_none());
    }
}
