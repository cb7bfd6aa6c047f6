// Where the sound comes from: the microphone, or a file that is played.

// Filters for telephone calls would remove what the network is to hear.
const PLAIN = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const TAIL_SECONDS = 1; // of silence behind a file, until its last tags have come
const MOST_MEGABYTES = 200;

export class SoundError extends Error {}

function told(error) {
  return {
    NotAllowedError: "The microphone was refused. Allow it in the settings of this page (beside its address), then press Listen.",
    NotFoundError: "No microphone was found. Connect one, then press Listen.",
    NotReadableError: "The microphone does not answer. Perhaps another program uses it.",
  }[error.name] ?? `The microphone cannot be used: ${error.message}`;
}

export class Sound {
  // `hear` gets pieces of 40 ms; `end` is called once, with why if something is wrong.
  constructor(hear, end) {
    this.hear = hear;
    this.end = end;
    this.isOver = false;
    this.note = "";
  }

  get rate() {
    return this.context.sampleRate;
  }

  async microphone() {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new SoundError("Browsers lend the microphone only to pages over https, or of http://localhost.");
    }
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: PLAIN });
    } catch (error) {
      throw new SoundError(told(error));
    }
    if (this.isOver) {
      this.#release();
      return;
    }
    const [track] = this.stream.getAudioTracks();
    track.addEventListener("ended", () => this.stop("The microphone is gone."));
    const settings = track.getSettings();
    if (Object.keys(PLAIN).some((name) => settings[name] === true)) {
      this.note = "This browser filters the microphone, which the network then hears.";
    }
    await this.#start(() => this.context.createMediaStreamSource(this.stream));
  }

  async file(file) {
    if (file.size > MOST_MEGABYTES * 2 ** 20) {
      throw new SoundError(`${file.name} has more than ${MOST_MEGABYTES} MB.`);
    }
    this.context = new AudioContext();
    let sound;
    try {
      sound = await this.context.decodeAudioData(await file.arrayBuffer());
    } catch {
      this.#release();
      throw new SoundError(`${file.name} is no sound that this browser can read. Try WAV, MP3, FLAC or Ogg.`);
    }
    this.seconds = sound.duration;
    await this.#start(() => {
      const tail = Math.ceil(TAIL_SECONDS * sound.sampleRate);
      const played = this.context.createBuffer(
        sound.numberOfChannels, sound.length + tail, sound.sampleRate);
      for (let channel = 0; channel < sound.numberOfChannels; channel += 1) {
        played.copyToChannel(sound.getChannelData(channel), channel);
      }
      const node = this.context.createBufferSource();
      node.buffer = played;
      node.connect(this.context.destination);
      node.addEventListener("ended", () => this.stop());
      node.start();
      return node;
    });
  }

  async #start(source) {
    try {
      this.context ??= new AudioContext();
      await this.context.audioWorklet.addModule("recorder.js");
      await this.context.resume();
    } catch (error) {
      this.#release();
      throw new SoundError(`The sound cannot be read: ${error.message}`);
    }
    if (this.isOver) {
      this.#release();
      return;
    }
    const recorder = new AudioWorkletNode(this.context, "recorder", { numberOfOutputs: 0 });
    recorder.port.onmessage = ({ data }) => {
      if (!this.isOver) this.hear(data);
    };
    source().connect(recorder);
  }

  stop(why = "") {
    if (this.isOver) return;
    this.isOver = true;
    this.#release();
    this.end(why);
  }

  #release() {
    this.stream?.getTracks().forEach((track) => track.stop());
    if (this.context && this.context.state !== "closed") this.context.close();
  }
}
