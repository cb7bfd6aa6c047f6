// A spectrogram that scrolls: new columns come at the right.

import { Levels } from "./fourier.js";

const COLUMNS = 500;
const COLUMN_SECONDS = 0.02;
const RANGE_DB = 60;
const LEAST_PEAK_DB = -50; // of the color for loud: noise of a quiet room stays pale
const FALL_DB = 0.04; // of that peak in a column
const PALETTES = { // from silence to loud; plain, and where the network listens
  light: [[[243, 246, 250], [126, 160, 190], [16, 44, 74]], [[255, 226, 190], [255, 150, 40], [178, 64, 0]]],
  dark: [[[29, 32, 41], [70, 112, 148], [220, 236, 248]], [[92, 52, 14], [240, 130, 30], [255, 214, 150]]],
};

function ramp(stops) {
  return Array.from({ length: 256 }, (_, at) => {
    const place = at / 255 * (stops.length - 1);
    const low = Math.min(Math.floor(place), stops.length - 2);
    return stops[low].map((value, channel) =>
      value + (place - low) * (stops[low + 1][channel] - value));
  });
}

export class Spectrogram {
  constructor(canvas, bands) {
    this.canvas = canvas;
    this.bands = bands;
    this.rows = bands.length;
    this.image = new ImageData(COLUMNS, this.rows);
    this.small = document.createElement("canvas");
    [this.small.width, this.small.height] = [COLUMNS, this.rows];
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.scheme.addEventListener("change", () => this.#restyle());
    this.levels = new Uint8Array(COLUMNS * this.rows); // a ring of columns
    this.masks = new Uint8Array(COLUMNS * this.rows);
    this.#restyle();
    this.start(0);
  }

  // Sound of another rate begins: the picture is emptied.
  start(rate) {
    this.rate = rate;
    this.count = 0; // columns
    this.samples = 0;
    this.peak = LEAST_PEAK_DB;
    this.levels.fill(0);
    this.masks.fill(0);
    if (rate) {
      this.analysis = new Levels(rate, this.bands);
      this.kept = new Float32Array(this.analysis.size);
    }
    this.#paint();
  }

  get seconds() {
    return this.rate ? this.samples / this.rate : 0;
  }

  push(piece) {
    const size = this.kept.length;
    let at = 0;
    while (at < piece.length) {
      const next = Math.round((this.count + 1) * COLUMN_SECONDS * this.rate); // its end
      const part = piece.subarray(at, at + Math.max(1, next - this.samples));
      this.kept.copyWithin(0, part.length);
      this.kept.set(part, size - part.length);
      this.samples += part.length;
      at += part.length;
      if (this.samples >= next) this.#column();
    }
    this.#paint();
  }

  #column() {
    const found = this.analysis.of(this.kept);
    const column = this.count % COLUMNS;
    this.peak = Math.max(LEAST_PEAK_DB, this.peak - FALL_DB, ...found);
    for (let row = 0; row < this.rows; row += 1) {
      const share = 1 + (found[row] - this.peak) / RANGE_DB;
      this.levels[column * this.rows + row] = 255 * Math.min(1, Math.max(0, share));
      this.masks[column * this.rows + row] = 0;
    }
    this.count += 1;
  }

  // Shares of 255, column by column, from a time in seconds on.
  mask(start, shares) {
    const columns = shares.length / this.rows;
    const first = Math.round(start / COLUMN_SECONDS);
    for (let n = 0; n < columns; n += 1) {
      const column = first + n;
      if (column >= Math.max(0, this.count - COLUMNS) && column < this.count) {
        const place = (column % COLUMNS) * this.rows;
        for (let row = 0; row < this.rows; row += 1) { // windows overlap
          const share = shares[n * this.rows + row];
          this.masks[place + row] = Math.max(this.masks[place + row], share);
        }
      }
    }
    this.#paint();
  }

  forget() {
    this.masks.fill(0);
    this.#paint();
  }

  #restyle() {
    [this.plain, this.marked] = PALETTES[this.scheme.matches ? "dark" : "light"].map(ramp);
    this.#paint();
  }

  #paint() {
    if (this.isWaiting) return;
    this.isWaiting = true;
    requestAnimationFrame(() => {
      this.isWaiting = false;
      this.#draw();
    });
  }

  #draw() {
    const { data } = this.image;
    for (let x = 0; x < COLUMNS; x += 1) {
      const column = (this.count + x) % COLUMNS;
      for (let row = 0; row < this.rows; row += 1) {
        const from = column * this.rows + row;
        const to = 4 * ((this.rows - 1 - row) * COLUMNS + x);
        const share = this.masks[from] / 255;
        const [plain, marked] = [this.plain[this.levels[from]], this.marked[this.levels[from]]];
        for (let channel = 0; channel < 3; channel += 1) {
          data[to + channel] = plain[channel] + share * (marked[channel] - plain[channel]);
        }
        data[to + 3] = 255;
      }
    }
    this.small.getContext("2d").putImageData(this.image, 0, 0);
    const { canvas } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight]
      .map((size) => Math.round(size * devicePixelRatio));
    if (!width || !height) return; // it is hidden
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = true;
    context.drawImage(this.small, 0, 0, width, height);
  }
}
