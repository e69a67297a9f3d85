//! One flipped byte in each kind of object is found, and the object is named.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use tests::{samples, site};

/// Folders of the bucket, each holding one kind of object.
const KINDS: [&str; 6] = ["blobs/", "manifests/", "log/tile/entries/", "log/tile/0/", "log/commits/", "log/checkpoint"];

#[test]
fn a_flipped_byte_in_any_kind_of_object_is_found_and_named() -> Result<()> {
    let site = site::Site::start(1)?;
    site.import(&site.token("technician")?, &[samples::path("clinic-letter.png")], &["--patient", samples::MRN])?;
    let objects = tests::bucket::objects(&site.store())?;
    for kind in KINDS {
        let victims: Vec<&PathBuf> = objects.iter().filter(|path| path.to_string_lossy().starts_with(kind)).collect();
        ensure!(!victims.is_empty(), "the store holds something in {kind}");
        for victim in victims.iter().rev().take(3) {
            let path = site.store().join(victim);
            let sound = fs::read(&path)?;
            let mut flipped = sound.clone();
            let at = flipped.len() / 2;
            *flipped.get_mut(at).context("objects are not empty")? ^= 0x01;
            fs::write(&path, &flipped)?;
            let (code, report) = site.verify()?;
            ensure!(code == 1, "{} was changed, yet the verdict is {code}: {report}", victim.display());
            ensure!(report.to_string().contains(&*victim.to_string_lossy()), "{} is named: {report}", victim.display());
            fs::write(&path, sound)?;
        }
    }
    let (code, report) = site.verify()?;
    ensure!(code == 0, "with every byte back, all is sound: {report}");
    Ok(())
}

#[test]
fn a_missing_object_is_found_and_named_and_a_changed_page_is_not_served() -> Result<()> {
    let site = site::Site::start(1)?;
    site.import(&site.token("technician")?, &[samples::path("clinic-letter.png")], &["--patient", samples::MRN])?;
    let searcher = site.caller("searcher")?;
    let hits = searcher.search("electrocardiogram")?;
    let page = hits[0]["page"].as_str().context("a page")?.to_owned();
    let image = searcher.bytes(&format!("/api/v1/pages/{page}/image"))?;
    let hex = record::Digest::of(&image).hex();
    let key = format!("blobs/sha256/{}/{}/{hex}", &hex[..2], &hex[2..4]);
    let path = site.store().join(&key);

    let mut changed = image.clone();
    let at = changed.len() - 1;
    changed[at] ^= 0x80;
    fs::write(&path, &changed)?;
    let status = searcher.status(&format!("/api/v1/pages/{page}/image"))?;
    ensure!(status >= 500, "a changed page is an error, not a page: {status}");

    fs::remove_file(&path)?;
    let (code, report) = site.verify()?;
    ensure!(code == 1 && report.to_string().contains(&key), "{key} is missing: {report}");
    Ok(())
}

#[test]
fn the_guide_explains_every_code() -> Result<()> {
    let guide = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide.md"))?;
    for code in archive::verify::Code::ALL {
        ensure!(guide.contains(&format!("`{code}`")), "the guide's chapter for auditors lacks `{code}`");
    }
    Ok(())
}
