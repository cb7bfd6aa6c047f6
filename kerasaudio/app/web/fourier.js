// Levels of a short piece of sound in bands, in dB below full scale.

export class Levels {
  // `bands`: middles in Hz, ascending.
  constructor(rate, bands) {
    const size = this.size = 2 ** Math.ceil(Math.log2(0.032 * rate));
    this.window = Float32Array.from({ length: size },
      (_, at) => 0.5 - 0.5 * Math.cos(2 * Math.PI * at / size));
    this.cosines = Float32Array.from({ length: size / 2 }, (_, at) => Math.cos(2 * Math.PI * at / size));
    this.sines = Float32Array.from({ length: size / 2 }, (_, at) => -Math.sin(2 * Math.PI * at / size));
    this.real = new Float32Array(size);
    this.imaginary = new Float32Array(size);
    const bin = (hertz) => Math.min(size / 2, hertz * size / rate);
    // The bins of each band: from the middle to its neighbor on one side to that on the other.
    this.ranges = bands.map((hertz, band) => {
      const low = bin((hertz + (bands[band - 1] ?? 0)) / 2);
      const high = bin((hertz + (bands[band + 1] ?? hertz)) / 2);
      const first = Math.round(low);
      return [first, Math.max(first + 1, Math.round(high))];
    });
    this.levels = new Float32Array(bands.length);
  }

  // The last `size` samples -> levels; the array is used again.
  of(samples) {
    const { size, real, imaginary } = this;
    for (let at = 0, back = 0; at < size; at += 1) {
      real[back] = samples[at] * this.window[at];
      let bit = size >> 1; // counts in reverse
      while (back & bit) {
        back ^= bit;
        bit >>= 1;
      }
      back |= bit;
    }
    imaginary.fill(0);
    for (let half = 1; half < size; half *= 2) this.#merge(half);
    const scale = 4 / size; // a sine of full scale has 0 dB
    this.ranges.forEach(([first, end], band) => {
      let most = 0;
      for (let at = first; at < end && at <= size / 2; at += 1) {
        most = Math.max(most, real[at] ** 2 + imaginary[at] ** 2);
      }
      this.levels[band] = 10 * Math.log10(most * scale * scale + 1e-12);
    });
    return this.levels;
  }

  #merge(half) {
    const { size, real, imaginary, cosines, sines } = this;
    const stride = size / 2 / half;
    for (let start = 0; start < size; start += 2 * half) {
      for (let at = 0; at < half; at += 1) {
        const [low, high] = [start + at, start + at + half];
        const [cosine, sine] = [cosines[at * stride], sines[at * stride]];
        const x = real[high] * cosine - imaginary[high] * sine;
        const y = real[high] * sine + imaginary[high] * cosine;
        real[high] = real[low] - x;
        imaginary[high] = imaginary[low] - y;
        real[low] += x;
        imaginary[low] += y;
      }
    }
  }
}
