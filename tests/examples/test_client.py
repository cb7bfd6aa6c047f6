"""The client of the FastAPI example, as a process, against small servers."""

import http.server
import json
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from support.served import SERVE

TAGS = {"tags": [{"label": "bark\x1b[31m", "score": 0.9}, {"label": "b", "score": 0.1}]}


@contextmanager
def answering(*answers):
    """Give the address of a server, and what it was sent; the last answer stays."""
    left, sent = list(answers), []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            sent.append(
                (self.path, self.rfile.read(int(self.headers["Content-Length"])))
            )
            status, body, headers = left.pop(0) if len(left) > 1 else left[0]
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Length": len(content), **headers}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", sent
        server.shutdown()


def run(*words):
    # -I: with nothing but Python's own modules
    command = [sys.executable, "-I", "-S", str(SERVE / "client.py"), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a sound.wav"
    path.write_bytes(b"sound" * 1_000)
    return path


def test_tags_of_files(file):
    with answering((503, {}, {"Retry-After": "0"}), (200, TAGS, {})) as (url, sent):
        status, out, err = run(file, file, "--url", url, "--top", 2)
        as_json = run(file, "--url", f"{url}/", "--json")
    assert (status, err) == (0, "")
    assert out == f"{file}\n  0.900  bark\\x1b[31m\n  0.100  b\n" * 2
    assert sent[0] == ("/tags?top=2", file.read_bytes())
    assert len(sent) == 4  # the first was told to come again
    assert sent[3][0] == "/tags?top=5"
    assert json.loads(as_json[1]) == {"path": str(file), "tags": TAGS["tags"]}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((422, {"detail": "no sound file"}, {}), "no sound file"),
        ((422, {"detail": [{"msg": "top"}]}, {}), "The server says 422."),
        ((500, b"oops", {}), "The server says 500."),
        ((503, {"detail": "Too many"}, {"Retry-After": "0"}), "Too many"),
        ((200, b"<html>", {}), "gives no tags"),
        ((200, [1], {}), "gives no tags"),
        ((200, b"{", {"Content-Length": "9"}), "ended the connection"),
    ],
)
def test_a_refusal_is_a_line(answer, says, file):
    with answering(answer) as (url, _):
        status, out, err = run(file, "--url", url)
    assert (status, out) == (1, "")
    assert err.startswith(f"{file}: ")
    assert says in err
    assert err.count("\n") == 1


def test_what_cannot_be_sent(file, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    status, out, err = run(tmp_path / "none.wav", file, "--url", nobody)
    assert (status, out) == (1, "")
    missing, refused = err.splitlines()
    assert "No such file" in missing
    assert f"{nobody} does not answer" in refused
    for url in (
        "localhost:8000",
        "ftp://localhost",
        "http://localhost:99999",
        "http://",
    ):
        assert "is no address" in run(file, "--url", url)[2], url
    assert run(file, "--top", 0)[0] == 2


def test_an_answer_before_the_end_of_what_is_too_large(tmp_path):
    """The server reads a little, refuses, and closes."""
    large = tmp_path / "large.wav"
    with large.open("wb") as file:
        file.truncate(2**26)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse():
            client, _ = server.accept()
            with client:
                client.recv(1_000)
                body = b'{"detail": "More than 9 bytes are not taken."}'
                head = b"HTTP/1.1 413 X\r\nContent-Length: %d\r\n\r\n" % len(body)
                client.sendall(head + body)
                client.shutdown(socket.SHUT_WR)
                client.settimeout(0.5)
                while client.recv(2**20):
                    pass

        threading.Thread(target=refuse, daemon=True).start()
        status, _, err = run(
            large, "--url", f"http://127.0.0.1:{server.getsockname()[1]}"
        )
    assert status == 1
    assert "More than 9 bytes" in err or "larger than it takes" in err
