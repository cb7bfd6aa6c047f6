"""The tagger on real sounds: what it names is what people hear."""

import json

import pytest

import kerasaudio

# Clips of ESC-10 (FOLD-CLIP-TAKE-TARGET) and AudioSet labels that fit.
CLIPS = {
    "1-100032-A-0.ogg": {"Dog", "Bark", "Animal", "Domestic animals, pets", "Bow-wow"},
    "1-26806-A-1.ogg": {"Chicken, rooster", "Crowing, cock-a-doodle-doo", "Fowl"},
    "1-172649-A-40.ogg": {"Helicopter", "Aircraft", "Vehicle"},
    "1-17367-A-10.ogg": {"Rain", "Rain on surface", "Raindrop"},
}


@pytest.mark.shared
@pytest.mark.parametrize("clip", CLIPS)
def test_efficient_at_names_real_clips(shared, monkeypatch, clip):
    monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(shared / "reference"))
    model = kerasaudio.EfficientAT(weights="audioset")

    tags = model.tag(shared / "data" / "esc10" / "audio" / clip, top=3)

    assert {label for label, _ in tags} & CLIPS[clip]


@pytest.mark.shared
def test_the_command_names_real_clips_without_a_model(shared, capsys):
    from kerasaudio.cli import main

    audio = shared / "data" / "esc10" / "audio"
    clips = [str(audio / clip) for clip in CLIPS]

    assert main(["tag", *clips, "--top", "3", "--json"]) == 0

    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for tagged, fitting in zip(found, CLIPS.values(), strict=True):
        assert {tag["label"] for tag in tagged["tags"]} & fitting
