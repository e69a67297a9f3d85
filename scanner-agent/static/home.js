// What can be started, what is running, and which batches are here?

import { get, operator, post, setOperator, watch } from "./ask.js";
import { alarm, badge, counted, furnish, icon, make, show, tellDelivery } from "./draw.js";
import { listen } from "./gun.js";
import { bind, help, setLetters } from "./keys.js";

const OTHER = "another";
const form = document.getElementById("start");
const field = (name) => form.elements[name];
const STAGES = {
  capturing: ["info", "capturing", "busy"],
  review: ["warn", "review", "attention"],
  indexed: ["info", "indexed", "text"],
  released: ["info", "released", "up"],
  suspended: ["", "suspended", "busy"],
  rejected: ["bad", "rejected", "bad"],
  receipted: ["ok", "receipted", "ok"],
};

furnish(help, setLetters);
field("operator").value = operator();

// -- start ------------------------------------------------------------------------------------
function kind() {
  return form.querySelector("[name=do]:checked").value;
}

function chooseKind() {
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(kind());
  document.getElementById("by-name").hidden = kind() !== "scan" || field("device").value !== OTHER;
  for (const label of form.querySelectorAll("[role=radiogroup] label")) {
    label.classList.toggle("chosen", label.querySelector("input").checked);
  }
}
for (const choice of form.querySelectorAll("[name=do], [name=device]")) choice.addEventListener("change", chooseKind);
chooseKind();

async function findDevices() {
  const hint = document.getElementById("device-hint");
  hint.textContent = "";
  try {
    const devices = await get("/api/devices");
    field("device").replaceChildren(...devices.map(({ name, vendor, model }) =>
      make("option", { value: name }, `${vendor} ${model} (${name})`)), make("option", { value: OTHER }, "another one, by its name"));
    chooseKind();
    if (!devices.length) hint.textContent = "No scanner is found. Is it switched on? Files and hot folders work without one.";
  } catch (error) {
    hint.textContent = error.message;
  }
}

async function start() {
  const wrong = document.getElementById("start-wrong");
  wrong.textContent = "";
  if (!form.reportValidity()) return;
  setOperator(field("operator").value.trim());
  const expect = field("expect").value ? Number(field("expect").value) : null;
  const device = field("device").value === OTHER ? field("address").value : field("device").value;
  const from = kind() === "scan" ? device : field("path").value;
  try {
    const batch = await post("/api/work", {
      do: kind(), from, expect, job: field("job").value, name: field("name").value, operator: field("operator").value,
    });
    field("expect").value = field("name").value = "";
    if (batch) location.assign(`/batches/${batch}`);
  } catch (error) {
    wrong.textContent = error.message;
  }
}
form.addEventListener("submit", (event) => { event.preventDefault(); start(); });
form.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.ctrlKey) { event.preventDefault(); start(); } });
form.addEventListener("keydown", (event) => { if (event.key === "Escape") document.activeElement.blur(); });

// -- what runs ----------------------------------------------------------------------------------
const NOUNS = { scan: "Scanning", import: "Taking in", watch: "Watching" };

function drawWork(work) {
  const open = work.batch ? make("a", { href: `/batches/${work.batch}` }, "Open the batch") : null;
  if (work.ended) return alarm(work.ended.tone, make("p", make("b", work.from), ": ", work.ended.text), open ? make("p", open) : null);
  const speed = work.speed ? ` ${counted(work.speed.pages, "page")}, ${work.speed.per_minute} a minute.` : "";
  const stop = { watch: "Stop watching", scan: "Stop the feeder" }[work.kind];
  const stops = stop ? make("button.button", { type: "button", onclick: () => post(`/api/work/${work.number}/stop`) }, stop) : null;
  return alarm("info", make("p", `${NOUNS[work.kind]} `, make("b", work.from), `.${speed}`), make("p.row", open, stops));
}

function drawBatch(batch) {
  const [tone, word, symbol] = STAGES[batch.stage];
  const state = batch.capturing && batch.stage === "capturing" ? badge("info", "capturing, or stopped", "busy") : badge(tone, word, symbol);
  const sheets = batch.expected === undefined ? `${batch.sheets}` : `${batch.sheets} of ${batch.expected}`;
  const questions = batch.questions ? badge("warn", counted(batch.questions, "question")) : badge("ok", "none");
  const sent = batch.receipted ? ` ${batch.receipted} of ${counted(batch.documents, "document")} receipted` : "";
  return make("tr",
    make("th.wrap", { scope: "row" }, make("a", { href: `/batches/${batch.batch}`, "data-hit": "" }, batch.name)),
    make("td", state, make("div.small.quiet", sent)),
    make("td.nums.right", sheets), make("td.nums.right", batch.pages), make("td", questions));
}

function drawBatches(batches) {
  if (!batches.length) {
    return make("div.empty", icon("batches"), make("h2", "No batch waits here"),
      make("p", "Lay paper into the scanner, choose it at the left and press Ctrl Enter. Pages show up as they are fed."));
  }
  const head = ["Batch", "Standing", "Sheets", "Pages", "Questions"].map((name, at) =>
    make(at === 2 || at === 3 ? "th.right" : "th", { scope: "col" }, name));
  return make("table", make("thead", make("tr", head)), make("tbody", batches.map(drawBatch)));
}

let focused = "";
function tell(state) {
  tellDelivery(state);
  show("trouble");
  show("work", state.work.filter((work) => !work.ended || work.ended.tone !== "ok").map(drawWork));
  focused = document.activeElement?.getAttribute?.("href") ?? "";
  show("batches", drawBatches([...state.batches].reverse()));
  document.getElementById("finished").textContent = state.finished ? `${state.finished} in the archive` : "";
  if (focused.startsWith("/batches/")) document.querySelector(`[data-hit][href="${focused}"]`)?.focus();
  if (field("job").options.length !== state.jobs.length) field("job").replaceChildren(...state.jobs.map((job) => make("option", job)));
}

// -- keys -----------------------------------------------------------------------------------------
function step(by) {
  const rows = [...document.querySelectorAll("[data-hit]")];
  const at = rows.indexOf(document.activeElement);
  rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)]?.focus();
}
bind(["j", "ArrowDown"], "Next batch", () => step(1));
bind(["k", "ArrowUp"], "Previous batch", () => step(-1));
bind("Enter", "Open it", () => false);
bind("1", "Scanner", () => choose("scan"));
bind("2", "Files", () => choose("import"));
bind("3", "Hot folder", () => choose("watch"));
bind("n", "Start something: sheets laid in", () => field("expect").focus());
bind("d", "Look for scanners again", findDevices);
bind("?", "This help", help);
bind([], "Start (in the form): Ctrl Enter", () => false);

function choose(name) {
  form.querySelector(`[name=do][value=${name}]`).checked = true;
  chooseKind();
  field(name === "scan" ? "device" : "path").focus();
}

// A code read here names the batch that is to be started.
listen((text) => { field("name").value = text; field("expect").focus(); });
findDevices();
watch(tell, (text) => show("trouble", alarm("bad", make("p", text))));
