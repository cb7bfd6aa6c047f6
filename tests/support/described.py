"""A description with everything in it, and labels that are hard to write down."""

from kerasaudio.core import AudioModel, AudioSpec
from support.tiny import RATE

ODD_LABELS = ("käse 🎵", "two\nlines", 'a,b; "c"')
SPEC = AudioSpec(
    sample_rate=RATE,
    clip_samples=4_000,
    window_samples=4_000,
    architecture="Tiny",
    weights="own",
    labels=("a", "b", "c"),
    license="MIT",
    citation="Somebody, A Paper, 2020",
    homepage="https://example.org/tiny",
)


def with_labels(model: AudioModel, labels: tuple[str, ...]) -> AudioModel:
    """Give the same network with other labels."""
    return AudioModel(model.input, model.output, spec=model.spec.replace(labels=labels))
