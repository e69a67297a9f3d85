//! The technician's page from outside: who is let in, and that it does what `scanner-agent batch` does.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use imaging::Raster;
use reqwest::blocking::{Client, RequestBuilder};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_scanner-agent");

struct Page {
    program: Child,
    address: String,
    key: String,
    folder: tempfile::TempDir,
    client: Client,
}

impl Page {
    fn serve(rules: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("rules.toml"), rules).expect("writes");
        let jobs = format!("[[job]]\nname = 'files'\nwords = ['--rules={}']\n", path("rules.toml").display());
        std::fs::write(path("jobs.toml"), jobs).expect("writes");
        let mut command = Command::new(PROGRAM);
        command.args(["serve", "--json", "--port", "0", "--jobs"]).arg(path("jobs.toml"));
        command.arg("--spool").arg(path("spool")).env_remove("CHARTROOM_SERVER").env_remove("CHARTROOM_TOKEN");
        let mut program = command.stdout(Stdio::piped()).spawn().expect("starts");
        let lines = BufReader::new(program.stdout.take().expect("a pipe")).lines();
        let said: String = lines.map_while(Result::ok).take(3).collect();
        let said: Value = serde_json::from_str(&said).expect("JSON");
        let (address, key) = said["url"].as_str().and_then(|url| url.split_once("/#")).expect("an address with a key");
        let (address, key) = (address.to_owned(), key.to_owned());
        Self { program, address, key, folder, client: Client::new() }
    }

    fn request(&self, path: &str, body: Option<&Value>) -> RequestBuilder {
        let address = format!("{}{path}", self.address);
        match body {
            Some(body) => self.client.post(address).json(body),
            None => self.client.get(address),
        }
    }

    fn ask(&self, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let answer = self.request(path, body).header("x-station-key", &self.key).send().expect("answers");
        if answer.status() == 422 {
            return Err(answer.text().expect("text"));
        }
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        Ok(answer.json().expect("JSON"))
    }

    fn status(&self, with: impl FnOnce(RequestBuilder) -> RequestBuilder) -> u16 {
        with(self.request("/api/state", None)).send().expect("answers").status().as_u16()
    }

    /// Takes a stack of so many pages in, and gives the batch.
    fn take_in(&self, pages: u32) -> String {
        let stack = self.folder.path().join("stack");
        std::fs::create_dir(&stack).expect("creates");
        (1..=pages).for_each(|number| write_page(&stack, number));
        let start = json!({"do": "import", "from": stack, "job": "files", "operator": "kim", "expect": pages});
        self.ask("/api/work", Some(&start)).expect("starts");
        loop {
            let state = self.ask("/api/state", None).expect("a state");
            assert_ne!(state["work"][0]["ended"]["tone"], "bad", "{state}");
            if let Some(batch) =
                state["batches"][0]["batch"].as_str().filter(|_| state["batches"][0]["stage"] == "review")
            {
                return batch.to_owned();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn act(&self, batch: &str, by: &str, action: Value) -> Result<Value, String> {
        self.ask(&format!("/api/batches/{batch}"), Some(&json!({"by": by, "action": action})))
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing else to do about it here.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

fn write_page(folder: &Path, number: u32) {
    let (width, height) = (620_u32, 877_u32);
    let level = |x: u32, y: u32| {
        let line = (80..540).contains(&x) && (80..80 + 650 / number).contains(&y) && y % 16 < 7;
        if line && (x * 7 + y / 16 * 5) % 13 < 6 { 30 } else { 244 }
    };
    let page = Raster::gray(width, height, (0..width * height).map(|n| level(n % width, n / width)).collect());
    let png = page.and_then(|page| page.encode_png(75)).expect("encodes");
    std::fs::write(folder.join(format!("{number}.png")), png).expect("writes");
}

#[test]
fn only_the_page_of_this_start_gets_data() {
    let page = Page::serve("");
    let key = page.key.clone();
    assert_eq!(page.status(|request| request), 403, "another user of this machine");
    assert_eq!(page.status(|request| request.header("x-station-key", "0".repeat(64))), 403);
    assert_eq!(page.status(|request| request.header("x-station-key", &key)), 200);
    let from_elsewhere =
        |request: RequestBuilder| request.header("x-station-key", &key).header("origin", "http://evil.example");
    assert_eq!(page.status(from_elsewhere), 403, "another site's page");
    let by_another_name =
        |request: RequestBuilder| request.header("x-station-key", &key).header("host", "evil.example");
    assert_eq!(page.status(by_another_name), 403, "a name that leads here");
    let home = page.request("/", None).send().expect("answers");
    let policy = home.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(!home.text().expect("text").contains(&key), "the key is never sent");
}

#[test]
fn the_page_does_what_the_command_line_does() {
    let page = Page::serve("[[rule]]\nname = 'label'\nmatch = '(?<mrn>MRN-[0-9]{6})'\ndoes = 'field'\n");
    let batch = page.take_in(3);
    let before = page.ask(&format!("/api/batches/{batch}"), None).expect("a report");
    let image = before["pages"][0]["image"].as_str().expect("an image");
    let picture = format!("{}/api/batches/{batch}/images/{image}?width=100", page.address);
    let jpeg = page.client.get(picture).header("x-station-key", &page.key).send().and_then(|answer| answer.bytes());
    let thumbnail = imaging::decode(&jpeg.expect("bytes")).expect("an image");
    assert!((100..200).contains(&thumbnail.width()), "{}", thumbnail.width());

    let act = |action: Value| page.act(&batch, "kim", action);
    let failed = act(json!({"do": "fail", "page": 2, "reason": "cut off"})).expect("done");
    assert_eq!(failed["pages"][1]["verdict"]["failed"], "cut off");
    let refused = act(json!({"do": "accept"})).expect_err("a rejected page");
    assert!(refused.contains("cut off"), "{refused}");
    assert_eq!(act(json!({"do": "undo"})).expect("done"), before);
    let read = act(json!({"do": "read", "page": 1, "text": "MRN-104233"})).expect("done");
    assert_eq!(read["documents"][0]["mrn"], "MRN-104233");
    assert!(
        act(json!({"do": "read", "page": 1, "text": "4006381333931"})).expect_err("no label").contains("says nothing")
    );
    assert!(act(json!({"do": "hide", "pages": [9]})).expect_err("no such page").contains("no page 9"));
    assert!(act(json!({"do": "explain", "reason": " "})).is_err());
    assert_eq!(act(json!({"do": "accept"})).expect("done")["stage"], "indexed");
    assert_eq!(act(json!({"do": "release"})).expect("done")["stage"], "released");

    // The same spool by the command line, which looks on meanwhile and changes nothing.
    let agent = |words: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.args(words).arg("--json").arg("--spool").arg(page.folder.path().join("spool")).output().expect("runs")
    };
    let shown: Value = serde_json::from_slice(&agent(&["batch", &batch, "show"]).stdout).expect("JSON");
    assert_eq!((&shown["stage"], &shown["operator"]), (&"released".into(), &"kim".into()));
    let busy = agent(&["batch", &batch, "undo"]);
    assert!(String::from_utf8_lossy(&busy.stderr).contains("another scanner-agent"), "{busy:?}");
}

#[test]
fn fields_keyed_by_two_people_stand_when_they_agree() {
    let page = Page::serve("[entry]\ntwice = true\n");
    let batch = page.take_in(1);
    let key = |by: &str, mrn: &str| {
        page.act(&batch, by, json!({"do": "index", "page": 1, "fields": {"patient": mrn}})).expect("done")
    };
    let once = key("ana", "MRN-104233");
    assert_eq!(once["questions"][0]["code"], "key-again");
    assert!(!once.to_string().contains("104233"), "the second does not see what the first wrote: {once}");
    assert!(page.act(&batch, "ana", json!({"do": "accept"})).is_err());
    let disputed = key("ben", "MRN-104223");
    assert_eq!(disputed["questions"][0]["answers"].as_array().map(Vec::len), Some(2), "{disputed}");
    let settled = page.act(&batch, "ben", disputed["questions"][0]["answers"][0]["action"].clone()).expect("done");
    assert_eq!((&settled["documents"][0]["mrn"], &settled["questions"]), (&"MRN-104233".into(), &json!([])));
}

#[test]
fn what_cannot_be_started_is_said_in_a_sentence() {
    let page = Page::serve("");
    let start = |more: Value| page.ask("/api/work", Some(&more)).expect_err("refused");
    assert!(start(json!({"do": "scan"})).contains("Choose a scanner"));
    let odd = start(json!({"do": "import", "from": "/nowhere", "operator": "x".repeat(200)}));
    assert!(odd.contains("at most 120 letters"), "{odd}");
}
