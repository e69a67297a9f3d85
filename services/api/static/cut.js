// The edges of a frame on its strip: chosen with brackets, moved with arrows or the mouse. The form's fields are what counts.

import { bind } from "./keys.js";

const STEP = 4;
const FAR = 40;
const picture = document.querySelector("#cut svg");
const rect = picture.querySelector("rect");
const field = (name) => document.getElementById(name);
const edges = ["left", "right", "top", "bottom"];
const at = (name) => Number(field(name).value);
let edge = "right";

function draw() {
  rect.setAttribute("x", at("left"));
  rect.setAttribute("y", at("top"));
  rect.setAttribute("width", Math.max(0, at("right") - at("left")));
  rect.setAttribute("height", Math.max(0, at("bottom") - at("top")));
}

/** Scrolls the film until that height on the screen is in its middle. */
function center(y) {
  const film = picture.parentElement;
  const { top, height } = film.getBoundingClientRect();
  film.scrollTop += y - top - height / 2;
}

/** The edge that moves is seen, however high the frame is. */
function follow() {
  const film = picture.parentElement.getBoundingClientRect();
  const y = rect.getBoundingClientRect()[edge];
  if ((edge === "top" || edge === "bottom") && (y < film.top || y > film.bottom)) center(y);
}

function say(text) {
  document.querySelector("[data-say=edge]").textContent = text;
}

function choose(name) {
  edge = name;
  follow();
  say(`The ${edge} edge, at ${at(edge)}: arrows move it.`);
}

function move(by) {
  const input = field(edge);
  input.value = Math.min(Math.max(at(edge) + by, 0), Number(input.max));
  draw();
  follow();
  say(`The ${edge} edge is at ${at(edge)}.`);
}

function nudge(event, pair) {
  if (!pair.includes(edge)) edge = pair[1];
  const forward = event.key === "ArrowRight" || event.key === "ArrowDown";
  move((forward ? 1 : -1) * (event.shiftKey ? FAR : STEP));
}

// -- the mouse takes the nearest edge --------------------------------------------------------------
function point(event) {
  const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.getScreenCTM().inverse());
  return { left: place.x, right: place.x, top: place.y, bottom: place.y };
}

let dragged = false;
picture.addEventListener("pointerdown", (event) => {
  const place = point(event);
  edge = edges.reduce((one, other) => (Math.abs(place[other] - at(other)) < Math.abs(place[one] - at(one)) ? other : one));
  dragged = true;
  picture.setPointerCapture(event.pointerId);
  event.preventDefault();
});
picture.addEventListener("pointermove", (event) => { if (dragged) move(Math.round(point(event)[edge]) - at(edge)); });
picture.addEventListener("pointerup", () => { dragged = false; });

bind("[", "Left edge", () => choose("left"));
bind("]", "Right edge", () => choose("right"));
bind("{", "Top edge", () => choose("top"));
bind("}", "Bottom edge", () => choose("bottom"));
bind(["ArrowLeft", "ArrowRight"], "Move the edge; with Shift further", (event) => nudge(event, ["left", "right"]));
bind(["ArrowUp", "ArrowDown"], "Move the edge up or down", (event) => nudge(event, ["top", "bottom"]));
bind("Enter", "Cut it so", (event) => (event.target.closest?.("button, a") ? false : document.querySelector("form.panel").requestSubmit()));
edges.forEach((name) => field(name).addEventListener("input", draw));
const { top, height } = rect.getBoundingClientRect();
center(top + height / 2);
choose(edge);
