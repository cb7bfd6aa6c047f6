"""Take the pictures of docs/see.md: the page of `kerasaudio see` in Chromium.

python tools/screenshot_see.py --bark dog.wav
"""

import argparse
import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from measure_see import CHECKOUT, CHROMIUM, SIREN, loudest, served

FOLDER = CHECKOUT / "docs"
DESKTOP = {"width": 1_000, "height": 840}
PHONE = {"width": 390, "height": 844}
_COLORS = 96
_LOUD = 70  # percent


def save(page: Any, name: str) -> None:
    """Write a small PNG file."""
    from PIL import Image

    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    path = FOLDER / f"see-{name}.png"
    picture.quantize(_COLORS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(CHECKOUT)}: {path.stat().st_size / 1024:.0f} KiB")


def take(address: str, sound: Path, name: str, heard: str, **settings: Any) -> None:
    """Listen to a sound until something is heard, and take the picture."""
    from playwright.sync_api import sync_playwright

    is_for_children = settings.pop("children", False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=[*CHROMIUM, f"--use-file-for-fake-audio-capture={sound}"],
        )
        page = browser.new_page(**settings)
        page.goto(address)
        page.check("#children" if is_for_children else "#saliency")
        page.click("#listen:enabled")
        page.wait_for_timeout(1_000)
        while page.inner_text("#heard") != heard:
            page.wait_for_timeout(20)
        if is_for_children:  # the mouth is open while it barks
            while int(page.get_attribute("#level", "aria-valuenow") or 0) < _LOUD:
                page.wait_for_timeout(10)
            page.wait_for_timeout(40)
        else:
            page.wait_for_timeout(4_300)
        save(page, name)
        browser.close()


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bark", type=Path, required=True, help="a sound of a dog")
    bark, rate = soundfile.read(parser.parse_args().bark)
    with tempfile.TemporaryDirectory() as name, served() as address:
        dog = Path(name) / "dog.wav"
        soundfile.write(dog, np.tile(loudest(bark, rate // 2), 12), rate)
        siren, rate = soundfile.read(SIREN)
        heard = Path(name) / "siren.wav"
        soundfile.write(heard, siren, rate)
        take(address, heard, "light", "A siren", viewport=DESKTOP)
        take(address, heard, "dark", "A siren", viewport=DESKTOP, color_scheme="dark")
        take(
            address,
            heard,
            "phone",
            "A siren",
            viewport=PHONE,
            color_scheme="dark",
        )
        take(address, dog, "children", "A dog", viewport=PHONE, children=True)


if __name__ == "__main__":
    main()
