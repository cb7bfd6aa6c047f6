"""A spec tells itself in a line."""

import pytest

import kerasaudio
from kerasaudio.core import AudioSpec
from support.described import SPEC

FACTS = "sample_rate=16000, window_seconds=10"


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (AudioSpec(16_000, None, 160_000), f"{FACTS}, labels=None"),
        (AudioSpec(16_000, None, 160_000, "Own"), f"'Own', {FACTS}, labels=None"),
        (
            AudioSpec(16_000, None, 4_000, labels=("a", "b")),
            "sample_rate=16000, window_seconds=0.25, labels=2",
        ),
        (SPEC.replace(sample_rate=8_000), "'Tiny/own', sample_rate=8000, "),
        (SPEC.replace(trained_on=("mine",)), "'Tiny', sample_rate="),
        (SPEC.replace(architecture="A\nB", weights=None), r"'A\nB', sample_rate="),
    ],
)
def test_the_repr_names_the_network_its_rate_and_its_window(spec, told):
    assert repr(spec).startswith(f"AudioSpec({told}")
    assert repr(spec).endswith(")")


def test_the_repr_counts_labels_and_lists_none():
    spec = kerasaudio.YAMNet(weights="audioset").spec
    assert repr(spec).startswith("AudioSpec('YAMNet/audioset', ")
    assert "labels=521" in repr(spec)
    assert "Speech" not in repr(spec)
    assert "\n" not in repr(spec)
    assert len(repr(spec)) < 100
