// Which key does what on this screen? One table per screen; the help dialog is made from it,
// so that it cannot say something else.
//
// Letter keys can be switched off (WCAG 2.1.4) in the help dialog; Escape, arrows and the
// page keys stay.

const OFF = "chartroom.letters.off";
const bindings = [];

/** `keys` as `KeyboardEvent.key` gives them. `run` returns false to let the browser go on. */
export function bind(keys, label, run) {
  bindings.push({ keys: [].concat(keys), label, run });
}

export function lettersOn() {
  try { return localStorage.getItem(OFF) === null; } catch { return true; }
}

export function setLetters(on) {
  try { on ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1"); } catch { /* private window */ }
}

const FIELDS = "input:not([type=checkbox]), textarea, select, [contenteditable]";

function listens(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false;
  if (document.querySelector("dialog[open]") || event.target.closest?.(FIELDS)) return false;
  return event.key.length > 1 || lettersOn();
}

function dispatch(event) {
  if (!listens(event)) return;
  const binding = bindings.find(({ keys }) => keys.includes(event.key));
  if (binding && binding.run(event) !== false) event.preventDefault();
}

const NAMES = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", PageUp: "Page ↑", PageDown: "Page ↓", " ": "Space" };

function row({ keys, label }) {
  const line = document.createElement("div");
  const name = document.createElement("dt");
  name.textContent = label;
  const list = document.createElement("dd");
  for (const key of keys) {
    const cap = document.createElement("kbd");
    cap.textContent = NAMES[key] ?? key;
    list.append(cap, " ");
  }
  line.append(name, list);
  return line;
}

/** Opens the dialog with the keys of this screen. */
export function help() {
  const dialog = document.getElementById("help");
  dialog.querySelector("[data-keys]").replaceChildren(...bindings.filter(({ label }) => label).map(row));
  dialog.querySelector("[data-do=letters]").checked = lettersOn();
  dialog.showModal();
}

document.addEventListener("keydown", dispatch);
