"""AudioEmbedder: all forms of X give the vectors of FeatureExtractor, or an error."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
import soundfile

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from kerasaudio import FeatureExtractor
from kerasaudio.sklearn import AudioEmbedder
from support.tiny import RATE, tiny_model

pandas = pytest.importorskip("pandas")


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture
def waveforms(rng):
    return [rng.normal(0, 0.1, 5_000).astype("float32") for _ in range(3)]


@pytest.fixture
def paths(tmp_path, waveforms):
    paths = [str(tmp_path / f"{number}.wav") for number in range(3)]
    for path, waveform in zip(paths, waveforms, strict=True):
        soundfile.write(path, waveform, RATE, subtype="FLOAT")
    return paths


class Dataset:
    """Rows, columns and features as those of `datasets.Dataset`."""

    class Audio:
        pass

    def __init__(self, rows):
        self.rows = rows
        self.features = {"sound": self.Audio(), "label": None}
        self.column_names = list(self.features)
        self.shape = (len(rows), 2)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, key):
        if isinstance(key, str):
            return [row[key] for row in self.rows]
        if isinstance(key, int):
            return self.rows[key]
        return {n: [self.rows[i][n] for i in key] for n in self.column_names}


def rows_of(waveforms):
    return [{"array": w, "sampling_rate": RATE, "path": None} for w in waveforms]


def dataset_of(waveforms):
    return Dataset([{"sound": row, "label": 0} for row in rows_of(waveforms)])


FORMS = {
    "list of arrays": list,
    "array": np.stack,
    "Fortran array": lambda w: np.asfortranarray(np.stack(w)),
    "DataFrame": lambda w: pandas.DataFrame(np.stack(w)),
    "lists of numbers": lambda w: [each.tolist() for each in w],
    "object array": lambda w: pandas.Series(w).to_numpy(),
    "Series of arrays": pandas.Series,
    "rows": rows_of,
    "Series of rows": lambda w: pandas.Series(rows_of(w)),
    "pairs": lambda w: [(RATE, each) for each in w],
    "dataset": dataset_of,
    "rows of a dataset": lambda w: [dataset_of(w)[i] for i in range(3)],
    "columns of a fold": lambda w: dataset_of(w)[np.arange(3)],
}


@pytest.mark.parametrize("form", FORMS)
def test_waveforms_in_all_forms_give_the_vectors_of_the_extractor(
    form, model, waveforms
):
    wanted = FeatureExtractor(model)(waveforms, RATE)
    embedder = AudioEmbedder(model, sampling_rate=RATE)

    vectors = embedder.fit_transform(FORMS[form](waveforms))

    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, wanted, atol=1e-6)


@pytest.mark.parametrize("axes", [1, 2])
def test_tensors_of_torch(axes, model, waveforms):
    torch = pytest.importorskip("torch")
    X = torch.from_numpy(np.stack(waveforms))
    embedder = AudioEmbedder(model, sampling_rate=RATE)

    vectors = embedder.fit_transform(X if axes == 2 else list(X))

    wanted = FeatureExtractor(model)(waveforms, RATE)
    np.testing.assert_allclose(vectors, wanted, atol=1e-6)


def test_dataset_of_hugging_face(model, paths):
    """The folder tests/datasets is found as a package, but it has no Dataset."""
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    if not hasattr(datasets, "Dataset"):
        pytest.skip("datasets is not installed")
    dataset = datasets.Dataset.from_dict({"sound": paths, "label": [0, 1, 0]})
    dataset = dataset.cast_column("sound", datasets.Audio(decode=False))
    embedder = AudioEmbedder(model)

    wanted = embedder.transform(paths)

    np.testing.assert_array_equal(embedder.fit_transform(dataset), wanted)
    fold = dataset[np.array([2, 0])]
    np.testing.assert_array_equal(embedder.transform(fold), wanted[[2, 0]])


@pytest.mark.parametrize("form", [list, np.array, pandas.Series])
def test_paths_in_their_order_with_repetitions(form, model, paths):
    embedder = AudioEmbedder(model)
    order = [2, 0, 2, 1]

    vectors = embedder.fit_transform(form([paths[i] for i in order]))

    wanted = FeatureExtractor(model)(paths)
    np.testing.assert_allclose(vectors, wanted[order], atol=1e-6)


def test_vectors_of_files_are_kept_in_the_cache(model, paths, tmp_path):
    AudioEmbedder(model, cache=tmp_path / "kept").transform(paths)

    assert list((tmp_path / "kept").rglob("*.log"))


def test_another_rate_is_resampled(model, rng):
    waveform = rng.normal(0, 0.1, 12_000)
    embedder = AudioEmbedder(model, sampling_rate=2 * RATE)

    vectors = embedder.transform([waveform])

    wanted = FeatureExtractor(model)([waveform], 2 * RATE)
    np.testing.assert_array_equal(vectors, wanted)


def test_layer_pool_and_windows_are_those_of_the_extractor(model, waveforms):
    settings = {"layer": ["level1", "embedding"], "pool": "max", "hop_seconds": 0.05}

    vectors = AudioEmbedder(model, sampling_rate=RATE, **settings).transform(waveforms)

    wanted = FeatureExtractor(model, **settings)(waveforms, RATE)
    np.testing.assert_array_equal(vectors, wanted)


def test_names_of_features_and_tables_of_pandas(model, paths):
    embedder = AudioEmbedder(model).set_output(transform="pandas")

    table = embedder.fit_transform(pandas.Series(paths, index=[7, 8, 9]))

    assert embedder.n_features_out_ == 6
    names = [f"audioembedder{number}" for number in range(6)]
    assert embedder.get_feature_names_out().tolist() == names
    assert table.columns.tolist() == names


def test_column_of_a_table_in_a_pipeline(model, paths):
    table = pandas.DataFrame({"path": paths, "length": [1.0, 2.0, 3.0]})
    both = ColumnTransformer(
        [("sound", AudioEmbedder(model), "path")], remainder="passthrough"
    )
    pipeline = make_pipeline(both, LogisticRegression())

    pipeline.fit(table, ["a", "b", "a"])

    assert pipeline.predict(table).shape == (3,)
    assert pipeline[:-1].transform(table).shape == (3, 7)


def test_copies_share_a_model_object_and_keep_their_output(model):
    embedder = AudioEmbedder(model, pool="max").set_output(transform="pandas")

    copy = clone(embedder)

    assert copy.model is model
    assert copy.pool == "max"
    assert copy._sklearn_output_config == {"transform": "pandas"}


def test_a_model_saved_anew_is_loaded_anew(model, waveforms, tmp_path):
    path = tmp_path / "mine.keras"
    model.save(path)
    embedder = AudioEmbedder(str(path), sampling_rate=RATE)
    before = embedder.transform(waveforms)
    tiny_model(seed=1, width=5).save(path)

    assert before.shape == (3, 6)
    assert embedder.transform(waveforms).shape == (3, 5)


def test_a_pickle_has_the_path_and_a_model_object_is_refused(
    model, waveforms, tmp_path
):
    model.save(tmp_path / "mine.keras")
    embedder = AudioEmbedder(str(tmp_path / "mine.keras"), sampling_rate=RATE)
    stored = pickle.dumps(embedder.fit(waveforms))

    assert len(stored) < 1_000
    again = pickle.loads(stored).transform(waveforms)
    np.testing.assert_array_equal(again, embedder.transform(waveforms))
    with pytest.raises(TypeError, match=r"model\.save\('mine\.keras'\)"):
        pickle.dumps(AudioEmbedder(model))


NOISE = np.full(800, 0.1, "float32")
BAD = {
    "empty": ([], "X is empty"),
    "one path": ("a.wav", "pass a list of one"),
    "one row": ({"array": NOISE, "sampling_rate": RATE}, "pass a list of one"),
    "one waveform": (NOISE, "Reshape your data"),
    "one list": ([0.1, 0.2], "Reshape your data"),
    "a number": (3, "X must be a list"),
    "three axes": (np.zeros((2, 2, 800)), "Reshape your data"),
    "paths and waveforms": (["a.wav", NOISE], r"1 path and 1 waveform.* X\[1\]"),
    "integers": ([NOISE, np.ones(800, "int16")], r"X\[1\] must contain floats"),
    "NaN": ([NOISE, NOISE * np.nan], r"X\[1\] must contain finite"),
    "NaN in an array": (np.full((2, 800), np.nan), "X contains NaN"),
    "stereo": ([np.zeros((800, 2))], r"X\[0\] must be mono"),
    "None": ([None], r"X\[0\]: Audio must be a path"),
    "another rate": ([{"array": NOISE, "sampling_rate": 1234}], "has 1234 Hz"),
    "a table of paths": (pandas.DataFrame({"path": ["a.wav"]}), "one column of paths"),
    "an array of paths": (np.array([["a.wav"]]), "one column of paths"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_collection_of_sounds_is_refused(kind, model):
    X, message = BAD[kind]
    for method in ("fit", "transform"):
        with pytest.raises(ValueError, match=message):
            getattr(AudioEmbedder(model, sampling_rate=RATE), method)(X)


@pytest.mark.parametrize("X", [[NOISE], NOISE[None]])
def test_waveforms_need_a_rate(X, model):
    with pytest.raises(ValueError, match="sampling_rate="):
        AudioEmbedder(model).fit(X)


def test_a_dataset_without_one_audio_column_is_refused(model, waveforms):
    dataset = dataset_of(waveforms)
    dataset.features = {"label": None, "text": None}

    with pytest.raises(ValueError, match="0 columns of audio among 'label', 'text'"):
        AudioEmbedder(model).fit(dataset)


def test_too_short_waveforms_are_refused(model):
    with pytest.raises(ValueError, match="too short"):
        AudioEmbedder(model, sampling_rate=RATE).transform([NOISE[:10]])


def test_other_lengths_need_a_list(model, waveforms):
    embedder = AudioEmbedder(model, sampling_rate=RATE).fit(np.stack(waveforms))

    with pytest.raises(ValueError, match="expecting 5000 features"):
        embedder.transform(np.stack(waveforms)[:, :4_500])
    assert embedder.transform([waveforms[0][:4_500]]).shape == (1, 6)


def test_unusable_files_are_refused(model, paths, tmp_path):
    embedder = AudioEmbedder(model)
    (tmp_path / "text.wav").write_text("no sound")

    with pytest.raises(FileNotFoundError, match="absent"):
        embedder.transform([*paths, "absent.wav"])
    with pytest.raises(ValueError, match=r"1 of the 4 clips of X.*text\.wav"):
        embedder.transform([*paths, str(tmp_path / "text.wav")])
    with pytest.raises(ValueError, match="is a folder"):
        embedder.transform([str(tmp_path)])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"pool": None}, "one row per clip"),
        ({"pool": "median"}, "pool must be one of"),
        ({"layer": "nowhere"}, "nowhere"),
        ({"model": "YAMNett"}, "Unknown model"),
        ({"sampling_rate": 3}, "sampling_rate"),
        ({"window_seconds": [1]}, "window_seconds"),
    ],
)
def test_wrong_parameters_are_told_by_fit(wrong, message, model, waveforms):
    embedder = AudioEmbedder(**({"model": model, "sampling_rate": RATE} | wrong))

    with pytest.raises(ValueError, match=message):
        embedder.fit(rows_of(waveforms) if "sampling_rate" in wrong else waveforms)


HIDDEN = """
import sys
sys.modules["sklearn"] = None
import kerasaudio
assert "kerasaudio.sklearn" not in sys.modules
try:
    kerasaudio.sklearn.AudioEmbedder
except ImportError as error:
    print(error)
"""


def test_without_scikit_learn_only_its_estimators_are_missing():
    found = subprocess.run(
        [sys.executable, "-c", HIDDEN], capture_output=True, text=True, check=True
    )

    assert 'pip install "scikit-learn' in found.stdout
