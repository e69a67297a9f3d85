// How does the strip look, with its cuts, its light and its marks? Drawn for the part that is in the window, however long it is.

const CURVE = 44; // pixels below the film, for its light and its marks
const GRIP = 7; // pixels beside an edge that take hold of it
const CLOSER = [1, 2, 4];

/** Along and across the film, whichever way the strip runs in its picture. */
export function edges(strip, place) {
  const tall = strip.height > strip.width;
  return tall
    ? { from: place.y, to: place.y + place.h, top: place.x, bottom: place.x + place.w }
    : { from: place.x, to: place.x + place.w, top: place.y, bottom: place.y + place.h };
}

export class Ribbon {
  strip = null;
  frames = []; // {page, edges, tone, mark}
  outside = []; // {from, to, top, bottom}
  current = 0;
  draft = null; // edges that are not cut yet, with `at` where a frame is to be divided
  edge = "right";
  inverted = false;
  closer = 0;
  pieces = new Map();

  /** `load(piece)` promises a picture's address; `pick(page)` and `drag(edge, position)` are what the mouse says. */
  constructor({ scroller, canvas, length, load, pick, drag }) {
    Object.assign(this, { scroller, canvas, length, load, pick, drag });
    scroller.addEventListener("scroll", () => this.soon());
    new ResizeObserver(() => this.soon()).observe(scroller);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.soon());
    new MutationObserver(() => this.soon()).observe(document.documentElement, { attributes: true });
    this.listen();
  }

  show(strip) {
    this.strip = strip;
    this.pieces.clear();
    this.soon();
  }

  get along() { return Math.max(this.strip.width, this.strip.height); }
  get across() { return Math.min(this.strip.width, this.strip.height); }
  get height() { return Math.max(this.scroller.clientHeight - CURVE, 40); }
  /** Pixels of the screen for one of the strip. */
  get scale() { return this.height / this.across * CLOSER[this.closer]; }

  /** Closer along the film and across it; the frame stays in the window. */
  zoom() {
    this.closer = (this.closer + 1) % CLOSER.length;
    this.reveal();
  }

  /** Scrolls so that what is worked on is in the window, in its middle where it was not. */
  reveal() {
    const shown = this.draft ?? this.frames.find(({ page }) => page === this.current)?.edges;
    if (!shown || !this.strip) return this.soon();
    this.length.style.width = `${Math.ceil(this.along * this.scale)}px`;
    const [from, to] = [shown.from * this.scale, shown.to * this.scale];
    const { scrollLeft, clientWidth } = this.scroller;
    if (from < scrollLeft + 20 || to > scrollLeft + clientWidth - 20) this.scroller.scrollLeft = (from + to - clientWidth) / 2;
    this.soon();
  }

  soon() {
    this.waiting ??= requestAnimationFrame(() => { this.waiting = null; if (this.strip) this.draw(); });
  }

  draw() {
    const ratio = devicePixelRatio || 1;
    const [width, height] = [this.scroller.clientWidth, this.scroller.clientHeight];
    Object.assign(this.canvas, { width: width * ratio, height: height * ratio });
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.length.style.width = `${Math.ceil(this.along * this.scale)}px`;
    const style = getComputedStyle(this.scroller);
    this.colours = Object.fromEntries(["ok", "warn", "bad", "accent", "quiet", "ink", "panel"].map((name) => [name, style.getPropertyValue(`--paint-${name}`)]));
    Object.assign(this.colours, { ground: style.backgroundColor, light: style.color });
    const paint = this.canvas.getContext("2d");
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint.clearRect(0, 0, width, height);
    this.left = this.scroller.scrollLeft;
    this.drawFilm(paint, width);
    this.drawFrames(paint, width);
    this.drawLight(paint, width, height);
  }

  /** Where a place along, or across, the film is on the screen. */
  x(position) { return position * this.scale - this.left; }
  y(position) { return (position - this.above) * this.scale; }
  /** Closer, the window shows the height of what is worked on. */
  get above() {
    const shown = this.draft ?? this.frames.find(({ page }) => page === this.current)?.edges;
    const seen = this.height / this.scale;
    if (!shown || seen >= this.across) return 0;
    const wanted = this.edge === "top" || this.edge === "bottom" ? shown[this.edge] : (shown.top + shown.bottom) / 2;
    return Math.min(Math.max(wanted - seen / 2, 0), this.across - seen);
  }

  drawFilm(paint, width) {
    const { step, piece } = this.strip;
    paint.save();
    paint.beginPath();
    paint.rect(0, 0, width, this.height);
    paint.clip();
    paint.filter = this.inverted ? "invert(1)" : "none";
    const last = Math.floor((this.left + width) / this.scale / step / piece);
    for (let number = Math.floor(this.left / this.scale / step / piece); number <= last; number++) {
      const image = this.piece(number);
      if (!image?.naturalWidth) continue;
      const from = this.x(number * piece * step);
      paint.drawImage(image, from, this.y(0), image.naturalWidth * step * this.scale, image.naturalHeight * step * this.scale);
    }
    paint.restore();
  }

  piece(number) {
    if (number < 0 || number * this.strip.piece * this.strip.step >= this.along) return null;
    if (!this.pieces.has(number)) {
      const image = new Image();
      image.onload = () => this.soon();
      this.pieces.set(number, image);
      this.load(number).then((address) => { image.src = address; }).catch(() => this.pieces.delete(number));
    }
    return this.pieces.get(number);
  }

  drawFrames(paint, width) {
    const seen = ({ from, to }) => this.x(to) > 0 && this.x(from) < width;
    paint.save();
    paint.beginPath();
    paint.rect(0, 0, width, this.height);
    paint.clip();
    for (const place of this.outside.filter(seen)) this.hatch(paint, place);
    for (const frame of this.frames.filter(({ edges }) => seen(edges))) this.frame(paint, frame);
    if (this.draft) this.drawDraft(paint);
    paint.restore();
  }

  box(paint, { from, to, top, bottom }) {
    paint.strokeRect(this.x(from), this.y(top), (to - from) * this.scale, (bottom - top) * this.scale);
  }

  frame(paint, { page, number, edges, tone, mark }) {
    const now = page === this.current;
    paint.strokeStyle = this.colours[now && !this.draft ? "accent" : tone];
    paint.lineWidth = now ? 4 : 2;
    paint.setLineDash(mark && mark !== "page" ? [3, 3] : []);
    this.box(paint, edges);
    paint.setLineDash([]);
    this.label(paint, `${number}${mark && mark !== "page" ? ` ${mark}` : tone === "warn" ? " ?" : mark === "page" ? " ✓" : ""}`, edges, tone);
    if (now && !this.draft) this.grip(paint, edges);
  }

  label(paint, text, { from, top }, tone) {
    paint.font = "600 12px system-ui, sans-serif";
    const [x, y] = [Math.max(this.x(from), -4) + 4, Math.max(this.y(top), 0) + 4];
    paint.fillStyle = this.colours.panel;
    paint.fillRect(x, y, paint.measureText(text).width + 10, 18);
    paint.fillStyle = this.colours[tone];
    paint.fillText(text, x + 5, y + 13);
  }

  /** The edge that the arrows move is the thick one. */
  grip(paint, { from, to, top, bottom }) {
    const [left, right, first, last] = [this.x(from), this.x(to), this.y(top), this.y(bottom)];
    const line = { left: [left, first, left, last], right: [right, first, right, last], top: [left, first, right, first], bottom: [left, last, right, last] }[this.edge];
    paint.strokeStyle = this.colours.accent;
    paint.lineWidth = 8;
    paint.beginPath();
    paint.moveTo(line[0], line[1]);
    paint.lineTo(line[2], line[3]);
    paint.stroke();
  }

  drawDraft(paint) {
    const { draft } = this;
    paint.strokeStyle = this.colours.accent;
    paint.lineWidth = 3;
    paint.setLineDash([8, 5]);
    this.box(paint, draft);
    if (draft.at !== undefined) this.box(paint, { ...draft, from: draft.at, to: draft.at });
    paint.setLineDash([]);
    if (draft.at === undefined) this.grip(paint, draft);
  }

  hatch(paint, { from, to, top, bottom }) {
    const [x, y, w, h] = [this.x(from), this.y(top), (to - from) * this.scale, (bottom - top) * this.scale];
    paint.save();
    paint.beginPath();
    paint.rect(x, y, w, h);
    paint.clip();
    paint.strokeStyle = this.colours.bad;
    paint.lineWidth = 2;
    paint.beginPath();
    for (let at = -h; at < w; at += 12) { paint.moveTo(x + at, y + h); paint.lineTo(x + at + h, y); }
    paint.stroke();
    paint.restore();
    paint.strokeStyle = this.colours.bad;
    paint.lineWidth = 2;
    this.box(paint, { from, to, top, bottom });
  }

  drawLight(paint, width, height) {
    const { curve, curve_step: step, blips } = this.strip;
    const [bottom, room] = [height - 4, CURVE - 14];
    paint.fillStyle = this.colours.ground;
    paint.fillRect(0, this.height, width, height - this.height);
    paint.strokeStyle = this.colours.light;
    paint.lineWidth = 1.25;
    paint.beginPath();
    for (let x = 0; x <= width; x++) {
      const at = Math.floor((this.left + x) / this.scale / step);
      if (at < curve.length) paint.lineTo(x, bottom - curve[at] / 255 * room);
    }
    paint.stroke();
    paint.fillStyle = this.colours.light;
    for (const { at, level } of blips) {
      const x = this.x(at);
      if (x > -10 && x < width + 10) paint.fillRect(x - 3 - level, this.height + 2, 6 + 2 * level, 5 + 2 * level);
    }
  }

  // -- the mouse -----------------------------------------------------------------------------------
  listen() {
    const place = (event) => ({ x: event.offsetX, along: Math.round((event.offsetX + this.scroller.scrollLeft) / this.scale), across: Math.round(event.offsetY / this.scale + this.above) });
    const held = () => this.draft ?? this.frames.find(({ page }) => page === this.current)?.edges;
    const near = (event) => {
      const edges = held();
      if (!this.strip || !edges || event.offsetY > this.height) return null;
      if (this.draft?.at !== undefined) return Math.abs(this.x(this.draft.at) - event.offsetX) < GRIP ? "at" : null;
      const [left, right] = [Math.abs(this.x(edges.from) - event.offsetX), Math.abs(this.x(edges.to) - event.offsetX)];
      if (Math.min(left, right) < GRIP) return left < right ? "left" : "right";
      const inside = event.offsetX > this.x(edges.from) && event.offsetX < this.x(edges.to);
      const [top, bottom] = [Math.abs(this.y(edges.top) - event.offsetY), Math.abs(this.y(edges.bottom) - event.offsetY)];
      return inside && Math.min(top, bottom) < GRIP ? (top < bottom ? "top" : "bottom") : null;
    };
    let dragged = null;
    this.canvas.addEventListener("pointerdown", (event) => {
      if (!this.strip) return;
      dragged = near(event);
      if (dragged) return this.canvas.setPointerCapture(event.pointerId);
      const { along, across } = place(event);
      const under = this.frames.find(({ edges }) => along >= edges.from && along <= edges.to && across >= edges.top && across <= edges.bottom);
      if (under) this.pick(under.page);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      const edge = dragged ?? near(event);
      this.canvas.style.cursor = { left: "ew-resize", right: "ew-resize", at: "ew-resize", top: "ns-resize", bottom: "ns-resize" }[edge] ?? "default";
      const { along, across } = place(event);
      if (dragged) this.drag(dragged, dragged === "top" || dragged === "bottom" ? across : along);
    });
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => { dragged = null; });
  }
}
