"""Ascent towards a label or unit: it rises, stops, resumes, diverges; bad input."""

import keras
import numpy as np
import pytest
import soundfile
from keras import ops

import kerasaudio
from kerasaudio import AudioModel, AudioSpec
from kerasaudio.interpret import Auralization, Priors, auralize
from kerasaudio.interpret import ascent as ascent_module
from kerasaudio.interpret.objective import objective_of
from kerasaudio.interpret.target import find_target

RATE, SAMPLES = 8_000, 400


def own(outputs, waveform, labels=("low", "high")):
    """Make a model of a user's own layers."""
    spec = AudioSpec(RATE, SAMPLES, SAMPLES, labels=labels)
    return AudioModel(waveform, outputs, spec=spec)


@pytest.fixture(scope="module")
def tones():
    """A network that tells a tone of 500 Hz from one of 2 kHz."""
    waveform = keras.Input((SAMPLES,))
    x = keras.layers.Reshape((SAMPLES, 1))(waveform)
    bank = keras.layers.Conv1D(2, 64, activation="relu", name="bank")
    x = keras.layers.GlobalAveragePooling1D(name="means")(bank(x))
    time = np.arange(64)[:, None] / RATE
    kernel = np.sin(2 * np.pi * np.array([500, 2_000]) * time)[:, None]
    bank.set_weights([kernel, np.zeros(2)])
    score = keras.layers.Dense(2, activation="softmax", name="mine")
    model = own(score(x), waveform)
    score.set_weights([np.eye(2), np.zeros(2)])
    return model


def peak(waveform):
    spectrum = np.abs(np.fft.rfft(waveform))
    return spectrum.argmax() * RATE / len(waveform)


@pytest.mark.parametrize(("label", "hertz"), [("low", 500), ("high", 2_000)])
def test_it_makes_what_the_network_listens_to(tones, label, hertz):
    priors = Priors(slope_db=0, band=(50, None))
    made = auralize(tones, label, priors=priors, iterations=40, step=0.02)
    assert peak(made.waveform) == pytest.approx(hertz, abs=150)
    assert made.course[-1] > 0.6 > made.course[0]
    scores = tones.predict(made.waveform[None], verbose=0)[0]
    assert made.score == pytest.approx(scores[["low", "high"].index(label)], 1e-3)
    assert made.stopped == "finished"
    assert np.sqrt((made.waveform**2).mean()) <= 0.1 + 1e-4


def test_against_a_label_is_towards_the_other(tones):
    made = auralize(tones, "low", against=True, iterations=60, step=0.02)
    assert made.target == "not low"
    scores = tones.predict(made.waveform[None], verbose=0)[0]
    assert made.score == pytest.approx(1 - scores[0], 1e-3)
    assert made.score > made.course[0]


def test_plain_ascent_adds_the_gradient(tones):
    made = auralize(tones, "low", priors=None, iterations=1, step=0.5)
    ascent = ascent_module.Ascent(SAMPLES, RATE, 0.5, None, 0)
    start = ascent.noise(1)
    change = (made.waveform - start[0]) / 0.5
    target = find_target(tones, "low")
    objective = objective_of(tones, target, is_label=True, against=False)

    def value(x):
        return ops.convert_to_numpy(objective.value(target.network(x), x))[0]

    tiny = 1e-3 * change[None] / np.abs(change).max()
    slope = (value(start + tiny) - value(start - tiny)) / 2
    assert slope == pytest.approx((change * tiny[0]).sum(), rel=0.02)


def test_a_unit_and_a_goal(tones):
    made = auralize(tones, layer="means", unit=1, until=0.2, step=0.02)
    assert made.stopped == "reached"
    assert made.score >= 0.2
    assert len(made.course) < 400
    assert "means, unit 1" in repr(made)


def test_it_goes_on_as_if_nothing_had_happened(tones):
    whole = auralize(tones, "high", iterations=12)
    half = auralize(tones, "high", iterations=6)
    resumed = auralize(tones, "high", iterations=6, start=half)
    np.testing.assert_allclose(resumed.waveform, whole.waveform, atol=1e-6)
    np.testing.assert_allclose(resumed.course, whole.course, atol=1e-6)
    other = auralize(tones, "low", iterations=2, start=half.waveform)
    assert len(other.course) == 2


def test_ctrl_c_keeps_what_is_there(tones, monkeypatch):
    real = ascent_module.Ascent.move
    calls = []

    def move(self, waveforms, gradient):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(self, waveforms, gradient)

    monkeypatch.setattr(ascent_module.Ascent, "move", move)
    made = auralize(tones, "low", iterations=9)
    assert made.stopped == "interrupted"
    assert made.note == "Interrupted after 3 iterations."
    more = auralize(tones, "low", iterations=6, start=made)
    whole = auralize(tones, "low", iterations=9)
    np.testing.assert_allclose(more.waveform, whole.waveform, atol=1e-6)
    np.testing.assert_allclose(more.course, whole.course, atol=1e-6)


def test_progress_is_shown(tones, capsys):
    auralize(tones, "low", iterations=2, progress=True)
    assert "low" in capsys.readouterr().err
    auralize(tones, "low", iterations=2)
    assert capsys.readouterr().err == ""


def of_value(function):
    """Make a model whose only score is a function of the mean square."""
    waveform = keras.Input((SAMPLES,))
    power = keras.layers.Lambda(
        lambda x: function(ops.mean(x**2, axis=1, keepdims=True)),
        output_shape=(1,),
        name="power",
    )
    return own(power(waveform), waveform, labels=("loud",))


def test_what_is_not_finite_is_stopped_and_said():
    model = of_value(lambda power: ops.sqrt(0.001 - power))
    with pytest.warns(UserWarning, match="'?loud'?: Stopped after .* not finite"):
        made = auralize(model, "loud", against=True, step=0.02)
    assert made.stopped == "diverged"
    assert np.isfinite(made.score)


def test_a_falling_score_is_stopped_and_said():
    model = of_value(lambda power: -power)
    with pytest.warns(UserWarning, match="below that of the start"):
        made = auralize(model, "loud", priors=None, step=5e4, iterations=200)
    assert made.stopped == "diverged"
    assert len(made.course) < 200
    assert made.score == pytest.approx(made.course[0], rel=1e-3)  # the best one


def test_a_silent_unit_is_an_error():
    model = of_value(lambda power: ops.relu(power - 1))
    with pytest.raises(ValueError, match=r"no gradient at the start.*another seed"):
        auralize(model, "loud")


def test_a_network_without_gradients_is_an_error():
    model = of_value(lambda power: ops.cast(power > 1, "float32"))
    with pytest.raises(ValueError, match="no gradient"):
        auralize(model, "loud")


def test_where_the_gradient_ends():
    model = of_value(lambda power: ops.minimum(power, 0.004))
    made = auralize(model, "loud", step=0.02)
    assert made.stopped == "flat"
    assert made.score == pytest.approx(0.004)


def test_processed_scores_have_a_slope_in_odds():
    """YAMNet's scores are means of sigmoids."""
    waveform = keras.Input((SAMPLES,))
    scores = keras.layers.Dense(3, activation="sigmoid", name="predictions")(waveform)
    mean = keras.layers.Rescaling(1.0)(scores)
    model = own(mean, waveform, labels=("a", "b", "c"))
    target = find_target(model, "b")
    objective = objective_of(model, target, is_label=True, against=False)
    values = objective.value(np.float32([[0.2, 0.9, 0.5]]), None)
    odds = ops.convert_to_numpy(values)
    assert odds[0] == pytest.approx(np.log(9), rel=1e-4)
    assert objective.score(odds)[0] == pytest.approx(0.9, rel=1e-4)


@pytest.mark.parametrize("last", ["dense", "activation", "softmax"])
def test_log_odds_give_the_score(last, rng):
    waveform = keras.Input((SAMPLES,))
    if last == "dense":
        scores = keras.layers.Dense(3, activation="softmax")(waveform)
    else:
        x = keras.layers.Dense(3)(waveform)
        way = {"activation": keras.layers.Activation("softmax")}
        scores = way.get(last, keras.layers.Softmax())(x)
    model = own(scores, waveform, labels=("a", "b", "c"))
    target = find_target(model, "c")
    assert target.network is not model
    objective = objective_of(model, target, is_label=True, against=False)
    x = rng.normal(size=(2, SAMPLES)).astype("float32")
    values = ops.convert_to_numpy(objective.value(target.network(x), x))
    expected = ops.convert_to_numpy(model(x))[:, 2]
    np.testing.assert_allclose(objective.score(values), expected, rtol=1e-3)


def test_result(tones, tmp_path):
    made = auralize(tones, "low", iterations=3, seed=5)
    assert made.settings["seed"] == 5
    assert made.settings["priors"]["rms"] == 0.1
    assert made.describe().crest_factor > 1
    path = made.save(tmp_path / "low.wav")
    sound, rate = soundfile.read(path)
    assert rate == RATE
    np.testing.assert_allclose(sound, made.waveform, atol=1e-4)
    with pytest.raises(ValueError, match=r"no suffix of a sound file, such as \.wav"):
        made.save(tmp_path / "low.txt")
    with pytest.raises(OSError, match="cannot be written"):
        made.save(tmp_path / "none" / "low.wav")


def test_any_length():
    waveform = keras.Input((None,))
    x = keras.layers.Reshape((-1, 1))(waveform)
    x = keras.layers.GlobalAveragePooling1D()(keras.layers.Conv1D(2, 9)(x))
    spec = AudioSpec(RATE, None, SAMPLES, min_samples=9, labels=("low", "high"))
    outputs = keras.layers.Dense(2, activation="sigmoid")(x)
    model = AudioModel(waveform, outputs, spec=spec, name="any")
    made = auralize(model, "high", iterations=2, seconds=0.2)
    assert made.waveform.shape == (1_600,)
    assert made.model == "any"
    assert auralize(model, "high", iterations=1).waveform.shape == (RATE,)
    with pytest.raises(ValueError, match="takes at least 9 samples"):
        auralize(model, "high", seconds=0.001)
    with pytest.raises(ValueError, match="The sound would have 4,000,"):
        auralize(model, "high", seconds=4e9 / model.spec.sample_rate)


@pytest.mark.slow
def test_a_network_on_spectrograms():
    model = kerasaudio.LeNetMFCC(weights="fsdd")
    made = auralize(model, "3", iterations=10, seconds=0.5)
    assert made.model == "LeNetMFCC/fsdd"
    assert made.score > made.course[0]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"label": "mid"}, "no label 'mid'. Its labels are: 'low', 'high'"),
        ({"layer": "banks", "unit": 0}, "has no layer 'banks'. Its layers are: "),
        ({"label": "low", "iterations": 0}, "iterations must be a whole number"),
        ({"label": "low", "step": 0}, "step must be a number above 0"),
        ({"label": "low", "until": "high"}, "until must be a finite number"),
        ({"label": "low", "seed": -1}, "seed must be a whole number"),
        ({"label": "low", "seconds": 1}, r"takes exactly 400 samples \(0.05 s\)"),
        ({"label": "low", "start": np.zeros(7)}, "Received: 7 "),
        ({"label": "low", "start": [np.nan] * 400}, "start must contain finite"),
        ({"label": "low", "priors": "none"}, r"Priors\(...\), or None for plain"),
    ],
)
def test_wrong_arguments(tones, wrong, says):
    with pytest.raises(ValueError, match=says):
        auralize(tones, **wrong)


def test_wrong_model_and_start(tones):
    with pytest.raises(ValueError, match="auralize takes a model of kerasaudio"):
        auralize(keras.Sequential(), "low")
    made = auralize(tones, "low", iterations=1)
    with pytest.raises(ValueError, match="made for 'low', not for 'not low'"):
        auralize(tones, "low", against=True, start=made)
    assert isinstance(made, Auralization)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"shift_seconds": -1}, "shift_seconds"),
        ({"slope_db": -1}, "slope_db"),
        ({"rms": 0}, "rms"),
        ({"band": 100}, "band must be two frequencies"),
        ({"band": (100, 50)}, "highest frequency of band"),
    ],
)
def test_wrong_priors(wrong, says):
    with pytest.raises(ValueError, match=says):
        Priors(**wrong)


def test_a_band_without_a_frequency(tones):
    with pytest.raises(ValueError, match="has no frequency within the band"):
        auralize(tones, "low", priors=Priors(band=(41, 42)))


def test_priors_shape_the_gradient():
    gain = Priors(slope_db=6.0206, band=(100, 1_000)).gain(800, RATE)  # bins of 10 Hz
    assert gain[9] == 0 == gain[101]
    assert gain[10] == pytest.approx(1)
    assert gain[20] == pytest.approx(0.5, rel=1e-3)
    assert gain[80] == pytest.approx(1 / 8, rel=1e-3)
