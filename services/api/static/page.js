// What every screen can do beyond its links and forms: theme, help, the search key, walking a
// list of hits, printing. Each control works by pointer and by key.

import { bind, help, setLetters } from "./keys.js";

const actions = {
  theme: () => window.chartroomTheme.toggle(),
  help,
  print: () => window.print(),
};

for (const [name, run] of Object.entries(actions)) {
  for (const button of document.querySelectorAll(`[data-do=${name}]`)) {
    button.hidden = false;
    button.addEventListener("click", run);
  }
}
document.querySelector("[data-do=letters]")?.addEventListener("change", (event) => setLetters(event.target.checked));

const searchField = document.querySelector("[data-key='/']");
if (searchField) {
  // A search that is on show is gone on with, or begun anew with one key.
  if (document.activeElement === searchField) searchField.setSelectionRange(searchField.value.length, searchField.value.length);
  bind("/", "Go to the search box", () => { searchField.focus(); searchField.select(); });
  searchField.addEventListener("keydown", (event) => {
    if (event.key === "Escape") searchField.blur();
    // From the box straight into the list; the viewer's box has no such list.
    if (event.key === "ArrowDown" && step(1)) event.preventDefault();
  });
} else {
  bind("/", "Search", () => location.assign("/search"));
}

/** Moves the focus to the next or previous hit; false where there is none. */
function step(by) {
  const hits = [...document.querySelectorAll("[data-hit]")];
  if (hits.length === 0) return false;
  const at = hits.indexOf(document.activeElement?.closest("[data-hit]"));
  const next = at < 0 ? (by > 0 ? 0 : hits.length - 1) : Math.min(Math.max(at + by, 0), hits.length - 1);
  hits[next].focus();
  hits[next].scrollIntoView({ block: "nearest" });
  return true;
}

// The viewer binds these keys to pages instead.
if (!document.getElementById("stage") && document.querySelector("[data-hit], #results")) {
  bind(["j", "ArrowDown"], "Next in the list", () => step(1));
  bind(["k", "ArrowUp"], "Previous in the list", () => step(-1));
  bind("Enter", "Open it", () => false);
}

const accept = document.querySelector("[data-do=accept]");
if (accept) bind("a", accept.textContent.trim(), () => accept.click());

bind("?", "This help", help);

// The search form swaps its results without a page load; what was typed last is what counts.
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  // The session ended: a whole page load leads to the log-in.
  if (status === 401 || status === 403) return location.reload();
  unanswered(event.detail.target);
});
document.addEventListener("htmx:sendError", (event) => unanswered(event.detail.target));

/** What was found before must not stand there as the answer to what is asked now. */
function unanswered(place) {
  // What asks by itself asks again.
  if (!["results", "hits"].includes(place?.id)) return;
  const alert = document.createElement("p");
  alert.className = "alert warn";
  alert.setAttribute("role", "alert");
  alert.textContent = "The archive does not answer now. Ask again in a moment.";
  place.replaceChildren(alert);
}
document.addEventListener("htmx:beforeSwap", (event) => {
  // A refused query is an answer in words: show it where the hits would be.
  if (event.detail.xhr.status === 400 || event.detail.xhr.status === 422) {
    event.detail.shouldSwap = (event.detail.xhr.getResponseHeader("content-type") ?? "").startsWith("text/html");
    event.detail.isError = false;
  }
});

// An abandoned desk: lists stop asking for news, so that they do not keep the session alive, and
// once the session has ended the page is loaded anew, which leads to the log-in and leaves no
// patient on the screen.
const QUIET_AFTER = 5 * 60_000;
const SESSION_IDLE = 15 * 60_000;
let lastInput = Date.now();
for (const kind of ["pointermove", "keydown", "wheel", "touchstart"]) {
  document.addEventListener(kind, () => { lastInput = Date.now(); }, { passive: true });
}
const isQuiet = () => document.hidden || Date.now() - lastInput > QUIET_AFTER;
document.addEventListener("htmx:beforeRequest", (event) => {
  if ((event.target.getAttribute("hx-trigger") ?? "").startsWith("every") && isQuiet()) event.preventDefault();
});
if (document.querySelector("form[action='/logout']")) {
  setInterval(() => { if (Date.now() - lastInput > QUIET_AFTER + SESSION_IDLE + 30_000) location.reload(); }, 30_000);
}
