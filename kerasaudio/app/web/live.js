// The connection to the server: sound goes, tags come. It connects again by itself.

const LATE_SECONDS = 1; // of sound that the connection has not taken yet
const WAITS = [0.5, 1, 2, 5]; // seconds before each try to connect again
const FULL_WAIT = 10;
const FULL = 1013;
const REFUSED = [1003, 1007, 1008, 1009, 1011]; // trying again would not help
const MOST_TIMES = 500; // 20 s of pieces

export class Live {
  // `handlers`: ready(), message(message, delay in s), lost(text, isOver).
  constructor(rate, wantsSaliency, handlers) {
    this.rate = Math.round(rate);
    this.wantsSaliency = wantsSaliency;
    this.handlers = handlers;
    this.tries = 0;
    this.left = 0; // pieces that were left out
    this.#connect();
  }

  #connect() {
    const address = new URL("live", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = this.socket = new WebSocket(address);
    this.isReady = false;
    this.sent = 0; // samples
    this.times = []; // [samples so far, when they came]
    socket.addEventListener("open", () => {
      if (this.isOver) return;
      socket.send(JSON.stringify({
        sample_rate: this.rate, format: "int16", saliency: this.wantsSaliency,
      }));
    });
    socket.addEventListener("message", ({ data }) => {
      if (!this.isOver) this.#read(JSON.parse(data));
    });
    socket.addEventListener("close", ({ code, reason }) => {
      if (!this.isOver) this.#lost(code, reason);
    });
  }

  #read(message) {
    if (message.kind === "ready") {
      this.isReady = true;
      this.tries = 0;
      this.handlers.ready();
      return;
    }
    this.handlers.message(message, message.kind === "tags" ? this.#delay(message.seconds) : 0);
  }

  // Seconds since the sound came that a window ends with.
  #delay(seconds) {
    const samples = seconds * this.rate;
    const found = this.times.find(([count]) => count >= samples - 1);
    return found ? (performance.now() - found[1]) / 1000 : 0;
  }

  #lost(code, reason) {
    this.isReady = false;
    if (REFUSED.includes(code)) {
      this.handlers.lost(reason || `The server ended the connection (${code}).`, true);
      return;
    }
    const isFull = code === FULL;
    const wait = isFull ? FULL_WAIT : WAITS[Math.min(this.tries, WAITS.length - 1)];
    this.tries += 1;
    this.handlers.lost(isFull
      ? `${reason} This page tries again every ${FULL_WAIT} s.`
      : "The server is gone. Trying again …", false);
    this.timer = setTimeout(() => this.#connect(), 1000 * wait);
  }

  // Whether the piece was sent.
  send(piece) {
    if (!this.isReady || this.socket.readyState !== WebSocket.OPEN) return false;
    if (this.socket.bufferedAmount > 2 * this.rate * LATE_SECONDS) {
      this.left += 1;
      return false;
    }
    this.socket.send(Int16Array.from(piece, (sample) =>
      Math.max(-32768, Math.min(32767, Math.round(32768 * sample)))));
    this.sent += piece.length;
    this.times.push([this.sent, performance.now()]);
    if (this.times.length > MOST_TIMES) this.times.shift();
    return true;
  }

  saliency(isWanted) {
    this.wantsSaliency = isWanted;
    if (this.isReady) this.socket.send(JSON.stringify({ saliency: isWanted }));
  }

  close() {
    this.isOver = true;
    clearTimeout(this.timer);
    this.socket.close();
  }
}
