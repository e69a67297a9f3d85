// Where are the cuts of a reel right, and what is each frame? What is dragged or nudged is a draft until it is cut; every cut and
// every mark goes to the station, which answers with the whole batch as it is then.

import { get, operator, picture, pictureAt, post, watch } from "./ask.js";
import { alarm, counted, furnish, icon, make, show, tellDelivery } from "./draw.js";
import { drawSide, standing } from "./frame.js";
import { bind, help, setLetters } from "./keys.js";
import { Ribbon, edges } from "./ribbon.js";

const id = location.pathname.split("/").at(-2);
const SCREEN = 1200;
const STEP = 4;
const FAR = 40;
let batch = null; // as the station told it last
let length = 0; // of its journal then
let current = 0; // page number of the frame that is looked at
let strip = 0; // number of the strip that the ribbon shows
let facts = null; // of that strip
let draft = null; // {from, to, top, bottom}, with `at` to divide, `added` for a frame that is not there yet
let wrong = "";

furnish(help, setLetters);
const $ = (name) => document.getElementById(name);
$("to-pages").href = `/batches/${id}`;

const ribbon = new Ribbon({
  scroller: $("ribbon"), canvas: $("film"), length: $("length"),
  load: (piece) => pictureAt(`/api/batches/${id}/strips/${strip}/${piece}`),
  pick: (page) => go(page),
  drag: (edge, position) => { begin(edge); set(edge, position); },
});

function say(text) {
  $("said").textContent = text;
}

// -- the frames -----------------------------------------------------------------------------------
const frames = () => batch.pages.filter(({ number }) => number !== undefined).sort((one, other) => one.number - other.number);
const frame = () => batch.pages.find(({ page }) => page === current);
const placeOf = (frame) => (facts && frame?.frame && frame.strip === strip ? edges(facts, frame.frame) : null);
const isDoubtful = ({ page, mark }) => batch.account.doubtful.includes(page) || !mark && (batch.account.misplaced?.includes(page) || batch.account.foreign?.includes(page));
const doubtful = () => frames().filter(isDoubtful);
const outside = () => (batch.account.outside ?? []).filter((place) => place.strip === strip);

function go(page, said = true) {
  current = page;
  drop(false);
  draw();
  const now = frame();
  if (said && now) say(`Frame ${now.number}. ${$("side").querySelector("h2 .badge")?.textContent ?? ""}`);
}

function step(by) {
  const all = frames();
  const at = all.findIndex(({ page }) => page === current);
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  if (next) go(next.page);
}

function nextDoubtful() {
  const open = doubtful();
  const here = frame()?.number ?? 0;
  const next = open.find(({ number }) => number > here) ?? open.find(({ page }) => page !== current);
  if (next) return go(next.page);
  say(outside().length ? "No other frame is doubtful. Film is exposed outside of frames: + adds a frame." : "No other frame is doubtful.");
}

// -- drafts ---------------------------------------------------------------------------------------
const NAMES = { left: "from", right: "to", top: "top", bottom: "bottom", at: "at" };

function begin(edge) {
  draft ??= placeOf(frame()) && { ...placeOf(frame()) };
  if (draft && edge !== "at") ribbon.edge = edge;
}

/** An edge stays on the film and on its side of the other one. */
function set(edge, position) {
  if (!draft) return;
  const [along, across] = [ribbon.along, ribbon.across];
  const least = 16;
  const [low, high] = {
    left: [0, draft.to - least], right: [draft.from + least, along], top: [0, draft.bottom - least], bottom: [draft.top + least, across],
    at: [draft.from + least, draft.to - least],
  }[edge];
  draft[NAMES[edge]] = Math.round(Math.min(Math.max(position, low), high));
  draw();
}

function nudge(event, sideways) {
  const vertical = ribbon.edge === "top" || ribbon.edge === "bottom";
  const dividing = draft?.at !== undefined;
  if (!sideways && !vertical) ribbon.edge = "bottom";
  if (sideways && vertical && !dividing) ribbon.edge = "right";
  if (!sideways && dividing) return;
  const edge = dividing ? "at" : ribbon.edge;
  begin(edge);
  if (!draft) return say("This frame came as a picture of its own: there is no strip to cut it from.");
  const forward = event.key === "ArrowRight" || event.key === "ArrowDown";
  set(edge, draft[NAMES[edge]] + (forward ? 1 : -1) * (event.shiftKey ? FAR : STEP));
  say(`${edge === "at" ? "divide" : edge} at ${draft[NAMES[edge]]}`);
}

function choose(edge) {
  ribbon.edge = edge;
  say(`The ${edge} edge.`);
  draw();
}

function drop(drawn = true) {
  draft = null;
  if (drawn) { draw(); say("The cut stays as it was."); }
}

function divide() {
  const place = placeOf(frame());
  if (!place) return;
  draft = { ...place, at: Math.round((place.from + place.to) / 2) };
  draw();
  say(`Divide at ${draft.at}: arrows move it, Enter cuts.`);
}

/** In the next place that is exposed and in no frame; without one, in the middle of the window, as wide as the frame. */
function add() {
  if (!facts) return;
  const here = placeOf(frame());
  const places = outside().map((place) => edges(facts, place)).sort((one, other) => one.from - other.from);
  const place = places.find(({ from }) => from > (here?.from ?? 0)) ?? places[0];
  const middle = ($("ribbon").scrollLeft + $("ribbon").clientWidth / 2) / ribbon.scale;
  const half = here ? (here.to - here.from) / 2 : ribbon.across / 2;
  const free = { from: Math.max(Math.round(middle - half), 0), to: Math.min(Math.round(middle + half), ribbon.along), top: here?.top ?? 0, bottom: here?.bottom ?? ribbon.across };
  draft = { ...(place ?? free), added: true };
  draw();
  say("A new frame: arrows move its edges, Enter cuts it.");
}

// -- doing ----------------------------------------------------------------------------------------
let busy = false;

async function act(action, said) {
  busy = true;
  $("main").setAttribute("aria-busy", "true");
  try {
    batch = await post(`/api/batches/${id}`, { by: operator() || null, action });
    wrong = "";
    draft = null;
    say(said());
    return true;
  } catch (error) {
    wrong = error.message;
    say(error.message);
    return false;
  } finally {
    busy = false;
    $("main").removeAttribute("aria-busy");
    draw();
  }
}

async function cut() {
  if (!draft) return true;
  const { from, to, top, bottom, at, added } = draft;
  const place = { from, to, top, bottom };
  if (added) {
    const before = new Set(batch.pages.map(({ page }) => page));
    const done = await act({ do: "add-frame", strip, edges: place }, () => "A frame is added.");
    const fresh = done && batch.pages.find(({ page }) => !before.has(page));
    if (fresh) go(fresh.page, false);
    return done;
  }
  const number = frame().number;
  if (at !== undefined) return act({ do: "divide", frame: current, at }, () => `Frame ${number} is divided.`);
  return act({ do: "recut", frame: current, edges: place }, () => `Frame ${number} is cut anew.`);
}

const merge = () => act({ do: "merge", frame: current }, () => `Frame ${frame().number} holds the next one, too.`);

async function mark(what) {
  const number = frame().number;
  if (await cut() && await act({ do: "mark", what, frames: [{ from: current, to: current }] }, () => `Frame ${number} is ${what === "page" ? "accepted" : `a ${what}`}.`)) {
    step(1);
    say(`Frame ${number} is ${what === "page" ? "accepted" : `marked as ${what}`}. Frame ${frame().number}.`);
  }
}

/** Every frame before this one that nobody has said anything of, and this one. */
async function acceptRun() {
  const here = frame().number;
  const run = frames().filter(({ number, mark, hidden }) => number <= here && !mark && !hidden).map(({ page }) => page).sort((one, other) => one - other);
  if (!await cut() || !run.length) return;
  const spans = [];
  for (const page of run) {
    if (spans.at(-1)?.to === page - 1) spans.at(-1).to = page; else spans.push({ from: page, to: page });
  }
  await act({ do: "mark", what: "page", frames: spans }, () => `${counted(run.length, "frame")} up to ${here} ${run.length === 1 ? "is" : "are"} accepted.`);
}

function undo() {
  if (draft) return drop();
  return act({ do: "undo" }, () => "The last operation is taken back.");
}

/** A page of its own: what it looks like on paper is in it. */
async function saveAccount() {
  const html = await get(`/api/batches/${id}/account`);
  const link = make("a", { href: URL.createObjectURL(new Blob([html], { type: "text/html" })), download: `account-${id}.html` });
  link.click();
  URL.revokeObjectURL(link.href);
  say("The account is saved: open and print it.");
}

// -- drawing --------------------------------------------------------------------------------------
async function turnTo(number) {
  strip = number;
  facts = null;
  ribbon.strip = null;
  if (!number) return;
  try {
    facts = await get(`/api/batches/${id}/strips/${number}`);
    ribbon.show(facts);
  } catch (error) {
    wrong = error.message;
  }
  draw();
}

function drawRibbon() {
  $("ribbon").hidden = !strip;
  if (!facts) return;
  ribbon.frames = frames().filter((frame) => frame.strip === strip && frame.frame).map((frame) => ({
    page: frame.page, number: frame.number, edges: placeOf(frame), mark: frame.mark,
    tone: frame.mark === "page" ? "ok" : frame.mark || frame.hidden ? "quiet" : isDoubtful(frame) ? "warn" : "ink",
  }));
  ribbon.outside = outside().map((place) => edges(facts, place));
  ribbon.current = current;
  ribbon.draft = draft;
  ribbon.reveal();
  $("film").setAttribute("aria-label", `The strip of film with ${counted(ribbon.frames.length, "frame")}; frame ${frame()?.number} is chosen`);
}

async function drawStage() {
  const shown = frame();
  let image = $("paper").querySelector("img");
  if (!image) { image = make("img"); show("paper", image); }
  if (image.dataset.image === shown.image) return;
  image.dataset.image = shown.image;
  image.alt = `Frame ${shown.number}`;
  try {
    const address = await picture(id, shown.image, SCREEN);
    if (image.dataset.image === shown.image) image.src = address;
  } catch { image.alt = "This frame's image cannot be shown."; }
}

function drawHead() {
  document.title = `${batch.name}: reel bench · Chartroom`;
  $("name").textContent = batch.name;
  $("standing").textContent = `reel bench; ${batch.stage === "review" || batch.stage === "indexed" ? `in ${batch.stage === "review" ? "review" : "hand: accepted, not released"}` : batch.stage}`;
  const count = (value, text) => make("span", make("b", value), ` ${text}`);
  const all = frames();
  show("counts", count(all.length, all.length === 1 ? "frame" : "frames"), count(all.filter(({ mark }) => mark === "page").length, "accepted"),
    count(doubtful().length, "to look at"), batch.account.unassigned ? count(batch.account.unassigned, "exposed outside") : null);
  show("trouble", wrong ? alarm("warn", make("p", wrong)) : null);
}

function draw() {
  if (!batch) return;
  if (!batch.account) return show("main", make("div.empty", icon("film"), make("h2", "This batch is no reel of film"), make("p", make("a", { href: `/batches/${id}` }, "Look at its pages"))));
  if (frame()?.number === undefined) current = frames()[0]?.page ?? 0;
  if (!frame()) return show("side", make("section", make("p", "No frame is here yet.")));
  const wanted = frame().strip ?? 0;
  if (wanted !== strip) turnTo(wanted);
  drawHead();
  drawRibbon();
  drawStage();
  $("verdict").hidden = !frame().mark;
  $("verdict").replaceChildren(standing(frame()));
  drawSide({ frame: frame(), edges: placeOf(frame()), draft, strip, account: batch.account, does });
}


async function tell(state) {
  tellDelivery(state);
  const now = state.batches.find((one) => one.batch === id)?.length;
  // What is being done answers with the batch itself, and then there is news again.
  if (busy || batch && now === length) return;
  length = now;
  batch = await get(`/api/batches/${id}`);
  draw();
}

// -- keys -----------------------------------------------------------------------------------------
// One after the other, however fast they come: each finds the batch as the one before left it.
let turn = Promise.resolve();
const inTurn = (run) => (...args) => { turn = turn.then(() => run(...args)).catch((error) => say(error.message)); };
const ready = (run) => inTurn((event) => (batch?.account && frame() ? run(event) : null));
bind(["j", "PageDown"], "Next frame", ready(() => step(1)));
bind(["k", "PageUp"], "Previous frame", ready(() => step(-1)));
bind("Home", "First frame", ready(() => go(frames()[0].page)));
bind("End", "Last frame", ready(() => go(frames().at(-1).page)));
bind("n", "Next frame to look at", ready(nextDoubtful));
bind("[", "Left edge", ready(() => choose("left")));
bind("]", "Right edge", ready(() => choose("right")));
bind("{", "Top edge", ready(() => choose("top")));
bind("}", "Bottom edge", ready(() => choose("bottom")));
bind(["ArrowLeft", "ArrowRight"], "Move the edge along the film; with Shift further", ready((event) => nudge(event, true)));
bind(["ArrowUp", "ArrowDown"], "Move the edge across the film", ready((event) => nudge(event, false)));
bind("Enter", "Cut it so", (event) => (draft && !event.target.closest?.("button, a") ? inTurn(cut)() : false));
bind("Escape", "The cut stays as it was", () => (draft ? drop() : false));
bind("d", "Divide the frame", ready(divide));
bind("m", "Merge with the next frame", ready(merge));
bind("+", "Add a frame", ready(add));
bind("a", "Accept the frame, next", ready(() => mark("page")));
bind("A", "Accept all up to this frame", ready(acceptRun));
bind("t", "Target", ready(() => mark("target")));
bind("l", "Leader", ready(() => mark("leader")));
bind("r", "Retake", ready(() => mark("retake")));
bind("b", "Blank", ready(() => mark("blank")));
bind("s", "Splice", ready(() => mark("splice")));
bind("u", "Undo", ready(undo));
bind("i", "Invert the film", ready(() => { ribbon.inverted = !ribbon.inverted; ribbon.soon(); }));
bind("z", "Closer, closest, the whole film", ready(() => ribbon.zoom()));
bind("p", "Save the account, to be printed", ready(saveAccount));
bind("v", "The batch's pages", () => location.assign(`/batches/${id}`));
bind("g", "All batches", () => location.assign("/"));
bind("?", "This help", help);

const does = Object.fromEntries(Object.entries({ cut, drop, divide, merge, add, mark, accept: () => mark("page"), acceptRun, undo, saveAccount }).map(([name, run]) => [name, inTurn(run)]));
watch(tell, (text) => show("trouble", alarm("bad", make("p", text))));
