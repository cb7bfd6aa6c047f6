"""AST against Hugging Face transformers, on a small network filled by rule.

The golden file was made by tools/make_ast_golden.py with transformers 5.23, whose
extractor uses NumPy where torchaudio is absent.
"""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

import kerasaudio
from support.seeded_ast import CONFIG, MODEL_TYPE, SECONDS, fill, run_upstream, waveform
from support.seeding import read_shapes, seeded

GOLDEN = Path(__file__).parents[1] / "golden"
TAPS = {"frontend": 3e-4, "embedding": 2e-5, "predictions": 2e-5}


def load(folder):
    return kerasaudio.AST(
        weights=folder / "model.safetensors", classifier_activation=None
    )


def hear(model, clip):
    outputs = {tap: model.get_layer(tap).output for tap in TAPS}
    probe = keras.Model(model.input, outputs)
    return {
        tap: output[0] for tap, output in probe.predict(clip[None], verbose=0).items()
    }


def check(got, want):
    for tap, atol in TAPS.items():
        assert want[tap].std() > 1e-2  # a dead network passes anything
        np.testing.assert_allclose(got[tap], want[tap], atol=atol, err_msg=tap)


@pytest.fixture(scope="module")
def seeded_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ast")
    shapes = read_shapes((GOLDEN / "ast_seeded_keys.txt").read_text())
    save_file(seeded(shapes), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG | MODEL_TYPE))
    return load(folder)


@pytest.mark.parametrize("clip", SECONDS)
def test_seeded_network_gives_what_transformers_gave(seeded_model, clip):
    golden = np.load(GOLDEN / "ast_seeded.npz")
    want = {tap: golden[f"{clip}_{tap}"] for tap in TAPS}

    check(hear(seeded_model, waveform(clip)), want)


@pytest.mark.filterwarnings("ignore:At least one mel filter:UserWarning")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"num_attention_heads": 2, "frequency_stride": 16, "time_stride": 10},
        {"num_hidden_layers": 1, "hidden_size": 60, "max_length": 80},
    ],
    ids=["golden", "heads and strides", "size and length"],
)
def test_a_network_saved_by_transformers_gives_the_same(tmp_path, changes):
    pytest.importorskip("torch", reason="transformers' AST needs torch")
    transformers = pytest.importorskip("transformers")
    config = transformers.ASTConfig(**CONFIG | changes)
    transformers.ASTForAudioClassification(config).save_pretrained(tmp_path)
    fill(tmp_path)
    model = load(tmp_path)

    for clip in SECONDS:
        heard = waveform(clip)
        check(hear(model, heard), run_upstream(tmp_path, heard))
