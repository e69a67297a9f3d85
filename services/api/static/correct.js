// The correction screen: a cut-out of each word beside what was read there, the most doubtful first. Of a page without
// words the whole is shown beside a field to write down what stands there.
//
// Words come from /api/v1/pages/{page}/words and go back to /api/v1/pages/{page}/corrections. Nothing typed is
// let go of before the server has said that it is durable.

import { bind } from "./keys.js";

const root = document.getElementById("correct");
const { page, next, unread } = root?.dataset ?? {};
const below = Number(root?.dataset.below);
const part = (name) => root.querySelector(name);
const say = (name) => part(`[data-say=${name}]`);

const state = {
  /** The text on show: a correction names it. None where the page could not be read. */
  text: null,
  /** Whether the page's words have come. */
  there: false,
  words: [],
  attention: [],
  width: 1,
  height: 1,
  rotation: 0,
  /** By the word's index: what a person says stands there. The text as read is a confirmation. */
  edits: new Map(),
  /** By the region's place: lines that a person read there. */
  lines: new Map(),
  /** Indices of words that somebody else has changed meanwhile. */
  theirs: new Set(),
  all: false,
  saving: false,
};

// -- places: boxes are in the master's pixels, pictures are turned upright -------------------------

const turned = () => state.rotation % 180 !== 0;
const key = ({ x, y, w, h }) => `${x},${y},${w},${h}`;

/** The box with air around it, within the page. */
function airy(box, air) {
  const x = Math.max(0, box.x - air), y = Math.max(0, box.y - air);
  return { x, y, w: Math.min(state.width, box.x + box.w + air) - x, h: Math.min(state.height, box.y + box.h + air) - y };
}

/** At least ten times as long as high along the line, so that the strip around a short line stays low. */
function long(box) {
  const [at, length, across, side] = turned() ? ["y", "h", "w", state.height] : ["x", "w", "h", state.width];
  const wanted = Math.min(side, Math.max(box[length], box[across] * 10));
  const start = Math.round(box[at] + box[length] / 2 - wanted / 2);
  return { ...box, [at]: Math.min(Math.max(0, start), side - wanted), [length]: wanted };
}

function around(boxes) {
  const x = Math.min(...boxes.map((box) => box.x)), y = Math.min(...boxes.map((box) => box.y));
  return { x, y, w: Math.max(...boxes.map((box) => box.x + box.w)) - x, h: Math.max(...boxes.map((box) => box.y + box.h)) - y };
}

/** Where a box lies in the upright picture of another. */
function upright(box, within) {
  const x = box.x - within.x, y = box.y - within.y;
  const right = within.w - x - box.w, down = within.h - y - box.h;
  switch (state.rotation) {
    case 90: return { x: down, y: x, w: box.h, h: box.w };
    case 180: return { x: right, y: down, w: box.w, h: box.h };
    case 270: return { x: y, y: right, w: box.h, h: box.w };
    default: return { x, y, w: box.w, h: box.h };
  }
}

const onPage = (box) => upright(box, { x: 0, y: 0, w: state.width, h: state.height });

/** The n-th of `count` upright bands of a box, in the master's pixels. */
function band(box, n, count) {
  const from = (side) => Math.floor(side * n / count), to = (side) => Math.max(from(side) + 1, Math.floor(side * (n + 1) / count));
  const h = to(box.h) - from(box.h), w = to(box.w) - from(box.w);
  switch (state.rotation) {
    case 90: return { ...box, x: box.x + from(box.w), w };
    case 180: return { ...box, y: box.y + box.h - to(box.h), h };
    case 270: return { ...box, x: box.x + box.w - to(box.w), w };
    default: return { ...box, y: box.y + from(box.h), h };
  }
}

// -- drawing ---------------------------------------------------------------------------------------

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** The address of a part of the page, upright, within `wide` by `high` pixels. */
function address(box, wide, high) {
  const size = turned() ? `${high},${wide}` : `${wide},${high}`;
  return `/iiif/3/${page}/${key(box)}/!${size}/${state.rotation}/default.jpg`;
}

/** A part of the page with some of its words lit, as the server's own sheets are. */
function sheet(box, wide, high, lit) {
  const made = part("[data-sheet]").content.firstElementChild.cloneNode(true);
  const [image, svg] = made.children, size = upright(box, box);
  image.src = address(box, wide, high);
  [image.width, image.height] = [size.w, size.h];
  svg.setAttribute("viewBox", `0 0 ${size.w} ${size.h}`);
  for (const word of lit.map((word) => upright(word, box))) {
    const rect = document.createElementNS(svg.namespaceURI, "rect");
    const places = { class: "lit", x: word.x, y: word.y, width: word.w, height: word.h };
    for (const [name, value] of Object.entries(places)) rect.setAttribute(name, value);
    svg.append(rect);
  }
  return made;
}

const isDoubtful = (word) => !word.corrected && word.confidence < below;

function shown() {
  if (state.all) return state.words;
  const wanted = state.words.filter((word) => isDoubtful(word) || state.edits.has(word.index));
  return wanted.sort((a, b) => a.confidence - b.confidence || a.index - b.index);
}

function row(word) {
  const high = turned() ? word.w : word.h;
  const cut = element("img", { class: "cut", src: address(airy(word, Math.ceil(high * 0.4)), 700, 120), alt: "", loading: "lazy" });
  const label = `Word ${word.index + 1}, read as ${word.word} with ${word.confidence} percent confidence`;
  const input = element("input", { "data-index": word.index, "aria-label": label, autocomplete: "off", spellcheck: "false" });
  input.value = state.edits.get(word.index) ?? word.word;
  const line = element("li", {}, cut, input, element("span", { class: "quiet nums" }, `${word.confidence} %`), element("span", { class: "state" }));
  mark(line, word);
  return line;
}

/** What has become of a word, in words. */
function mark(line, word) {
  const typed = state.edits.get(word.index);
  const [tone, told] =
    state.theirs.has(word.index) ? ["bad", `now reads “${word.word}”`]
      : typed === undefined ? word.corrected ? ["ok", "checked"] : ["", ""]
        : typed === word.word ? ["ok", "right"]
          : typed.trim() === "" ? ["warn", "removed"] : ["info", "changed"];
  const badge = line.querySelector(".state");
  badge.className = told ? `state badge ${tone}` : "state";
  badge.textContent = told;
}

/** Where a person writes what stands there: parts of the page, or all of a page without a word. */
function regions() {
  if (state.words.length > 0 || state.attention.length > 0) return state.attention;
  return [{ x: 0, y: 0, w: state.width, h: state.height, explanation: unread ?? "nothing was read on this page", whole: true }];
}

function region(place) {
  const box = airy(place, 10);
  const id = `region-${key(place)}`;
  const field = element("textarea", { id, "data-region": key(place), rows: place.whole ? 8 : 2, spellcheck: "false" });
  field.value = state.lines.get(key(place)) ?? "";
  const label = element("label", { for: id }, "What stands here, one line for each line; leave it empty where nobody can tell");
  const head = element("header", {}, element("h2", {}, place.explanation[0].toUpperCase() + place.explanation.slice(1) + "."));
  const body = element("div", { class: "body stack" }, sheet(box, 1400, place.whole ? 1800 : 500, []), element("div", { class: "field" }, label, field));
  return element("section", { class: place.whole ? "panel region whole" : "panel region" }, head, body);
}

function draw() {
  const words = shown();
  part("[data-words]").replaceChildren(...words.map(row));
  part("[data-words]").hidden = words.length === 0;
  part("[data-regions]").replaceChildren(...regions().map(region));
  say("none").hidden = words.length > 0 || regions().length > 0;
  tally();
}

function tally() {
  const doubtful = state.words.filter(isDoubtful);
  const done = doubtful.filter((word) => state.edits.has(word.index)).length;
  say("progress").textContent = state.words.length === 0 ? "No words yet" : `${done} of ${doubtful.length} doubtful words gone through (below ${below} %)`;
}

/** The line around a word, and where that is on the page. */
function look(word) {
  const line = state.words.filter((other) => other.line === word.line);
  const high = turned() ? word.w : word.h;
  say("line").replaceChildren(sheet(long(airy(around(line), Math.ceil(high * 0.8))), 1600, 260, [word]));
  overview([word]);
}

function overview(lit) {
  say("overview").replaceChildren(sheet({ x: 0, y: 0, w: state.width, h: state.height }, 700, 700, lit));
}

function tell(text, tone = "warn") {
  const news = say("news");
  news.className = `alert ${tone}`;
  news.querySelector("p").textContent = text;
  news.hidden = text === "";
}

// -- from word to word --------------------------------------------------------------------------------

const fields = () => [...root.querySelectorAll("input[data-index], textarea[data-region]")];
const wordOf = (field) => state.words[Number(field.dataset.index)];

function step(field, by) {
  const all = fields();
  const target = all[all.indexOf(field) + by] ?? (by > 0 ? part("[data-do=finish]") : null);
  target?.focus();
  target?.scrollIntoView({ block: "nearest" });
}

function put(field, text) {
  const word = wordOf(field);
  if (text === undefined) state.edits.delete(word.index);
  else state.edits.set(word.index, text);
  state.theirs.delete(word.index);
  mark(field.closest("li"), word);
  tally();
}

function undo(field) {
  field.value = wordOf(field).word;
  put(field, undefined);
  field.select();
}

function onKey(event) {
  const field = event.target.closest("input[data-index]");
  if (!field || event.ctrlKey || event.metaKey || event.altKey) return;
  const run = {
    Enter: () => { put(field, field.value); step(field, 1); },
    Escape: () => undo(field),
    ArrowDown: () => step(field, 1),
    ArrowUp: () => step(field, -1),
  }[event.key];
  if (!run) return;
  event.preventDefault();
  run();
}

// -- to the server and back ------------------------------------------------------------------------------

/** Lines that were typed for a region, each in its band, after the last word above it. */
function added(place) {
  const lines = (state.lines.get(key(place)) ?? "").split("\n").map((line) => line.trim()).filter(Boolean);
  const top = onPage(place).y;
  const above = state.words.filter((word) => onPage(word).y + onPage(word).h / 2 < top).at(-1);
  return lines.map((text, n) => ({ after: above?.index ?? null, text, box: band({ x: place.x, y: place.y, w: place.w, h: place.h }, n, lines.length) }));
}

function correction(all) {
  const edits = [...state.edits];
  const isRight = ([index, text]) => text === state.words[index].word;
  return {
    replaces: state.text,
    words: edits.filter((edit) => !isRight(edit)).map(([index, text]) => ({ index, text })),
    confirmed: edits.filter(isRight).map(([index]) => index),
    confirmed_all: all,
    added: regions().flatMap(added),
  };
}

const isUnsaved = () => state.edits.size > 0 || [...state.lines.values()].some((text) => text.trim() !== "");

async function save(all) {
  if (state.saving || !state.there) return;
  if (!all && !isUnsaved()) return tell("There is nothing to save yet: press Enter on a word that is right, or type what stands there.", "info");
  state.saving = true;
  const body = JSON.stringify(correction(all));
  const answer = await fetch(`/api/v1/pages/${page}/corrections`, { method: "POST", headers: { "content-type": "application/json" }, body }).catch(() => null);
  state.saving = false;
  if (answer?.status === 409) return overtaken();
  if (!answer?.ok) return tell(`Not saved. ${await why(answer)} What you typed is still here.`, "bad");
  state.edits.clear();
  state.lines.clear();
  if (all) return location.assign(next);
  await read();
  tell("Saved. The new words can be found now; the earlier text is kept.", "ok");
  fields()[0]?.focus();
}

async function why(answer) {
  if (!answer) return "The server cannot be reached: try again in a moment.";
  if (answer.status === 401) return "Your session has ended: log in in another window, then save again.";
  const problem = await answer.json().catch(() => ({}));
  return `${problem.detail ?? "The server refused"}.`.replace(/^./, (first) => first.toUpperCase());
}

/** Somebody else was first: their text is shown, and what was typed here is laid over it by place. */
async function overtaken() {
  const mine = [...state.edits].map(([index, text]) => ({ text, word: state.words[index] }));
  if (!await read()) return;
  const now = new Map(state.words.map((word) => [key(word), word]));
  const lost = [];
  state.edits.clear();
  for (const { text, word } of mine) {
    const there = now.get(key(word));
    if (!there) { lost.push(`“${text}” for “${word.word}”`); continue; }
    if (there.word === text) continue;
    // To say that a word is right means nothing once it is another word.
    if (text === word.word) { state.theirs.add(there.index); continue; }
    state.edits.set(there.index, text);
    if (there.word !== word.word) state.theirs.add(there.index);
  }
  draw();
  const gone = lost.length ? ` Words that are no longer there: ${lost.join(", ")}.` : "";
  tell(`Not saved: somebody else has corrected this page meanwhile. What you typed is kept below; look at it again, and save.${gone}`, "bad");
  say("news").focus();
}

/** Fetches the page's words; false where that fails, and then nothing on the screen changes. */
async function read() {
  const answer = await fetch(`/api/v1/pages/${page}/words`, { headers: { accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) {
    tell(`The words of this page cannot be shown now. ${await why(answer)}`, "bad");
    return false;
  }
  const { text, words, attention, width, height, rotation } = await answer.json();
  Object.assign(state, { text, words, attention, width, height, rotation, there: true });
  state.theirs.clear();
  root.hidden = false;
  draw();
  overview([]);
  part("[data-do=all]").closest("label").hidden = words.length === 0;
  // What is shown large needs no small picture.
  say("overview").hidden = regions().some((place) => place.whole);
  return true;
}

// -- controls: each works by pointer and by key --------------------------------------------------------------

function start() {
  const list = part("[data-words]");
  list.addEventListener("keydown", onKey);
  list.addEventListener("focusin", (event) => {
    if (!event.target.matches("input[data-index]")) return;
    event.target.select();
    look(wordOf(event.target));
  });
  list.addEventListener("input", ({ target }) => put(target, target.value === wordOf(target).word ? undefined : target.value));
  const regions = part("[data-regions]");
  regions.addEventListener("input", ({ target }) => state.lines.set(target.dataset.region, target.value));
  regions.addEventListener("focusin", ({ target }) => {
    const place = regions().find((one) => key(one) === target.dataset?.region);
    if (place && !place.whole) overview([place]);
  });
  part("[data-do=all]").addEventListener("change", (event) => { state.all = event.target.checked; draw(); });
  part("[data-do=save]").addEventListener("click", () => void save(false));
  part("[data-do=finish]").addEventListener("click", () => void save(true));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void save(event.shiftKey);
  });
  addEventListener("beforeunload", (event) => { if (isUnsaved()) event.preventDefault(); });
  // Told in the help; heard above, in fields too.
  bind("Enter", "The word is right, next word", () => false);
  bind("Esc", "The word as it was read", () => false);
  bind(["ArrowUp", "ArrowDown"], "From word to word", () => false);
  bind("Ctrl + Enter", "Save what I went through", () => false);
  bind("Ctrl + Shift + Enter", "The rest is right: save, next page", () => false);
  void read().then((there) => { if (there) fields()[0]?.focus(); });
}

if (root) start();
