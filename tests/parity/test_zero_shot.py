"""Both towers of CLAP against Hugging Face transformers 5.24, with words and scores."""

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.models.clap_text import read_sentences
from parity.kit import check_alive
from support.clap import vocabulary, write_clap, write_tokenizer
from support.goldens import Golden

TEXT = {
    "vocab_size": len(vocabulary()),
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 90,
    "type_vocab_size": 1,
}
AUDIO = {
    "spec_size": 64,
    "num_mel_bins": 16,
    "window_size": 4,
    "patch_embeds_hidden_size": 16,
    "depths": [2, 2],
    "num_attention_heads": [2, 4],
    "hidden_size": 32,
    "num_hidden_layers": 2,
}
LABELS = ["a dog barking", "rain on it, 12 times"]
RATE = 48_000


def test_sentences_have_the_vectors_of_the_original(tmp_path):
    golden = Golden.read("clap_small")
    folder = write_clap(tmp_path / "clap", golden.state())
    network = read_sentences(folder / "model.safetensors")
    towers = network.network
    layers = {
        "text_last": "encoder_layer_1_output_LayerNorm",
        "text_pooled": "pooler_dense",
        "text_embeds": "embedding",
    }
    outputs = {key: towers.get_layer(name).output for key, name in layers.items()}
    tokens = golden.arrays["input_ids"].astype("int32")

    got = keras.Model(towers.input, outputs).predict(tokens, verbose=0)

    for key in layers:
        want = golden.arrays[key]
        check_alive(want, key)
        atol = 2e-6 * np.abs(want).max()
        np.testing.assert_allclose(got[key], want, rtol=0, atol=atol, err_msg=key)
    logits = network.scale * golden.arrays["audio_embeds"] @ got["text_embeds"].T
    np.testing.assert_allclose(logits, golden.arrays["logits_per_audio"], atol=2e-6)


def test_a_network_saved_by_transformers_gives_the_same_scores(tmp_path):
    torch = pytest.importorskip("torch", reason="transformers' CLAP needs torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.ClapConfig(
        text_config=TEXT, audio_config=AUDIO, projection_dim=24
    )
    original = transformers.ClapModel(config).eval()
    for weight in original.parameters():
        if weight.ndim:
            weight.data += 0.2 * torch.randn_like(weight)
    hearing = transformers.ClapFeatureExtractor(
        feature_size=16,
        max_length_s=2,
        frequency_min=50,
        truncation="rand_trunc",
        padding="repeatpad",
    )
    original.save_pretrained(tmp_path)
    hearing.save_pretrained(tmp_path)
    write_tokenizer(tmp_path)
    sound = np.random.default_rng(0).normal(0, 0.1, 34_000).astype("float32")

    clap = kerasaudio.ZeroShot(tmp_path)

    tokens = torch.from_numpy(clap.tokens(LABELS))
    heard = hearing(sound, sampling_rate=RATE, return_tensors="pt")
    with torch.no_grad():
        given = original(
            input_ids=tokens.long(),
            attention_mask=(tokens != 1).long(),
            input_features=heard["input_features"],
        )
    sounds, texts = given.audio_embeds.numpy(), given.text_embeds.numpy()
    np.testing.assert_allclose(clap.embed(sound, RATE), sounds[0], atol=2e-6)
    np.testing.assert_allclose(clap.text(LABELS), texts, atol=2e-6)
    scores = given.logits_per_audio.softmax(-1)[0].tolist()
    tags = dict(clap.tag(sound, RATE, labels=LABELS))
    np.testing.assert_allclose([tags[label] for label in LABELS], scores, atol=1e-5)
    assert abs(scores[0] - scores[1]) > 0.1
