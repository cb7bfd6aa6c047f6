// The picture of what is heard: a film of frames, or poses that follow the loudness.

const FRAMES_A_SECOND = 15;
const LEAST = { usual: 0.2, children: 0.08 }; // scores: an imitation is less clear
const STAY_SECONDS = 0.6; // at least, so that pictures do not flicker
const REST_SECONDS = 1.5; // after the last time that something was heard
const POSE_SECONDS = 0.12;
const LOUD = 0.35; // share of the loudness from which the mouth is open

export class Pictures {
  // `sets`: as the server tells; the first is for what is not heard.
  constructor(canvas, caption, sets) {
    [this.canvas, this.caption, this.sets] = [canvas, caption, sets];
    this.images = sets.map(() => []);
    this.stillness = matchMedia("(prefers-reduced-motion: reduce)");
    this.loudness = this.pose = this.lift = 0;
    this.current = 0;
    this.since = this.lastHeard = this.posed = -Infinity;
    this.drawn = "";
    this.changes = 0; // of the picture, for those who count them
    sets.forEach((set, which) => this.#load(which, set.isFilm ? 1 : set.frames));
    this.#show(0);
    const step = () => {
      this.#step(performance.now() / 1000);
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  #load(which, count) {
    for (let frame = this.images[which].length; frame < count; frame += 1) {
      const image = new Image();
      image.src = `pictures/${which}/${frame}`;
      image.decode().then(() => { image.isReady = true; }, () => { image.isBroken = true; });
      this.images[which].push(image);
    }
  }

  // What is heard now: [set, score] pairs.
  heard(found, isForChildren) {
    const now = performance.now() / 1000;
    const least = isForChildren ? LEAST.children : LEAST.usual;
    const fitting = found.filter(([which, score]) => score >= least
      && (isForChildren ? this.sets[which].isAnimal : this.sets[which].isUsual));
    if (fitting.some(([which]) => which === this.current)) this.lastHeard = now;
    if (!fitting.length) return;
    const [best] = fitting[0];
    this.lastHeard = now;
    if (best !== this.current && (this.current === 0 || now - this.since >= STAY_SECONDS)) {
      this.#show(best);
    }
  }

  rest() {
    this.loudness = 0;
    this.#show(0);
  }

  #show(which) {
    this.current = which;
    this.since = performance.now() / 1000;
    this.#load(which, this.sets[which].frames);
    const { title } = this.sets[which];
    if (this.caption.textContent !== title) this.caption.textContent = title;
    this.canvas.setAttribute("aria-label", title);
  }

  #step(now) {
    if (this.current && now - this.lastHeard > REST_SECONDS) this.#show(0);
    const set = this.sets[this.current];
    const isStill = this.stillness.matches;
    let frame;
    if (set.isFilm) {
      frame = isStill ? 0 : Math.floor((now - this.since) * FRAMES_A_SECOND) % set.frames;
    } else {
      if (now - this.posed >= POSE_SECONDS) {
        const pose = this.current && (isStill || this.loudness > LOUD) ? set.frames - 1 : 0;
        if (pose !== this.pose) [this.pose, this.posed] = [pose, now];
      }
      frame = this.pose;
    }
    const goal = isStill || set.isFilm || !this.current ? 0 : this.loudness;
    this.lift += 0.25 * (goal - this.lift);
    this.#draw(frame);
  }

  #draw(frame) {
    const image = this.images[this.current][frame];
    if (!image?.isReady) return; // the one before stays
    const size = Math.round(this.canvas.clientWidth * devicePixelRatio);
    const lift = Math.round(100 * this.lift) / 100;
    const what = `${this.current} ${frame} ${lift} ${size}`;
    if (what === this.drawn || !size) return;
    if (!this.drawn.startsWith(`${this.current} ${frame} `)) {
      this.changes += 1;
      this.canvas.dataset.changes = this.changes;
    }
    this.drawn = what;
    if (this.canvas.width !== size) [this.canvas.width, this.canvas.height] = [size, size];
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, size, size);
    const fit = size / Math.max(image.naturalWidth, image.naturalHeight) * (0.94 + 0.06 * lift);
    const [width, height] = [fit * image.naturalWidth, fit * image.naturalHeight];
    context.drawImage(image, (size - width) / 2, (size - height) * (1 - 0.6 * lift) / 2, width, height);
  }
}
