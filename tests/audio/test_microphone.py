"""The microphone, by a sound card made of Python: nothing is recorded."""

import sys
import types

import numpy as np
import pytest

from kerasaudio.audio import microphone
from kerasaudio.audio.microphone import Microphone

INPUT = {"name": "Desk", "max_input_channels": 2, "default_samplerate": 44_100.0}
OUTPUT = {"name": "Speaker", "max_input_channels": 0, "default_samplerate": 48_000.0}


class PortAudioError(Exception):
    pass


@pytest.fixture
def card(monkeypatch):
    """Stands for the module sounddevice; its stream records `blocks` when started."""
    card = types.ModuleType("sounddevice")
    card.blocks, card.overflows, card.running = [], False, False
    card.PortAudioError = PortAudioError

    def query_devices(device=None, kind=None):
        if kind is None:
            return [OUTPUT, INPUT]
        if device not in (None, 1, "Desk"):
            raise ValueError(f"No input device matching {device!r}")
        return INPUT

    class InputStream:
        def __init__(self, *, callback, **settings):
            card.settings, self._callback = settings, callback

        def __enter__(self):
            card.running = True
            status = types.SimpleNamespace(input_overflow=card.overflows)
            buffer = np.empty((4, 1), "float32")
            for block in card.blocks:
                buffer[:] = block
                self._callback(buffer, len(buffer), None, status)

        def __exit__(self, *error):
            card.running = False

    card.query_devices, card.InputStream = query_devices, InputStream
    monkeypatch.setitem(sys.modules, "sounddevice", card)
    return card


def test_blocks_come_in_order_and_are_copies(card):
    card.blocks = [0.1, 0.2, 0.3]
    blocks = iter(Microphone())
    got = [next(blocks) for _ in range(3)]
    assert [float(block[0, 0]) for block in got] == pytest.approx([0.1, 0.2, 0.3])
    assert card.running
    blocks.close()
    assert not card.running


def test_the_rate_is_the_devices_own(card):
    card.blocks = [0]
    desk = Microphone("Desk")
    assert desk.sample_rate == 44_100
    next(iter(desk))
    assert card.settings == {
        "samplerate": 44_100, "blocksize": 2_205, "device": "Desk",
        "channels": 1, "dtype": "float32",
    }  # fmt: skip


def test_lost_samples_are_told(card):
    card.blocks, card.overflows = [0.1, 0.2], True
    source = Microphone()
    assert source.complaint is None
    next(iter(source))
    assert source.complaint == "The sound card lost samples 2 times."


def test_who_is_too_slow_is_told(card):
    card.blocks = np.linspace(-1, 1, 601)
    with pytest.raises(OSError, match="arrives faster than it is processed: 30 s"):
        list(Microphone())


def test_a_silent_device_is_told(card, monkeypatch):
    monkeypatch.setattr(microphone, "_SILENT_DEVICE_SECONDS", 0.01)
    with pytest.raises(OSError, match=r"sends no more audio\. Was it unplugged"):
        list(Microphone())
    assert not card.running


def test_no_such_device(card):
    with pytest.raises(
        OSError, match=r"(?s)'Sofa' cannot be opened.*Available: 1 Desk\."
    ):
        Microphone("Sofa")


def test_no_device_at_all(card):
    def query(device=None, kind=None):
        if kind is None:
            return [OUTPUT]
        raise PortAudioError("Error querying device -1")

    card.query_devices = query
    with pytest.raises(OSError, match=r"querying device -1\)\. None is available"):
        Microphone()


def test_a_device_that_cannot_be_opened(card):
    def refuse(**settings):
        raise PortAudioError("Device unavailable")

    card.InputStream = refuse
    with pytest.raises(OSError, match="Device unavailable"):
        next(iter(Microphone()))


def test_without_sounddevice(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(ImportError, match='pip install "sounddevice>='):
        Microphone()


def test_without_portaudio(monkeypatch, tmp_path):
    module = tmp_path / "sounddevice.py"
    module.write_text("raise OSError('PortAudio library not found')")
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(OSError, match=r"not found\)\. It needs.*libportaudio2"):
        Microphone()
