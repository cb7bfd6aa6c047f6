"""AST against Hugging Face transformers, on a small network filled by rule.

The golden file was made by tools/make_ast_golden.py with transformers 5.23, whose
extractor uses NumPy where torchaudio is absent.
"""

import numpy as np
import pytest

import kerasaudio
from support.originals import Pair, ast_clip, ast_taps
from support.seeded_ast import CONFIG, SECONDS, fill, run_upstream, waveform, write

TAPS = {"frontend": 3e-4, "embedding": 2e-5, "predictions": 2e-5}


def load(folder):
    return kerasaudio.AST(
        weights=folder / "model.safetensors", classifier_activation=None
    )


def check(pairs):
    for tap, atol in TAPS.items():
        got, want = pairs[tap]
        assert want.std() > 1e-2  # a dead network passes anything
        np.testing.assert_allclose(got, want, atol=atol, err_msg=tap)


@pytest.fixture(scope="module")
def seeded_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ast")
    write(folder)
    return load(folder)


@pytest.mark.parametrize("clip", SECONDS)
def test_seeded_network_gives_what_transformers_gave(seeded_model, clip):
    check(ast_clip(seeded_model, clip))


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
        got, want = ast_taps(model, heard), run_upstream(tmp_path, heard)
        check({tap: Pair(got[tap], want[tap]) for tap in TAPS})
