//! A record's end: two people agree, a dry run has said what goes, and afterwards nothing of it is left in the store, in the replica or on any
//! screen, which an auditor can check. What comes back is found.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context as _, Result, ensure};
use record::{DestructionId, Digest, IndexFields, canonical};
use serde_json::{Value, json};
use tests::browser::Browser;
use tests::http::Caller;
use tests::{bucket, program, samples, site::Site};

use crate::browser::pictures;

/// Letters may go at once; everything else is kept for thirty years.
const SCHEDULE: &str = "[[class]]\nname = \"LET-0\"\ntypes = [\"LETTER\"]\nyears = 0\n\n\
                        [[class]]\nname = \"ALL-30\"\nyears = 30\n";

struct House {
    site: Site,
    replica: PathBuf,
    /// Two administrators' tokens.
    ann: String,
    bob: String,
    letter: String,
    report: String,
}

impl House {
    /// A letter and a laboratory report, read, and all of it in the replica.
    fn build() -> Result<Self> {
        let mut site = Site::start_with(1, &["--replica", "../replica"], Vec::new())?;
        let replica = site.root().join("replica");
        fs::create_dir(&replica)?;
        fs::write(site.data().join("retention.toml"), SCHEDULE)?;
        site.stop_server()?;
        site.restart()?;
        let token = site.token("technician")?;
        let words = |kind| ["--patient", samples::MRN, "--type", kind];
        site.import(&token, &[samples::path("clinic-letter.png")], &words("LETTER"))?;
        site.import(&token, &[samples::path("lab-report.tif")], &words("REPORT"))?;
        let searcher = site.caller("searcher")?;
        let document = |words: &str| -> Result<String> {
            Ok(searcher.search(words)?[0]["document"].as_str().context("a hit")?.to_owned())
        };
        let (letter, report) = (document("electrocardiogram")?, document("leucocytosis")?);
        let (ann, bob) = (site.token("admin")?, site.token("admin")?);
        let house = Self { site, replica, ann, bob, letter, report };
        house.followed()?;
        Ok(house)
    }

    /// Waits until the replica has all that the store has.
    fn followed(&self) -> Result<()> {
        let auditor = self.site.caller("auditor")?;
        program::wait_for("the replica", || {
            let replica = &auditor.json("/api/v1/store")?["replica"];
            Ok((replica["behind"] == 0 && replica["error"].is_null()).then_some(()))
        })
    }

    /// `chartroom destroy WORDS --json` with somebody's token.
    fn destroy(&self, token: &str, words: &[&str]) -> Result<Output> {
        let mut command = program::command("chartroom")?;
        command.arg("destroy").args(words).args(["--json", "--server", &self.site.url()]);
        Ok(command.env("CHARTROOM_TOKEN", token).output()?)
    }

    fn told(&self, token: &str, words: &[&str]) -> Result<Value> {
        let text = program::succeed("chartroom destroy", self.destroy(token, words)?)?;
        serde_json::from_str(&text).context("JSON")
    }

    fn refused(&self, token: &str, words: &[&str], why: &str) -> Result<()> {
        let output = self.destroy(token, words)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(!output.status.success() && said.contains(why), "`{words:?}` says {said}");
        Ok(())
    }

    /// Proposes as one person that the letter go; the proposal's name.
    fn propose(&self) -> Result<String> {
        let words = ["propose", &self.letter, "--reference", "RC-2026/118", "--authority", "Records committee"];
        Ok(self.told(&self.ann, &words)?["destruction"].as_str().context("a name")?.to_owned())
    }

    fn wait_until_destroyed(&self, destruction: &str) -> Result<Value> {
        program::wait_for("the destruction", || {
            let all = self.told(&self.ann, &["list"])?;
            let this = all.as_array().into_iter().flatten().find(|one| one["destruction"] == destruction).cloned();
            Ok(this.filter(|one| one["state"] == "destroyed"))
        })
    }

    fn verify(&self, store: &Path) -> Result<(Option<i32>, Value)> {
        let mut command = program::command("chartroom-verify")?;
        command.args(["--json", "--store"]).arg(store).arg("--key").arg(self.site.log_key());
        let output = command.arg("--since").arg(store.join("log/checkpoint")).output()?;
        Ok((output.status.code(), serde_json::from_slice(&output.stdout)?))
    }

    /// Sound, with this note.
    fn is_sound(&self, store: &Path, note: &str) -> Result<()> {
        let (code, report) = self.verify(store)?;
        let has_note = report["notes"].as_array().is_some_and(|notes| notes.iter().any(|one| one["code"] == note));
        ensure!(code == Some(0) && report["verdict"] == "sound" && has_note, "{}: {report}", store.display());
        Ok(())
    }
}

fn names(plan: &Value) -> Vec<String> {
    let objects = plan["objects"].as_array().into_iter().flatten();
    objects.filter_map(Value::as_str).map(str::to_owned).collect()
}

#[test]
fn what_two_people_destroy_is_gone_everywhere_and_an_auditor_can_tell() -> Result<()> {
    let house = House::build()?;
    let store = house.site.store();

    // What is due, and exactly what would go; nothing is changed by asking.
    let due = house.told(&house.ann, &["due"])?;
    ensure!(due.as_array().map(Vec::len) == Some(1) && due[0]["document"] == house.letter.as_str(), "{due}");
    let plan = house.told(&house.ann, &["plan", &house.letter])?;
    let going = names(&plan);
    ensure!(going.len() == 4 && plan["pages"] == 1, "manifest, image, fields, text: {plan}");
    ensure!(going.iter().all(|name| store.join(name).exists() && house.replica.join(name).exists()), "{plan}");
    let kept = house.told(&house.ann, &["plan", &house.report])?;
    ensure!(kept["documents"][0]["refused"].as_str().is_some_and(|why| why.contains("kept until")), "{kept}");

    // Too early, on hold, one person alone: refused.
    let early = ["propose", &house.report, "--reference", "RC-1", "--authority", "nobody"];
    house.refused(&house.ann, &early, "kept until")?;
    let id = house.propose()?;
    house.refused(&house.ann, &["approve", &id], "ask somebody else")?;
    let hold = house.told(&house.ann, &["hold", "--reference", "LIT-44", "--patient", samples::MRN])?;
    house.refused(&house.bob, &["approve", &id], "legal hold LIT-44")?;
    house.told(&house.bob, &["release", hold["hold"].as_str().context("a name")?])?;

    // The replica is away when it is approved: the store is cleared, and the replica as soon as somebody asks.
    let away = house.site.root().join("away");
    fs::rename(&house.replica, &away)?;
    house.told(&house.bob, &["approve", &id])?;
    let status = house.wait_until_destroyed(&id)?;
    ensure!(status["replica"] == false && status["objects"] == 4 && status["versions_kept"] == false, "{status}");
    ensure!(going.iter().all(|name| !store.join(name).exists() && away.join(name).exists()), "the store alone");
    fs::rename(&away, &house.replica)?;
    house.told(&house.bob, &["again"])?;
    ensure!(house.wait_until_destroyed(&id)?["replica"] == true, "{}", house.told(&house.ann, &["list"])?);
    ensure!(going.iter().all(|name| !house.replica.join(name).exists()), "nor the replica");
    house.followed()?;

    is_forgotten(&house)?;
    // What the station has sent once more goes again by itself.
    program::wait_for("it to go again", || Ok(going.iter().all(|name| !store.join(name).exists()).then_some(())))?;
    house.followed()?;
    house.is_sound(&store, "destroyed")?;
    house.is_sound(&house.replica, "destroyed")?;
    // The neighbour's proof holds.
    let proof = house.site.caller("auditor")?.json(&format!("/api/v1/documents/{}/proof", house.report))?;
    let receipt: record::Receipt = serde_json::from_value(proof["receipt"].clone())?;
    let key = fs::read_to_string(house.site.log_key())?.trim().parse()?;
    receipt.verify(&key)?;
    guesses_fit_nothing(&store)
}

/// No hit, no count, no line of a list; whoever might have seen it is told what became of it.
fn is_forgotten(house: &House) -> Result<()> {
    let (searcher, admin) = (house.site.caller("searcher")?, house.site.caller("admin")?);
    let found = searcher.json("/api/v1/search?q=electrocardiogram")?;
    ensure!(found["documents"] == 0 || found["total"] == 0, "{found}");
    ensure!(!found.to_string().contains(&house.letter), "{found}");
    let all = searcher.json("/api/v1/search?q=leucocytosis")?;
    ensure!(all["hits"].as_array().map(Vec::len) == Some(1), "the other document is there: {all}");
    for caller in [&searcher, &admin] {
        let answer = caller.get(&format!("/api/v1/documents/{}", house.letter))?;
        let (status, said) = (answer.status(), answer.text()?);
        ensure!(status == 410 && said.contains("RC-2026/118"), "{status}: {said}");
    }
    let batches = admin.json("/api/v1/batches")?;
    ensure!(!batches.to_string().contains(&house.letter), "{batches}");
    // Handing the same file over again does not bring it back.
    let mut import = house.site.station("import", &house.site.token("technician")?)?;
    let output = import.args(["--patient", samples::MRN]).arg(samples::path("clinic-letter.png")).output()?;
    ensure!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    ensure!(searcher.search("electrocardiogram")?.is_empty(), "it is not found again");
    Ok(())
}

/// Whoever knows the patient, the type and the day still cannot tell from what is left that there was such a document: every digest
/// that stands in the ledger was drawn with a salt that went with the fields.
fn guesses_fit_nothing(store: &Path) -> Result<()> {
    let mut left = String::new();
    for object in bucket::objects(store)? {
        left.push_str(&String::from_utf8_lossy(&fs::read(store.join(object))?));
    }
    ensure!(left.contains("destruction-approved"), "the ledger is among it");
    for salt in [String::new(), "0".repeat(32), "f".repeat(32)] {
        for file in [None, Some("clinic-letter.png")] {
            let guess = IndexFields {
                salt: salt.clone(),
                mrn: samples::MRN.parse().ok(),
                encounter: None,
                document_type: "LETTER".parse().ok(),
                department: None,
                date: None,
                reel: None,
                file_names: file.into_iter().map(str::to_owned).collect(),
                exceptions: Vec::new(),
            };
            let digest = Digest::of(&canonical::to_bytes(&guess)?);
            ensure!(!left.contains(&digest.hex()), "a guess fits");
        }
    }
    Ok(())
}

#[test]
fn what_comes_back_is_named_and_goes_again_and_a_rebuild_does_not_bring_it() -> Result<()> {
    let mut house = House::build()?;
    let store = house.site.store();
    let going = names(&house.told(&house.ann, &["plan", &house.letter])?);
    let backup: Vec<Vec<u8>> = going.iter().map(|name| fs::read(store.join(name))).collect::<Result<_, _>>()?;
    let id = house.propose()?;
    house.told(&house.bob, &["approve", &id])?;
    // Killed at once, perhaps before the first object is deleted: the order stands, and nothing is missing without it.
    house.site.kill_server()?;
    let (code, report) = house.verify(&store)?;
    ensure!(code == Some(0), "{report}");
    house.site.restart()?;
    house.wait_until_destroyed(&id)?;

    // Somebody restores a backup of the store.
    for (name, bytes) in going.iter().zip(&backup) {
        fs::write(store.join(name), bytes)?;
    }
    let (code, report) = house.verify(&store)?;
    let found: Vec<&str> =
        report["findings"].as_array().into_iter().flatten().filter_map(|one| one["code"].as_str()).collect();
    ensure!(code == Some(1) && found == ["destroyed-but-present"; 4], "{report}");
    ensure!(house.told(&house.bob, &["again"])?["objects"] == 4, "deleted again");
    house.is_sound(&store, "destroyed")?;

    // From the bucket alone: the same, and still nothing of it.
    house.site.stop_server()?;
    program::succeed("chartroom rebuild", house.site.chartroom(&["rebuild"])?)?;
    let (audited, said) = replayed(&house.site)?;
    ensure!(audited, "{said}");
    house.site.restart()?;
    let admin = Caller::new(&house.site.url(), &house.ann)?;
    ensure!(admin.status(&format!("/api/v1/documents/{}", house.letter))? == 410, "a tombstone after the rebuild");
    ensure!(admin.status(&format!("/api/v1/documents/{}", house.report))? == 200, "and the other document");
    ensure!(admin.search("electrocardiogram")?.is_empty(), "nothing is found");
    let output = house.site.chartroom(&["scrub", "--json"])?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(output.status.success() && report["damaged"] == 0, "what is destroyed is no damage: {report}");
    Ok(())
}

fn replayed(site: &Site) -> Result<(bool, String)> {
    let output = site.chartroom(&["replay-audit", "--json"])?;
    Ok((output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

#[test]
fn people_propose_and_approve_on_a_page() -> Result<()> {
    let house = House::build()?;
    for login in ["ada", "bea"] {
        house.site.account(login, "admin", "nine lives of a cat")?;
    }
    let browser = Browser::start(&pictures())?;
    let page = format!("{}/destruction", house.site.url());
    browser.log_in(&house.site.url(), "ada", "nine lives of a cat")?;
    browser.open(&page)?;
    browser
        .wait_for("the empty list", "return document.body.innerText.includes('Nothing was proposed yet') || null")?;
    browser.screenshot("destruction-1-empty")?;
    browser.open(&format!("{page}?due=true"))?;
    let filled = browser.wait_for("what is due", "return document.querySelector('#documents').value || null")?;
    ensure!(filled == json!(house.letter), "{filled}");
    browser.type_into("#reference", "RC-7")?;
    browser.type_into("#authority", "Committee")?;
    browser.click("[value=plan]")?;
    browser.wait_for("the plan", "return document.querySelector('[value=propose]') ? true : null")?;
    browser.screenshot("destruction-2-plan")?;
    browser.click("[value=propose]")?;
    let own = "return document.body.innerText.includes('Somebody else has to approve it') || null";
    browser.wait_for("the proposal", own)?;
    ensure!(
        browser.script("return document.querySelector('form[action$=approval]') === null")? == true,
        "not one's own"
    );

    browser.click("form[action='/logout'] button")?;
    browser.log_in(&house.site.url(), "bea", "nine lives of a cat")?;
    browser.open(&page)?;
    browser.wait_for("the number in the navigation", "return document.querySelector('nav .badge') ? true : null")?;
    browser.screenshot("destruction-3-to-approve")?;
    // Not before the box says that somebody has looked.
    browser.click("form[action$=approval] button")?;
    browser.click("form[action$=approval] input")?;
    browser.click("form[action$=approval] button")?;
    let id = program::wait_for("the approval", || {
        let all = house.told(&house.ann, &["list"])?;
        Ok((all[0]["state"] != "proposed").then(|| all[0]["destruction"].as_str().unwrap_or_default().to_owned()))
    })?;
    id.parse::<DestructionId>()?;
    house.wait_until_destroyed(&id)?;
    browser.open(&page)?;
    browser.screenshot("destruction-4-done")?;
    browser.open(&format!("{}/documents/{}", house.site.url(), house.letter))?;
    browser.wait_for("the tombstone", "return document.body.innerText.includes('RC-7') || null")?;
    browser.screenshot("destruction-5-tombstone")
}
