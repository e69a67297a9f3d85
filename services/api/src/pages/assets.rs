//! Which files does the browser fetch? The look that the station's pages share ([`look`]), and what only these pages need.

use std::sync::LazyLock;

use look::{Asset, Files, JS};

macro_rules! scripts {
    ($($name:literal)*) => {
        Files::with([$(Asset::new($name, JS, include_bytes!(concat!("../../static/", $name)))),*])
    };
}

static FILES: LazyLock<Files> = LazyLock::new(|| {
    scripts! { "page.js" "viewer.js" "correct.js" "cut.js" "vendor/htmx.min.js" "vendor/openseadragon.min.js" }
});

/// The asset of that name, as the path after `/static/` says it.
pub fn find(name: &str) -> Option<&'static Asset> {
    FILES.find(name)
}

/// The address templates use: with the version, which makes the answer immutable.
pub fn url(name: &str) -> String {
    FILES.url(name)
}

#[cfg(test)]
mod tests {
    use record::Digest;

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
    fn no_asset_needs_the_policy_loosened() {
        assert_eq!(FILES.unruly(), Vec::<&str>::new());
    }
}
