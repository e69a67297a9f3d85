//! Documents leave for another archive, and other people's programs check what came over: `bagit` a bag, `ocfl-py` a storage root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use record::Digest;
use serde_json::{Value, json};
use tests::{program, samples, site::Site, tampered};

fn peer(name: &str, words: &[&str], folder: &Path) -> Result<Output> {
    let program = program::cache()?.join("venv/bin").join(name);
    Ok(Command::new(program::cache()?.join("venv/bin/python")).arg(program).args(words).arg(folder).output()?)
}

/// What a peer says; both tell on standard error, too.
fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Two documents, one of them in two versions.
fn filled() -> Result<(Site, String)> {
    let site = Site::start(1)?;
    let technician = site.token("technician")?;
    site.import(&technician, &[samples::path("discharge-summary.tif")], &["--patient", samples::MRN])?;
    site.import(&technician, &[samples::path("clinic-letter.png")], &["--patient", samples::MRN])?;
    let hits = site.caller("searcher")?.search("pleuritic")?;
    let document = hits[0]["document"].as_str().context("a document")?.to_owned();
    let fields = json!({ "mrn": samples::MRN, "document_type": "LETTER" });
    let status = site.caller("technician")?.revise(&format!("/api/v1/documents/{document}/fields"), 1, &fields)?;
    ensure!(status == 200, "the second version: {status}");
    site.account("ann", "technician", "nine lives of a cat")?;
    Ok((site, document))
}

fn export(site: &Site, words: &[&str]) -> Result<String> {
    let words = [&["export", "--by", "ann"], words].concat();
    program::succeed("chartroom export", site.chartroom(&words)?)
}

fn exports_in_ledger(site: &Site) -> Result<usize> {
    let events = site.caller("auditor")?.json("/api/v1/ledger/events?most=1000")?;
    let events = events["events"].as_array().cloned().unwrap_or_default();
    Ok(events.iter().filter(|one| one["event"]["form"] == "bundle").count())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}

/// The objects of a storage root.
fn objects(root: &Path) -> Result<Vec<PathBuf>> {
    let declarations = files(root)?.into_iter().filter(|file| file.ends_with("0=ocfl_object_1.1"));
    let objects: Vec<PathBuf> = declarations.filter_map(|file| file.parent().map(Path::to_owned)).collect();
    ensure!(objects.len() == 2, "two objects: {objects:?}");
    Ok(objects)
}

fn change(path: &Path) -> Result<Vec<u8>> {
    let good = fs::read(path)?;
    let mut bytes = good.clone();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(path, bytes)?;
    Ok(good)
}

#[test]
fn a_bag_is_whole_says_bagit_and_goes_on_where_it_was_broken_off() -> Result<()> {
    let (site, document) = filled()?;
    let bag = site.root().join("bag");
    let folder = bag.to_string_lossy().into_owned();
    let told = export(&site, &["--all", "--bagit", &folder])?;
    ensure!(told.starts_with("2 documents"), "{told}");
    let valid = peer("bagit.py", &["--validate"], &bag)?;
    ensure!(valid.status.success() && said(&valid).contains("is valid"), "{}", said(&valid));
    ensure!(exports_in_ledger(&site)? == 2, "each is in the ledger");

    // Each document in it is a bundle, with its texts, and what happened to it.
    let inside = bag.join("data").join(&document);
    let verify =
        program::command("chartroom-verify")?.arg("--key").arg(site.log_key()).arg("--bundle").arg(&inside).output()?;
    program::succeed("chartroom-verify", verify)?;
    let lint = Command::new("xmllint").arg("--noout").arg(inside.join("premis.xml")).output()?;
    program::succeed("xmllint", lint)?;
    let premis = fs::read_to_string(inside.join("premis.xml"))?;
    for term in ["ingestion", "metadata modification", "metadata extraction", "exporting"] {
        ensure!(premis.contains(&format!("<eventType>{term}<")), "{term} is in {premis}");
    }
    let text = fs::read_to_string(inside.join("text/0001.alto.xml"))?;
    ensure!(text.contains("pleuritic") || fs::read_to_string(inside.join("text/0002.alto.xml"))?.contains("pleuritic"));

    // One byte of the payload, and one of a tag file.
    judged(&site, &bag, &[])?;
    for victim in [inside.join("pages/0001.tif"), bag.join("bag-info.txt")] {
        let good = change(&victim)?;
        let wrong = peer("bagit.py", &["--validate"], &bag)?;
        ensure!(!wrong.status.success(), "{} was changed: {}", victim.display(), said(&wrong));
        judged(&site, &bag, &["bag-file-wrong"])?;
        fs::write(&victim, good)?;
    }
    another_bag_of_a_changed_page(&site, &bag, &inside)?;
    let again = site.chartroom(&["export", "--by", "ann", "--all", "--bagit", &folder])?;
    ensure!(!again.status.success() && said(&again).contains("whole"), "{}", said(&again));

    // As an export leaves it that was killed in its second document.
    for name in ["bagit.txt", "bag-info.txt", "tagmanifest-sha256.txt", "tagmanifest-sha512.txt"] {
        fs::remove_file(bag.join(name))?;
    }
    for name in ["manifest-sha256.txt", "manifest-sha512.txt"] {
        let lines = fs::read_to_string(bag.join(name))?;
        fs::write(bag.join(name), &lines[..lines.len() - 20])?;
    }
    let last = fs::read_dir(bag.join("data"))?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let last = last.iter().max().context("documents")?;
    fs::write(last.join("half a file"), "…")?;
    let told = export(&site, &["--all", "--bagit", &folder])?;
    ensure!(told.starts_with("1 documents"), "the first one is whole already: {told}");
    let valid = peer("bagit.py", &["--validate"], &bag)?;
    ensure!(valid.status.success(), "{}", said(&valid));

    // Whoever may not open everything gives nothing out.
    site.account("sue", "searcher", "nine lives of a cat")?;
    let other = site.root().join("other").to_string_lossy().into_owned();
    let refused = site.chartroom(&["export", "--by", "sue", "--all", "--bagit", &other])?;
    ensure!(!refused.status.success() && !Path::new(&other).exists(), "{}", said(&refused));
    Ok(())
}

/// Our own verdict with the log's key: these findings at least, or none and both documents proven.
fn judged(site: &Site, bag: &Path, codes: &[&str]) -> Result<Value> {
    let verify = program::command("chartroom-verify")?
        .arg("--json")
        .arg("--key")
        .arg(site.log_key())
        .arg("--bag")
        .arg(bag)
        .output()?;
    let report: Value = serde_json::from_slice(&verify.stdout).with_context(|| said(&verify))?;
    let found: Vec<&str> =
        report["findings"].as_array().into_iter().flatten().filter_map(|one| one["code"].as_str()).collect();
    ensure!(codes.is_empty() == found.is_empty() && codes.iter().all(|code| found.contains(code)), "{report:#}");
    ensure!(
        report["counts"]["documents"] == 2 && verify.status.code() == Some(i32::from(!codes.is_empty())),
        "{report:#}"
    );
    Ok(report)
}

/// Who changes a page and writes the manifests anew has made a valid bag, says `bagit`, and so says whoever has no key. With it, the
/// document does not prove itself.
fn another_bag_of_a_changed_page(site: &Site, bag: &Path, inside: &Path) -> Result<()> {
    let forged = site.root().join("forged");
    tampered::copy(bag, &forged)?;
    let document = Path::new("data").join(inside.file_name().context("a document")?);
    change(&forged.join(&document).join("pages/0001.tif"))?;
    for file in files(&forged)?.iter().filter(|file| file.parent() == Some(&forged) && !file.ends_with("bag-info.txt"))
    {
        fs::remove_file(file)?;
    }
    // The program makes a bag of what lies in a folder, and moves it into data/.
    for entry in fs::read_dir(forged.join("data"))? {
        let entry = entry?;
        fs::rename(entry.path(), forged.join(entry.file_name()))?;
    }
    fs::remove_dir(forged.join("data"))?;
    fs::remove_file(forged.join("bag-info.txt"))?;
    let made = peer("bagit.py", &["--sha256", "--sha512"], &forged)?;
    ensure!(made.status.success(), "{}", said(&made));
    let valid = peer("bagit.py", &["--validate"], &forged)?;
    ensure!(valid.status.success(), "{}", said(&valid));
    let without = program::command("chartroom-verify")?.arg("--bag").arg(&forged).output()?;
    ensure!(without.status.success() && said(&without).contains("NOT PROVEN origin"), "{}", said(&without));
    let report = judged(site, &forged, &["blob-missing"])?;
    let named = report["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|one| one["object"].as_str().is_some_and(|object| object.starts_with(&*document.to_string_lossy())));
    ensure!(named, "the document is named: {report:#}");
    Ok(())
}

#[test]
fn a_storage_root_is_valid_says_ocfl_py() -> Result<()> {
    let (site, document) = filled()?;
    let root = site.root().join("root");
    let folder = root.to_string_lossy().into_owned();
    export(&site, &["--document", &document, "--ocfl", &folder])?;
    let told = export(&site, &["--all", "--ocfl", &folder])?;
    ensure!(told.starts_with("1 documents"), "one was there already: {told}");
    // It judges a storage root by its layout, and each object by its bytes.
    let valid = peer("ocfl-validate.py", &[], &root)?;
    ensure!(valid.status.success(), "{}", said(&valid));
    for object in objects(&root)? {
        let valid = peer("ocfl-validate.py", &[], &object)?;
        let text = said(&valid);
        ensure!(valid.status.success() && text.contains("is VALID") && !text.contains("[W"), "{text}");
    }
    asked_of_rocfl(&root, true)?;

    // Both versions of the document, and what they share once.
    let inventory = files(&root)?.into_iter().find(|file| {
        file.ends_with("inventory.json") && fs::read_to_string(file).is_ok_and(|text| text.contains("\"v2\""))
    });
    let object = inventory.as_deref().and_then(Path::parent).context("an object in two versions")?;
    let inventory: Value = serde_json::from_slice(&fs::read(object.join("inventory.json"))?)?;
    ensure!(inventory["id"] == format!("urn:uuid:{document}") && inventory["head"] == "v2", "{inventory}");
    ensure!(object.join("v1/content/pages/0001.tif").exists() && !object.join("v2/content/pages/0001.tif").exists());
    let page = fs::read(object.join("v1/content/pages/0001.tif"))?;
    ensure!(inventory["fixity"]["sha256"].get(Digest::of(&page).hex()).is_some(), "named as the archive names it");

    let page = object.join("v1/content/pages/0001.tif");
    for victim in [page, object.join("inventory.json")] {
        let good = change(&victim)?;
        let wrong = peer("ocfl-validate.py", &[], object)?;
        ensure!(!wrong.status.success(), "{}: {}", victim.display(), said(&wrong));
        asked_of_rocfl(&root, false)?;
        fs::write(&victim, good)?;
    }
    Ok(())
}

/// A second opinion, where it is installed: it takes minutes to build.
fn asked_of_rocfl(root: &Path, is_valid: bool) -> Result<()> {
    let rocfl = program::cache()?.join("rocfl/bin/rocfl");
    if !rocfl.is_file() {
        return Ok(());
    }
    let output = Command::new(rocfl).arg("-r").arg(root).arg("validate").output()?;
    ensure!(output.status.success() == is_valid, "rocfl: {}", said(&output));
    Ok(())
}
