"""Fixtures that every room shares."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest

# The same examples every time: a change fails for what it changed, not by the dice, nor
# by the speed of the machine, which compiles what is new.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.load_profile("steady")

CHECKOUT = Path(__file__).parents[1]
# On a GPU, tests compare full float32 with full float32.
os.environ.setdefault("KERASAUDIO_PRECISION", "exact")
# Benchmarks are not installed; they lie beside the package.
sys.path.append(str(CHECKOUT))


# Their layers are much those of AST, CNN6, CNN14DecisionLevelMax, EfficientAT, CLAP,
# MusicVGG, PaSST, ShortChunkResNet and Wav2Vec2, but jax compiles every operation of
# every network, for minutes.
SLOW_ON_JAX = {
    *("AudioMAE", "EdgeL3", "HTSAT", "HuBERT", "MAEST", "OpenL3", "ShortChunkCNN"),
    *("CNN10", "CNN14", "CNN14DecisionLevelAtt", "WavegramLogmelCNN14"),
    *("PANNsMobileNetV1", "PANNsMobileNetV2", "PANNsResNet"),
    "WhisperEncoder",  # much like AST; `test_layers` hears what it does to lengths
}
# These have much in common with AST, CED, CRNN, SampleCNN and YAMNet, but for the
# lengths that they take, which are treated on jax alone.
SLOW_BUT_FOR_LENGTHS = {
    *("BEATs", "CNNSA", "Dasheng", "EAT", "FCN", "HarmonicCNN", "PaSST"),
    *("SampleCNNSE", "SpeechMusicNoise", "Wav2Vec2"),
}


# Folders and files of `pytest -m quick`: something of most rooms, in little time.
QUICK = (
    *("audio", "checkpoints", "files", "metrics"),
    *("weights/test_fetch.py", "weights/test_listing.py", "weights/test_manifest.py"),
    *("weights/test_load.py", "weights/test_whereabouts.py"),
    *("core/test_audio_input.py", "core/test_shapes.py", "core/test_spec.py"),
    *("layers/test_mel.py", "layers/test_scale.py", "layers/test_stft.py"),
    *(
        "models/test_yamnet.py",
        "parity/test_musicnn_bundled.py",
        "parity/test_yamnet.py",
    ),
    *("cli/test_catalog.py", "cli/test_start.py", "cli/test_wording.py"),
    *("events/test_events.py", "features/test_table.py", "datasets/test_folder.py"),
    *("test_arguments.py", "test_extras.py", "test_loading.py"),
    *("test_ontology.py", "test_rooms.py", "test_text.py"),
)


# Folders and files of `pytest -m gpu`: what is to give the same numbers on a GPU.
GPU = (
    *("layers", "parity"),
    *("core/test_exactness.py", "core/test_half_precision.py", "core/test_memory.py"),
    *("core/test_devices.py", "core/test_inference.py", "core/test_torch_program.py"),
    *("models/test_contract.py", "models/test_dtypes.py", "models/test_open_length.py"),
    *("features/test_extractor.py", "streaming", "benchmarks/test_gpu.py"),
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Mark what takes long on this backend, or little, before marks are selected."""
    _mark_gpu(items, "gpu" in str(config.option.markexpr))
    if os.environ.get("KERAS_BACKEND") == "jax":
        _mark_slow_on_jax(items)
    places = {CHECKOUT / "tests" / place for place in QUICK}
    if missing := sorted(str(place) for place in places if not place.exists()):
        raise pytest.UsageError(f"QUICK in conftest.py names {', '.join(missing)}.")
    quick = {
        path
        for path in {item.path for item in items}
        if not places.isdisjoint((path, *path.parents))
    }
    for item in items:
        if item.path in quick and not item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.quick)


def _mark_gpu(items: list[pytest.Item], is_asked_for: bool) -> None:
    """Mark the tests of GPU; if they are asked for, skip them where there is none."""
    places = {CHECKOUT / "tests" / place for place in GPU}
    if missing := sorted(str(place) for place in places if not place.exists()):
        raise pytest.UsageError(f"GPU in conftest.py names {', '.join(missing)}.")
    skipped = None
    if is_asked_for:
        import keras

        from kerasaudio.core.devices import devices

        if not any(name.startswith("gpu") for name in devices()):
            reason = f"{keras.backend.backend()} sees no GPU"
            skipped = pytest.mark.skip(reason=reason)
    for item in items:
        if not places.isdisjoint((item.path, *item.path.parents)):
            item.add_marker(pytest.mark.gpu)
            if skipped is not None:
                item.add_marker(skipped)


def _mark_slow_on_jax(items: list[pytest.Item]) -> None:
    for item in items:
        given = getattr(item, "callspec", None)
        values = () if given is None else given.params.values()
        slow = set(SLOW_ON_JAX)
        if item.path.name not in ("test_open_length.py", "test_one_window_rule.py"):
            slow |= SLOW_BUT_FOR_LENGTHS
        if any(isinstance(value, str) and value in slow for value in values):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with reference checkpoints, golden outputs and real clips."""
    folder = Path(os.environ.get("KERASAUDIO_SHARED", CHECKOUT.parent / "shared"))
    if not (folder / "reference").is_dir():
        if os.environ.get("KERASAUDIO_REQUIRE_SHARED"):
            pytest.fail(f"KERASAUDIO_REQUIRE_SHARED is set, but {folder} is absent")
        pytest.skip(f"reference folder {folder} is absent")
    return folder


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _same_weights() -> None:
    """Draw a test's random weights alike in every run, whatever ran before it."""
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(0)


@pytest.fixture(autouse=True)
def _own_cache(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test reads or fills the user's cache, nor obeys the user's settings."""
    monkeypatch.setenv(
        "KERASAUDIO_CACHE", str(tmp_path_factory.getbasetemp() / "cache")
    )
    monkeypatch.delenv("KERASAUDIO_WEIGHTS", raising=False)


@pytest.fixture(scope="module", autouse=True)
def _forget_compilations() -> Iterator[None]:
    """jax keeps all that it ever compiled: 7 GB and more over the whole suite."""
    yield
    if "jax" in sys.modules and os.environ.get("KERAS_BACKEND") == "jax":
        gc.collect()
        sys.modules["jax"].clear_caches()
