// What does a person have to say before something is done? Each dialog gives a promise: the words, or null for going back.

import { make } from "./draw.js";

export const REASONS = ["cut off", "out of focus", "askew", "too dark or too light", "folded or torn", "wrong sheet"];

/** Why a page is rejected: one key, or words. */
export function askReason() {
  const dialog = document.getElementById("reasons");
  const input = document.getElementById("reason");
  const choices = document.getElementById("choices");
  input.value = "";
  return new Promise((done) => {
    const close = (answer) => { dialog.onkeydown = null; dialog.onclose = null; dialog.close(); done(answer); };
    choices.replaceChildren(...REASONS.map((reason, at) =>
      make("li", make("button.button", { type: "button", onclick: () => close(reason) }, make("kbd", at + 1), reason))));
    dialog.onkeydown = (event) => {
      const typing = event.target === input;
      if (!typing && REASONS[event.key - 1]) { event.preventDefault(); close(REASONS[event.key - 1]); }
      if (typing && event.key === "Enter") { event.preventDefault(); if (input.value.trim()) close(input.value.trim()); }
    };
    dialog.onclose = () => close(null);
    dialog.showModal();
    choices.querySelector("button").focus();
  });
}

/** A question with a yes, and words where `label` asks for them. */
export function askWords({ title, text = "", label = "", yes, value = "" }) {
  const dialog = document.getElementById("ask");
  const input = document.getElementById("ask-input");
  const part = (id) => document.getElementById(id);
  part("ask-title").textContent = title;
  part("ask-text").replaceChildren(...[].concat(text));
  part("ask-field").hidden = !label;
  part("ask-label").textContent = label;
  part("ask-yes").textContent = yes;
  input.value = value;
  input.required = Boolean(label);
  return new Promise((done) => {
    dialog.onclose = () => {
      dialog.onclose = null;
      done(dialog.returnValue === "yes" ? (label ? input.value.trim() : true) : null);
    };
    dialog.returnValue = "";
    dialog.showModal();
    (label ? input : part("ask-yes")).focus();
  });
}
