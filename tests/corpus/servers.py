"""Servers of files that the tests run on this machine."""

import contextlib
from http.server import BaseHTTPRequestHandler
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit


class Handler(BaseHTTPRequestHandler):
    """HTTP with an index, signatures and parts; and what s3fs asks of S3."""

    protocol_version = "HTTP/1.1"
    content: ClassVar[dict[str, bytes]] = {}
    sends_parts = True

    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        url = urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True)
        is_s3 = "Authorization" in self.headers or "list-type" in query
        keys = self.headers.get("Authorization", "")
        if query.get("X-Amz-Signature", ["good"]) != ["good"] or (
            is_s3 and "Credential=GOODKEY/" not in keys
        ):
            told = b"<Error><Code>InvalidAccessKeyId</Code><Message>k</Message></Error>"
            self.answer(403, told, "application/xml")
        elif "list-type" in query:
            self.answer(200, self.listed(query), "application/xml")
        elif url.path.rstrip("/") == "/bucket" and not is_s3:
            links = "".join(f'<a href="{path}">' for path in self.content)
            self.answer(200, links.encode(), "text/html")
        elif url.path in self.content:
            self.sound(self.content[url.path])
        else:
            told = b"<Error><Code>NoSuchKey</Code><Message>n</Message></Error>"
            self.answer(404, told, "application/xml")

    def listed(self, query):
        prefix = query.get("prefix", [""])[0]
        found = {path.removeprefix("/bucket/"): c for path, c in self.content.items()}
        keys = "".join(
            f"<Contents><Key>{key}</Key><Size>{len(c)}</Size><ETag>a</ETag>"
            "<LastModified>2026-01-01T00:00:00Z</LastModified></Contents>"
            for key, c in found.items()
            if key.startswith(prefix)
        )
        return (
            "<ListBucketResult><IsTruncated>false</IsTruncated>"
            f"{keys}</ListBucketResult>"
        ).encode()

    def sound(self, content):
        part = self.headers.get("Range", "") if self.sends_parts else ""
        if not part:
            self.answer(200, content)
            return
        first, last = part.removeprefix("bytes=").split("-")
        begin, end = int(first), int(last or len(content) - 1) + 1
        about = f"bytes {begin}-{min(end, len(content)) - 1}/{len(content)}"
        self.answer(206, content[begin:end], more={"Content-Range": about})

    def answer(self, status, content, kind="application/octet-stream", more=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if self.sends_parts:
            self.send_header("Accept-Ranges", "bytes")
        for name, value in dict(more).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            with contextlib.suppress(ConnectionError):
                self.wfile.write(content)
