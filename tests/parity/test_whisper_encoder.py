"""WhisperEncoder against Hugging Face transformers 5.24, filled by the same rule.

The clips of 2 s are filled with zeros to 30 s; frame 200 and step 100 are their end.
"""

from dataclasses import replace

import numpy as np
import pytest

import kerasaudio
from parity.kit import STEPS, Parity, Stage, each_stage
from support.goldens import Golden
from support.seeded_ast import fill
from support.whisper import CONFIG, whisper_state, write


def around_the_end(frames):
    return frames.transpose(STEPS)[:, :, 190:]


WHISPER = Parity(
    kerasaudio.WhisperEncoder,
    "whisper_encoder_small",
    {
        "input_features": Stage("frontend", 5e-6, STEPS),
        "input_features_tail": Stage("frontend", 5e-6, around_the_end),
        "last": Stage("layer_norm", 1e-5),
        "last_mid": Stage("layer_norm", 1e-5, lambda steps: steps[:, 90:]),
        "last_end": Stage("layer_norm", 2e-5, lambda steps: steps[:, -4:]),
        "mean": Stage("layer_norm", 1e-5, lambda steps: steps.mean(axis=1)),
    },
    weights=lambda folder, golden: write(folder, whisper_state(golden), CONFIG),
)


@each_stage(WHISPER)
def test_stage_equals_the_original(parity, stage):
    parity.check(stage)


def test_the_embedding_of_a_clip_of_30_s_is_the_mean_of_the_original(tmp_path):
    golden = Golden.read("whisper_encoder_small")
    model = kerasaudio.WhisperEncoder(write(tmp_path, whisper_state(golden), CONFIG))
    heard = golden.waveforms()[0]
    filled = np.pad(heard, (0, 480_000 - len(heard)))

    vector = model.embed(filled, 16_000)

    np.testing.assert_allclose(vector, golden.arrays["mean"][0], atol=2e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:At least one mel filter:UserWarning")
def test_a_network_saved_by_transformers_gives_the_same(tmp_path):
    torch = pytest.importorskip("torch", reason="transformers' Whisper needs torch")
    transformers = pytest.importorskip("transformers")
    config = transformers.WhisperConfig(
        vocab_size=64,
        d_model=36,
        encoder_layers=1,
        encoder_attention_heads=3,
        encoder_ffn_dim=40,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=20,
        num_mel_bins=128,
        **{f"{name}_token_id": 1 for name in ("pad", "bos", "eos", "decoder_start")},
    )
    kind = transformers.WhisperForConditionalGeneration
    kind(config).save_pretrained(tmp_path)
    path = str(fill(tmp_path))
    network = kind.from_pretrained(tmp_path).eval()
    extractor = transformers.WhisperFeatureExtractor(feature_size=128)
    golden = Golden.read("whisper_encoder_small")
    clips = list(golden.waveforms())
    heard = extractor(clips, sampling_rate=16_000, return_tensors="pt").input_features
    with torch.no_grad():
        last = network.model.encoder(heard).last_hidden_state
    arrays = {"input_features": heard.numpy(), "last": last.numpy()}
    sound = {"waveform_int16": golden.arrays["waveform_int16"]}
    # Bands narrower than a bin of the FFT may hold little but what it rounds off.
    stages = {
        "input_features": Stage("frontend", 2e-5, STEPS),
        "last": Stage("layer_norm", 2e-5),
    }

    table = replace(WHISPER, weights=path, stages=stages)
    compared = table.run(tmp_path, Golden(arrays | sound))

    for stage in stages:
        compared.check(stage)
