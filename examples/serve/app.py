"""A model behind HTTP, with FastAPI: send a sound, or listen live, and get its tags.

    pip install fastapi uvicorn websockets soundfile soxr tensorflow
    MODEL=mine uvicorn --app-dir examples/serve app:app --ws-max-size 65536

MODEL is a folder that `kerasaudio.export` wrote (a SavedModel, run by TensorFlow alone,
without Keras and kerasaudio), or a .keras file (then kerasaudio is needed).

http://localhost:8000 is a page that listens to the microphone (page/). `client.py`
sends files. Without either:

    curl --data-binary @bark.wav -H "Content-Type: audio/wav" localhost:8000/tags?top=3
    curl --form sound=@bark.wav localhost:8000/tags
    curl --json '{"sample_rate": 16000, "samples": [0.1, ...]}' localhost:8000/tags

Nothing that is sent is kept. Other names than localhost must be in HOSTS: `hosts.py`.
"""

import asyncio
import os
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import FastAPI, HTTPException, Query, Request, Response, WebSocket
from fastapi.concurrency import run_in_threadpool
from hosts import KnownHosts
from live import Listeners
from reading import read_body, waveform_of
from starlette.requests import ClientDisconnect
from taggers import load

AT_ONCE = 2  # sounds that are decoded and scored; the others wait
MOST_WAITING = 16
UPLOAD_SECONDS = 60
LIVE_TAGS = 8

# The page, read once: no part of a request becomes a path.
PAGE = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/recorder.js": ("recorder.js", "text/javascript"),
}
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; "
    "style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "microphone=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


def best(scores: np.ndarray, top: int) -> list[dict[str, Any]]:
    """Give the labels with the highest scores, best first."""
    order = np.argsort(-scores, kind="stable")[:top]
    return [{"label": tagger.labels[i], "score": float(scores[i])} for i in order]


tagger = load(os.environ["MODEL"])
app = FastAPI(title="Sounds to tags")
app.add_middleware(KnownHosts)
taken = asyncio.Semaphore(MOST_WAITING)
worked_on = asyncio.Semaphore(AT_ONCE)
listeners = Listeners(tagger, lambda scores: best(scores, LIVE_TAGS), worked_on)


def _add_page(address: str, name: str, kind: str) -> None:
    content = (Path(__file__).parent / "page" / name).read_bytes()

    @app.get(address, include_in_schema=False)
    async def part() -> Response:
        return Response(content, headers=PAGE_HEADERS, media_type=kind)


for address, (name, kind) in PAGE.items():
    _add_page(address, name, kind)


@app.get("/health")
async def health() -> dict[str, Any]:
    """Say that the model is loaded, and what it knows."""
    return {"ready": True, "labels": tagger.labels}


@app.post("/tags")
async def tags(
    request: Request, top: int = Query(5, ge=1)
) -> dict[str, list[dict[str, Any]]]:
    """Name what is heard in a sound file, or in samples as JSON."""
    if taken.locked():
        raise HTTPException(503, "Too many sounds are waiting.", {"Retry-After": "5"})
    async with taken:
        content_type = request.headers.get("content-type", "")
        try:
            async with asyncio.timeout(UPLOAD_SECONDS):
                body = await read_body(request.stream(), content_type)
        except TimeoutError:
            raise HTTPException(408, "The sound came too slowly.") from None
        except ClientDisconnect:
            raise HTTPException(400, "The sound did not come to its end.") from None
        async with worked_on:  # in a thread: the event loop stays free for others
            return await run_in_threadpool(_tags, body, content_type, top)


@app.websocket("/live")
async def live(socket: WebSocket) -> None:
    """Name what is heard now, again and again; `live.py` says what is sent."""
    await listeners.listen(socket)


def _tags(body: bytes, content_type: str, top: int) -> dict[str, list[dict[str, Any]]]:
    waveform, rate = waveform_of(body, content_type)
    return {"tags": best(tagger.scores(waveform, rate), top)}
