"""The app "Hear and See": on a port of this process, and its page in a browser."""

import contextlib
import json
import socket
import threading
import time

import numpy as np
import soundfile
import uvicorn

FAKE = "--use-fake-device-for-media-stream"
ALLOWED = "--use-fake-ui-for-media-stream"


@contextlib.contextmanager
def served(app, port=0):
    """Run an app; give its address."""
    place = socket.create_server(("127.0.0.1", port))
    server = uvicorn.Server(
        uvicorn.Config(
            app, log_level="warning", ws_max_size=2**16, timeout_graceful_shutdown=1
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [place]})
    thread.start()
    try:
        end = time.monotonic() + 60
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < end
            time.sleep(0.02)
        yield f"http://127.0.0.1:{place.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        place.close()


def start(rate, **more):
    """Return what a page says first."""
    return json.dumps({"sample_rate": rate, "format": "float32"} | more)


def packets(sound, rate, form="<f4"):
    """Cut a sound into packets of 40 ms, as the page does."""
    size = rate // 25
    scale = 32_767 if form == "<i2" else 1
    for begin in range(0, len(sound) - size + 1, size):
        yield (scale * sound[begin : begin + size]).astype(form).tobytes()


def send(client, *messages):
    """Send bytes and texts."""
    for message in messages:
        is_sound = isinstance(message, bytes)
        (client.send_bytes if is_sound else client.send_text)(message)


def read_all(client):
    """Read until the server ends the connection, which raises."""
    while True:
        client.receive_json()


def answer(client, kind="tags", seconds=0.0):
    """Return the first message of a kind about so much of the sound, or more."""
    while True:
        message = client.receive_json()
        if message["kind"] == kind and message.get("seconds", 0) >= seconds - 1e-6:
            return message


def microphone(folder, *sounds, rate=48_000):
    """Return the option of a browser whose microphone hears sounds, again and again."""
    path = folder / "heard.wav"
    soundfile.write(path, np.concatenate(sounds), rate)
    return f"--use-file-for-fake-audio-capture={path}"


@contextlib.contextmanager
def opened(browser, address, script="", losing=False, **settings):
    """Give the page, whose complaints there must be none of."""
    complaints = []
    page = browser.new_page(**settings)
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.add_init_script(script)
    page.goto(address)
    until(page, lambda: "Loading" not in page.inner_text("#status"))
    yield page
    page.close()
    if losing:  # browsers report each connection that fails
        complaints = [each for each in complaints if "WebSocket" not in each]
    assert complaints == []


def until(page, condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, (
            page.inner_text("#status"),
            page.inner_text("#heard"),
        )
        page.wait_for_timeout(30)


def reads(page, selector, *texts):
    """Wait until the text of an element has been each of these, in this order."""
    for text in texts:
        until(page, lambda text=text: text in page.locator(selector).all_inner_texts())


def status(page, text):
    until(page, lambda: text in page.inner_text("#status"))
