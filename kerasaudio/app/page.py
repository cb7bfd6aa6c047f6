"""The page: its files, read once, and the headers that they are sent with."""

from importlib.resources import files

from fastapi import FastAPI, Response

# No part of a request becomes a path.
_PARTS = {
    "/": ("index.html", "text/html"),
    "/look.css": ("look.css", "text/css"),
    "/children.css": ("children.css", "text/css"),
    "/see.js": ("see.js", "text/javascript"),
    "/sound.js": ("sound.js", "text/javascript"),
    "/live.js": ("live.js", "text/javascript"),
    "/spectrogram.js": ("spectrogram.js", "text/javascript"),
    "/fourier.js": ("fourier.js", "text/javascript"),
    "/pictures.js": ("pictures.js", "text/javascript"),
    "/wave-file.js": ("wave-file.js", "text/javascript"),
    "/recorder.js": ("recorder.js", "text/javascript"),
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; "
    "style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "microphone=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def add_page(app: FastAPI) -> None:
    """Answer requests for the page."""
    folder = files("kerasaudio.app") / "web"
    for address, (name, kind) in _PARTS.items():
        _add(app, address, (folder / name).read_bytes(), kind)


def _add(app: FastAPI, address: str, content: bytes, kind: str) -> None:
    @app.get(address, include_in_schema=False)
    async def part() -> Response:
        return Response(content, headers=HEADERS, media_type=kind)
