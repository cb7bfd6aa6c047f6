"""Browsers with microphones of their own: a siren, and one that is refused."""

import numpy as np
import pytest
import see_watch
import soundfile

import kerasaudio
from kerasaudio.app import create_app
from support import command
from support.browser import launched
from support.see import ALLOWED, FAKE, microphone, opened, reads, served, status, until

SIRENS = ("Siren", "Alarm", "Police car (siren)", "Emergency vehicle")


@pytest.mark.slow
def test_a_refused_or_missing_microphone_is_told(model):
    with (
        served(create_app(model)) as address,
        launched(FAKE, "--deny-permission-prompts") as browser,
    ):
        with opened(browser, address) as page:
            page.click("#listen")
            status(page, "The microphone was refused.")
            assert page.inner_text("#listen") == "Listen"
        with opened(
            browser, address, "delete Navigator.prototype.mediaDevices"
        ) as page:
            page.click("#listen")
            status(page, "only to pages over https")


@pytest.mark.slow
def test_yamnet_names_each_siren_while_it_can_be_remembered(tmp_path):
    siren, rate = soundfile.read(command.CHECKOUT / "examples" / "siren.ogg")
    sounds = siren[: round(0.5 * rate)], np.zeros(3 * rate)
    option = microphone(tmp_path, *sounds, rate=rate)
    with (
        served(create_app(kerasaudio.load("YAMNet/audioset"))) as address,
        launched(ALLOWED, FAKE, option) as browser,
        opened(browser, address, see_watch.SCRIPT) as page,
    ):
        page.click("#listen")
        reads(page, "#heard", "A siren", "Quiet", "A siren")

        def in_time():  # tools/measure_see.py measures; others may use the machine here
            found = see_watch.bursts(page, SIRENS)[1:]  # the first was under way
            return [each for each in found if each.named and each.delay < 2]

        until(page, lambda: len(in_time()) >= 2, seconds=60)


def test_a_tag_is_found_after_its_sound():
    sent = [(n * 0.04, 9_000 if 25 <= n < 35 or 100 <= n < 110 else 0)
            for n in range(200)]  # fmt: skip
    tags = [(0.5, "Siren"), (0.9, "Silence"), (1.5, "Siren"), (2.5, "Silence")]
    first, second = see_watch.find_bursts(sent, tags, ["Siren"])
    assert first.delay == pytest.approx(1.5 - 34 * 0.04)
    assert (second.begin, second.named) == (4.0, None)
    assert see_watch.find_bursts(sent[:50], tags, ["Siren"]) == []
