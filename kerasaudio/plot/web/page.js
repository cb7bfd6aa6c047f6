"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const element = (id) => document.getElementById(id);
const [canvas, area, tip, player] = ["map", "area", "tip", "player"].map(element);
const pen = canvas.getContext("2d");
const groups = data.classes.map(([name, light, dark, shape]) => ({ name, light, dark, shape, shown: true }));
const points = data.points.map(([x, y, group, name, sound]) => {
  return { x, y, group, name, sound, text: `${groups[group].name}\n${name}`.toLowerCase(), found: true };
});
const outlines = data.shapes.map((corners) => {
  const path = new Path2D();
  corners.forEach(([x, y], i) => (i ? path.lineTo(x, -y) : path.moveTo(x, -y)));
  path.closePath();
  return path;
});
const RADIUS = points.length > 2000 ? 3.5 : 6;
const REACH = 14; // pixels from a point at which a mouse hits it
const FINGER = 26; // and a finger
const CLICK = 4; // pixels that a hand may tremble
const plays = data.sounds.length > 0;

let view = { x: 0, y: 0, scale: 1 };
let over = null; // the point under the mouse
let chosen = null; // the point last clicked, or walked to
let isDue = false;
let colors = {}; // of what is not a class
let isFitted = true; // until the user zooms or drags

const across = (point) => (point.x - view.x) * view.scale + area.clientWidth / 2;
const down = (point) => area.clientHeight / 2 - (point.y - view.y) * view.scale;
const visible = () => points.filter((point) => point.found && groups[point.group].shown);
const color = (group) => (colors.isDark ? group.dark : group.light);
const label = (point) => [groups[point.group].name, point.name].filter(Boolean).join("\n");

function fit() {
  const [xs, ys] = [points.map((p) => p.x), points.map((p) => p.y)];
  const ends = (values) => values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  const [[left, right], [bottom, top]] = [ends(xs), ends(ys)];
  const room = [area.clientWidth - 80, area.clientHeight - 80].map((n) => Math.max(n, 40));
  const scale = Math.min(room[0] / (right - left), room[1] / (top - bottom));
  isFitted = true;
  view = { x: (left + right) / 2, y: (bottom + top) / 2, scale: Number.isFinite(scale) ? scale : 1 };
  redraw();
}

function redraw() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    draw();
  });
}

function mark(point, radius, ratio) {
  const group = groups[point.group];
  pen.setTransform(radius * ratio, 0, 0, radius * ratio, across(point) * ratio, down(point) * ratio);
  pen.fillStyle = color(group);
  pen.strokeStyle = colors.paper;
  pen.lineWidth = 1 / radius;
  pen.fill(outlines[group.shape]);
  pen.stroke(outlines[group.shape]);
}

function draw() {
  const ratio = window.devicePixelRatio || 1;
  const size = [area.clientWidth, area.clientHeight].map((n) => Math.round(n * ratio));
  if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, ...size);
  pen.globalAlpha = 0.12;
  for (const point of points) if (!point.found && groups[point.group].shown) mark(point, RADIUS, ratio);
  pen.globalAlpha = 0.85;
  for (const point of visible()) mark(point, RADIUS, ratio);
  pen.globalAlpha = 1;
  if (over && over !== chosen) mark(over, RADIUS * 1.4, ratio);
  if (!chosen || !groups[chosen.group].shown) return;
  mark(chosen, RADIUS * 1.6, ratio);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.strokeStyle = colors.ink;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(across(chosen), down(chosen), RADIUS * 2.4, 0, 7);
  pen.stroke();
}

function nearest(x, y, reach) {
  let best = null;
  for (const point of visible()) {
    const distance = Math.hypot(across(point) - x, down(point) - y);
    if (distance <= reach) [best, reach] = [point, distance];
  }
  return best;
}

function showTip(point) {
  tip.hidden = !point;
  canvas.classList.toggle("over", Boolean(point));
  if (!point) return;
  tip.textContent = label(point);
  const [x, y] = [across(point), down(point)];
  tip.style.left = `${Math.max(0, Math.min(x + 14, area.clientWidth - tip.offsetWidth - 4))}px`;
  tip.style.top = `${Math.max(0, Math.min(y + 14, area.clientHeight - tip.offsetHeight - 4))}px`;
}

function choose(point) {
  chosen = point;
  element("status").textContent = point ? label(point).replace("\n", ": ") : "";
  redraw();
}

function play(point) {
  if (!plays) return;
  player.hidden = false;
  player.src = data.sounds[point.sound];
  player.play().catch((error) => {
    if (error.name !== "AbortError") element("status").textContent = `${point.name} does not play: ${error.message}`;
  });
}

function zoom(factor, x = area.clientWidth / 2, y = area.clientHeight / 2) {
  const [dx, dy] = [x - area.clientWidth / 2, area.clientHeight / 2 - y];
  const scale = view.scale * factor;
  view = { x: view.x + dx / view.scale - dx / scale, y: view.y + dy / view.scale - dy / scale, scale };
  isFitted = false;
  showTip(null);
  redraw();
}

function go(point) {
  const [x, y] = [across(point), down(point)];
  const isOutside = x < 0 || y < 0 || x > area.clientWidth || y > area.clientHeight;
  if (isOutside) view = { x: point.x, y: point.y, scale: view.scale };
  choose(point);
  showTip(point);
}

function search(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const point of points) point.found = words.every((word) => point.text.includes(word));
  over = null;
  chosen = null;
  showTip(null);
  const count = points.filter((point) => point.found).length;
  element("status").textContent = words.length ? `${count} of ${points.length} points found` : "";
  redraw();
}

function walk(dx, dy) {
  let best = null;
  if (chosen && groups[chosen.group].shown) {
    let least = Infinity;
    for (const point of visible()) {
      const [x, y] = [across(point) - across(chosen), down(point) - down(chosen)];
      const [along, aside] = [x * dx + y * dy, Math.abs(x * dy) + Math.abs(y * dx)];
      if (along > 0 && aside <= along && along + 2 * aside < least) [best, least] = [point, along + 2 * aside];
    }
  } else {
    best = nearest(area.clientWidth / 2, area.clientHeight / 2, Infinity);
  }
  if (best) go(best);
}

let drag = null;
let pinch = null; // distance of two fingers
const fingers = new Map();
const reach = (event) => (event.pointerType === "touch" ? FINGER : REACH);
const spread = () => {
  const [[x, y], [otherX, otherY]] = fingers.values();
  return { apart: Math.max(1, Math.hypot(x - otherX, y - otherY)), x: (x + otherX) / 2, y: (y + otherY) / 2 };
};
const place = (event) => {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};
canvas.addEventListener("pointerdown", (event) => {
  const [x, y] = place(event);
  fingers.set(event.pointerId, [x, y]);
  drag = fingers.size === 1 ? { x, y, view, moved: false } : null;
  pinch = fingers.size === 2 ? spread() : null;
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener("pointermove", (event) => {
  const [x, y] = place(event);
  if (fingers.has(event.pointerId)) fingers.set(event.pointerId, [x, y]);
  if (pinch && fingers.size === 2) {
    const now = spread();
    const { scale } = view;
    view = { x: view.x - (now.x - pinch.x) / scale, y: view.y + (now.y - pinch.y) / scale, scale };
    zoom(now.apart / pinch.apart, now.x, now.y);
    pinch = now;
    return;
  }
  if (drag && (drag.moved || Math.hypot(x - drag.x, y - drag.y) > CLICK)) {
    drag.moved = true;
    const { scale } = view;
    view = { x: drag.view.x - (x - drag.x) / scale, y: drag.view.y + (y - drag.y) / scale, scale };
    isFitted = false;
    showTip(null);
    return redraw();
  }
  if (event.pointerType === "touch") return;
  over = nearest(x, y, REACH);
  showTip(over);
  redraw();
});
function lift(event) {
  fingers.delete(event.pointerId);
  drag = pinch = null;
}
canvas.addEventListener("pointerup", (event) => {
  const hit = drag && !drag.moved && nearest(...place(event), reach(event));
  lift(event);
  if (!hit) return;
  choose(hit);
  showTip(hit);
  play(hit);
});
canvas.addEventListener("pointercancel", lift);
canvas.addEventListener("pointerleave", (event) => {
  if (event.pointerType === "touch") return; // the tip of a tap stays
  over = null;
  showTip(null);
  redraw();
});
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), ...place(event));
}, { passive: false });

const keys = {
  ArrowLeft: () => walk(-1, 0), ArrowRight: () => walk(1, 0), ArrowUp: () => walk(0, -1), ArrowDown: () => walk(0, 1),
  Enter: () => chosen && play(chosen), " ": () => chosen && play(chosen), Escape: () => player.pause(),
  "+": () => zoom(1.4), "=": () => zoom(1.4), "-": () => zoom(1 / 1.4), 0: fit,
};
canvas.addEventListener("keydown", (event) => {
  if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  keys[event.key]();
});
element("closer").addEventListener("click", () => zoom(1.4));
element("farther").addEventListener("click", () => zoom(1 / 1.4));
element("all").addEventListener("click", fit);
element("search").addEventListener("input", (event) => search(event.target.value));
element("search").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  const hits = visible(); // one after the other
  if (hits.length) go(hits[(hits.indexOf(chosen) + 1) % hits.length]);
});

const night = window.matchMedia("(prefers-color-scheme: dark)");
function paint(isDark) {
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
  element("theme").setAttribute("aria-pressed", isDark);
  const style = getComputedStyle(document.documentElement);
  colors = { isDark, ink: style.getPropertyValue("--ink"), paper: style.getPropertyValue("--paper") };
  document.querySelectorAll("#classes polygon").forEach((outline, number) => {
    outline.setAttribute("fill", color(groups[number]));
  });
  redraw();
}
night.addEventListener("change", () => paint(night.matches));
element("theme").addEventListener("click", () => paint(!colors.isDark));

function legend() {
  const counts = groups.map(() => 0);
  for (const point of points) counts[point.group] += 1;
  const entries = groups.map((group, number) => {
    const [button, count] = [document.createElement("button"), document.createElement("small")];
    button.type = "button";
    const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    picture.setAttribute("viewBox", "-1.6 -1.6 3.2 3.2");
    const outline = document.createElementNS("http://www.w3.org/2000/svg", "polygon");
    outline.setAttribute("points", data.shapes[group.shape].map(([x, y]) => `${x},${-y}`).join(" "));
    picture.append(outline);
    count.textContent = counts[number];
    button.append(picture, document.createTextNode(group.name), count);
    button.addEventListener("click", () => set(number, !group.shown));
    const item = document.createElement("li");
    item.append(button);
    element("classes").append(item);
    return button;
  });
  const set = (number, shown) => {
    groups[number].shown = shown;
    entries[number].setAttribute("aria-pressed", shown);
    over = null;
    showTip(null);
    redraw();
  };
  groups.forEach((_, number) => set(number, true));
  element("show").addEventListener("click", () => groups.forEach((_, number) => set(number, true)));
  element("hide").addEventListener("click", () => groups.forEach((_, number) => set(number, false)));
  element("legend").hidden = groups.length === 1 && !groups[0].name;
}

element("across").textContent = data.axes[0];
element("upward").textContent = data.axes[1];
element("help").textContent = plays
  ? "Click a point to hear it. Keys: arrows walk, Enter plays, Escape stops, + − 0 zoom."
  : "Keys: arrows walk from point to point, + − 0 zoom.";
if (window.matchMedia("(pointer: coarse)").matches) {
  element("help").textContent = plays ? "Tap a point to hear it; two fingers zoom." : "Tap a point; two fingers zoom.";
}
canvas.setAttribute("aria-label", `Map of ${points.length} points`);
legend();
paint(night.matches);
fit();
new ResizeObserver(() => (isFitted ? fit() : redraw())).observe(area);
// For scripts: where a point is in the window, in pixels.
canvas.positionOf = (number) => {
  const box = canvas.getBoundingClientRect();
  return [box.left + across(points[number]), box.top + down(points[number])];
};
