"""What is no model and what are no clips: told by every function that takes them."""

import pytest

import kerasaudio
from kerasaudio import datasets, evaluation, training, transfer
from support.tiny import tiny_model

CLIPS = {
    "ClipBatches": lambda model, clips: datasets.ClipBatches(clips, model),
    "split": lambda model, clips: datasets.split(clips, (0.5, 0.5)),
    "k_fold": lambda model, clips: datasets.k_fold(clips, 3),
    "predict_clips": evaluation.predict_clips,
    "evaluate": kerasaudio.evaluate,
    "cross_validate": kerasaudio.cross_validate,
    "fine_tune": transfer.fine_tune,
    "train": lambda model, clips: training.train(model, clips, None, "a.keras"),
}
MODELS = {
    "evaluate": kerasaudio.evaluate,
    "fine_tune": transfer.fine_tune,
    "train": CLIPS["train"],
    "export": lambda model, _: kerasaudio.export(model, "a.tflite"),
    "find_events": kerasaudio.events.find_events,
    "framewise": lambda model, _: kerasaudio.events.framewise(model),
}


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("clips", ["sounds/", None, ["a.wav"], 3])
def test_what_are_no_clips(name, clips, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kind = type(clips).__name__
    with pytest.raises(
        ValueError, match=rf"clips must be labeled clips .* Received: {kind}\."
    ):
        CLIPS[name](tiny_model(), clips)
    assert not list(tmp_path.glob("a.keras*"))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("model", ["MusiCNN/mtat", None])
def test_what_is_no_model(name, model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kind = type(model).__name__
    message = rf"{name} takes a model of kerasaudio\. Received: {kind}\."
    with pytest.raises(ValueError, match=message):
        MODELS[name](model, "sounds/")
    assert not list(tmp_path.iterdir())
