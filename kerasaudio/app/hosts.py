"""Whom the server answers: by default this machine alone.

A page of any site can send requests to a server on its reader's machine. Browsers say
in `Origin` from which page a request comes, and in `Host` which name led it here.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

HERE = ("localhost", "127.0.0.1", "::1")
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?")


class KnownHosts:
    """Refuse requests to other names, and from pages of other sites.

    Args:
        app: What answers the others.
        hosts: Names (without ports) that lead to this server, besides those of this
            machine.
    """

    def __init__(self, app: Any, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = {*HERE, *(name.strip("[]").lower() for name in hosts)}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer, or refuse."""
        if scope["type"] in ("http", "websocket"):
            headers = Headers(scope=scope)
            refusal = self._refusal(headers.getlist("host"), headers.getlist("origin"))
            if refusal is not None:
                await _refuse(scope, receive, send, *refusal)
                return
        await self._app(scope, receive, send)

    def _refusal(self, hosts: list[str], origins: list[str]) -> tuple[int, str] | None:
        host = hosts[0].lower() if len(hosts) == 1 else ""
        if _name(host) not in self._hosts:
            return 421, (
                "This server does not answer to this name. If it is one of its own, "
                "start it with --allow NAME."
            )
        # "null" is the origin of pages without one, such as files.
        if origins and [urlsplit(origin).netloc.lower() for origin in origins] != [
            host
        ]:
            return 403, "Pages of other sites get no answer here."
        return None


def check_hosts(hosts: Iterable[str]) -> list[str]:
    """Return names of hosts, or raise a ValueError if one is none."""
    if isinstance(hosts, str):
        raise ValueError(f"hosts must be a list of names. Received: {hosts!r}.")
    names = [str(name).strip().lower() for name in hosts]
    for name in names:
        if _name(name) not in (name, name.strip("[]")) and _name(f"[{name}]") != name:
            raise ValueError(
                "hosts must be names of this server without a port, such as "
                f"'sound.example.org'. Received: {name!r}."
            )
    return names


def _name(host: str) -> str | None:
    """Return the name in "name:port"; None if there is none."""
    parts = _HOST.fullmatch(host)
    return None if parts is None else parts["name"].strip("[]")


async def _refuse(scope: Any, receive: Any, send: Any, status: int, why: str) -> None:
    if scope["type"] == "websocket":  # before it is accepted: the status is 403
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": why})
        return
    await PlainTextResponse(why, status)(scope, receive, send)
