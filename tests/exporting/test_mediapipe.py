"""MediaPipe runs our .tflite files as they are."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import kerasaudio
from kerasaudio.core import AudioModel
from kerasaudio.exporting import export
from kerasaudio.exporting.facts import describe
from kerasaudio.exporting.litert import artifact as litert
from kerasaudio.exporting.litert.metadata import describe_model
from support.described import ODD_LABELS, SPEC, with_labels
from support.runtimes import require
from support.tiny import RATE, tiny_model

CHECKOUT = Path(__file__).parents[2]
RUNNER = CHECKOUT / "tests" / "support" / "run_mediapipe.py"


@pytest.fixture(scope="module")
def mediapipe():
    require("mediapipe")


@pytest.mark.slow
@pytest.mark.usefixtures("in_process", "mediapipe")
def test_mediapipe_reads_the_same():
    # Not by an import statement: mediapipe.tasks is another package's name there.
    schema = importlib.import_module(
        "mediapipe.tasks.metadata.metadata_schema_py_generated"
    )
    content = describe_model(describe(SPEC, 4_000, None))

    assert schema.ModelMetadata.ModelMetadataBufferHasIdentifier(content, 0)
    model = schema.ModelMetadataT.InitFromObj(schema.ModelMetadata.GetRootAs(content))
    assert (model.name, model.license) == (b"Tiny/own", b"MIT")
    assert model.minParserVersion == b"1.3.0"
    (graph,) = model.subgraphMetadata
    (waveform,) = graph.inputTensorMetadata
    assert isinstance(waveform.content.contentProperties, schema.AudioPropertiesT)
    assert waveform.content.contentProperties.sampleRate == RATE
    assert waveform.content.contentProperties.channels == 1
    (scores,) = graph.outputTensorMetadata
    (labels,) = scores.associatedFiles
    assert labels.name == b"labels.txt"
    assert labels.type == schema.AssociatedFileType.TENSOR_AXIS_LABELS


def heard(path, sound, sample_rate=RATE):
    """Let MediaPipe classify a sound, in a process without kerasaudio."""
    np.save(path.with_suffix(".npy"), sound)
    words = [str(path), str(path.with_suffix(".npy")), str(sample_rate)]
    done = subprocess.run(
        # -P: this folder's modules must not hide those of the same names
        [sys.executable, "-P", str(RUNNER), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.usefixtures("in_process", "mediapipe")
@pytest.mark.parametrize(
    ("kind", "length"), [(None, None), ("int8", None), (None, "dynamic")]
)
def test_mediapipe_gives_what_the_model_gives(kind, length, tmp_path, sounds):
    path = tmp_path / "model.tflite"
    model = with_labels(tiny_model(None if length else 4_000), ODD_LABELS)
    calibrate = sounds if kind == "int8" else None
    export(model, path, quantize=kind, calibrate=calibrate, input_seconds=length)

    windows = heard(path, np.concatenate([sounds[0], sounds[5], sounds[3, :1_000]]))

    assert [window["start_ms"] for window in windows] == [0, 500, 1_000]
    short = np.pad(sounds[3, :1_000], (0, 3_000))
    clips = np.stack([sounds[0], sounds[5], short])
    names = ["käse 🎵", "two lines", 'a,b; "c"']
    scores = [[window["scores"][name] for name in names] for window in windows]
    expected = litert.run(path, clips, 1, 1).outputs
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    if kind is None:
        np.testing.assert_allclose(scores, model.predict(clips, verbose=0), atol=1e-5)


@pytest.mark.slow
@pytest.mark.usefixtures("in_process", "mediapipe")
def test_mediapipe_gives_an_embedding_by_number(tmp_path, sounds):
    whole, path = tiny_model(), tmp_path / "model.tflite"
    vector = whole.get_layer("embedding").output
    body = AudioModel(whole.input, vector, spec=whole.spec.replace(labels=None))
    export(body, path)

    (window,) = heard(path, sounds[5])

    numbers = [window["scores"][str(i)] for i in range(vector.shape[1])]
    np.testing.assert_allclose([numbers], body.predict(sounds[5:], verbose=0), 1e-4)


@pytest.mark.slow
@pytest.mark.usefixtures("in_process", "mediapipe")
def test_what_the_page_shows_runs(tmp_path):
    (tmp_path / "examples").symlink_to(CHECKOUT / "examples")
    model = kerasaudio.MusiCNN(weights="mtat")
    export(model, tmp_path / "tagger.tflite", verify=False)
    page = (CHECKOUT / "docs" / "export.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python3\n(.*?)```", page, flags=re.DOTALL)
    (block,) = [block for block in blocks if "mediapipe" in block]

    done = subprocess.run(
        [sys.executable, "-c", block],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    assert [start for start, _ in lines] == ["0", "2992", "5984", "8976", "11968"]
    assert {label for _, label in lines} <= set(model.spec.labels)
