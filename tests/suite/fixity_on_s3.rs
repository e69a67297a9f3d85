//! What holds of folders holds of buckets: a store in S3 with its replica in S3. Whatever is flipped in either is found, named and put right,
//! and what is destroyed is gone from both.

use anyhow::{Context as _, Result, ensure};
use reqwest::blocking::Client;
use serde_json::Value;
use tests::s3::{BUCKET, S3};
use tests::{program, samples, site::Site};

struct House {
    site: Site,
    s3: S3,
    client: Client,
}

impl House {
    /// A letter, read, in a store and in a replica with credentials of its own.
    fn build() -> Result<Self> {
        let s3 = S3::start()?;
        let mut environment = s3.environment();
        let replicas: Vec<_> =
            environment.iter().map(|(name, value)| (format!("REPLICA_{name}"), value.clone())).collect();
        environment.extend(replicas);
        let (store, replica) = (format!("s3://{BUCKET}/archive"), format!("s3://{BUCKET}/replica"));
        let mut site = Site::start_with(1, &["--store", &store, "--replica", &replica], environment)?;
        std::fs::write(site.data().join("retention.toml"), "[[class]]\nname = \"ALL-0\"\nyears = 0\n")?;
        site.stop_server()?;
        site.restart()?;
        site.import(&site.token("technician")?, &[samples::path("clinic-letter.png")], &["--patient", samples::MRN])?;
        let house = Self { site, s3, client: Client::new() };
        house.followed()?;
        Ok(house)
    }

    /// Waits until the replica has every sealed object that the store has.
    fn followed(&self) -> Result<()> {
        program::wait_for("the replica", || {
            for kind in ["manifests", "blobs"] {
                let copied = self.keys(&format!("replica/{kind}/"))?;
                let has = |key: &String| copied.contains(&key.replacen("archive", "replica", 1));
                if !self.keys(&format!("archive/{kind}/"))?.iter().all(has) {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        })
    }

    fn url(&self, key: &str) -> String {
        format!("{}/{BUCKET}/{key}", self.s3.endpoint())
    }

    /// Keys under a prefix, as the bucket lists them.
    fn keys(&self, prefix: &str) -> Result<Vec<String>> {
        let url = format!("{}/{BUCKET}?list-type=2&prefix={prefix}", self.s3.endpoint());
        let text = self.client.get(url).send()?.error_for_status()?.text()?;
        let keys = text.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
        Ok(keys.map(str::to_owned).collect())
    }

    fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let answer = self.client.get(self.url(key)).send()?;
        if answer.status() == 404 {
            return Ok(None);
        }
        Ok(Some(answer.error_for_status()?.bytes()?.to_vec()))
    }

    /// Behind the archive's back, as somebody with the bucket's credentials could; what was there.
    fn flip(&self, key: &str) -> Result<Vec<u8>> {
        let good = self.get(key)?.context("an object to flip")?;
        let mut bytes = good.clone();
        let at = bytes.len() / 2;
        bytes[at] ^= 0x10;
        self.client.put(self.url(key)).body(bytes).send()?.error_for_status()?;
        Ok(good)
    }

    fn verify(&self) -> Result<(Option<i32>, Value)> {
        let mut command = program::command("chartroom-verify")?;
        command.args(["--json", "--store", &format!("s3://{BUCKET}/archive"), "--key"]).arg(self.site.log_key());
        let output = command.envs(self.s3.environment()).output()?;
        let report = serde_json::from_slice(&output.stdout);
        Ok((output.status.code(), report.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?))
    }

    fn scrub(&self, more: &[&str]) -> Result<(bool, Value)> {
        let output = self.site.chartroom(&[&["scrub", "--json"], more].concat())?;
        let report = serde_json::from_slice(&output.stdout);
        Ok((output.status.success(), report.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?))
    }
}

#[test]
fn flips_in_buckets_are_put_right_and_what_is_destroyed_is_gone_from_both() -> Result<()> {
    let mut house = House::build()?;
    // Nothing new comes meanwhile, so that every object stays in use.
    house.site.stop_server()?;
    let mut victims = Vec::new();
    for (n, kind) in ["blobs", "blobs", "manifests", "log/tile/entries", "log/tile/0", "log/commits"].iter().enumerate()
    {
        let bucket = if n % 2 == 0 { "archive" } else { "replica" };
        // What the store has had since the replica followed has no other copy.
        let mut keys = house.keys(&format!("{bucket}/{kind}/"))?;
        let copied = house.keys(&format!("replica/{kind}/"))?;
        keys.retain(|key| {
            copied.iter().any(|copy| copy.split_once('/').map(|it| it.1) == key.split_once('/').map(|it| it.1))
        });
        let key = keys.get(n).or(keys.first()).with_context(|| format!("{kind} in the {bucket}"))?.clone();
        victims.push((key.clone(), house.flip(&key)?));
    }
    let (fine, report) = house.scrub(&["--dry-run"])?;
    ensure!(!fine && report["damaged"] == victims.len() && report["repaired"] == 0, "{report}");
    let (fine, report) = house.scrub(&[])?;
    ensure!(fine && report["damaged"] == 0 && report["replica"] == true, "{report}");
    for (key, good) in &victims {
        // The edge of the tree may have been superseded by the events that told of the others.
        ensure!(house.get(key)?.is_none_or(|now| now == *good), "{key} is as it was");
    }
    house.site.restart()?;
    house.followed()?;
    let (code, report) = house.verify()?;
    ensure!(code == Some(0), "{report}");

    destroyed(&house)?;
    let (fine, report) = house.scrub(&[])?;
    ensure!(fine && report["damaged"] == 0, "what is destroyed is no damage: {report}");
    let (code, report) = house.verify()?;
    ensure!(code == Some(0) && report["notes"].to_string().contains("\"destroyed\""), "{report}");
    Ok(())
}

fn destroyed(house: &House) -> Result<()> {
    let (ann, bob) = (house.site.caller("admin")?, house.site.caller("admin")?);
    let due = ann.json("/api/v1/destructions/due")?;
    let ask = serde_json::json!({
        "documents": [due[0]["document"]], "reference": "RC-1", "authority": "Records committee",
    });
    let plan: Value =
        ann.post("/api/v1/destructions/plan", &serde_json::json!({"documents": ask["documents"]}))?.json()?;
    let proposed: Value = ann.post("/api/v1/destructions", &ask)?.json()?;
    let id = proposed["destruction"].as_str().context("a name")?;
    let approved = bob.post(&format!("/api/v1/destructions/{id}/approval"), &Value::Null)?;
    ensure!(approved.status().is_success(), "{}", approved.text()?);
    program::wait_for("the destruction", || {
        let status = ann.json("/api/v1/destructions")?[0].clone();
        Ok((status["state"] == "destroyed" && status["replica"] == true).then_some(()))
    })?;
    let objects = plan["objects"].as_array().context("objects")?;
    ensure!(objects.len() == 4, "{plan}");
    for object in objects.iter().filter_map(Value::as_str) {
        for bucket in ["archive", "replica"] {
            ensure!(house.get(&format!("{bucket}/{object}"))?.is_none(), "{object} in the {bucket}");
        }
    }
    Ok(())
}
