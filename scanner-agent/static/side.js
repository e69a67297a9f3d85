// What is beside the page: the open question with its answers, the document's fields, what was measured?

import { operator } from "./ask.js";
import { badge, counted, make, show } from "./draw.js";

export function documentOf(batch, number) {
  return batch.documents.find((document) => document.pages.includes(number) || document.sheets.includes(number));
}

const FIELDS = [
  ["patient", "Patient number", "mrn"],
  ["encounter", "Encounter", "encounter"],
  ["type", "Type", "document_type"],
  ["department", "Department", "department"],
  ["date", "Date (YYYY-MM-DD)", "date"],
];

/** The archive's, or on the way there: nothing of it is changed here any more. */
const GONE = ["released", "receipted"];

function drawQuestion({ question, answer, explain, batch }) {
  if (GONE.includes(batch.stage)) {
    return question ? make("section", make("h2", "Question"), make("p", question.text), make("p.small.quiet", "The archive asks it, under Exceptions.")) : null;
  }
  if (!question) {
    const left = batch.questions.length;
    return make("section", make("h2", "Questions"), left ? make("p", `None here; ${left} elsewhere. `, make("kbd", "n")) : make("p", badge("ok", "none is open")));
  }
  const answers = question.answers.map(({ label }, at) =>
    make("li", make("button.button", { type: "button", onclick: () => answer(at + 1) }, make("kbd", at + 1), label)));
  const words = question.code === "miscount"
    ? make("p", make("button.button", { type: "button", onclick: () => explain(question) }, make("kbd", "w"), "Explain the difference …"))
    : question.typed ? make("p.small.quiet", "Or enter the fields: ", make("kbd", "e"), ", or read a code with the gun.") : null;
  return make("section.asked", make("h2", "Question", badge(question.must ? "bad" : "warn", question.must ? "must be answered" : "may wait")),
    make("p", question.text), make("ol.choices", answers), words);
}

function patient(document) {
  const { patient } = document;
  if (!document.mrn || !patient) return null;
  if (patient.known === "yes") return make("p", badge("ok", patient.name ?? "in the patient list", "person"));
  if (patient.known === "no") return make("p", badge("warn", "not in the patient list"));
  return make("p", badge("", "not checked: the server has not been asked", "busy"));
}

function drawFields({ batch, page, index, nameOperator }) {
  const document = documentOf(batch, page.page);
  if (!document) return make("section", make("h2", "Document"), make("p.quiet", "This page is in no document: a sheet between documents, or left out."));
  const number = batch.documents.indexOf(document) + 1;
  const heading = make("h2", `Document ${number} of ${batch.documents.length}`, make("span.quiet.small", counted(document.pages.length, "page")));
  if (GONE.includes(batch.stage)) {
    const facts = FIELDS.map(([, label, key]) => [make("dt", label), make("dd", document[key] ?? "not given")]);
    return make("section", heading, patient(document), make("dl.facts", facts));
  }
  const inputs = FIELDS.map(([name, label, key]) => make("div.field", make("label", { for: `field-${name}` }, label),
    make("input", { id: `field-${name}`, name, value: document[key] ?? "", autocomplete: "off", spellcheck: "false", maxlength: "120" })));
  const form = make("form.stack", { id: "fields", autocomplete: "off" }, inputs,
    make("div.row", make("button.button.main", { type: "submit" }, "Enter ", make("kbd", "⏎")),
      make("button.button.plain.push", { type: "button", onclick: nameOperator }, operator() ? `as ${operator()}` : "Who are you? ", make("kbd", "o"))));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = FIELDS.map(([name]) => [name, form.elements[name].value.trim()]).filter(([, value]) => value);
    if (await index(Object.fromEntries(said))) window.document.activeElement?.blur();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { form.reset(); window.document.activeElement.blur(); }
  });
  return make("section", heading, patient(document), form);
}

function drawFacts({ page }) {
  const { quality } = page;
  const facts = [["Page", `${page.page}${page.turned ? ", turned" : ""}`], ["Size", `${page.width} × ${page.height}, ${page.dpi || "?"} dpi`]];
  if (quality?.skew !== undefined) facts.push(["Skew", `${(quality.skew / 100).toFixed(1)}°`]);
  if (quality?.sharpness !== undefined) facts.push(["Sharpness", (quality.sharpness / 100).toFixed(2)]);
  if (quality) facts.push(["Marks", quality.marks]);
  const codes = page.codes.map((code) => [code.format, make("span.mono", code.text)]);
  const flags = page.flags.map((flag) => badge("warn", flag.replace("-", " ")));
  return make("section", make("h2", "Page"), flags.length ? make("p.row", flags) : null,
    make("dl.facts", [...facts, ...codes].map(([name, value]) => [make("dt", name), make("dd", value)])));
}

let drawn = "";

/** Drawn anew only where something is different: what somebody types into a field stays. */
export function drawSide(desk) {
  const { batch, page, question } = desk;
  if (!page) return show("side");
  const now = JSON.stringify([page, question, batch.stage, documentOf(batch, page.page), batch.questions.length, operator()]);
  if (now === drawn) return;
  drawn = now;
  show("side", drawQuestion(desk), drawFields(desk), drawFacts(desk));
}
