// The page: what its buttons do, and where what comes is shown.

import { Live } from "./live.js";
import { Pictures } from "./pictures.js";
import { Sound, SoundError } from "./sound.js";
import { Spectrogram } from "./spectrogram.js";
import { Recording } from "./wave-file.js";

const FIRST = "Listen with the microphone, or choose or drop a sound file.";
const TICKS = [[250, "250 Hz"], [1000, "1 kHz"], [4000, "4 kHz"]];

const part = (id) => document.getElementById(id);
const [listenButton, chooseButton, fileInput, recordButton, saliencySwitch, childrenSwitch, level,
  status, tagList, delayText, explained] = ["listen", "choose", "file", "record", "saliency",
  "children", "level", "status", "tags", "delay", "explained"].map(part);

let pictures, spectrogram;
let session = null; // { sound, live, name, offset }
let recording = null;
let saved = ""; // address of the last recording

function say(text, isWrong = false) {
  if (status.textContent !== text) status.textContent = text;
  status.classList.toggle("wrong", isWrong);
}

function showTags(tags) {
  tagList.classList.remove("old");
  while (tagList.children.length < tags.length) {
    const row = document.createElement("li");
    row.append(...["i", "span", "b"].map((tag) => document.createElement(tag)));
    tagList.append(row);
  }
  tags.forEach(([label, score], at) => {
    const [bar, name, value] = tagList.children[at].children;
    bar.style.width = `${100 * Math.min(1, Math.max(0, score))}%`;
    if (name.textContent !== label) name.textContent = name.title = label;
    value.textContent = score.toFixed(2);
  });
}

function showLevel(piece) {
  const power = piece.reduce((sum, sample) => sum + sample * sample, 0) / piece.length;
  const share = Math.min(1, Math.max(0, 1 + 10 * Math.log10(power + 1e-12) / 60));
  level.firstElementChild.style.width = `${100 * share}%`;
  level.setAttribute("aria-valuenow", Math.round(100 * share));
  pictures.loudness = Math.max(share > 0.4 ? (share - 0.4) / 0.5 : 0, 0.8 * pictures.loudness);
}

// Without seconds: a screen reader says each change.
function describe(mine) {
  const words = [mine.name ? `Playing ${mine.name}.` : "Listening."];
  if (recording) words.push("Recording.");
  if (mine.live.left) words.push("The connection is slow: some sound was left out.");
  if (mine.sound.note) words.push(mine.sound.note);
  return words.join(" ");
}

function showMessage(mine, message, delay) {
  if (message.kind === "tags") {
    mine.heard = (mine.offset ?? 0) + message.seconds;
    showTags(message.tags);
    pictures.heard(message.pictures, childrenSwitch.checked);
    const total = mine.sound.seconds;
    const now = total === undefined ? `${Math.floor(mine.heard)} s`
      : `${Math.min(Math.floor(mine.heard), Math.floor(total))} of ${Math.floor(total)} s`;
    delayText.textContent = `${now}; tags ${delay.toFixed(2)} s after the sound`;
    if (mine.isWell) say(describe(mine));
  } else if (message.kind === "saliency" && saliencySwitch.checked) {
    const shares = Uint8Array.from(atob(message.mask), (letter) => letter.charCodeAt(0));
    spectrogram.mask((mine.offset ?? 0) + message.start, shares);
    explained.textContent = `orange: what counts for ${message.label}`;
  } else if (message.kind === "no_saliency" && saliencySwitch.checked) {
    explained.textContent = message.why;
  }
}

function hear(mine, piece) {
  if (session !== mine) return;
  if (!mine.live) connect(mine);
  const before = spectrogram.seconds;
  spectrogram.push(piece);
  showLevel(piece);
  if (mine.live.send(piece)) mine.offset ??= before;
  if (recording) {
    recording.push(piece);
    recordButton.textContent = `Stop recording (${Math.floor(recording.seconds)} s)`;
    if (recording.isFull) endRecording();
  }
}

function connect(mine) {
  spectrogram.start(mine.sound.rate);
  recordButton.disabled = false;
  say("Waiting for the server …");
  mine.live = new Live(mine.sound.rate, saliencySwitch.checked, {
    ready: () => {
      mine.isWell = true;
      mine.offset = undefined; // until the first piece is sent
    },
    message: (message, delay) => showMessage(mine, message, delay),
    lost: (text, isOver) => {
      mine.isWell = false;
      tagList.classList.add("old");
      if (isOver) mine.sound.stop(text);
      else say(text, true);
    },
  });
}

async function begin(open, name = "") {
  stop();
  const mine = session = { name };
  mine.sound = new Sound((piece) => hear(mine, piece), (why) => {
    if (session === mine) finish(why);
  });
  listenButton.textContent = "Stop";
  listenButton.setAttribute("aria-pressed", "true");
  say(name ? `Reading ${name} …` : "Waiting for the microphone …");
  try {
    await open(mine.sound);
  } catch (error) {
    if (!(error instanceof SoundError)) throw error;
    if (session === mine) finish(error.message);
  }
}

function finish(why) {
  const ended = session;
  session = null;
  ended?.live?.close();
  if (recording) endRecording();
  recordButton.disabled = true;
  listenButton.textContent = "Listen";
  listenButton.setAttribute("aria-pressed", "false");
  level.firstElementChild.style.width = "0";
  level.setAttribute("aria-valuenow", 0);
  tagList.classList.add("old");
  delayText.textContent = "";
  pictures.rest();
  say(why || FIRST, Boolean(why));
}

function stop() {
  if (!session) return;
  const { sound } = session;
  finish("");
  sound.stop();
}

function endRecording() {
  const done = recording;
  recording = null;
  recordButton.textContent = "Record";
  recordButton.setAttribute("aria-pressed", "false");
  if (!done.samples) return;
  if (saved) URL.revokeObjectURL(saved);
  saved = URL.createObjectURL(done.file());
  const link = part("save");
  link.href = saved;
  link.download = `heard-${new Date().toISOString().slice(0, 19).replace(/[T:]/g, "-")}.wav`;
  link.textContent = `Save the recording (${done.seconds.toFixed(1)} s, WAV)`;
  part("recording").hidden = false;
}

function record() {
  if (recording) {
    endRecording();
    return;
  }
  recording = new Recording(session.sound.rate);
  recordButton.textContent = "Stop recording";
  recordButton.setAttribute("aria-pressed", "true");
}

function showChildren() {
  document.body.classList.toggle("children", childrenSwitch.checked);
  pictures.rest();
}

const openFile = (file) => begin((sound) => sound.file(file), file.name);

listenButton.addEventListener("click", () => (session ? stop() : begin((sound) => sound.microphone())));
chooseButton.addEventListener("click", () => fileInput.click());
fileInput.addEventListener("change", () => {
  if (fileInput.files.length) openFile(fileInput.files[0]);
  fileInput.value = ""; // so that the same file can be chosen again
});
recordButton.addEventListener("click", record);
part("discard").addEventListener("click", () => {
  URL.revokeObjectURL(saved);
  saved = "";
  part("recording").hidden = true;
});
saliencySwitch.addEventListener("change", () => {
  session?.live?.saliency(saliencySwitch.checked);
  explained.textContent = "";
  if (!saliencySwitch.checked) spectrogram.forget();
});
childrenSwitch.addEventListener("change", showChildren);
addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("over");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("over");
});
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("over");
  if (pictures && event.dataTransfer.files.length) openFile(event.dataTransfer.files[0]);
});

const facts = await fetch("facts").then((answer) => answer.json(), () => null);
if (facts) {
  part("model").textContent = `${facts.model}, ${facts.labels} kinds of sounds`;
  pictures = new Pictures(part("drawing"), part("heard"), facts.pictures);
  spectrogram = new Spectrogram(part("spectrogram"), facts.bands);
  TICKS.filter(([hertz]) => hertz < facts.bands.at(-1)).forEach(([hertz, text]) => {
    const tick = document.createElement("span");
    tick.textContent = text;
    tick.style.bottom = `${100 * facts.bands.findIndex((band) => band >= hertz) / facts.bands.length}%`;
    part("ticks").append(tick);
  });
  showChildren();
  listenButton.disabled = chooseButton.disabled = false;
  say(FIRST);
} else {
  say("The server does not answer. Reload this page when it runs again.", true);
}
