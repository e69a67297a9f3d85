// The viewer: one page at a time in OpenSeadragon, with the words of the query lit.
//
// Everything it knows comes from the page it stands on (the thumbnail links) and from two
// addresses: /iiif/3/{page} for the image, /api/v1/pages/{page}/words for the words.

import { bind } from "./keys.js";

const stage = document.getElementById("stage");
const deep = stage.querySelector(".deep");
const links = [...document.querySelectorAll(".pages [data-page]")];
const pages = links.map((link) => ({ id: link.dataset.page, number: Number(link.dataset.number), note: link.dataset.note ?? "", frame: Number(link.dataset.frame ?? 0), link }));
const say = (name) => document.querySelector(`[data-say=${name}]`);

const state = {
  at: Math.max(0, links.findIndex((link) => link.hasAttribute("aria-current"))),
  q: new URLSearchParams(location.search).get("q") ?? "",
  /** Lit boxes of the page on show, in pixels of the master image. */
  lit: [],
  /** The box the view is at; -1 for none. */
  hit: -1,
  /** Degrees clockwise that make the page upright, and those beyond that make its lines level. */
  turned: 0,
  skew: 0,
  /** How often the image of the page on show did not come. */
  refused: 0,
  /** Where to go once the words of a page have come: its first hit, its last, or nowhere. */
  arrive: "first",
};
/** The ways to the correction screen, and to where frames are cut, for those who may. */
const correct = document.querySelector("[data-do=correct]");
const cut = document.querySelector("[data-do=cut]");
/** On film: where frames are cranked. */
const film = document.querySelector("[data-reel]");
/** Answers in flight for a page that is no longer on show are dropped. */
let turn = 0;

// OpenSeadragon adds a style element of its own, which the policy refuses with a message in the
// console, unless it finds this mark. The rule would only hide the focus ring, which is to stay.
// The mark has no namespace, so for the browser it is no style at all.
const mark = document.createElementNS(null, "style");
mark.setAttribute("data-openseadragon-mobile-css", "true");
document.head.append(mark);

const osd = OpenSeadragon({
  element: deep,
  drawer: "canvas",
  prefixUrl: "",
  showNavigationControl: false,
  animationTime: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 0.35,
  maxZoomPixelRatio: 4,
  visibilityRatio: 0.5,
  gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
});
// All keys go through the one table, so that the help is true.
osd.addHandler("canvas-key", (event) => { event.preventDefaultAction = true; });
osd.addHandler("open", () => {
  state.refused = 0;
  deep.classList.remove("coming");
  lay();
  draw();
});
osd.addHandler("open-failed", () => void missing(turn));

/** Why an image did not come: the log-in has ended, the archive is away, or the image itself cannot be had. */
async function missing(mine) {
  const status = await fetch("/api/v1/session").then((answer) => answer.status, () => 0);
  if (mine !== turn) return;
  // The log-in leads back here.
  if (status === 401) return location.reload();
  state.refused += 1;
  if (status === 200 && state.refused > 1) return note("The image of this page cannot be shown. It is sealed and safe: tell the operator.", true);
  note("The archive does not answer now. The page comes as soon as it does.", true);
  setTimeout(() => { if (mine === turn) show(state.at, state.arrive); }, 1500);
}

// -- pages ---------------------------------------------------------------------------------

function show(at, arrive) {
  if (at < 0 || at >= pages.length) return false;
  if (at !== state.at) state.refused = 0;
  Object.assign(state, { at, arrive, turned: 0, skew: 0, lit: [], hit: -1 });
  turn += 1;
  const page = pages[at];
  for (const link of links) link.removeAttribute("aria-current");
  page.link.setAttribute("aria-current", "page");
  page.link.scrollIntoView({ block: "nearest" });
  if (correct) correct.href = `/pages/${page.id}/correct`;
  if (cut) cut.href = `/pages/${page.id}/cut`;
  if (film && page.frame) document.getElementById("frame").value = page.frame;
  say("page").textContent = `${page.number} / ${pages.length}`;
  for (const field of document.querySelectorAll("input[name=page]")) field.value = page.number;
  say("hit").textContent = "…";
  note(page.note, page.note !== "");
  history.replaceState(null, "", address());
  deep.hidden = false;
  // Until the page is there nothing is to be seen of the one before: it would stand under the other's number.
  deep.classList.add("coming");
  osd.open(`/iiif/3/${page.id}/info.json`);
  void read(page, turn);
  return true;
}

function address() {
  const query = new URLSearchParams({ page: pages[state.at].number });
  if (state.q) query.set("q", state.q);
  return `?${query}`;
}

function note(text, visible) {
  say("note").querySelector("p").textContent = text;
  say("note").hidden = !visible;
}

// -- words -----------------------------------------------------------------------------------

async function read(page, mine) {
  const query = state.q ? `?q=${encodeURIComponent(state.q)}` : "";
  const answer = await fetch(`/api/v1/pages/${page.id}/words${query}`, { headers: { accept: "application/json" } }).catch(() => null);
  if (mine !== turn) return;
  const words = answer?.ok ? await answer.json() : null;
  if (mine !== turn) return;
  state.turned = words?.rotation ?? 0;
  state.skew = words?.skew ?? 0;
  if (osd.viewport) lay();
  tell(words);
  state.lit = words?.lit ?? [];
  if (state.lit.length > 0 && state.arrive !== "none") state.hit = state.arrive === "last" ? state.lit.length - 1 : 0;
  draw();
}

/** The text panel: words as they were read, doubtful ones marked. */
function tell(answer) {
  const panel = document.querySelector("[data-text]");
  const words = answer?.words ?? [];
  const lit = new Set((answer?.lit ?? []).map(({ x, y }) => `${x},${y}`));
  panel.replaceChildren();
  panel.hidden = words.length === 0;
  say("reading").textContent = words.length > 0
    ? `${words.length} words. ${words.some((word) => word.corrected) ? "A person has gone through some. " : ""}Dotted ones are doubtful. Click a word to see it on the page.`
    : answer ? "No words were read on this page." : "The words of this page cannot be shown now.";
  let before = null;
  for (const word of words) {
    if (before && startsLine(word, before)) panel.append("\n");
    before = word;
    const span = document.createElement(lit.has(`${word.x},${word.y}`) ? "mark" : "span");
    span.textContent = word.word;
    if (word.confidence < 60) span.classList.add("faint");
    span.addEventListener("click", () => { if (getSelection().isCollapsed) point(word); });
    panel.append(span, " ");
  }
}

/** Words come in reading order without lines: a line begins where a word lies below the one before. */
function startsLine(word, before) {
  return state.turned % 180 === 0
    ? word.x < before.x || word.y > before.y + before.h
    : word.y + word.h / 2 < before.y || Math.abs(word.x - before.x) > before.w;
}

// -- boxes on the image ------------------------------------------------------------------------

function overlay(box, name) {
  const item = osd.world.getItemAt(0);
  const element = document.createElement("div");
  element.className = name;
  osd.addOverlay({ element, location: item.imageToViewportRectangle(box.x, box.y, box.w, box.h) });
  return element;
}

/** Lights the words. Runs when the image and the words are both there, whichever came last. */
function draw() {
  if (!osd.world.getItemAt(0)) return;
  osd.clearOverlays();
  state.lit.forEach((box, index) => overlay(box, index === state.hit ? "box now" : "box"));
  say("hit").textContent = state.lit.length ? `${Math.max(0, state.hit) + 1} of ${state.lit.length} here` : "0 here";
  document.querySelector("[data-needs-hits]").hidden = !state.q;
  if (state.hit >= 0) look(state.lit[state.hit]);
}

/** Brings a box to the middle, large enough to read and with its surroundings. */
function look(box) {
  const item = osd.world.getItemAt(0);
  const size = item.getContentSize();
  const width = Math.min(size.x, Math.max(box.w * 4, size.x * 0.85));
  const height = Math.min(size.y, Math.max(box.h * 10, width * 0.6));
  const left = Math.min(Math.max(0, box.x + box.w / 2 - width / 2), size.x - width);
  const top = Math.min(Math.max(0, box.y + box.h / 2 - height / 2), size.y - height);
  osd.viewport.fitBounds(item.imageToViewportRectangle(left, top, width, height));
}

function point(word) {
  if (!osd.world.getItemAt(0)) return;
  osd.clearOverlays();
  state.lit.forEach((box) => overlay(box, "box"));
  overlay(word, "box read");
  look(word);
}

/** The next or previous lit word; over the edge of the page, on to the next page that has one. */
function walk(by) {
  const next = state.hit + by;
  if (next >= 0 && next < state.lit.length) {
    state.hit = next;
    return draw();
  }
  const found = [...document.querySelectorAll("#hits [data-goto]")].map((link) => Number(link.dataset.goto));
  const here = pages[state.at].number;
  const target = by > 0 ? found.filter((n) => n > here).sort((a, b) => a - b)[0] : found.filter((n) => n < here).sort((a, b) => b - a)[0];
  if (target !== undefined) show(target - 1, by > 0 ? "first" : "last");
}

// -- film: cranked like in a reader, over the ends of documents ------------------------------------

async function crank(by) {
  if (!film) return;
  const [from, next] = [pages[state.at], pages[state.at + by]];
  const frame = from.frame + by;
  // Two parts of one frame have one number.
  if (next && (next.frame === from.frame || next.frame === frame)) return show(state.at + by, "none");
  await goTo(frame, by > 0 ? "on" : "back");
}

/** Where the frame itself is a target or a leader, to the next one that way. */
async function goTo(frame, way) {
  const query = new URLSearchParams({ reel: film.dataset.reel, frame: Math.max(0, frame), crank: way });
  const answer = await fetch(`/api/v1/frames?${query}`, { headers: { accept: "application/json" } }).catch(() => null);
  const found = answer?.ok ? (await answer.json()).frames[0] : null;
  if (!found) return note(way === "on" ? "The reel has no frame beyond this one for you." : "The reel has no frame before this one for you.", true);
  const place = new URLSearchParams({ page: found.number });
  if (state.q) place.set("q", state.q);
  if (found.document === stage.dataset.document) return show(found.number - 1, "none");
  location.assign(`/documents/${found.document}?${place}`);
}

// -- controls: each has a button and a key ---------------------------------------------------------

const zoom = (factor) => { osd.viewport.zoomBy(factor); osd.viewport.applyConstraints(); };
const tilt = (by) => osd.viewport.setRotation(osd.viewport.getRotation() + by);
/** Upright, and level where that is wanted. */
function lay() {
  const straight = document.querySelector("[data-do=straighten]").getAttribute("aria-pressed") === "true";
  osd.viewport.setRotation(state.turned + (straight ? state.skew : 0), true);
}
const pan = (x, y) => { osd.viewport.panBy(osd.viewport.deltaPointsFromPixels(new OpenSeadragon.Point(x, y))); osd.viewport.applyConstraints(); };

const controls = {
  "next-page": () => show(state.at + 1, "none"),
  "previous-page": () => show(state.at - 1, "none"),
  "next-hit": () => walk(1),
  "previous-hit": () => walk(-1),
  "zoom-in": () => zoom(1.4),
  "zoom-out": () => zoom(1 / 1.4),
  fit: () => osd.viewport.goHome(),
  rotate: () => osd.viewport.setRotation((osd.viewport.getRotation() + 90) % 360),
  straighten: () => {
    const button = document.querySelector("[data-do=straighten]");
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    lay();
    if (on && state.skew === 0) note("The lines of this page are level, as far as they were read. < and > turn it by hand.", true);
  },
  invert: () => {
    const on = deep.classList.toggle("inverted");
    document.querySelector("[data-do=invert]").setAttribute("aria-pressed", String(on));
  },
};
for (const [name, run] of Object.entries(controls)) {
  document.querySelector(`[data-do=${name}]`).addEventListener("click", run);
}

const textPanel = document.querySelector("[data-text]");
bind(["j", "PageDown"], "Next page", controls["next-page"]);
bind(["k", "PageUp"], "Previous page", controls["previous-page"]);
bind("Home", "First page", () => show(0, "none"));
bind("End", "Last page", () => show(pages.length - 1, "none"));
bind("n", "Next hit", controls["next-hit"]);
bind("p", "Previous hit", controls["previous-hit"]);
bind(["+", "="], "Larger", controls["zoom-in"]);
bind("-", "Smaller", controls["zoom-out"]);
bind("0", "Whole page", controls.fit);
bind("r", "Rotate", controls.rotate);
bind("s", "Straighten", controls.straighten);
bind("<", "Turn a little to the left", () => tilt(-0.5));
bind(">", "Turn a little to the right", () => tilt(0.5));
bind("i", "Invert", controls.invert);
bind("t", "Text as read", () => { textPanel.focus(); textPanel.scrollIntoView({ block: "start" }); });
if (film) {
  bind(".", "Crank on", () => void crank(1));
  bind(",", "Crank back", () => void crank(-1));
  bind("f", "Go to a frame", () => document.getElementById("frame").select());
  document.querySelector("[data-do=crank-on]").addEventListener("click", () => void crank(1));
  document.querySelector("[data-do=crank-back]").addEventListener("click", () => void crank(-1));
  film.addEventListener("submit", (event) => {
    event.preventDefault();
    document.activeElement?.blur();
    const frame = Number(new FormData(film).get("frame"));
    const here = pages.findIndex((page) => page.frame === frame);
    if (here >= 0) show(here, "none"); else void goTo(frame, "on");
  });
}
if (cut) bind("x", "Cut the frame another way", () => cut.click());
if (correct) bind("c", "Correct this page's text", () => correct.click());
bind("b", "Back to the hits", () => document.querySelector("[data-do=back]")?.click());
bind(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"], "Move the page", (event) => {
  // Inside a panel the arrows scroll that panel.
  if (event.target.closest?.(".side, .pages")) return false;
  const [x, y] = { ArrowLeft: [-80, 0], ArrowRight: [80, 0], ArrowUp: [0, -80], ArrowDown: [0, 80] }[event.key];
  pan(x, y);
  return true;
});

document.querySelector(".pages").addEventListener("click", (event) => {
  const at = links.indexOf(event.target.closest("[data-page]"));
  if (at < 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(at, "first");
});
document.getElementById("hits").addEventListener("click", (event) => {
  const link = event.target.closest("[data-goto]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(Number(link.dataset.goto) - 1, "first");
});
// A new search within the document: htmx brings the list, the lit words follow.
document.querySelector("[data-find]").addEventListener("submit", (event) => {
  state.q = new FormData(event.target).get("q").trim();
  document.activeElement?.blur();
});
document.getElementById("hits").addEventListener("htmx:afterSwap", () => {
  const first = document.querySelector("#hits [data-goto]");
  const here = pages[state.at].number;
  const onHere = document.querySelector(`#hits [data-goto="${here}"]`);
  show(onHere || !first ? state.at : Number(first.dataset.goto) - 1, "first");
});

show(state.at, "first");
