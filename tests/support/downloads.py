"""A download from the server on this machine."""

from pathlib import Path
from typing import Any

from kerasaudio.files import download
from support.manifests import CONTENT
from support.web_server import WebServer

PATH = "/model.pth"
HALF = len(CONTENT) // 2


def get(server: WebServer, part: Path, path: str = PATH, **changes: Any) -> bytes:
    """Download into a file, and give what is in it."""
    options: dict[str, Any] = {"title": "FCN/mtat", "size": len(CONTENT)}
    options |= {"limit": 10**6, "progress": False} | changes
    download.download(server.url + path, part, **options)
    return part.read_bytes()
