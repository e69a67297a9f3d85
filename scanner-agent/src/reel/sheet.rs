//! How is a reel's account printed? As one page of HTML that needs nothing else, to be signed and laid into the reel's box. It names
//! no patient but what the box itself says.

use std::fmt::{Result, Write as _};

use record::film::Reel;

use super::account::Account;
use super::order::numbers;
use crate::spool::State;

const STYLE: &str = "@page{margin:16mm}body{font:11pt/1.4 sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#111}\
    h1{font-size:1.4em;margin:0 0 .2em}h2{font-size:1.05em;margin:1.4em 0 .3em}table{border-collapse:collapse;width:100%}\
    th,td{text-align:left;padding:.2em .8em .2em 0;border-bottom:1px solid #bbb;vertical-align:top}\
    td.n{text-align:right;font-variant-numeric:tabular-nums}.open{border-left:4px solid #a33;padding-left:.8em}\
    .done{border-left:4px solid #284;padding-left:.8em}.sign{display:grid;grid-template-columns:2fr 2fr 1fr;gap:1.5em;margin-top:4em}\
    .sign span{border-top:1px solid #555;padding-top:.2em;font-size:.85em}";

/// The account of a batch that is a reel.
pub fn html(state: &State, account: &Account) -> String {
    let mut html = String::with_capacity(8_000);
    let reel = state.reel().cloned().unwrap_or_default();
    // Writing to a string cannot fail; `fmt::Result` only satisfies the trait.
    let _ = write(&mut html, state, &reel, account);
    html
}

fn write(html: &mut String, state: &State, reel: &Reel, account: &Account) -> Result {
    let label = escaped(&reel.label);
    write!(
        html,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Reel {label}: account</title>"
    )?;
    writeln!(html, "<style>{STYLE}</style></head><body>\n<h1>Reel {label}</h1>\n<p>{}</p>", escaped(&described(reel)))?;
    verdict(html, account)?;
    writeln!(html, "<h2>Frames</h2>\n<table><tbody>")?;
    for (what, count) in account.figures() {
        let shown =
            if what == "expected" && account.expected.is_none() { "not said".to_owned() } else { count.to_string() };
        writeln!(html, "<tr><th scope=\"row\">{what}</th><td class=\"n\">{shown}</td></tr>")?;
    }
    writeln!(html, "</tbody></table>")?;
    left_out(html, state)?;
    files(html, state)?;
    writeln!(
        html,
        "<div class=\"sign\"><span>Accounted for by</span><span>Signature</span><span>Date</span></div>\n</body></html>"
    )
}

fn described(reel: &Reel) -> String {
    let parts = [
        Some(reel.film.as_str().to_owned()),
        reel.polarity.map(|polarity| polarity.as_str().to_owned()),
        reel.reduction.map(|times| format!("{times}×")),
        reel.carton.as_ref().map(|carton| format!("box {carton}")),
        reel.shelf.as_ref().map(|shelf| format!("shelf {shelf}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn verdict(html: &mut String, account: &Account) -> Result {
    let is_open = account.open_question().is_some();
    let (class, said) = if is_open { ("open", "Not accounted for") } else { ("done", "Accounted for") };
    writeln!(html, "<div class=\"{class}\"><p><b>{said}</b></p>\n<ul>")?;
    for difference in &account.differences {
        writeln!(html, "<li>{}</li>", escaped(difference))?;
    }
    writeln!(html, "</ul>")?;
    if let Some(reason) = &account.explained {
        writeln!(html, "<p>Explained: {}</p>", escaped(reason))?;
    }
    writeln!(html, "</div>")
}

/// Which frames are no pages, and what they are.
fn left_out(html: &mut String, state: &State) -> Result {
    let order = state.arranged();
    let numbers = numbers(state, &order);
    let named = order.iter().filter(|placed| placed.hidden).filter_map(|placed| {
        let number = numbers.get(&placed.page)?;
        Some((number, placed.mark.map_or("left out", |mark| mark.name())))
    });
    let mut named: Vec<_> = named.collect();
    named.sort_unstable();
    if named.is_empty() {
        return Ok(());
    }
    writeln!(html, "<h2>In no document</h2>\n<table><tbody>")?;
    for (number, what) in named {
        writeln!(html, "<tr><th scope=\"row\">frame {number}</th><td>{what}</td></tr>")?;
    }
    writeln!(html, "</tbody></table>")
}

/// By which bytes it is known.
fn files(html: &mut String, state: &State) -> Result {
    writeln!(html, "<h2>Files</h2>\n<table><tbody>")?;
    for file in state.files() {
        let digest = file.digest.hex();
        writeln!(html, "<tr><td>{}</td><td><code>sha256 {}…</code></td></tr>", escaped(&file.name), &digest[..16])?;
    }
    writeln!(html, "</tbody></table>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
