//! An object of an Oxford Common File Layout storage root: <https://ocfl.io/1.1/spec/>, with SHA-512, and SHA-256 as its fixity block.
//!
//! What a version consists of is said file by file; a file that an earlier version had is not kept twice.

use std::collections::BTreeMap;

use record::{Digest, Digest512, Timestamp};
use serde::Serialize;

/// What a storage root and an object say they are.
pub const ROOT: (&str, &str) = ("0=ocfl_1.1", "ocfl_1.1\n");
pub const OBJECT: (&str, &str) = ("0=ocfl_object_1.1", "ocfl_object_1.1\n");
/// OCFL community extension 0003, with its defaults: where an object stands follows from its id, which its folder says.
pub const LAYOUT: &str = "0003-hash-and-id-n-tuple-storage-layout";
const TUPLES: usize = 3;
const TUPLE: usize = 3;

/// `ocfl_layout.json` and the extension's `config.json`.
pub fn layout() -> (String, String) {
    let layout =
        serde_json::json!({ "extension": LAYOUT, "description": "by the SHA-256 of the object's id, and the id" });
    let config = serde_json::json!({
        "extensionName": LAYOUT, "digestAlgorithm": "sha256", "tupleSize": TUPLE, "numberOfTuples": TUPLES
    });
    (format!("{layout:#}\n"), format!("{config:#}\n"))
}

/// Where in the storage root an object stands. Ids of ours are shorter than what the extension would cut.
pub fn place(id: &str) -> String {
    let hex = Digest::of(id.as_bytes()).hex();
    let tuples: Vec<&str> = (0..TUPLES).map(|n| &hex[n * TUPLE..(n + 1) * TUPLE]).collect();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let name = id.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") });
    format!("{}/{}", tuples.join("/"), name.collect::<String>())
}

/// `inventory.json`, as it grows with each version.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inventory {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    digest_algorithm: &'static str,
    head: String,
    manifest: BTreeMap<String, Vec<String>>,
    versions: BTreeMap<String, Version>,
    fixity: BTreeMap<&'static str, BTreeMap<String, Vec<String>>>,
}

#[derive(Debug, Clone, Serialize)]
struct Version {
    /// RFC 3339.
    created: String,
    message: String,
    user: User,
    state: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Clone, Serialize)]
struct User {
    name: String,
    address: String,
}

impl Inventory {
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            kind: "https://ocfl.io/1.1/spec/#inventory",
            digest_algorithm: "sha512",
            head: "v0".to_owned(),
            manifest: BTreeMap::new(),
            versions: BTreeMap::new(),
            fixity: BTreeMap::new(),
        }
    }

    /// Begins the next version, and gives its folder.
    pub fn version(&mut self, created: Timestamp, message: &str, name: &str, address: &str) -> String {
        self.head = format!("v{}", self.versions.len() + 1);
        let user = User { name: name.to_owned(), address: address.to_owned() };
        let version =
            Version { created: created.to_string(), message: message.to_owned(), user, state: BTreeMap::new() };
        self.versions.insert(self.head.clone(), version);
        self.head.clone()
    }

    /// Adds a file to the version begun last; where it has to be written, if it has to.
    pub fn file(&mut self, name: &str, bytes: &[u8]) -> Option<String> {
        let digest = Digest512::of(bytes).hex();
        if let Some(version) = self.versions.get_mut(&self.head) {
            version.state.entry(digest.clone()).or_default().push(name.to_owned());
        }
        if self.manifest.contains_key(&digest) {
            return None;
        }
        let path = format!("{}/content/{name}", self.head);
        self.fixity.entry("sha256").or_default().entry(Digest::of(bytes).hex()).or_default().push(path.clone());
        self.manifest.insert(digest, vec![path.clone()]);
        Some(path)
    }

    /// The inventory and the file beside it.
    ///
    /// # Errors
    /// None that an inventory can give.
    pub fn write(&self) -> serde_json::Result<(Vec<u8>, String)> {
        let bytes = serde_json::to_vec_pretty(self)?;
        let sidecar = format!("{} inventory.json\n", Digest512::of(&bytes).hex());
        Ok((bytes, sidecar))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_kept_once_and_stands_in_every_version_that_has_it() {
        let mut inventory = Inventory::new("urn:uuid:1");
        assert_eq!(inventory.version(Timestamp(0), "sealed", "system", "urn:chartroom:system"), "v1");
        assert_eq!(inventory.file("pages/1.png", b"page").as_deref(), Some("v1/content/pages/1.png"));
        assert_eq!(inventory.version(Timestamp(1), "filed", "system", "urn:chartroom:system"), "v2");
        assert_eq!(inventory.file("pages/1.png", b"page"), None);
        assert_eq!(inventory.file("fields.json", b"{}").as_deref(), Some("v2/content/fields.json"));
        let (bytes, sidecar) = inventory.write().expect("JSON");
        let json: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(
            (&json["head"], json["versions"]["v2"]["state"].as_object().map(serde_json::Map::len)),
            (&"v2".into(), Some(2))
        );
        assert!(sidecar.ends_with(" inventory.json\n") && sidecar.len() == 128 + 16);
    }

    /// The extension's own examples, with its defaults.
    #[test]
    fn objects_stand_where_the_extension_says() {
        assert_eq!(place("object-01"), "3c0/ff4/240/object-01");
        assert_eq!(place("..hor/rib:le-$id"), "487/326/d8c/%2e%2ehor%2frib%3ale-%24id");
    }
}
