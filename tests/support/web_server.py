"""A server on this machine: plain files, and the Hugging Face Hub's protocol.

Plain files answer with ETag, Range, If-Range and every misbehavior a test asks for.
Hub repositories answer `/OWNER/NAME/resolve/REVISION/FILE`, gated or not, and take
commits.
"""

import base64
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass
class Served:
    """What a path answers.

    Attributes:
        content: Of the file.
        status: Of the answer, if the file is not to be had.
        refusals: Statuses to answer first, one a request.
        location: Where to redirect to.
        etag: With its quotes; None for the content's hash.
        ranges: Whether a part of it can be asked for.
        cuts: How many bytes to send before hanging up, request by request; then all.
        pause: Seconds to wait before each `chunk` bytes.
        stalls: Whether to send `chunk` bytes, and then nothing.
        length: Whether the answer says how long it is; a wrong number if one is given.
        headers: More of them.
    """

    content: bytes = b""
    status: int = 200
    refusals: list[int] = field(default_factory=list)
    location: str | None = None
    etag: str | None = None
    ranges: bool = True
    cuts: list[int] = field(default_factory=list)
    pause: float = 0.0
    stalls: bool = False
    chunk: int = 2**16
    length: bool | int = True
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Repository:
    """A Hub repository: files by revision, and who may read them.

    Attributes:
        revisions: Files by name, by revision.
        token: The one that may read them, None if anyone may.
        gated: Whether others are told of a gate.
        cdn: Where large files lie instead.
        unknown_tokens: Refused whatever they ask for, as expired ones are.
        swapped: Bytes to send instead of a file, by name.
        refused: Statuses of what is refused: "create", "commit" or "lfs".
        large: Suffixes of files that are uploaded as large ones.
        stored: Large files that were uploaded, by SHA-256.
        messages: Of the commits.
    """

    revisions: dict[str, dict[str, bytes]] = field(default_factory=dict)
    token: str | None = None
    gated: bool = False
    cdn: str | None = None
    unknown_tokens: frozenset[str] = frozenset()
    swapped: dict[str, bytes] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    large: tuple[str, ...] = ()
    stored: dict[str, bytes] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)


@dataclass
class Seen:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]


class WebServer:
    """Serves while its context is open, at `url`."""

    def __init__(self) -> None:
        self.files: dict[str, Served] = {}
        self.repositories: dict[str, Repository] = {}
        self.seen: list[Seen] = []
        self.closing = threading.Event()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.01,), daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def other_name(self) -> str:
        """The same server under another host name."""
        return f"http://localhost:{self._http.server_address[1]}"

    def requests(self, path: str, method: str = "GET") -> list[Seen]:
        return [s for s in self.seen if (s.path, s.method) == (path, method)]

    def __enter__(self) -> "WebServer":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    owner: WebServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.owner.seen.append(Seen(self.command, path, dict(self.headers)))
        listed = re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/([^/]+)", path)
        match = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        if listed and path not in self.owner.files:
            self._send_from_hub(*listed.groups(), None)
            return
        if match and path not in self.owner.files:
            self._send_from_hub(*match.groups())
        elif served := self.owner.files.get(path):
            self._send_file(served)
        else:
            self._refuse(404)

    def _refuse(self, status: int, code: str | None = None) -> None:
        body = b"<html>no</html>"
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        if code:
            self.send_header("X-Error-Code", code)
            self.send_header("X-Error-Message", code)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send_file(self, served: Served) -> None:
        if served.refusals:
            self._refuse(served.refusals.pop(0))
            return
        if served.location is not None:
            self.send_response(302)
            self.send_header("Location", served.location)
            for name, value in served.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if served.status != 200:
            self._refuse(served.status)
            return
        etag = served.etag or f'"{hashlib.sha256(served.content).hexdigest()}"'
        start = self._range_start(served, etag)
        if start >= len(served.content) > 0:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(served.content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = served.content[start:]
        self.send_response(206 if start else 200)
        for name, value in served.headers.items():  # the first of a name counts
            self.send_header(name, value)
        if start:
            end, whole = len(served.content) - 1, len(served.content)
            self.send_header("Content-Range", f"bytes {start}-{end}/{whole}")
        self.send_header("ETag", etag)
        if served.length is True:
            self.send_header("Content-Length", str(len(body)))
        elif served.length is not False:
            self.send_header("Content-Length", str(served.length))
        self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            cut = served.cuts.pop(0) if served.cuts else len(body)
            self._send_body(body[:cut], served)

    def _range_start(self, served: Served, etag: str) -> int:
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not match or not served.ranges or self.headers.get("If-Range", etag) != etag:
            return 0
        return int(match[1])

    def _send_body(self, body: bytes, served: Served) -> None:
        try:
            for start in range(0, len(body), served.chunk):
                if self.owner.closing.wait(served.pause):
                    return
                self.wfile.write(body[start : start + served.chunk])
                if served.stalls:
                    self.owner.closing.wait(60)
                    return
        except ConnectionError:
            pass  # the client has seen enough

    def _send_from_hub(self, repo: str, revision: str, path: str | None) -> None:
        repository = self.owner.repositories.get(repo)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if path is None and repository and revision == "main" and repository.revisions:
            revision = list(repository.revisions)[-1]
        if repository is None:
            self._refuse(401, "RepoNotFound")
        elif token in repository.unknown_tokens:
            self._refuse(401)
        elif repository.token and token != repository.token:
            gated = repository.gated
            self._refuse(401 if not token else 403, "GatedRepo" if gated else None)
        elif revision not in repository.revisions:
            self._refuse(404, "RevisionNotFound")
        elif path is None:
            self._send_json(_listing(repository, revision))
        elif path not in repository.revisions[revision]:
            self._refuse(404, "EntryNotFound")
        else:
            content = repository.revisions[revision][path]
            content = repository.swapped.get(path, content)
            headers = {"X-Repo-Commit": revision}
            if repository.cdn is None:
                self._send_file(Served(content, headers=headers))
                return
            # As the Hub does: large files lie elsewhere, under an address of their own.
            name = f"/cdn/{hashlib.sha256(content).hexdigest()}"
            self.owner.files.setdefault(name, Served(content))
            headers |= {
                "X-Linked-Size": str(len(content)),
                "X-Linked-Etag": f'"{hashlib.sha256(content).hexdigest()}"',
            }
            location = f"{repository.cdn}{name}"
            self._send_file(Served(location=location, headers=headers))

    def do_POST(self) -> None:
        body = self._body()
        self.owner.seen.append(Seen("POST", self.path, dict(self.headers)))
        match = re.fullmatch(
            r"/api/models/([^/]+/[^/]+)/(preupload|commit)/main", self.path
        )
        large = re.fullmatch(r"/([^/]+/[^/]+)\.git/info/lfs/objects/batch", self.path)
        kind = "lfs" if large else match[2] if match else "create"
        asked_of = self.owner.repositories.get((large or match or [None, ""])[1])
        if self.path == "/api/repos/create":
            asked = json.loads(body)
            repo = "/".join(filter(None, [asked.get("organization"), asked["name"]]))
            asked_of = self.owner.repositories.get(repo)
        if asked_of and kind in asked_of.refused:
            self._refuse(asked_of.refused[kind])
        elif large:
            objects = [
                one
                | {"actions": {"upload": {"href": f"{self.owner.url}/lfs/{large[1]}"}}}
                for one in json.loads(body)["objects"]
            ]
            self._send_json({"transfer": "basic", "objects": objects})
        elif self.path == "/api/repos/create":
            self.owner.repositories.setdefault(repo, Repository())
            self._send_json({"url": f"{self.owner.url}/{repo}", "name": repo})
        elif self.path == "/api/validate-yaml":  # of a model card
            self._send_json({"errors": [], "warnings": []})
        elif match and match[2] == "preupload":
            assert asked_of is not None
            files = [
                {
                    "path": file["path"],
                    "uploadMode": "lfs"
                    if asked_of.large and file["path"].endswith(asked_of.large)
                    else "regular",
                    "shouldIgnore": False,
                }
                for file in json.loads(body)["files"]
            ]
            self._send_json({"files": files})
        elif match:
            self._send_json(self._commit(match[1], body))
        else:
            self._refuse(404)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def do_PUT(self) -> None:
        body = self._body()
        self.owner.seen.append(Seen("PUT", self.path, dict(self.headers)))
        repository = self.owner.repositories[self.path.removeprefix("/lfs/")]
        if "put" in repository.refused:
            self._refuse(repository.refused["put"])
            return
        repository.stored[hashlib.sha256(body).hexdigest()] = body
        self._send_json({})

    def _commit(self, repo: str, body: bytes) -> dict[str, Any]:
        repository = self.owner.repositories[repo]
        previous = list(repository.revisions.values())
        files = dict(previous[-1]) if previous else {}
        for line in body.splitlines():
            operation = json.loads(line)
            if operation["key"] == "file":
                value = operation["value"]
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                value = operation["value"]
                files[value["path"]] = repository.stored[value["oid"]]
            elif operation["key"] == "header":
                repository.messages.append(operation["value"]["summary"])
        revision = hashlib.sha1(body, usedforsecurity=False).hexdigest()
        repository.revisions[revision] = files
        url = f"{self.owner.url}/{repo}/commit/{revision}"
        return {"commitUrl": url, "commitOid": revision}

    def _send_json(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _listing(repository: Repository, revision: str) -> dict[str, Any]:
    """Give what the Hub says of a commit's files."""
    siblings = []
    for name, content in repository.revisions[revision].items():
        blob = hashlib.sha1(b"blob %d\0" % len(content), usedforsecurity=False)
        blob.update(content)
        one = {"rfilename": name, "size": len(content), "blobId": blob.hexdigest()}
        if name.endswith(repository.large) and repository.large:
            digest = hashlib.sha256(content).hexdigest()
            one["lfs"] = {"sha256": digest, "size": len(content), "pointerSize": 130}
        siblings.append(one)
    return {"sha": revision, "siblings": siblings}
