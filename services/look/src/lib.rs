//! How do our pages look, and what is a browser told about them? The server's pages and the station's share one style, one
//! set of icons, one way of binding keys, and one policy.
//!
//! Files are part of the binary and addressed by what they contain, so that a browser may keep them for ever and never
//! holds an old one.

use record::Digest;

/// One embedded file.
#[derive(Debug, Clone)]
pub struct Asset {
    pub name: &'static str,
    pub media_type: &'static str,
    pub bytes: &'static [u8],
    /// The first 16 hex digits of the SHA-256 over `bytes`.
    pub version: String,
}

pub const JS: &str = "text/javascript; charset=utf-8";
pub const CSS: &str = "text/css; charset=utf-8";
pub const SVG: &str = "image/svg+xml";

impl Asset {
    pub fn new(name: &'static str, media_type: &'static str, bytes: &'static [u8]) -> Self {
        let mut version = Digest::of(bytes).hex();
        version.truncate(16);
        Self { name, media_type, bytes, version }
    }

    /// Addressed with its version an answer never changes; without (modules that import each other), the browser asks
    /// whether it has.
    pub fn caching(&self, query: &str) -> &'static str {
        let fixed = query.strip_prefix("v=") == Some(&self.version);
        if fixed { "public, max-age=31536000, immutable" } else { "public, no-cache" }
    }

    pub fn tag(&self) -> String {
        format!("\"{}\"", self.version)
    }
}

/// What a program serves under `/static/`: the shared files and its own.
#[derive(Debug)]
pub struct Files(Vec<Asset>);

impl Files {
    pub fn with(own: impl IntoIterator<Item = Asset>) -> Self {
        let shared = [
            Asset::new("chartroom.css", CSS, include_bytes!("../static/chartroom.css")),
            Asset::new("icons.svg", SVG, include_bytes!("../static/icons.svg")),
            Asset::new("mark.svg", SVG, include_bytes!("../static/mark.svg")),
            Asset::new("theme.js", JS, include_bytes!("../static/theme.js")),
            Asset::new("keys.js", JS, include_bytes!("../static/keys.js")),
        ];
        Self(shared.into_iter().chain(own).collect())
    }

    /// The file of that name, as the path after `/static/` says it.
    pub fn find(&self, name: &str) -> Option<&Asset> {
        self.0.iter().find(|asset| asset.name == name)
    }

    /// The address that pages use: with the version, which makes the answer immutable.
    pub fn url(&self, name: &str) -> String {
        let version = self.find(name).map_or("", |asset| asset.version.as_str());
        format!("/static/{name}?v={version}")
    }

    /// Names of scripts that would need the policy loosened.
    pub fn unruly(&self) -> Vec<&'static str> {
        let forbidden = ["eval(", "new Function", "innerHTML", "insertAdjacentHTML", "http://", "https://"];
        let ours = self.0.iter().filter(|asset| asset.media_type == JS && !asset.name.starts_with("vendor/"));
        let unruly = ours.filter(|asset| {
            let text = String::from_utf8_lossy(asset.bytes);
            forbidden.iter().any(|word| text.contains(word))
        });
        unruly.map(|asset| asset.name).collect()
    }
}

/// What every answer says to the browser, where the handler has not said something else: run nothing from elsewhere, be
/// framed by nobody, keep nothing, tell nobody where you came from.
pub const HEADERS: [(&str, &str); 7] = [
    // Scripts, styles and images from our own origin and nowhere else; nothing inline. `data:` and `blob:` images are
    // those that our own scripts draw or fetch.
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
         font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    // Patient data stays in no cache; only the embedded assets say otherwise.
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_named_files_is_served() {
        let files = Files::with([Asset::new("own.js", JS, b"let x;")]);
        assert!(files.find("own.js").is_some() && files.find("../Cargo.toml").is_none() && files.find("").is_none());
        let url = files.url("chartroom.css");
        let (_, query) = url.split_once('?').expect("a version");
        assert!(files.find("chartroom.css").expect("is there").caching(query).contains("immutable"));
        assert!(!files.find("chartroom.css").expect("is there").caching("v=").contains("immutable"));
    }

    #[test]
    fn no_script_needs_the_policy_loosened() {
        assert!(Files::with([]).unruly().is_empty());
        assert_eq!(Files::with([Asset::new("bad.js", JS, b"x.innerHTML = y")]).unruly(), ["bad.js"]);
    }
}
