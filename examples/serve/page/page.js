"use strict";

// Filters for telephone calls would remove what the network is to hear.
const PLAIN = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const LATE_SECONDS = 1; // of sound that the connection has not taken yet
const FIRST = "Listen with the microphone, or choose or drop a sound file.";

const part = (id) => document.getElementById(id);
const [listenButton, chooseButton, fileInput, level, status, tagList] =
  ["listen", "choose", "file", "level", "status", "tags"].map(part);

let session = null; // what listening uses: stream, context, socket
let upload = 0; // number of the latest file

function say(text, isWrong = false) {
  if (status.textContent !== text) status.textContent = text;
  status.classList.toggle("wrong", isWrong);
}

function show(tags) {
  tagList.classList.remove("old");
  tagList.replaceChildren(...tags.map(({ label, score }) => {
    const row = document.createElement("li");
    const [bar, name, value] = ["i", "span", "b"].map((tag) => document.createElement(tag));
    bar.style.width = `${100 * Math.min(1, Math.max(0, score))}%`;
    name.textContent = label;
    value.textContent = score.toFixed(2);
    row.append(bar, name, value);
    return row;
  }));
}

function showLevel(piece) {
  const power = piece.reduce((sum, sample) => sum + sample * sample, 0) / piece.length;
  const decibels = 10 * Math.log10(power + 1e-12);
  const percent = Math.round(Math.min(100, Math.max(0, 100 + 100 * decibels / 60)));
  level.firstElementChild.style.width = `${percent}%`;
  level.setAttribute("aria-valuenow", percent);
}

function explain(error) {
  return {
    NotAllowedError: "The microphone was refused. Allow it in the settings of this page (beside its address), then press Listen.",
    NotFoundError: "No microphone was found. Connect one, then press Listen.",
    NotReadableError: "The microphone does not answer. Perhaps another program uses it.",
  }[error.name] ?? `The microphone cannot be used: ${error.message}`;
}

function stop(why = FIRST, isWrong = false) {
  const ended = session;
  session = null;
  if (ended) {
    ended.stream?.getTracks().forEach((track) => track.stop());
    if (ended.context?.state !== "closed") ended.context?.close();
    ended.socket?.close();
  }
  listenButton.textContent = "Listen";
  listenButton.setAttribute("aria-pressed", "false");
  level.hidden = true;
  tagList.classList.add("old");
  say(why, isWrong);
}

async function listen() {
  if (!navigator.mediaDevices?.getUserMedia) {
    stop("Browsers lend the microphone only to pages over https, or of http://localhost.", true);
    return;
  }
  const mine = session = {};
  const isOver = () => session !== mine;
  listenButton.textContent = "Stop";
  listenButton.setAttribute("aria-pressed", "true");
  say("Waiting for the microphone …");
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: PLAIN });
    if (isOver()) {
      stream.getTracks().forEach((track) => track.stop());
      return;
    }
    mine.stream = stream;
    stream.getAudioTracks()[0].addEventListener("ended", () => {
      if (!isOver()) stop("The microphone is gone.", true);
    });
    mine.context = new AudioContext();
    await mine.context.audioWorklet.addModule("recorder.js");
    await mine.context.resume();
  } catch (error) {
    if (!isOver()) stop(explain(error), true);
    return;
  }
  if (!isOver()) connect(mine, isOver);
}

function connect(mine, isOver) {
  say("Waiting for the server …");
  const rate = Math.round(mine.context.sampleRate);
  const address = new URL("live", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = mine.socket = new WebSocket(address);
  let wasOpen = false;
  let left = 0; // pieces that were left out
  socket.addEventListener("open", () => {
    wasOpen = true;
    if (isOver()) return;
    socket.send(JSON.stringify({ sample_rate: rate }));
    const recorder = new AudioWorkletNode(mine.context, "recorder", { numberOfOutputs: 0 });
    mine.context.createMediaStreamSource(mine.stream).connect(recorder);
    level.hidden = false;
    recorder.port.onmessage = ({ data }) => {
      if (isOver() || socket.readyState !== WebSocket.OPEN) return;
      showLevel(data);
      if (socket.bufferedAmount > 4 * rate * LATE_SECONDS) left += 1;
      else socket.send(data);
    };
  });
  socket.addEventListener("message", ({ data }) => {
    if (isOver()) return;
    const answer = JSON.parse(data);
    const filtered = Object.keys(PLAIN)
      .some((name) => mine.stream.getAudioTracks()[0].getSettings()[name] === true);
    say(`Listening, ${Math.floor(answer.seconds)} s.`
      + (left ? " The connection is slow: some sound was left out." : "")
      + (filtered ? " This browser filters the microphone, which the network then hears." : ""));
    show(answer.tags);
  });
  socket.addEventListener("close", ({ reason }) => {
    if (isOver()) return;
    if (wasOpen) stop(reason || "The server is gone. Press Listen to try again.", true);
    else stop("The server does not answer, or takes no live sound (it needs: pip install websockets).", true);
  });
}

async function send(file) {
  if (session) stop();
  const number = upload += 1;
  const sayMine = (...words) => { if (number === upload && !session) say(...words); };
  tagList.classList.add("old");
  sayMine(`Sending ${file.name} …`);
  try {
    const answer = await fetch("tags?top=8", {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream" },
      body: file,
    });
    const found = await answer.json();
    if (!answer.ok) throw new Error(typeof found.detail === "string" ? found.detail : `Status ${answer.status}.`);
    if (number !== upload || session) return;
    show(found.tags);
    say(file.name);
  } catch (error) {
    const lost = error instanceof TypeError; // of fetch: no answer
    sayMine(lost ? "The server is gone, or the file is larger than it takes." : error.message, true);
  }
}

listenButton.addEventListener("click", () => (session ? stop() : listen()));
chooseButton.addEventListener("click", () => fileInput.click());
fileInput.addEventListener("change", () => {
  if (fileInput.files.length) send(fileInput.files[0]);
  fileInput.value = ""; // so that the same file can be chosen again
});
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
  if (event.dataTransfer.files.length) send(event.dataTransfer.files[0]);
});
