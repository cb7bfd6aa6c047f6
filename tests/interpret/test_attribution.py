"""Each method finds the tone that a network listens to, and when."""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio import interpret
from kerasaudio.interpret import Attribution
from kerasaudio.interpret.view import places_of
from support.listener import HEARD, RATE, UNHEARD, listener, two_tones

METHODS = {
    "saliency": (interpret.saliency, {}),
    "saliency on samples": (interpret.saliency, {"on": "waveform"}),
    "smooth_grad": (interpret.smooth_grad, {"samples": 4, "noise": 0.02}),
    "integrated": (interpret.integrated_gradients, {}),
    "integrated on samples": (interpret.integrated_gradients, {"on": "waveform"}),
    "grad_cam": (interpret.grad_cam, {}),
    "occlusion": (interpret.occlusion, {}),
    "occlusion of both": (interpret.occlusion, {"over": "both", "bands": 4}),
    "occlusion of features": (
        interpret.occlusion,
        {"on": "spectrogram", "over": "both", "bands": 4},
    ),
}


@pytest.fixture(scope="module")
def model():
    return listener()


@pytest.fixture(scope="module")
def sound():
    return two_tones(3.0)  # three windows, which is no power of two


@pytest.fixture(scope="module", params=METHODS)
def found(request, model, sound):
    method, arguments = METHODS[request.param]
    return method(model, sound, RATE, label="tone", **arguments)


def test_it_finds_when(found):
    times, mass = found.over_time(0.1)
    assert mass.sum() == pytest.approx(1)
    inside = (times > HEARD[0] - 0.2) & (times < HEARD[1] + 0.2)
    # Gradients of log energy are largest where the band is faint, so on samples they
    # say where a little would change much.
    least = 0.3 if found.kind == "sensitivity" else 0.9
    assert mass[inside].sum() > least


def test_it_finds_where(found):
    if found.frequencies is None:
        pytest.skip("over time alone")
    at = found.strength.sum(axis=0)
    if found.method == "grad_cam":  # maps without frequencies cover all
        pytest.fail("maps of Conv1D have no frequencies")
    assert 700 < found.frequencies[at.argmax()] < 1_400


def test_the_rest_of_the_result(found, sound):
    assert found.target == "tone"
    assert len(found.values) == len(found.times)
    assert found.values.dtype == np.float32
    assert np.isfinite(found.values).all()
    assert np.isfinite(found.score)
    assert "'tone' by " in repr(found)
    for keep in (None, 0.1):
        mask = found.mask(keep)
        assert mask.shape == found.values.shape
        assert mask.min() >= 0
        assert mask.max() == 1
    heard = found.sound()
    assert heard.shape == sound.shape
    assert np.abs(heard).max() <= 1.1 * np.abs(sound).max()


def energy(sound, span, hertz):
    part = sound[round(span[0] * RATE) : round(span[1] * RATE)]
    power = np.abs(np.fft.rfft(part)) ** 2
    at = round(hertz * len(part) / RATE)
    return power[at - 3 : at + 4].sum()


def test_the_sound_has_what_it_listened_to(model, sound):
    found = interpret.integrated_gradients(model, sound, RATE, label="tone")
    heard = found.sound()
    assert energy(heard, HEARD, 1_000) > 0.3 * energy(sound, HEARD, 1_000)
    assert energy(heard, UNHEARD, 3_000) < 1e-3 * energy(sound, UNHEARD, 3_000)


@pytest.mark.parametrize("on", ["waveform", "spectrogram"])
def test_contributions_add_up(model, sound, on):
    found = interpret.integrated_gradients(model, sound, RATE, label="tone", on=on)
    gain = found.score - found.details["baseline"]
    assert gain > 0.1
    assert found.details["completeness_error"] <= 0.01
    assert found.values.sum(dtype="float64") == pytest.approx(gain, rel=0.01)


def test_too_few_steps_are_said(sound):
    model = kerasaudio.LeNetMFCC(weights="fsdd")
    found = interpret.integrated_gradients(
        model, sound, RATE, label="3", steps=26, tolerance=1e-6
    )
    assert found.details["completeness_error"] > 1e-6
    assert "completeness_error=" in repr(found)
    assert found.details["steps"] <= 26


def test_the_gradient_is_the_slope(model, sound):
    found = interpret.saliency(model, sound, RATE, label="tone", on="waveform")
    step = found.values / np.linalg.norm(found.values) * np.float32(1e-3)
    scores = [
        interpret.saliency(model, each, RATE, label="tone", on="waveform").score
        for each in (sound + step, sound - step)
    ]
    slope = (scores[0] - scores[1]) / 2e-3
    assert slope == pytest.approx(np.linalg.norm(found.values), rel=0.05)


def test_a_window_counts_as_in_the_score(model):
    """A clip of 1.3 windows: the rest of 0.3 has the weight 0.3."""
    sound = two_tones(1.3)
    found = interpret.saliency(model, sound, RATE, label="tone", on="waveform")
    parts = [
        interpret.saliency(model, part, RATE, label="tone", on="waveform")
        for part in (sound[:RATE], sound[RATE:])
    ]
    weights = 1 / 1.3, 0.3 / 1.3
    score = sum(w * part.score for w, part in zip(weights, parts, strict=True))
    assert found.score == pytest.approx(score, rel=1e-4)
    values = [w * part.values for w, part in zip(weights, parts, strict=True)]
    np.testing.assert_allclose(
        found.values, np.concatenate(values), rtol=1e-3, atol=1e-5
    )


def test_places_of_copies_are_those_of_their_originals():
    repeating = kerasaudio.SampleCNN(weights="fsdd")  # short clips are repeated
    window = repeating.spec.window_samples
    (places,) = places_of(repeating, 100)
    np.testing.assert_array_equal(places, np.arange(window) % 100)
    long = places_of(repeating, window * 5 // 2)
    np.testing.assert_array_equal(long[1], window + np.arange(window))


def test_silence_around_a_clip_has_no_place(model):
    (places,) = places_of(model, 100)
    np.testing.assert_array_equal(places, [*range(100), *[-1] * 300])


def test_the_same_answer_twice_and_after_new_weights(sound):
    """What is compiled is kept; weights are read anew."""
    model = listener()
    first = interpret.saliency(model, sound, RATE, label="tone")
    again = interpret.saliency(model, sound, RATE, label="tone")
    np.testing.assert_array_equal(first.values, again.values)
    other = interpret.saliency(model, sound, RATE, label="other")
    np.testing.assert_allclose(other.values, -first.values, atol=1e-7)
    kernel, bias = model.get_layer("predictions").get_weights()
    model.get_layer("predictions").set_weights([3 * kernel, bias])
    changed = interpret.saliency(model, sound, RATE, label="tone")
    np.testing.assert_allclose(changed.values, 3 * first.values, rtol=1e-4, atol=1e-7)


def test_several_threads_at_once(model, sound):
    wanted = interpret.saliency(model, sound, RATE, label="tone").values

    def ask(_):
        return interpret.saliency(model, sound, RATE, label="tone").values

    with ThreadPoolExecutor(4) as pool:
        for values in pool.map(ask, range(12)):
            np.testing.assert_allclose(values, wanted, atol=1e-6)


def test_the_model_does_not_grow(model, sound):
    def outbound():
        return sum(len(layer._outbound_nodes) for layer in model.layers)

    interpret.saliency(model, sound, RATE, label="tone")
    before = outbound()
    for label in ("tone", "other"):
        interpret.saliency(model, sound, RATE, label=label)
    assert outbound() == before


def test_networks_on_the_waveform():
    model = kerasaudio.BarkNet(weights="esc10")
    sound = np.random.default_rng(0).normal(0, 0.1, 16_000).astype("float32")
    found = interpret.grad_cam(model, sound, 16_000, label="dog")
    assert found.values.shape == (100,)
    assert found.frequencies is None
    with pytest.raises(ValueError, match=r"no front-end.*Pass on='waveform'"):
        interpret.saliency(model, sound, 16_000, label="dog")


def test_a_layer_and_its_unit(sound):
    model = kerasaudio.LeNetMFCC(weights="fsdd")
    found = interpret.grad_cam(model, sound, RATE, layer="conv2", unit=3, at="conv1")
    assert found.target == "conv2, unit 3"
    curve = interpret.deletion_curve(model, found, steps=2)
    assert curve.scores[0] == pytest.approx(found.score, rel=1e-3)


def test_maps_beside_a_way_around_them(model, sound):
    """A convolution whose input also goes on beside it, as in residual networks."""
    x = model.get_layer("frontend").output
    branch = keras.layers.Conv1D(16, 3, padding="same", name="branch")(x)
    x = keras.layers.GlobalAveragePooling1D()(keras.layers.Add()([x, branch]))
    scores = keras.layers.Dense(2, "softmax", name="predictions")(x)
    residual = type(model)(model.input, scores, name="residual", spec=model.spec)
    kernel = np.full((3, 16, 16), -0.1, "float32")  # of logarithms below 0
    residual.get_layer("branch").set_weights([kernel, np.zeros(16, "float32")])
    top = np.float32(16 * [[1, -1]]), np.zeros(2, "float32")
    residual.get_layer("predictions").set_weights(top)
    before = residual.get_config()
    found = interpret.grad_cam(residual, sound, RATE, label="tone", at="branch")
    assert found.values.shape == (301,)
    assert found.mass > 0
    assert residual.get_config() == before  # it can be saved


def test_features_that_are_no_frequencies_mask_over_time(sound):
    model = kerasaudio.LeNetMFCC(weights="fsdd")
    found = interpret.saliency(model, sound, RATE, label="3")
    assert found.frequencies is None
    assert found.values.shape[1] == 40
    assert found.sound().shape == sound.shape


def rounding_model():
    """Build a network whose scores have no slope."""
    model = listener()
    x = keras.ops.round(model.get_layer("frontend").output * 4)
    x = keras.layers.GlobalAveragePooling1D()(x)
    scores = keras.layers.Dense(2, "softmax", name="predictions")(x)
    spec = model.spec
    return type(model)(model.input, scores, name="rounding", spec=spec)


@pytest.mark.parametrize("method", ["saliency", "integrated_gradients"])
def test_no_gradient_is_an_error(sound, method):
    with pytest.raises(interpret.NoGradientError, match=r"gradient"):
        interpret.attribute(rounding_model(), sound, RATE, label="tone", method=method)


def test_occlusion_needs_no_gradient(sound):
    found = interpret.occlusion(rounding_model(), sound, RATE, label="tone")
    assert found.mass > 0


def test_silence_is_said(model):
    for method in (interpret.saliency, interpret.occlusion, interpret.grad_cam):
        with pytest.raises(ValueError, match="clip is silent: all its samples are 0"):
            method(model, np.zeros(RATE, "float32"), RATE, label="tone")


def test_nothing_that_speaks_for_it_is_no_error(sound):
    nothing = Attribution(
        np.full(4, -1, "float32"),
        np.arange(4) * 0.5 + 0.25,
        None,
        "tone",
        0.0,
        "occlusion",
        "contribution",
        sound,
        RATE,
    )
    assert nothing.mass == 0
    assert not nothing.over_time()[1].any()
    assert not nothing.mask().any()
    assert not nothing.mask(0.5).any()
    assert not nothing.sound().any()
    assert "strongest" not in repr(nothing)


def test_labels_that_are_numbers(sound):
    digits = kerasaudio.LeNetMFCC(weights="fsdd")
    found = interpret.occlusion(digits, sound[:RATE], RATE, label=3, hop_seconds=0.5)
    assert (found.target, found.asked) == ("3", {"label": "3"})
    assert repr(found).startswith("Attribution('3' by occlusion, 2 parts in 1 s")


def test_a_sound_shorter_than_a_hop_is_one_part(model, sound):
    found = interpret.occlusion(model, sound[:450], RATE, label="tone")
    np.testing.assert_allclose(found.times, [450 / RATE / 2])
    assert ", 1 part in 0.06 s, " in repr(found)


def test_what_comes_before_is_an_error(model, sound):
    digits = kerasaudio.LeNetMFCC(weights="fsdd")
    with pytest.raises(interpret.NoGradientError, match="not depend on layer 'conv2'"):
        interpret.grad_cam(digits, sound, RATE, layer="conv1", unit=0, at="conv2")
    with pytest.raises(ValueError, match=r"another way from the waveform. Pass on="):
        interpret.saliency(model, sound, RATE, layer="mel", unit=0)


@pytest.mark.parametrize(
    ("method", "wrong", "says"),
    [
        ("saliency", {"label": "Bark"}, "no label 'Bark'"),
        ("saliency", {"label": "tone", "on": "mel"}, "`on` must be one of"),
        ("saliency", {"layer": "conv"}, "unit of layer 'conv' must be"),
        ("smooth_grad", {"label": "tone", "samples": 0}, "samples must be .* 0"),
        ("smooth_grad", {"label": "tone", "noise": -1}, "noise must be .* -1"),
        ("integrated_gradients", {"label": "tone", "steps": 1}, "steps must be .* 1"),
        ("grad_cam", {"label": "tone", "at": "conf"}, "no layer 'conf'. Its layers"),
        ("grad_cam", {"label": "tone", "at": "embedding"}, "no maps over time"),
        ("occlusion", {"label": "tone", "over": "space"}, "`over` must be one of"),
        ("occlusion", {"label": "tone", "seconds": 0}, "seconds must be .* 0"),
        ("occlusion", {"label": "tone", "hop_seconds": 1e-9}, "least 0.001"),
        ("lime", {"label": "tone"}, "`method` must be one of"),
    ],
)
def test_wrong_arguments(model, sound, method, wrong, says):
    with pytest.raises(ValueError, match=says):
        interpret.attribute(model, sound, RATE, method=method, **wrong)


def test_wrong_audio(model, tmp_path):
    with pytest.raises(ValueError, match="no sample rate"):
        interpret.occlusion(model, np.ones(RATE, "float32"), label="tone")
    with pytest.raises(FileNotFoundError):
        interpret.occlusion(model, tmp_path / "none.wav", label="tone")
    with pytest.raises(ValueError, match="too short"):
        interpret.occlusion(model, np.ones(9, "float32"), RATE, label="tone")
    with pytest.raises(ValueError, match="takes a model of kerasaudio"):
        interpret.occlusion("YAMNet", np.ones(RATE, "float32"), RATE, label="tone")
