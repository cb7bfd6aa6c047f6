"""Measure `kerasaudio see`: how late its tags are, alone and with 20 visitors.

python tools/measure_see.py --seconds 30 [--bark dog.wav]

Lines of a table for docs/results/see.md. Visitors send 40 ms packets of a siren, each
at a time of its own; the delay of an answer is the time since the packet was sent that
its window ends with. In Chromium (Playwright) it is the time from the last packet of a
short sound to its tag in the page.
"""

import argparse
import asyncio
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import see_watch
import soundfile

CHECKOUT = Path(__file__).parents[1]
SIREN = CHECKOUT / "examples" / "siren.ogg"
SIRENS = ("Siren", "Alarm", "Police car (siren)", "Emergency vehicle")
DOGS = ("Dog", "Bark", "Animal", "Domestic animals, pets", "Yip", "Bow-wow")
RATE = 48_000
PACKET = RATE // 25
CHROMIUM = (
    *("--headless", "--no-sandbox", "--disable-gpu"),
    *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"),
)


@contextlib.contextmanager
def served(*words: str) -> Iterator[str]:
    """Run the command; give its address."""
    command = [sys.executable, "-m", "kerasaudio.cli", "see", "--port", "0"]
    with subprocess.Popen(
        [*command, "--no-browser", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=CHECKOUT,
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


class Visit:
    """One visitor's delays, in seconds."""

    def __init__(self) -> None:
        self.delays: list[float] = []
        self.times: list[float] = []
        self.refusal = ""
        self._sent: list[float] = []

    async def run(
        self, address: str, sound: np.ndarray, seconds: float, saliency: bool
    ) -> None:
        """Send a sound in its own time, and note when answers come."""
        import websockets

        async with websockets.connect(f"{address.replace('http', 'ws')}/live") as way:
            start = {"sample_rate": RATE, "format": "int16", "saliency": saliency}
            await way.send(json.dumps(start))
            sending = asyncio.create_task(self._send(way, sound, seconds))
            try:
                async for message in way:
                    self._note(json.loads(message))
            except websockets.ConnectionClosed:
                pass
            await sending
            self.refusal = way.close_reason or ""

    async def _send(self, way: Any, sound: np.ndarray, seconds: float) -> None:
        import websockets

        begin = time.perf_counter()
        with contextlib.suppress(websockets.ConnectionClosed):
            for number in range(round(25 * seconds)):
                wait = begin + (number + 1) / 25 - time.perf_counter()
                await asyncio.sleep(max(0, wait))
                at = number * PACKET % (len(sound) - PACKET)
                self._sent.append(time.perf_counter())
                await way.send(sound[at : at + PACKET].tobytes())
            await asyncio.sleep(0.5)
        await way.close()

    def _note(self, message: dict[str, Any]) -> None:
        now = time.perf_counter()
        if message["kind"] == "tags":
            last = max(0, round(message["seconds"] * 25 + 0.49) - 1)
            self.delays.append(now - self._sent[min(last, len(self._sent) - 1)])
            self.times.append(now)


async def visit_all(
    address: str, sound: np.ndarray, count: int, seconds: float, watching: int
) -> list[Visit]:
    """Let visitors come, each some milliseconds after the other."""
    visits = [Visit() for _ in range(count)]

    async def come(number: int) -> None:
        await asyncio.sleep(0.2 * number / count + 0.05 * number)
        await visits[number].run(address, sound, seconds, number < watching)

    await asyncio.gather(*map(come, range(count)))
    return visits


def crowd(address: str, count: int, seconds: float, watching: int) -> str:
    """Return a row of the table."""
    wave, rate = soundfile.read(SIREN)
    import kerasaudio

    wave = kerasaudio.resample(wave.astype("float32"), rate, RATE)
    sound = (32_767 * np.clip(wave, -1, 1)).astype("<i2")
    visits = asyncio.run(visit_all(address, sound, count, seconds, watching))
    delays = np.concatenate([visit.delays for visit in visits if visit.delays])
    gaps = np.concatenate([np.diff(visit.times) for visit in visits if visit.times])
    rate_of_each = [len(visit.times) / seconds for visit in visits if visit.times]
    refused = sum("places" in visit.refusal for visit in visits)
    return (
        f"| {count} | {watching} | {np.median(delays):.3f} | "
        f"{np.percentile(delays, 95):.3f} | {delays.max():.3f} | "
        f"{min(rate_of_each):.1f} | {np.percentile(gaps, 95):.3f} | {refused} |"
    )


def loudest(wave: np.ndarray, samples: int) -> np.ndarray:
    """Return the loudest part of a sound, as long as it."""
    energy = np.cumsum(np.concatenate([[0], wave**2]))
    begin = int(np.argmax(energy[samples:] - energy[:-samples]))
    return wave[begin : begin + samples]


@contextlib.contextmanager
def page_of(address: str, microphone: Path) -> Iterator[Any]:
    """Open the page in Chromium, listening."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=[*CHROMIUM, f"--use-file-for-fake-audio-capture={microphone}"],
        )
        page = browser.new_page()
        page.add_init_script(see_watch.SCRIPT)
        page.goto(address)
        page.click("#listen:enabled")
        yield page
        browser.close()


def in_page(
    address: str, wave: np.ndarray, rate: int, names: tuple[str, ...], seconds: float
) -> str:
    """Return a row: delays from the end of a short sound to its tag in the page."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "microphone.wav"
        soundfile.write(path, np.concatenate([wave, np.zeros(3 * rate)]), rate)
        with page_of(address, path) as page:
            page.wait_for_timeout(1_000 * seconds)
            found = see_watch.bursts(page, names)[1:]
    named = [burst for burst in found if burst.named is not None]
    delays = [burst.delay for burst in named]
    onsets = [burst.named - burst.begin for burst in named if burst.named is not None]
    return (
        f"| {len(wave) / rate:.1f} s | {len(named)} of {len(found)} | "
        f"{np.median(onsets):.2f} | {np.median(delays):.2f} | {max(delays):.2f} |"
    )


def pictures(seconds: float) -> str:
    """Return how many pictures of a film a second are shown."""
    from matplotlib.image import imsave

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "Siren").mkdir()
        noise = np.random.default_rng(0)
        for frame in range(100):
            imsave(folder / f"Siren/frame-{frame:03}.png", noise.random((224, 224, 3)))
        wave, rate = soundfile.read(SIREN)
        soundfile.write(folder / "siren.wav", wave, rate)
        with (
            served("--pictures", name) as address,
            page_of(address, folder / "siren.wav") as page,
        ):
            page.wait_for_timeout(5_000)
            count = "[Number(drawing.dataset.changes), performance.now()]"
            before, begin = page.evaluate(count)
            page.wait_for_timeout(1_000 * seconds)
            after, end = page.evaluate(count)
    return f"{(after - before) / (end - begin) * 1_000:.1f} pictures a second"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--bark", type=Path, help="a sound file of a dog")
    options = parser.parse_args()
    seconds = options.seconds
    with served() as address:
        print("| visitors | watching saliency | delay: median | 95 % | most | tags a "
              "second, fewest | gaps, 95 % | refused |")  # fmt: skip
        for count, watching in ((1, 0), (1, 1), (20, 0), (20, 20), (21, 0)):
            print(crowd(address, count, seconds, watching), flush=True)
        print("| sound | named | onset to tag | end to tag: median | most |")
        wave, rate = soundfile.read(SIREN)
        for length in (0.3, 0.5, 1.0):
            part = wave[: round(length * rate)]
            print(in_page(address, part, rate, SIRENS, seconds), flush=True)
        if options.bark is not None:
            wave, rate = soundfile.read(options.bark)
            print(in_page(address, loudest(wave, rate // 2), rate, DOGS, seconds))
    print(pictures(seconds))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"load {os.getloadavg()}, processor {used.ru_utime + used.ru_stime:.0f} s")


if __name__ == "__main__":
    main()
