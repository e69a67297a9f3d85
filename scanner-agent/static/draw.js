// How are elements made? By name, so that no text is ever read as markup.

/** `make("a.button", {href}, "text", child, …)`; keys that begin with `on` listen. */
export function make(what, ...rest) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag);
  element.classList.add(...classes);
  for (const item of rest.flat(Infinity)) {
    if (item === null || item === undefined || item === false) continue;
    if (item instanceof Node || typeof item !== "object") { element.append(item); continue; }
    for (const [name, value] of Object.entries(item)) set(element, name, value);
  }
  return element;
}

function set(element, name, value) {
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name in element && typeof value !== "string") element[name] = value;
  else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
}

const SVG = "svg";
/** A symbol of icons.svg. */
export function icon(name) {
  const space = document.querySelector(SVG)?.namespaceURI;
  const svg = document.createElementNS(space, SVG);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

const SYMBOLS = { ok: "ok", warn: "exceptions", bad: "bad", info: "info", "": "busy" };

/** Never colour alone: a symbol and a word. */
export function badge(tone, text, symbol = SYMBOLS[tone]) {
  return make(`span.badge${tone ? `.${tone}` : ""}`, icon(symbol), text);
}

export function alarm(tone, ...content) {
  return make(`div.alert.${tone}`, icon(SYMBOLS[tone]), make("div", content));
}

export function show(id, ...content) {
  document.getElementById(id).replaceChildren(...content.flat(Infinity).filter((item) => item !== null && item !== undefined && item !== false));
}

export function counted(n, what) {
  return `${n} ${what}${n === 1 ? "" : what.endsWith("ch") ? "es" : "s"}`;
}

/** `1:05` for 65 seconds. */
export function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, "0")}`;
}

/** Theme and help work on every screen. */
export function furnish(help, setLetters) {
  document.querySelector("[data-do=theme]").addEventListener("click", () => window.chartroomTheme.toggle());
  document.querySelector("[data-do=help]").addEventListener("click", help);
  document.querySelector("[data-do=letters]").addEventListener("change", (event) => setLetters(event.target.checked));
}

/** Where the archive is, beside the name of the station. */
export function tellDelivery(state) {
  document.getElementById("station").textContent = `Station ${state.station}`;
  const waiting = state.batches.filter(({ stage }) => stage === "released").length;
  const more = waiting ? `; ${counted(waiting, "batch")} ${waiting === 1 ? "waits" : "wait"}` : "";
  const { phase, text } = state.delivery;
  const told = {
    off: () => badge("info", `No server named${more}`),
    idle: () => badge("ok", "Archive in reach"),
    sending: () => badge("info", "Handing over", "up"),
    away: () => badge("warn", `Server away${more}`),
    refused: () => badge("bad", "The archive refuses"),
  }[phase]();
  if (text) told.title = text;
  show("delivery", told);
}
