// What is beside the ribbon: the frame with its doubts, what can be done to it, and what came of the reel?

import { badge, counted, make, show } from "./draw.js";

export const DOUBTS = {
  unclear: "the cut is not clear", "odd-width": "no other frame is so wide", "no-blip": "has no blip",
  "several-blips": "has several blips: two frames may be one", "cut-off": "the strip begins or ends within it",
};

export function standing(frame) {
  if (frame.mark === "page") return badge("ok", "accepted");
  if (frame.mark) return badge("info", frame.mark, "minus");
  if (frame.hidden) return badge("", "left out", "minus");
  return frame.frame?.doubts?.length ? badge("warn", "look at it") : badge("", "clear", "ok");
}

function button(key, text, run) {
  return make("button.button", { type: "button", onclick: run }, make("kbd", key), text);
}

function drawFrame({ frame, edges, draft, does, account }) {
  const shown = draft ?? edges;
  const doubts = (frame.frame?.doubts ?? []).map((doubt) => make("li", DOUBTS[doubt] ?? doubt));
  if (account.misplaced?.includes(frame.page)) doubts.push(make("li", "its patient number breaks the reel's order"));
  if (account.foreign?.includes(frame.page)) doubts.push(make("li", "the reel's box does not name its patient"));
  const facts = [["Confidence", frame.frame ? frame.frame.confidence.toFixed(2) : "came as a frame"],
    ["Along", shown ? `${shown.from} to ${shown.to}` : ""], ["Across", shown ? `${shown.top} to ${shown.bottom}` : ""],
    ["Size", shown ? `${shown.to - shown.from} × ${shown.bottom - shown.top}` : `${frame.width} × ${frame.height}`]];
  if (draft?.at !== undefined) facts.push(["Divide at", `${draft.at}`]);
  if (frame.frame?.blip !== undefined) facts.push(["Blip", ["page", "file", "batch"][frame.frame.blip] ?? frame.frame.blip]);
  if (draft?.added) return make("section", make("h2", "A new frame", badge("", "not cut yet", "cut")), drawPlace(facts.slice(1, 4)), drawCut(does));
  return make("section", make("h2", `Frame ${frame.number ?? "–"}`, standing(frame)),
    frame.number === frame.page ? null : make("p.small.quiet", `Page ${frame.page} of the batch${frame.recut ? "" : ", added by hand"}.`),
    frame.recut ? make("p.small.quiet", "Cut anew; the earlier cut is kept.") : null,
    doubts.length ? make("ul.doubts", doubts) : null,
    drawPlace(facts), draft ? drawCut(does) : null);
}

function drawPlace(facts) {
  return make("dl.facts", facts.filter(([, value]) => value !== "").map(([name, value]) => [make("dt", name), make("dd.nums", value)]));
}

function drawCut(does) {
  return make("p.row", make("button.button.main", { type: "button", onclick: does.cut }, "Cut it so ", make("kbd", "⏎")), button("Esc", "Back", does.drop));
}

function drawDoing({ does, strip }) {
  const cuts = [["d", "Divide", does.divide], ["m", "Merge with next", does.merge], ["+", "Add a frame", does.add]];
  const marks = [["a", "Accept", does.accept], ["t", "Target", () => does.mark("target")], ["l", "Leader", () => does.mark("leader")],
    ["r", "Retake", () => does.mark("retake")], ["b", "Blank", () => does.mark("blank")], ["s", "Splice", () => does.mark("splice")]];
  return make("section.doing", make("h2", "It is"), make("div.row", marks.map((one) => button(...one))),
    make("h2", "Cut it"), strip ? make("p.small.quiet", make("kbd", "["), " ", make("kbd", "]"), " choose the edge, arrows move it, with Shift further.") : null,
    make("div.row", strip ? cuts.map((one) => button(...one)) : make("p.small.quiet", "It came as a picture of its own: there is no strip to cut it from.")),
    make("div.row", button("A", "Accept all up to here", does.acceptRun), button("u", "Undo", does.undo)));
}

const FIGURES = [["expected", "expected"], ["blips", "blips"], ["found", "found"], ["accepted", "in documents"], ["targets", "targets"], ["leaders", "leaders"],
  ["retakes", "retakes"], ["blanks", "blanks"], ["splices", "splices"], ["hidden", "left out"], ["unassigned", "exposed outside of frames"]];

function drawAccount({ account, does }) {
  const figures = FIGURES.filter(([name]) => account[name] > 0 || name === "found");
  const open = account.differences.length && !account.explained;
  return make("section", make("h2", "The reel", open ? badge("warn", "not accounted for") : badge("ok", "accounted for")),
    make("dl.facts", figures.map(([name, text]) => [make("dt", text), make("dd.nums", account[name])])),
    account.differences.length ? make("ul.doubts", account.differences.map((text) => make("li", text))) : null,
    account.explained ? make("p.small", `Explained: ${account.explained}`) : null,
    account.doubtful.length ? make("p.small.quiet", counted(account.doubtful.length, "frame"), " to look at: ", make("kbd", "n")) : null,
    make("p.row", button("p", "Save to print", does.saveAccount)));
}

export function drawSide(desk) {
  show("side", drawFrame(desk), drawDoing(desk), drawAccount(desk));
}
