"""Twins give what the originals gave, and the golden files are what twins give."""

from importlib.util import find_spec

import numpy as np
import pytest

import kerasaudio
from kerasaudio.checkpoints.native import model_state
from kerasaudio.checkpoints.torch_file import read_torch
from parity.make_golden import GOLDENS, LIMIT, listed, main, make, run_twin
from support.goldens import GOLDEN, Golden
from support.originals import WON, heard
from support.originals import golden as read_golden
from support.seeded_vggish import waveform
from support.seeding import read_shapes, seeded
from support.torch_files import write_state
from support.won2020 import torchaudio_tables

pytest.importorskip("torch", reason="the twins are torch networks")
PUBLISHED = {
    "efficient_at_mn04_seeded": "mn04_as_mAP_432.pt",
    "fcn_seeded": "music_taggers/mtat_fcn.pth",
    "crnn_seeded": "music_taggers/mtat_crnn.pth",
    "musicnn_won2020_seeded": "music_taggers/mtat_musicnn.pth",
}


# 72 million weights.
LARGE = {"vggish_seeded": pytest.mark.slow}


@pytest.mark.filterwarnings("ignore:At least one mel filter:UserWarning")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=LARGE.get(name, ())) for name in GOLDENS]
)
def test_golden_file_is_small_and_what_the_twin_gives(name):
    for module in GOLDENS[name].needs:
        pytest.importorskip(module, reason="the twin imports it")
    if name == "ast_seeded" and find_spec("torchaudio"):
        pytest.skip("with torchaudio transformers makes its log mel otherwise")
    stored = Golden.read(name)

    made = make(GOLDENS[name], stored.keys)

    assert (GOLDEN / f"{name}.npz").stat().st_size <= LIMIT
    assert set(made) == {*stored.arrays, "meta"}
    for stage, array in stored.arrays.items():
        atol = 1e-6 * np.abs(array).max()
        np.testing.assert_allclose(
            made[stage], array, rtol=1e-6, atol=atol, err_msg=stage
        )


def test_the_command_writes_a_golden_file(tmp_path, capsys):
    name = "musicnn_won2020_seeded"
    stored = Golden.read(name)
    with pytest.raises(SystemExit):
        main([name, "--folder", str(tmp_path)])
    assert "name a published file by --keys" in capsys.readouterr().err
    published = tmp_path / "best_model.pth"
    write_state(published, stored.state(torchaudio_tables()))

    main([name, "--folder", str(tmp_path), "--keys", str(published)])

    made = Golden.read(name, tmp_path)
    assert made.keys == stored.keys
    assert {**made.meta, "float32": None} == {**stored.meta, "float32": None}
    assert f"{name}.npz" in capsys.readouterr().out
    np.testing.assert_allclose(
        made.arrays["embedding"], stored.arrays["embedding"], rtol=1e-5, atol=1e-4
    )


@pytest.mark.shared
@pytest.mark.parametrize("name", PUBLISHED)
def test_keys_are_those_of_the_published_file(shared, name):
    kept = set(GOLDENS[name].kept())

    assert Golden.read(name).keys == listed(
        shared / "reference" / PUBLISHED[name], kept
    )


@pytest.mark.slow
def test_vggishs_twin_gives_what_torchvggish_gave():
    recorded = read_golden("torchvggish.npz")
    name = "vggish_seeded"
    state = seeded(read_shapes(Golden.read(name).keys))

    got = run_twin(GOLDENS[name], state, waveform()[None])

    np.testing.assert_allclose(got["patches"][0], recorded["patches"], atol=2e-6)
    want = recorded["embeddings"]
    assert want.std() > 0.1
    np.testing.assert_allclose(got["embeddings"][0], want, atol=2e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("panns_cnn14_small", "panns_cnn10"),
        ("panns_cnn14_small", "panns_cnn14"),
        ("panns_cnn14_16k_small", "panns_cnn14_16k"),
        ("panns_dlmax_small", "panns_cnn14_dlmax"),
        ("panns_dlatt_small", "panns_cnn14_dlatt"),
        ("panns_resnet22_small", "panns_resnet22"),
        ("panns_resnet22_small", "panns_resnet38"),
        ("panns_wavegram_small", "panns_wavegram_logmel_cnn14"),
    ],
)
def test_panns_twins_give_what_the_originals_gave(name, full):
    recipe, recorded = GOLDENS[name], Golden.read(full)

    got = run_twin(recipe, recorded.state(recipe.kept()), recorded.waveforms())

    names = {"framewise_first8": "frames"}
    compared = set()
    for stage, want in recorded.arrays.items():
        ours = got.get(names.get(stage, stage))
        if ours is not None:
            piece = ours[tuple(map(slice, want.shape))]
            atol = 2e-6 * np.abs(want).max()
            np.testing.assert_allclose(piece, want, rtol=0, atol=atol, err_msg=stage)
            compared.add(stage)
    assert {"logmel", "conv_block1", "logits"} <= compared


@pytest.mark.shared
def test_tables_are_those_of_the_published_file(shared):
    published = read_torch(shared / "reference" / PUBLISHED["fcn_seeded"])

    for key, table in torchaudio_tables().items():
        np.testing.assert_allclose(table, published[key], atol=2e-5, err_msg=key)


@pytest.mark.shared
@pytest.mark.parametrize(("tag", "upstream"), [one[1:] for one in WON])
def test_won_et_als_twin_gives_the_published_scores(shared, tag, upstream):
    data_set = tag.removeprefix("won2020-")
    name = next(name for name in PUBLISHED if name.startswith(upstream))
    folder = shared / "reference"
    state = read_torch(folder / "music_taggers" / f"{data_set}_{upstream}.pth")
    with np.load(folder / "golden" / "music_taggers.npz") as recorded:
        waveform, want = heard(recorded), recorded[f"{data_set}_{upstream}"]
    _, samples, _ = GOLDENS[name].wave

    got = run_twin(GOLDENS[name], state, waveform[None, :samples])

    assert want.std() > 1e-2
    np.testing.assert_allclose(got["predictions"][0], want, atol=2e-5)


@pytest.mark.shared
def test_efficient_ats_twin_gives_the_published_networks_stages(shared):
    name = "efficient_at_mn04_seeded"
    state = read_torch(shared / "reference" / PUBLISHED[name])
    path = shared / "reference" / "golden" / "efficientat_mn04_as.npz"
    with np.load(path) as recorded:
        golden = dict(recorded)

    got = run_twin(GOLDENS[name], state, heard(golden)[None])

    np.testing.assert_allclose(got["frontend"][0, :, :200], golden["logmel"], atol=1e-4)
    np.testing.assert_allclose(got["embedding"][0], golden["features"], atol=1e-5)
    np.testing.assert_allclose(got["logits"][0], golden["logits"], atol=1e-4)


@pytest.mark.shared
def test_resemblyzers_twin_gives_the_published_vector(shared):
    """Their file is not at hand: the bundled weights get its names again."""
    state = {}
    for key, tensor in model_state(kerasaudio.SpeakerEncoder("ge2e")).items():
        layer, leaf = key.split("/", 1)
        number = layer.removeprefix("lstm_")
        if leaf == "lstm_cell/bias":
            state[f"lstm.bias_ih_{number}"] = tensor
            state[f"lstm.bias_hh_{number}"] = np.zeros_like(tensor)
        else:
            kind = {"lstm_cell/kernel": "ih", "lstm_cell/recurrent_kernel": "hh"}
            name = f"lstm.weight_{kind[leaf]}_{number}" if leaf in kind else ""
            rows = tensor.T if tensor.ndim == 2 else tensor
            state[name or f"linear.{'bias' if rows.ndim == 1 else 'weight'}"] = rows
    folder = shared / "reference"
    waveform = kerasaudio.load_audio(folder / "jfk-30s.wav", 16_000, duration=5)
    with np.load(folder / "golden" / "resemblyzer_ge2e.npz") as recorded:
        golden = dict(recorded)

    got = run_twin(GOLDENS["speaker_encoder_seeded"], state, waveform[None])

    atol = 1e-6 * np.abs(golden["mel"]).max()
    np.testing.assert_allclose(got["mel"][0, :40], golden["mel"], atol=atol)
    np.testing.assert_allclose(got["embedding"][0], golden["single"], atol=1e-6)
