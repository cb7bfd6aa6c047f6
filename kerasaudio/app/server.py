"""The server: one model, one page, many visitors."""

import asyncio
import contextlib
import ipaddress
import socket
import webbrowser
from collections.abc import AsyncIterator, Iterable
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasaudio.arguments import number, whole_number
from kerasaudio.core import AudioModel
from kerasaudio.core.random_weights import warn_if_random
from kerasaudio.extras import install
from kerasaudio.streaming.feed import stream_spec

if TYPE_CHECKING:
    from fastapi import FastAPI

HOP_SECONDS = 0.2
VISITORS = 20
PORT = 8_000
_MOST_VISITORS = 1_000
_CLOSING_SECONDS = 3


def create_app(
    model: AudioModel,
    pictures: str | PathLike[str] | None = None,
    *,
    hop_seconds: float | None = None,
    window_seconds: float | None = None,
    visitors: int = VISITORS,
    hosts: Iterable[str] = (),
) -> "FastAPI":
    """Return the app "Hear and See", for a server of one's own.

    Its page sends the microphone, or a file, over a websocket and shows tags,
    spectrogram, saliency and a picture of what is heard, live. Sound is not kept.

    Args:
        model: A model with labels.
        pictures: Folder with one folder a label, of frames that were rendered ahead
            (``frame-000.png``, ...); None for the drawings of the package.
        hop_seconds: Time from one window to the next in seconds; default: 0.2, or a
            step of a network with a state.
        window_seconds: Length of a window in seconds; default: the model's own.
        visitors: Number of visitors at a time; others are told to come again.
        hosts: Names of this server, besides those of this machine. Requests by another
            name, and from pages of other sites, are refused.

    Returns:
        The app, which uvicorn or another ASGI server runs. Packets of up to 64 KiB come
        over its websocket.

    Raises:
        ValueError: `model` has no labels, a number is out of range, the network does
            not accept the window, or `pictures` has other folders than labels.
        OSError: `pictures` cannot be read.
        ImportError: fastapi is not installed.

    Examples:
        >>> app = kerasaudio.app.create_app(kerasaudio.YAMNet("audioset"), visitors=5)
        >>> app.title
        'Hear and See'
    """
    if not isinstance(model, AudioModel) or model.spec.labels is None:
        raise ValueError(
            "model must be a model of kerasaudio with labels, such as "
            f"kerasaudio.load('YAMNet/audioset'). Received: {model!r}."
        )
    try:
        from fastapi import FastAPI, HTTPException, Response, WebSocket
        from fastapi.responses import FileResponse
    except ImportError as error:
        raise ImportError(f"The app needs fastapi: {install('app')}.") from error
    from kerasaudio.app.explainer import bands
    from kerasaudio.app.hosts import KnownHosts, check_hosts
    from kerasaudio.app.live import Visitors
    from kerasaudio.app.page import HEADERS, add_page
    from kerasaudio.app.pictures import Pictures

    if hop_seconds is not None:
        number(hop_seconds, "hop_seconds", least=0.05, most=10)
    most = whole_number(visitors, "visitors", most=_MOST_VISITORS)
    names = check_hosts(hosts)
    spec = stream_spec(
        model.spec,
        "auto" if hop_seconds is None else hop_seconds,
        window_seconds,
        usual=HOP_SECONDS,
    )
    warn_if_random(model)
    shown = Pictures(model.spec.labels, pictures)
    here = Visitors(model, spec, shown, most)
    facts = {
        "model": model.spec.preset or model.name,
        "labels": len(model.spec.labels),
        "hop": spec.hop_seconds,
        "window": spec.window_seconds,
        "bands": np.round(bands(spec.sample_rate), 1).tolist(),
        "pictures": [each.facts() for each in shown.sets],
    }

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(here.scorer.start)
        here.explainer.start()
        yield
        await asyncio.to_thread(here.scorer.stop)
        await asyncio.to_thread(here.explainer.stop)

    app = FastAPI(
        title="Hear and See",
        lifespan=lifespan,
        openapi_url=None,  # its page of documentation would load foreign scripts
    )
    app.add_middleware(KnownHosts, hosts=names)
    app.state.visitors = here
    add_page(app)

    @app.get("/facts")
    async def tell() -> dict[str, Any]:
        return facts

    @app.get("/pictures/{which}/{frame}")
    async def picture(which: int, frame: int) -> Response:
        if not (0 <= which < len(shown.sets)):
            raise HTTPException(404)
        frames = shown.sets[which].frames
        if not (0 <= frame < len(frames)):
            raise HTTPException(404)
        found = frames[frame]
        if found.path is not None:
            return FileResponse(found.path, media_type=found.kind, headers=HEADERS)
        return Response(found.content, headers=HEADERS, media_type=found.kind)

    @app.websocket("/live")
    async def live(websocket: WebSocket) -> None:
        await here.welcome(websocket)

    return app


def see(
    model: AudioModel,
    pictures: str | PathLike[str] | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    open_browser: bool = True,
    **kwargs: Any,
) -> None:
    """Serve the app "Hear and See" until Ctrl-C, and open its page.

    Args:
        model: See `create_app`.
        pictures: See `create_app`.
        host: Address to listen at. Other machines reach "0.0.0.0", if `hosts` has the
            name that they use; browsers lend them the microphone only over https, so
            that a proxy with a certificate belongs before this server.
        port: Port to listen at; 0 for a free one.
        open_browser: Whether to open the page in a browser of this machine.
        **kwargs: Other arguments of `create_app`.

    Raises:
        ValueError: See `create_app`; or the port is not a number from 0 to 65,535.
        OSError: See `create_app`; or the port is taken, or the address not here.
        ImportError: fastapi, uvicorn or websockets is not installed.

    Examples:
        >>> model = kerasaudio.load("YAMNet/audioset")
        >>> kerasaudio.app.see(model)  # doctest: +SKIP
        http://127.0.0.1:8000
    """
    whole_number(port, "port", 0, 65_535)
    try:
        import uvicorn
        import websockets  # noqa: F401  # uvicorn needs it, and says so too late
    except ImportError as error:
        raise ImportError(
            f"The app needs {error.name or 'uvicorn'}: {install('app')}."
        ) from error
    app = create_app(model, pictures, **kwargs)
    from kerasaudio.app.packets import MOST_BYTES

    with _listening(host, port) as place:
        address = address_of(host, place.getsockname()[1])
        print(address, flush=True)
        if open_browser:
            webbrowser.open(address)  # which waits until the model is ready
        settings = uvicorn.Config(
            app,
            log_level="warning",
            ws_max_size=MOST_BYTES,
            ws_per_message_deflate=False,  # sound is hardly compressed
            timeout_graceful_shutdown=_CLOSING_SECONDS,
            server_header=False,
        )
        with contextlib.suppress(KeyboardInterrupt):  # how it ends
            uvicorn.Server(settings).run(sockets=[place])


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=256)
    except (OSError, OverflowError) as error:
        raise OSError(
            f"The server cannot listen at {host}, port {port}: "
            f"{getattr(error, 'strerror', None) or error}. Choose another port; port 0 "
            "is a free one."
        ) from error


def address_of(host: str, port: int) -> str:
    """Return where a browser of this machine reaches a server."""
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_unspecified:
            host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
