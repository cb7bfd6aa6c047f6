"""`kerasaudio listen`, through real pipes in this process."""

import contextlib
import io
import json
import os
import re
import sys
import threading

import numpy as np
import pytest
import soundfile

from kerasaudio import FeatureExtractor, Stream
from kerasaudio.audio import microphone
from kerasaudio.cli import live
from kerasaudio.cli.scores import Choice
from kerasaudio.core import AudioModel
from support.streams import expected, scores_of
from support.tiny import RATE


@pytest.fixture(scope="module")
def body(model, tmp_path_factory):
    """The network without its labels."""
    spec = model.spec.replace(labels=None)
    output = model.get_layer("embedding").output
    path = tmp_path_factory.mktemp("model") / "body.keras"
    AudioModel(model.input, output, spec=spec).save(path)
    return str(path)


@pytest.fixture
def pipe(monkeypatch):
    """Make standard input a pipe that another thread writes into."""
    with contextlib.ExitStack() as stack:

        def start(data, size=1_001):
            reading, writing = os.pipe()

            def write():
                with open(writing, "wb", buffering=0) as file:
                    for at in range(0, len(data), size):
                        file.write(data[at : at + size])

            monkeypatch.setattr("sys.stdin", stack.enter_context(open(reading)))
            thread = threading.Thread(target=write)
            thread.start()
            stack.callback(thread.join)

        yield start


def test_raw_samples_split_anywhere(run, pipe, model, saved, pcm):
    pipe(pcm.tobytes())  # 1,001 bytes a write: every second one splits a sample
    status, out, err = run("listen", saved, "--raw", "--rate", RATE, "--json")
    assert (status, err) == (0, "")
    lines = [json.loads(line) for line in out.splitlines()]
    rows = expected(model, pcm)
    assert [line["start"] for line in lines] == rows.starts.tolist()
    assert [line["end"] for line in lines] == rows.ends.tolist()
    assert rows.ends[-1] == 1.9
    np.testing.assert_allclose(
        scores_of(lines, model.spec.labels), rows.vectors, atol=1e-5
    )


def test_a_wav_stream_needs_no_option(run, pipe, model, saved, pcm):
    file = io.BytesIO()
    soundfile.write(file, np.stack([pcm, pcm], 1), RATE, "PCM_16", format="WAV")
    pipe(file.getvalue())
    status, out, _ = run("listen", saved, "--hop", 0.5, "--top", 1, "--report")
    lines = out.splitlines()
    rows = expected(model, pcm, 0.5)
    assert status == 0
    assert len(lines) == len(rows.vectors) == 4
    best = model.decode(rows.vectors[:1], 1)[0][0]
    assert lines[0] == f"    0.00 -     0.50 s  {best[0]} {best[1]:.3f}"


def test_the_report_goes_to_stderr(run, pipe, saved, pcm):
    pipe((pcm / 32_768).astype("<f4").tobytes())
    form = ("--raw", "--rate", RATE, "--format", "f32le")
    status, out, err = run("listen", saved, *form, "--report")
    assert status == 0
    assert f"{len(out.splitlines())} windows of 0.5 s every 0.25 s" in err
    assert "real-time factor" in err


def test_threshold(run, pipe, saved, pcm):
    pipe(pcm.tobytes())
    raw = ("--raw", "--rate", RATE)
    status, out, _ = run("listen", saved, *raw, "--threshold", 2)
    assert status == 0
    assert all(line.endswith(" s  -") for line in out.splitlines())
    pipe(pcm.tobytes())
    status, out, _ = run("listen", saved, *raw, "--threshold", 0.3, "--json")
    tags = [tag for line in out.splitlines() for tag in json.loads(line)["tags"]]
    assert tags
    assert all(tag["score"] >= 0.3 for tag in tags)


def test_smoothing(run, pipe, model, saved, pcm):
    pipe(pcm.tobytes())
    smooth = ("--smoothing", "average", "--smoothing-seconds", 0.5)
    _, out, _ = run("listen", saved, "--raw", "--rate", RATE, "--json", *smooth)
    lines = [json.loads(line) for line in out.splitlines()]
    raw = expected(model, pcm).vectors
    mean = (raw + np.concatenate([raw[:1], raw[:-1]])) / 2
    np.testing.assert_allclose(scores_of(lines, model.spec.labels), mean, atol=1e-5)


def test_a_model_without_labels_gives_vectors(run, pipe, body, model, pcm):
    pipe(pcm.tobytes())
    status, out, _ = run("listen", body, "--raw", "--rate", RATE, "--json")
    vectors = [json.loads(line)["vector"] for line in out.splitlines()]
    offline = FeatureExtractor(model, hop_seconds=0.25, pool=None)
    rows = offline.timeline((pcm / 32_768).astype("float32"), RATE)
    assert status == 0
    np.testing.assert_allclose(vectors, rows.vectors, atol=1e-5)


@pytest.mark.parametrize(
    ("data", "options", "says"),
    [
        (b"", ["--raw", "--rate", "8000"], "Less than 50 ms of sound"),
        (bytes(700), ["--raw", "--rate", "8000"], "Less than 50 ms of sound"),
        (bytes(9_001), ["--raw", "--rate", "8000"], "1 of 2 bytes arrived"),
        (b"\xff" * 9_000, ["--raw", "--rate", "8000", "--format", "f32le"], "NaN"),
        (b"", [], "the stream is empty"),
        (b"no sound at all", [], "This is not a WAV stream"),
        (b"", ["--raw"], "Example: --raw --rate 16000"),
        (b"", ["--raw", "--rate", "3"], "--rate must be"),
        (b"", ["--rate", "8000"], "--rate needs --raw, .* comes from --wav"),
        (b"", ["--wav", "--device", "1"], "--device needs --microphone"),
        (b"", ["--raw", "--rate", "8000", "--top", "4"], "--top must be from 1 to 3"),
        (b"", ["--raw", "--rate", "8000", "--window", "2"], "takes exactly 0.5 s"),
    ],
)
def test_what_cannot_be_done_is_told(run, pipe, saved, data, options, says):
    pipe(data)
    status, _, err = run("listen", saved, *options)
    assert status == 1
    assert "Traceback" not in err
    assert re.search(says, err), err


def test_vectors_have_no_table(run, pipe, body):
    for options in ([], ["--json", "--top", 2], ["--json", "--threshold", 0.5]):
        pipe(b"")
        status, out, err = run("listen", body, "--raw", "--rate", RATE, *options)
        assert (status, out) == (1, "")
        assert "no labels to name sounds with. Use --json" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--hop", "0"],
        ["--threshold", "high"],
        ["--threshold", "nan"],
        ["--raw", "--wav"],
        ["--format", "mp3"],
        ["--smoothing", "median"],
    ],
)
def test_wrong_commands(run, arguments):
    with pytest.raises(SystemExit, match="2"):
        run("listen", *arguments)


def test_the_microphone_is_listened_to(run, saved, pcm, monkeypatch):
    class Card:
        complaint = None
        sample_rate = RATE

        def __init__(self, device):
            assert device == 2

        def __iter__(self):
            yield from np.array_split(pcm / 32_768, 7)
            raise KeyboardInterrupt

    monkeypatch.setattr(microphone, "Microphone", Card)
    status, out, err = run("listen", saved, "--microphone", "--device", 2, "--report")
    assert status == 130
    assert len(out.splitlines()) == 6  # what was not finished is not told
    assert "6 windows of 0.5 s" in err


def test_without_a_pipe_it_is_the_microphone(run, saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with open(os.devnull) as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        status, out, err = run("listen", saved)
    assert (status, out) == (1, "")
    assert 'pip install "sounddevice>=' in err


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_table_is_drawn_anew(model, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("LINES", "3")
    out = Terminal()
    stream = Stream(model)
    write = live.writer(out, stream, "text", Choice(None, 5, 0.4))
    heard = stream.push(np.zeros(6_000), RATE)
    heard[1].scores[:] = 0.5, 0.75, 0
    heard[0].scores[:] = 0.1, 0.2, 1
    for one in heard:
        write(one)
    bar = "  1.000  " + "#" * 30
    assert out.getvalue() == (
        f"\x1b[J    0.00 -     0.50 s\n{bar}\n"
        "\x1b[2F\x1b[J    0.25 -     0.75 s\n"
        f"  0.750  {'#' * 22:<30}\n"
    )  # 39 columns leave no label, 2 lines no third
