"""Check whether servers are reachable, and open URLs with safe redirects."""

import http.client
import socket
import threading
import time
import urllib.request
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from kerasaudio.files.deadline import Watch, WatchedHttp, WatchedHttps
from kerasaudio.files.errors import DownloadError
from kerasaudio.text import escaped

T = TypeVar("T")

CONNECT_SECONDS = 2.0


def unreachable(urls: Mapping[T, str]) -> dict[T, str]:
    """Try to connect to all servers at once, and return those that fail.

    Otherwise an unknown host name, or a network that drops packets, would cost half a
    minute per server.

    Args:
        urls: Addresses by any key. If a proxy is set, the proxy is tried.

    Returns:
        The reasons by key, for servers that did not answer within CONNECT_SECONDS.
    """
    answers: dict[T, str | None] = {}

    def connect(key: T, url: str) -> None:
        try:
            socket.create_connection(_server(url), CONNECT_SECONDS).close()
            answers[key] = None
        except DownloadError as error:
            answers[key] = str(error)
        except OSError as error:
            answers[key] = f"no network, or no such server ({error.strerror or error})"
        except ValueError as error:  # invalid host name or port number
            answers[key] = f"not the address of a server ({error})"

    threads = [
        # Daemon threads, as resolving a name cannot be interrupted.
        threading.Thread(target=connect, args=item, daemon=True)
        for item in urls.items()
    ]
    deadline = time.monotonic() + CONNECT_SECONDS
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = f"no network: no answer within {CONNECT_SECONDS:g} seconds"
    found = {key: answers.get(key, late) for key in urls}
    hint = _unused_proxy()
    return {
        key: problem + (hint if problem.startswith("no network") else "")
        for key, problem in found.items()
        if problem is not None
    }


def _server(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(host):
        _check_proxy(proxy, parts.scheme)
        parts = urlsplit(proxy if "//" in proxy else f"//{proxy}")
        host, port = parts.hostname or "", parts.port
    return host, port or (443 if parts.scheme == "https" else 80)


def _check_proxy(proxy: str, scheme: str) -> None:
    """Raise a DownloadError for a SOCKS proxy."""
    kind = proxy.partition("://")[0].lower()
    if kind.startswith("socks"):
        raise DownloadError(
            f"the proxy set for {scheme} is of the kind {kind}, which is not "
            f"supported: set {scheme}_proxy to an HTTP proxy, or unset it (a program "
            "such as privoxy turns a SOCKS proxy into an HTTP proxy)"
        )


def _unused_proxy() -> str:
    """Return a hint if all_proxy is set, which Python's own client does not use."""
    if "all" not in urllib.request.getproxies():
        return ""
    return "; all_proxy is not used here: set https_proxy to an HTTP proxy"


class _Proxies(urllib.request.ProxyHandler):
    def proxy_open(self, req: urllib.request.Request, proxy: str, type: str) -> Any:
        if not urllib.request.proxy_bypass(req.host):
            _check_proxy(proxy, type)
        return super().proxy_open(req, proxy, type)


def may_redirect(old: str, new: str) -> bool:
    """Return whether a redirect is safe: to https, or from http to http."""
    scheme = urlsplit(new).scheme
    return scheme == "https" or (scheme == "http" and urlsplit(old).scheme == "http")


class _Redirects(urllib.request.HTTPRedirectHandler):
    def http_error_302(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any
    ) -> Any:
        try:
            return super().http_error_302(req, fp, code, msg, headers)
        except (DownloadError, ValueError, http.client.InvalidURL):
            fp.close()
            raise

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if not may_redirect(req.full_url, newurl):
            raise DownloadError(
                f"it redirects to {escaped(newurl[:200])}, which is not an encrypted "
                "web address"
            )
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and _origin(req.full_url) == _origin(newurl):
            for name, value in req.unredirected_hdrs.items():
                if name != "Host":
                    request.add_unredirected_header(name, value)
        return request


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def opener(watch: Watch | None = None) -> urllib.request.OpenerDirector:
    """Return an opener for http and https addresses that follows safe redirects.

    Args:
        watch: Watch that ends the connection if it takes too long; default: none.
    """
    watch = watch or Watch()
    # Not build_opener, which also opens file: and ftp: addresses.
    director = urllib.request.OpenerDirector()
    for handler in (
        _Proxies(),
        urllib.request.UnknownHandler(),
        WatchedHttp(watch),
        WatchedHttps(watch),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ):
        director.add_handler(handler)
    return director
