// Which page is looked at, and what is done to it? Every operation goes to the station, which answers with the whole batch as
// it is then; nothing is decided here.

import { get, operator, picture, post, setOperator, watch } from "./ask.js";
import { askReason, askWords } from "./dialogs.js";
import { alarm, clock, counted, furnish, icon, make, show, tellDelivery } from "./draw.js";
import { listen } from "./gun.js";
import { bind, help, setLetters } from "./keys.js";
import { documentOf, drawSide } from "./side.js";

const id = location.pathname.split("/").pop();
const THUMBNAIL = 160;
const SCREEN = 1200;
let batch = null; // as the station told it last
let overview = null;
let current = 0; // number of the page that is looked at
let follows = true; // a batch that is being fed shows its newest page until somebody goes elsewhere
let zoomed = false;

furnish(help, setLetters);
const $ = (name) => document.getElementById(name);
$("to-bench").href = `/batches/${id}/film`;

function page() {
  return batch.pages.find((page) => page.page === current);
}

function say(text) {
  $("said").textContent = text;
}

// -- doing ---------------------------------------------------------------------------------------
async function act(action, said) {
  try {
    take(await post(`/api/batches/${id}`, { by: operator() || null, action }));
    wrong = "";
    if (said) say(said);
    draw();
    return true;
  } catch (error) {
    wrong = error.message;
    say(error.message);
    drawTrouble();
    return false;
  }
}

async function feed(more) {
  try {
    await post("/api/work", { do: "scan", batch: id, ...more });
    say("The scanner feeds.");
  } catch (error) {
    wrong = error.message;
    drawTrouble();
  }
}

let wrong = "";

let judging = false;

/** Accepts what is on the screen, one page at a time: quick fingers neither accept a page unseen nor pass one by. */
async function judge(next) {
  if (judging) return;
  if (!isOnScreen()) return say(`Page ${current} is not on the screen yet.`);
  judging = true;
  const done = await act({ do: "pass", pages: [current] }, `Page ${current} is accepted.`);
  judging = false;
  if (done) next();
}

async function reject() {
  const reason = await askReason();
  if (reason) await act({ do: "fail", page: current, reason }, `Page ${current} is rejected: ${reason}.`);
}

async function answer(number) {
  const question = asked();
  const given = question?.answers[number - 1];
  if (!given) return;
  const before = question.code;
  if (await act(given.action, "Answered.") && asked()?.code !== before) nextQuestion();
}

/** The first question about the page that is looked at, or about the whole batch. */
function asked() {
  const document = documentOf(batch, current);
  const here = (question) => question.page === current || document?.pages.includes(question.page) && question.page === document.pages[0];
  return batch.questions.find(here) ?? batch.questions.find((question) => question.page === undefined);
}

async function onward() {
  const open = batch.questions;
  const must = open.find((question) => question.must && (batch.stage === "indexed" || question.code !== "miscount"));
  if (batch.stage === "review" && must) return toQuestion(must);
  if (batch.stage === "review") {
    const text = open.length ? `${counted(open.length, "question")} ${open.length === 1 ? "is" : "are"} open. What concerns documents waits under Exceptions in the archive until somebody answers it.` : "";
    if (open.length && !await askWords({ title: "Accept the batch as it is?", text, yes: "Accept" })) return;
    await act({ do: "accept" }, "The batch is accepted.");
  } else if (batch.stage === "indexed") {
    if (must) return explain(must);
    const yes = await askWords({ title: "Release the batch?", text: `${counted(batch.documents.length, "document")} go to the archive. After that pages cannot be changed here.`, yes: "Release" });
    if (yes) await act({ do: "release" }, "The batch is released.");
  } else if (batch.stage === "suspended" || batch.stage === "rejected") {
    await act({ do: "reopen" }, "The batch is open again.");
  }
}

async function explain(question) {
  if (question.code !== "miscount") return toQuestion(question);
  const reason = await askWords({ title: "Why is another number in order?", text: question.text, label: "Explanation", yes: "Record it" });
  if (reason) await act({ do: "explain", reason }, "The difference is explained.");
}

function toQuestion(question) {
  if (question.page !== undefined) go(question.page);
  say(question.text);
  if (question.code === "miscount") explain(question);
}

function nextQuestion() {
  const places = batch.pages.map((page) => page.page);
  const at = places.indexOf(current);
  const paged = batch.questions.filter((question) => question.page !== undefined);
  const after = (question) => (places.indexOf(question.page) - at + places.length - 1) % places.length;
  const [next] = [...paged].sort((one, other) => after(one) - after(other));
  if (next) return toQuestion(next);
  const whole = batch.questions[0];
  if (whole) return toQuestion(whole);
  say("No question is open.");
}

async function index(fields) {
  const document = documentOf(batch, current);
  const first = document?.pages[0] ?? current;
  return act({ do: "index", page: first, fields }, "The fields are entered.");
}

async function nameOperator() {
  const name = await askWords({ title: "Who is at the desk?", label: "Operator", yes: "Go on", value: operator() });
  if (name) { setOperator(name); draw(); }
}

// -- going ---------------------------------------------------------------------------------------
function go(number) {
  current = number;
  follows = number === batch.pages.at(-1)?.page && batch.capturing;
  draw();
}

function step(by) {
  const at = batch.pages.findIndex((page) => page.page === current);
  const next = batch.pages[Math.min(Math.max(at + by, 0), batch.pages.length - 1)];
  if (next) go(next.page);
}

// -- drawing ---------------------------------------------------------------------------------------
const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) { seen.unobserve(target); fill(target, THUMBNAIL); }
}, { root: $("pages"), rootMargin: "400px" });

async function fill(image, width) {
  const wanted = image.dataset.image;
  try {
    const address = await picture(id, wanted, width);
    if (image.dataset.image === wanted) image.src = address;
  } catch { image.alt = "This page's image cannot be shown."; }
}

const thumbs = new Map();

function marks(page) {
  const open = batch.questions.some((question) => question.page === page.page);
  if (page.hidden) return icon("minus");
  if (page.verdict?.failed) return icon("bad");
  if (open) return icon("exceptions");
  return page.verdict === "passed" ? icon("ok") : "";
}

function told(page) {
  if (page.hidden) return ", left out";
  if (page.verdict?.failed) return `, rejected: ${page.verdict.failed}`;
  return page.verdict === "passed" ? ", accepted" : "";
}

function drawThumb(page, begins) {
  let link = thumbs.get(page.page);
  if (!link) {
    link = make("a", { href: `#${page.page}`, onclick: (event) => { event.preventDefault(); go(page.page); } },
      make("span.sheet", make("img", { alt: "", width: page.width, height: page.height })), make("span"));
    thumbs.set(page.page, link);
  }
  const image = link.querySelector("img");
  if (image.dataset.image !== page.image) { image.dataset.image = page.image; seen.observe(image); }
  link.lastChild.replaceChildren(`${page.page}`, marks(page));
  link.setAttribute("aria-label", `Page ${page.page}${begins ? ", begins a document" : ""}${told(page)}`);
  link.classList.toggle("out", page.hidden);
  link.classList.toggle("begins", begins);
  page.page === current ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  return link;
}

function drawPages() {
  const firsts = new Set(batch.documents.map((document) => document.pages[0]));
  const links = batch.pages.map((page) => drawThumb(page, firsts.has(page.page)));
  const there = [...$("pages").children];
  if (links.length !== there.length || links.some((link, at) => link !== there[at])) $("pages").replaceChildren(...links);
  thumbs.get(current)?.scrollIntoView({ block: "nearest" });
}

function drawStage() {
  const shown = page();
  if (!shown) return show("paper", make("div.empty", icon("page"), make("h2", "No page yet"), make("p", "Pages show up here as they are fed.")));
  let image = $("paper").querySelector("img");
  if (!image) { image = make("img"); show("paper", image); }
  if (image.dataset.image !== shown.image) {
    image.dataset.image = shown.image;
    // The page before must not stand there under this one's number.
    image.removeAttribute("src");
    image.alt = `Page ${shown.page}`;
    fill(image, SCREEN).then(fetchNext);
  }
  $("stage").classList.toggle("zoomed", zoomed);
  const verdict = shown.hidden ? "left out of its document" : shown.verdict?.failed ? `rejected: ${shown.verdict.failed}` : shown.verdict === "passed" ? "accepted" : "";
  $("verdict").hidden = !verdict;
  $("verdict").replaceChildren(icon(shown.hidden ? "minus" : shown.verdict?.failed ? "bad" : "ok"), verdict);
}

function isOnScreen() {
  const image = $("paper").querySelector("img");
  return image?.dataset.image === page()?.image && image.complete && image.naturalWidth > 0;
}

/** The page that will probably be looked at next. */
function fetchNext() {
  const next = batch.pages[batch.pages.findIndex((one) => one.page === current) + 1];
  if (next) picture(id, next.image, SCREEN).catch(() => null);
}

const STANDING = {
  capturing: "is being captured", review: "in review", indexed: "accepted, not released", released: "released: it goes to the archive by itself",
  suspended: "put aside", rejected: "rejected: it stays here", receipted: "in the archive: every receipt is verified",
};
const ONWARD = { review: "Accept batch", indexed: "Release", suspended: "Reopen", rejected: "Reopen" };

const feeding = () => overview?.work.find((work) => work.batch === id && work.kind === "scan" && !work.ended);

async function stopFeeder() {
  if (!feeding()) return say("The scanner is not feeding.");
  await post(`/api/work/${feeding().number}/stop`);
  say("The feeder stops after this sheet.");
}

function drawHead() {
  const { expected, sheets, pages, documents, questions } = batch;
  document.title = `${batch.name} · Chartroom`;
  $("name").textContent = batch.name;
  const scan = feeding();
  const stands = !scan && batch.stage === "capturing" ? "stopped before its end" : STANDING[batch.stage];
  $("standing").textContent = batch.receipted && batch.stage === "released" ? `${stands}; ${batch.receipted} of ${documents.length} receipted` : stands;
  const left = scan?.speed?.per_minute && expected > sheets ? `, ${clock((expected - sheets) * 60 * (pages.length / Math.max(sheets, 1)) / scan.speed.per_minute)} left` : "";
  const unseen = pages.filter((page) => !page.quality).length;
  const hidden = pages.filter((page) => page.hidden).length;
  const count = (value, text) => make("span", make("b", value), ` ${text}`);
  show("counts",
    count(expected === undefined ? sheets : `${sheets} of ${expected}`, "sheets"), count(pages.length, pages.length === 1 ? "page" : "pages"),
    hidden ? count(hidden, "left out") : null, count(documents.length, documents.length === 1 ? "document" : "documents"), count(questions.length, questions.length === 1 ? "question" : "questions"),
    scan ? count(scan.speed?.per_minute ?? 0, `a minute${left}`) : null, unseen ? count(unseen, "to be looked at") : null);
  $("halt").hidden = !scan;
  $("to-bench").hidden = !batch.account;
  $("onward").hidden = !ONWARD[batch.stage];
  $("onward").replaceChildren(ONWARD[batch.stage] ?? "", " ", make("kbd", "f"));
}

function drawTrouble() {
  const work = overview?.work.filter((work) => work.batch === id && work.ended && work.ended.tone !== "ok") ?? [];
  const stopped = work.map(({ ended }) => alarm(ended.tone, make("p", ended.text),
    ended.goes_on ? make("p", make("button.button", { type: "button", onclick: goOn }, "Go on scanning ", make("kbd", "c"))) : null));
  show("trouble", stopped, wrong ? alarm("warn", make("p", wrong)) : null);
}

function goOn() {
  return feed({});
}

function draw() {
  if (!batch) return;
  if (!page() || follows) current = (follows ? batch.pages.at(-1) : batch.pages[0])?.page ?? 0;
  drawHead();
  drawPages();
  drawStage();
  drawTrouble();
  drawSide({ batch, page: page(), question: batch.pages.length ? asked() : undefined, answer, explain, index, nameOperator });
}

function take(news) {
  const first = !batch;
  batch = news;
  if (first) follows = batch.capturing;
}

async function tell(state) {
  const length = (of) => of?.batches.find((one) => one.batch === id)?.length;
  const grown = !overview || length(overview) !== length(state) || state.delivery.phase === "idle";
  overview = state;
  tellDelivery(state);
  if (grown) take(await get(`/api/batches/${id}`));
  draw();
}

// -- keys ----------------------------------------------------------------------------------------
const open = (run) => () => { if (!batch?.pages.length) return true; return run(); };
const onPage = (action, said) => open(() => { act(action(), said?.()); });
const isButton = () => document.activeElement?.matches("button, a");

bind(["ArrowRight", "ArrowDown", "j"], "Next page", open(() => step(1)));
bind(["ArrowLeft", "ArrowUp", "k"], "Previous page", open(() => step(-1)));
bind("Home", "First page", open(() => go(batch.pages[0].page)));
bind("End", "Last page", open(() => go(batch.pages.at(-1).page)));
bind("a", "Accept the page, next", open(() => { judge(() => step(1)); }));
bind(" ", "Likewise", open(() => (isButton() ? false : void judge(() => step(1)))));
bind("x", "Reject the page …", open(() => { reject(); }));
bind("r", "Scan this page again", open(() => { feed({ replace: current }); }));
bind("i", "Scan a page before this one", open(() => { feed({ insert_before: current }); }));
bind("t", "Turn upside down", onPage(() => ({ do: "turn", page: current, degrees: 180 }), () => `Page ${current} is turned.`));
bind("]", "Turn right", onPage(() => ({ do: "turn", page: current, degrees: 90 })));
bind("[", "Turn left", onPage(() => ({ do: "turn", page: current, degrees: 270 })));
bind("h", "Leave out, or take in again", onPage(() => ({ do: page().hidden ? "unhide" : "hide", pages: [current] }), () => `Page ${current}.`));
bind("s", "A document begins here", onPage(() => ({ do: "split", page: current }), () => `A document begins at page ${current}.`));
bind("m", "Goes on with the document before", onPage(() => ({ do: "join", page: current }), () => `Page ${current} goes on with the document before it.`));
bind("n", "Next question", open(() => nextQuestion()));
for (let key = 1; key <= 9; key++) bind(`${key}`, key === 1 ? "1 to 9: answer the question" : "", open(() => { answer(key); }));
bind("w", "Answer in words: explain", open(() => { const question = asked(); if (question) explain(question); }));
bind("e", "Enter fields", open(() => document.querySelector("#fields input")?.focus()));
bind("u", "Undo", () => { act({ do: "undo" }, "The last operation is taken back."); });
bind("c", "Go on scanning", () => { goOn(); });
bind("q", "Stop the feeder after this sheet", () => { stopFeeder(); });
bind("f", "Accept the batch, release it", () => { if (batch) onward(); });
bind("p", "Put the batch aside", () => { act({ do: "suspend" }, "The batch is put aside."); });
bind("o", "Who is at the desk", () => { nameOperator(); });
bind("z", "Closer, or the whole page", open(() => { zoomed = !zoomed; drawStage(); }));
bind("g", "All batches", () => location.assign("/"));
bind("b", "The reel bench, for a reel of film", () => { if (batch?.account) location.assign($("to-bench").href); });
bind("?", "This help", help);

$("halt").addEventListener("click", stopFeeder);
$("onward").addEventListener("click", onward);
listen((text) => { if (batch?.pages.length) act({ do: "read", page: documentOf(batch, current)?.pages[0] ?? current, text }, "The code is entered."); });
watch(tell, (text) => show("trouble", alarm("bad", make("p", text))));
