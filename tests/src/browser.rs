//! A real Chromium, driven through its own driver as a person would use it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::program::{self, Guarded};

// Keys as WebDriver names them (§17.4.2).
pub const TAB: &str = "\u{E004}";
pub const ENTER: &str = "\u{E007}";
pub const SHIFT: &str = "\u{E008}";
pub const CTRL: &str = "\u{E009}";

pub struct Browser {
    runtime: Runtime,
    client: Client,
    screenshots: PathBuf,
    _driver: Guarded,
    _profile: TempDir,
}

impl Browser {
    /// `screenshots` is where pictures for people are left.
    pub fn start(screenshots: &Path) -> Result<Self> {
        let profile = TempDir::new()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting chromedriver; scripts/setup --tests installs it")?;
        let driver = Guarded(driver);
        let runtime = Runtime::new()?;
        let url = format!("http://127.0.0.1:{port}");
        let capabilities =
            json!({"goog:chromeOptions": {"args": arguments(profile.path())}, "goog:loggingPrefs": {"browser": "ALL"}});
        let Value::Object(capabilities) = capabilities else { unreachable!("json! of braces is an object") };
        let client = program::wait_for("chromium to start", || {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            builder.capabilities(capabilities.clone());
            Ok(runtime.block_on(builder.connect(&url)).ok())
        })?;
        std::fs::create_dir_all(screenshots)?;
        Ok(Self { runtime, client, screenshots: screenshots.to_owned(), _driver: driver, _profile: profile })
    }

    pub fn open(&self, url: &str) -> Result<()> {
        Ok(self.runtime.block_on(self.client.goto(url))?)
    }

    /// Opens the address and logs in there. Whoever goes elsewhere before the answer is there is not logged in.
    pub fn log_in(&self, url: &str, login: &str, password: &str) -> Result<()> {
        self.open(url)?;
        self.type_into("input[name=login]", login)?;
        self.type_into("input[name=password]", password)?;
        self.click("form.gate button")?;
        let inside = "return document.readyState === 'complete' && !document.querySelector('form.gate')";
        self.wait_for("the log-in", inside).map(drop)
    }

    pub fn url(&self) -> Result<String> {
        Ok(self.runtime.block_on(self.client.current_url())?.to_string())
    }

    /// Types into the element; waits for it to be there.
    pub fn type_into(&self, css: &str, text: &str) -> Result<()> {
        self.runtime.block_on(async {
            let element =
                self.client.wait().for_element(Locator::Css(css)).await.with_context(|| format!("finding {css}"))?;
            element.clear().await?;
            Ok(element.send_keys(text).await?)
        })
    }

    /// Presses keys wherever the focus is, as a keyboard does.
    pub fn press(&self, keys: &str) -> Result<()> {
        self.runtime.block_on(async {
            let focused = self.client.active_element().await?;
            Ok(focused.send_keys(keys).await?)
        })
    }

    /// Keys and an Enter, so many milliseconds apart, wherever the focus is: a barcode gun is fast, fingers are not.
    pub fn key_in(&self, text: &str, apart: f64) -> Result<()> {
        let started = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
        let keys = text.chars().map(String::from).chain(["Enter".to_owned()]);
        for (at, key) in keys.enumerate() {
            let seconds = started + at as f64 * apart / 1000.0;
            self.runtime.block_on(self.client.issue_cmd(KeyAt { key, seconds }))?;
        }
        Ok(())
    }

    pub fn click(&self, css: &str) -> Result<()> {
        self.runtime.block_on(async {
            let element =
                self.client.wait().for_element(Locator::Css(css)).await.with_context(|| format!("finding {css}"))?;
            Ok(element.click().await?)
        })
    }

    pub fn text(&self, css: &str) -> Result<String> {
        self.runtime.block_on(async {
            let element =
                self.client.wait().for_element(Locator::Css(css)).await.with_context(|| format!("finding {css}"))?;
            Ok(element.text().await?)
        })
    }

    /// Runs a script in the page and returns what it returns.
    pub fn script(&self, script: &str) -> Result<Value> {
        Ok(self.runtime.block_on(self.client.execute(script, Vec::new()))?)
    }

    /// Waits until a script returns something other than null or false.
    pub fn wait_for(&self, what: &str, script: &str) -> Result<Value> {
        program::wait_for(what, || {
            let answer = self.script(script)?;
            Ok((!answer.is_null() && answer != Value::Bool(false)).then_some(answer))
        })
    }

    /// A picture for people, `NAME.png`.
    pub fn screenshot(&self, name: &str) -> Result<()> {
        let png = self.runtime.block_on(self.client.screenshot())?;
        Ok(std::fs::write(self.screenshots.join(format!("{name}.png")), png)?)
    }

    /// For people: wide and narrow, light and dark.
    pub fn pictures(&self, name: &str) -> Result<()> {
        for (width, theme) in [(800, "light"), (800, "dark"), (1440, "dark"), (1440, "light")] {
            self.resize(width, 900)?;
            self.script(&format!("document.documentElement.dataset.theme = '{theme}'"))?;
            // Colours fade over to the other theme.
            std::thread::sleep(std::time::Duration::from_millis(200));
            self.screenshot(&format!("{name}-{width}-{theme}"))?;
        }
        Ok(())
    }

    pub fn resize(&self, width: u32, height: u32) -> Result<()> {
        Ok(self.runtime.block_on(self.client.set_window_size(width, height))?)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver is killed next; a failure here changes nothing.
        let _ = self.runtime.block_on(self.client.clone().close());
    }
}

/// Headless, as root in a container too, and silent on the network but for the site.
fn arguments(profile: &Path) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--window-size=1440,900",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.push(format!("--user-data-dir={}", profile.display()));
    arguments
}

/// A key event with a time of its own: a command of the browser's own protocol, which chromedriver passes on.
#[derive(Debug)]
struct KeyAt {
    key: String,
    seconds: f64,
}

impl WebDriverCompatibleCommand for KeyAt {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as FromStr>::Err> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let text = if self.key == "Enter" { "\r" } else { &self.key };
        let event = json!({"type": "keyDown", "key": self.key, "text": text, "timestamp": self.seconds});
        (Method::POST, Some(json!({"cmd": "Input.dispatchKeyEvent", "params": event}).to_string()))
    }
}
