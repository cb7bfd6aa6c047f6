"""Whom the server answers: by default this machine alone.

A page of any site can send requests to a server on its reader's machine. Browsers say
in `Origin` from which page a request comes, and in `Host` which name led it here.
"""

import os
import re
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

HERE = ("localhost", "127.0.0.1", "::1")
VARIABLE = "HOSTS"
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?")


class KnownHosts:
    """Refuse requests to other names, and from pages of other sites.

    Args:
        app: What answers the others.
        hosts: Names (without ports) that lead to this server, besides those of this
            machine; None for those in the variable HOSTS, separated by commas.
    """

    def __init__(self, app: Any, hosts: list[str] | None = None) -> None:
        named = os.environ.get(VARIABLE, "").split(",") if hosts is None else hosts
        self._app = app
        self._hosts = {*HERE, *(name.strip().lower() for name in named)} - {""}

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
                f"start it with {VARIABLE}=name."
            )
        # "null" is the origin of pages without one, such as files.
        if origins and [urlsplit(origin).netloc.lower() for origin in origins] != [
            host
        ]:
            return 403, "Pages of other sites get no answer here."
        return None


def _name(host: str) -> str | None:
    """Give the name in "name:port"; None if there is none."""
    parts = _HOST.fullmatch(host)
    return None if parts is None else parts["name"].strip("[]")


async def _refuse(scope: Any, receive: Any, send: Any, status: int, why: str) -> None:
    if scope["type"] == "websocket":  # before it is accepted: the status is 403
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": why})
        return
    await JSONResponse({"detail": why}, status)(scope, receive, send)
