// A recording that stays in this browser, as a WAV file of 16 bits.

const MOST_SECONDS = 600;

export class Recording {
  constructor(rate) {
    this.rate = Math.round(rate);
    this.pieces = [];
    this.samples = 0;
  }

  get seconds() {
    return this.samples / this.rate;
  }

  get isFull() {
    return this.seconds >= MOST_SECONDS;
  }

  push(piece) {
    this.pieces.push(Int16Array.from(piece, (sample) =>
      Math.max(-32768, Math.min(32767, Math.round(32768 * sample)))));
    this.samples += piece.length;
  }

  file() {
    const bytes = 2 * this.samples;
    const head = new DataView(new ArrayBuffer(44));
    const word = (at, text) => [...text].forEach((letter, n) => head.setUint8(at + n, letter.charCodeAt(0)));
    word(0, "RIFF");
    head.setUint32(4, 36 + bytes, true);
    word(8, "WAVEfmt ");
    head.setUint32(16, 16, true);
    head.setUint16(20, 1, true); // PCM
    head.setUint16(22, 1, true); // mono
    head.setUint32(24, this.rate, true);
    head.setUint32(28, 2 * this.rate, true);
    head.setUint16(32, 2, true);
    head.setUint16(34, 16, true);
    word(36, "data");
    head.setUint32(40, bytes, true);
    return new Blob([head, ...this.pieces], { type: "audio/wav" });
  }
}
