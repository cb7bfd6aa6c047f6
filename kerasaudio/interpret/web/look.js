"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const element = (id) => document.getElementById(id);
const [whole, heard] = ["whole", "heard"].map(element);
const isNarrow = () => document.body.clientWidth < 640;
const left = () => (isNarrow() ? 44 : 160); // pixels for names beside a picture
const BELOW = 18; // and for seconds below it
let colors = {};
let isDark = false;

function bytes(text) {
  const raw = atob(text);
  return Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
}
const picture = { ...data.picture, levels: bytes(data.picture.levels), mask: bytes(data.picture.mask) };

// Canvases in pixels of the screen.
function begin(id) {
  const canvas = element(id);
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.font = "12px system-ui, sans-serif";
  return { pen, left: left(), width: width - left(), height: height - BELOW };
}
const across = (place, seconds) => place.left + (seconds / data.seconds) * place.width;

function seconds(place) {
  const { pen, height } = place;
  const fitting = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60].find((step) => data.seconds / step <= place.width / 60) || 60;
  pen.fillStyle = colors.faint;
  pen.textAlign = "center";
  pen.textBaseline = "top";
  for (let time = 0; time <= data.seconds + 1e-6; time += fitting) {
    const at = Math.min(Math.max(across(place, time), place.left + 4), place.left + place.width - 10);
    const name = Number(time.toFixed(1));
    pen.fillText(time === 0 ? "0 s" : name, Math.max(at, time === 0 ? place.left + 8 : 0), height + 4);
  }
}

function cursor(place) {
  const player = heard.paused && !whole.paused ? whole : !heard.paused ? heard : last;
  if (!player || (!player.currentTime && player.paused)) return;
  const at = across(place, Math.min(player.currentTime, data.seconds));
  place.pen.fillStyle = colors.ink;
  place.pen.fillRect(at - 0.75, 0, 1.5, place.height);
}

function drawWave() {
  const place = begin("wave");
  const { pen, height } = place;
  pen.fillStyle = colors.empty;
  pen.fillRect(place.left, 0, place.width, height);
  const middle = height / 2;
  const columns = data.wave.length;
  pen.fillStyle = colors.wave;
  data.wave.forEach(([low, high], number) => {
    const [top, bottom] = [middle - high * middle, middle - low * middle];
    pen.fillRect(place.left + (number / columns) * place.width, top, Math.max(place.width / columns, 1), Math.max(bottom - top, 1));
  });
  const steps = data.mass.length;
  const step = place.width / steps;
  pen.fillStyle = colors.listens;
  pen.strokeStyle = colors.listens;
  pen.lineWidth = 1.5;
  pen.beginPath();
  data.mass.forEach((share, number) => {
    const top = height - share * (height - 3) - 1;
    pen.lineTo(place.left + number * step, top);
    pen.lineTo(place.left + (number + 1) * step, top);
  });
  pen.stroke();
  pen.lineTo(place.left + place.width, height);
  pen.lineTo(place.left, height);
  pen.globalAlpha = 0.3;
  pen.fill();
  pen.globalAlpha = 1;
  seconds(place);
  cursor(place);
}

function image(rows, columns, paint) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [columns, rows];
  const pen = canvas.getContext("2d");
  const pixels = pen.createImageData(columns, rows);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      pixels.data.set(paint((rows - 1 - row) * columns + column), 4 * (row * columns + column));
    }
  }
  pen.putImageData(pixels, 0, 0);
  return canvas;
}

function drawPicture() {
  const place = begin("picture");
  const { pen, height } = place;
  const [ink, paper] = isDark ? [232, 16] : [24, 250];
  const gray = image(picture.rows, picture.columns, (at) => {
    const level = (picture.levels[at] / 255) ** 1.2;
    const shade = paper + (ink - paper) * level;
    return [shade, shade, shade, 255];
  });
  const share = element("strength").value / 100;
  const [red, green, blue] = isDark ? [255, 140, 26] : [235, 96, 0];
  const orange = image(picture.maskRows, picture.maskColumns, (at) => [red, green, blue, picture.mask[at] * share]);
  pen.imageSmoothingEnabled = true;
  pen.drawImage(gray, place.left, 0, (place.width * picture.seconds) / data.seconds, height);
  pen.drawImage(orange, place.left, 0, place.width, height);
  pen.clearRect(place.left + place.width, 0, 40, height);
  pen.fillStyle = colors.faint;
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (const [name, at] of picture.ticks) pen.fillText(name, place.left - 6, Math.max((1 - at) * height, 7));
  seconds(place);
  cursor(place);
}

function drawTags() {
  if (!data.tags.length) return;
  const canvas = element("tags");
  const row = 24;
  canvas.style.height = `${data.tags.length * row + BELOW}px`;
  const narrow = isNarrow();
  const place = begin("tags");
  const { pen } = place;
  data.tags.forEach(({ name, cells }, number) => {
    const top = number * row;
    pen.fillStyle = colors.empty;
    pen.fillRect(place.left, top + 2, place.width, row - 4);
    pen.fillStyle = colors.score;
    for (const [start, end, score] of cells) {
      pen.globalAlpha = Math.min(1, Math.max(0.03, score / data.highest));
      const [from, to] = [across(place, start), across(place, end)];
      pen.fillRect(from, top + 2, to - from + 0.5, row - 4);
    }
    pen.globalAlpha = 1;
    pen.fillStyle = narrow ? colors.ink : name === data.target ? colors.listens : colors.ink;
    pen.textBaseline = "middle";
    pen.textAlign = narrow ? "left" : "right";
    let text = name;
    const room = narrow ? place.width : place.left - 10;
    while (text.length > 2 && pen.measureText(text).width > room) text = `${text.slice(0, -2)}…`;
    if (narrow) {
      pen.strokeStyle = colors.paper;
      pen.lineWidth = 3;
      pen.lineJoin = "round";
      pen.strokeText(text, place.left + 4, top + row / 2);
    }
    pen.fillText(text, narrow ? place.left + 4 : place.left - 8, top + row / 2);
  });
  seconds(place);
  cursor(place);
}

let isDue = false;
function redraw() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    drawWave();
    drawPicture();
    drawTags();
  });
}

let last = null; // the player that was used last
function follow() {
  redraw();
  if (!whole.paused || !heard.paused) requestAnimationFrame(follow);
}
[whole, heard].forEach((player, number) => {
  player.src = data.sounds[number];
  player.addEventListener("play", () => {
    [whole, heard][1 - number].pause();
    last = player;
    follow();
  });
  player.addEventListener("seeked", redraw);
  player.addEventListener("ended", redraw);
});
for (const id of ["wave", "picture", "tags"]) {
  element(id).addEventListener("click", (event) => {
    const canvas = event.currentTarget;
    const share = (event.offsetX - left()) / (canvas.clientWidth - left());
    const player = last || whole;
    player.currentTime = Math.min(1, Math.max(0, share)) * data.seconds;
    player.play();
  });
}
element("strength").addEventListener("input", redraw);

const night = window.matchMedia("(prefers-color-scheme: dark)");
function paint(dark) {
  isDark = dark;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  element("theme").setAttribute("aria-pressed", dark);
  const style = getComputedStyle(document.documentElement);
  for (const name of ["ink", "faint", "paper", "empty", "wave", "listens", "score"]) {
    colors[name] = style.getPropertyValue(`--${name}`);
  }
  redraw();
}
night.addEventListener("change", () => paint(night.matches));
element("theme").addEventListener("click", () => paint(!isDark));

element("name").textContent = data.title;
element("about").textContent = data.about;
element("facts").textContent = data.facts;
element("note").textContent = data.note;
element("note").hidden = !data.note;
element("tagged").hidden = !data.tags.length;
if (!data.inFrequency) element("where").textContent = "spectrogram in kHz, orange when it listens";
element("wave").setAttribute("aria-label", `Waveform; it listens most at ${data.peak} s`);
element("picture").setAttribute("aria-label", `Spectrogram with what speaks for ${data.target}`);
element("tags").setAttribute("aria-label", `Scores over time: ${data.tags.map((tag) => tag.name).join(", ")}`);
paint(night.matches);
new ResizeObserver(redraw).observe(document.body);
