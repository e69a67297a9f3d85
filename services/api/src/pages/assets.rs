//! Which files does the browser fetch? Style, scripts, icons: part of the binary, addressed by
//! what they contain, so that a browser may keep them for ever and never holds an old one.

use std::sync::LazyLock;

use record::Digest;

/// One embedded file.
pub struct Asset {
    pub name: &'static str,
    pub media_type: &'static str,
    pub bytes: &'static [u8],
    /// The first 16 hex digits of the SHA-256 over `bytes`.
    pub version: String,
}

macro_rules! assets {
    ($($name:literal $media_type:ident)*) => {
        [$(Asset::new($name, $media_type, include_bytes!(concat!("../../static/", $name)))),*]
    };
}

const JS: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";

static ASSETS: LazyLock<[Asset; 10]> = LazyLock::new(|| {
    assets![
        "chartroom.css" CSS
        "icons.svg" SVG
        "mark.svg" SVG
        "theme.js" JS
        "keys.js" JS
        "page.js" JS
        "viewer.js" JS
        "correct.js" JS
        "vendor/htmx.min.js" JS
        "vendor/openseadragon.min.js" JS
    ]
});

impl Asset {
    fn new(name: &'static str, media_type: &'static str, bytes: &'static [u8]) -> Self {
        let mut version = Digest::of(bytes).hex();
        version.truncate(16);
        Self { name, media_type, bytes, version }
    }
}

/// The asset of that name, as the path after `/static/` says it.
pub fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// The address templates use: with the version, which makes the answer immutable.
pub fn url(name: &str) -> String {
    let version = find(name).map_or("", |asset| asset.version.as_str());
    format!("/static/{name}?v={version}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendored_files_are_the_ones_the_readme_names() {
        let readme = include_str!("../../static/vendor/README.md");
        for name in ["vendor/htmx.min.js", "vendor/openseadragon.min.js"] {
            let digest = Digest::of(find(name).expect("embedded").bytes).hex();
            assert!(readme.contains(&digest), "{name} has another digest than its README says");
        }
    }

    #[test]
    fn nothing_but_the_named_files_is_served() {
        assert!(find("../Cargo.toml").is_none());
        assert!(find("").is_none());
        assert!(url("chartroom.css").contains("?v=") && !url("chartroom.css").ends_with('='));
    }

    #[test]
    fn no_asset_needs_the_policy_loosened() {
        for name in ["theme.js", "keys.js", "page.js", "viewer.js", "correct.js"] {
            let text = std::str::from_utf8(find(name).expect("embedded").bytes).expect("UTF-8");
            for forbidden in ["eval(", "new Function", "innerHTML", "insertAdjacentHTML", "http://", "https://"] {
                assert!(!text.contains(forbidden), "{name} contains {forbidden}");
            }
        }
    }
}
