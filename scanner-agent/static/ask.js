// How does the page speak to the station? With the key of this start in a header of ours: no other page can send it, and no
// browser sends it by itself.

const KEPT = "chartroom.station.key";

const given = location.hash.slice(1);
if (/^[0-9a-f]{64}$/.test(given)) {
  sessionStorage.setItem(KEPT, given);
  history.replaceState(null, "", location.pathname);
}

export class Refused extends Error {}

async function ask(path, options = {}) {
  const headers = { "x-station-key": sessionStorage.getItem(KEPT) ?? "", ...options.headers };
  const answer = await fetch(path, { ...options, headers, cache: "no-store" });
  if (!answer.ok) throw new Refused(await answer.text());
  return answer;
}

export async function get(path) {
  return (await ask(path)).json();
}

export async function post(path, body = {}) {
  const headers = { "content-type": "application/json" };
  const answer = await ask(path, { method: "POST", headers, body: JSON.stringify(body) });
  return answer.status === 204 ? null : answer.json();
}

/** Calls `tell` with every new overview, and `away` while this program does not answer. */
export async function watch(tell, away) {
  let since = "";
  for (;;) {
    try {
      const state = await get(`/api/state?since=${since}`);
      if (state.tag !== since) await tell(state);
      since = state.tag;
    } catch (error) {
      away(error instanceof Refused ? error.message : "scanner-agent serve does not answer: start it again, and open the address that it prints.");
      since = "";
      await new Promise((done) => setTimeout(done, 2000));
    }
  }
}

const pictures = new Map();
const KEPT_PICTURES = 400;

/** An address for an image of a page. */
export function picture(batch, image, width) {
  return pictureAt(`/api/batches/${batch}/images/${encodeURIComponent(image)}?width=${width}`);
}

/** Pictures under a name never change, so each is fetched once. */
export function pictureAt(name) {
  if (!pictures.has(name)) {
    const fetched = ask(name).then((answer) => answer.blob()).then((blob) => URL.createObjectURL(blob));
    fetched.catch(() => pictures.delete(name));
    pictures.set(name, fetched);
    if (pictures.size > KEPT_PICTURES) forgetOldest();
  }
  return pictures.get(name);
}

function forgetOldest() {
  const [name, address] = pictures.entries().next().value;
  pictures.delete(name);
  address.then((url) => URL.revokeObjectURL(url)).catch(() => null);
}

const OPERATOR = "chartroom.station.operator";
export function operator() {
  try { return localStorage.getItem(OPERATOR) ?? ""; } catch { return ""; }
}
export function setOperator(name) {
  try { localStorage.setItem(OPERATOR, name); } catch { /* private window */ }
}
