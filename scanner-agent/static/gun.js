// Did a person press that key, or a barcode gun? A gun is a keyboard whose keys follow each other faster than fingers, with
// Enter at the end. It works wherever the focus is: what it wrote into a field is taken out again.

const GAP = 40; // milliseconds between two keys of a gun; fingers need more
const SHORTEST = 4;
const FIELDS = "input:not([type=checkbox]):not([type=radio]), textarea";

let run = "";
let last = 0;
let held = []; // keys outside of fields, until it is clear who pressed them
let timer = 0;
let before = null; // the field as it was before the run

/** Calls `read` with the text of every code that is read. */
export function listen(read) {
  document.addEventListener("keydown", (event) => key(event, read), { capture: true });
}

function key(event, read) {
  if (!event.isTrusted || event.ctrlKey || event.metaKey || event.altKey) return;
  const quick = event.timeStamp - last < GAP;
  if (event.key === "Enter") return end(event, quick, read);
  // A shift belongs to the letter that follows; a key that is held down is a person's.
  if (event.key === "Shift") return;
  last = event.timeStamp;
  if (event.key.length !== 1 || event.repeat) return flush();
  if (!quick) flush();
  run += event.key;
  const field = event.target.closest?.(FIELDS);
  if (field) {
    before ??= { field, value: field.value };
    return;
  }
  held.push({ key: event.key, target: event.target });
  event.preventDefault();
  event.stopImmediatePropagation();
  clearTimeout(timer);
  timer = setTimeout(flush, GAP);
}

function end(event, quick, read) {
  const text = run;
  if (!quick || text.length < SHORTEST) return flush();
  event.preventDefault();
  event.stopImmediatePropagation();
  if (before) before.field.value = before.value;
  held = [];
  flush();
  read(text);
}

/** It was a person: the keys do what they do. */
function flush() {
  clearTimeout(timer);
  const keys = held;
  [run, held, before] = ["", [], null];
  for (const { key, target } of keys) {
    target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  }
}
