"""AST against Hugging Face transformers, on networks that transformers saves."""

import numpy as np
import pytest

import kerasaudio
from support.originals import Pair, ast_taps
from support.seeded_ast import CONFIG, SECONDS, fill, run_upstream, waveform

TAPS = {"frontend": 3e-4, "embedding": 2e-5, "predictions": 2e-5}


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
    model = kerasaudio.AST(
        weights=tmp_path / "model.safetensors", classifier_activation=None
    )

    for clip in SECONDS:
        heard = waveform(clip)
        got, want = ast_taps(model, heard), run_upstream(tmp_path, heard)
        for tap, atol in TAPS.items():
            pair = Pair(got[tap], want[tap])
            assert pair.want.std() > 1e-2  # a dead network passes anything
            np.testing.assert_allclose(*pair, atol=atol, err_msg=tap)
