"""WebDataset shards and Hugging Face data sets as something to train on."""

import io
import json

import numpy as np
import pytest
import soundfile

import kerasaudio
from kerasaudio.corpus import from_hugging_face, from_shards
from kerasaudio.datasets.streams.clips import LabeledStream
from kerasaudio.datasets.streams.decoding import LabeledClip
from kerasaudio.training import Schedule, train
from kerasaudio.training.held_out import HeldOutStream
from support import sound_folder

from .conftest import write_tar

QUICK = Schedule(unfreeze_epochs=2, batch_size=4, learning_rate=3e-3)


def members(clips, kind="cls", value=str):
    """Give the members of a shard with these clips."""
    for number, (path, category) in enumerate(
        zip(clips.paths, clips.categories, strict=True)
    ):
        yield f"{number:03}.wav", path.read_bytes()
        yield f"{number:03}.{kind}", value(category).encode()


def shards_of(clips, where, count=3, **how):
    where.mkdir()
    for number in range(count):
        own = clips.take(np.arange(number, len(clips), count))
        write_tar(where / f"{number}.tar", members(own, **how))
    return where


@pytest.fixture
def sharded(sides, tmp_path):
    return [
        shards_of(side, tmp_path / name)
        for side, name in zip(sides, ("learn", "choose"), strict=True)
    ]


def sound(seed=0, seconds=0.1):
    content = io.BytesIO()
    noise = np.random.default_rng(seed).normal(0, 0.1, int(seconds * 8_000))
    soundfile.write(content, noise, 8_000, format="wav")
    return content.getvalue()


def names_in(data, epoch, seed=0):
    return [clip.name for clip in data._order(epoch, seed)]


def test_a_training_on_shards_is_one_on_clips(network, sides, sharded, tmp_path):
    learn, choose = map(from_shards, sharded)
    assert learn.class_names == sides[0].class_names
    assert learn.counts.tolist() == np.bincount(sides[0].targets).tolist()
    model = network()
    done = train(model, learn, choose, tmp_path / "a.keras", schedule=QUICK, readers=2)
    assert len(done.epochs) == 2
    usual = kerasaudio.evaluate(done.model, sides[1])
    assert done.report.accuracy == usual.accuracy == done.best.score
    order = np.argsort([path.as_posix() for path in done.report.paths])
    assert done.report.paths[order[0]].parts[-2:] == ("0.tar", "000.wav")
    np.testing.assert_allclose(
        np.sort(done.report.scores, axis=0), np.sort(usual.scores, axis=0), atol=1e-5
    )
    assert done.model.spec.provenance[-1]["clips"] == len(sides[0])
    assert done.model.spec.metrics["validation_clips"] == len(sides[1])
    # Nothing is written but the model.
    assert {p.name for p in tmp_path.iterdir()} == {"a.keras", "learn", "choose"}
    with pytest.raises(ValueError, match=r"validation must be other clips"):
        train(network(), learn, 0.2, tmp_path / "b.keras")
    with pytest.raises(ValueError, match=r"fit's validation_data"):
        learn.batches(model, training=False)


def test_an_epoch_has_each_clip_once_in_an_order_of_its_own(sides, sharded, network):
    data = from_shards(sharded[0], buffer=3)
    in_order = names_in(data, None)
    orders = [names_in(data, epoch) for epoch in (0, 1)]
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(in_order)
    assert orders[0] == names_in(from_shards(sharded[0], buffer=3), 0)
    assert len({tuple(order) for order in [*orders, in_order]}) == 3
    assert names_in(data, 0, seed=1) != orders[0]
    # With a small buffer a shard is read before the next but one begins.
    at = [name.split("/")[-2] for name in orders[0]]
    first = [at.index(shard) for shard in dict.fromkeys(at)]
    last = [len(at) - 1 - at[::-1].index(shard) for shard in dict.fromkeys(at)]
    assert last[0] < first[2]

    batches = [data.batches(network(), 4, seed=0, class_weights=True) for _ in "ab"]
    each = [[np.concatenate(parts) for parts in zip(*b, strict=True)] for b in batches]
    for one, other in zip(*each, strict=True):
        np.testing.assert_array_equal(one, other)
    windows, targets, weights = each[0]
    assert windows.shape[0] == len(sides[0]) == batches[0].rows
    assert np.bincount(targets).tolist() == data.counts.tolist()
    assert weights.mean() == pytest.approx(1)


@pytest.mark.parametrize(
    ("kind", "value", "how", "names"),
    [
        ("cls", str, {}, sound_folder.KINDS),
        ("txt", lambda name: f" {name}\n", {}, sound_folder.KINDS),
        ("cls", lambda name: str(len(name)), {}, ("3", "4", "5")),
        ("json", lambda n: json.dumps({"label": n}), {}, sound_folder.KINDS),
        (
            "json",
            lambda n: json.dumps({"tags": [n, "noise"]}),
            {"field": "tags", "label": "json"},
            sound_folder.KINDS,
        ),
        ("txt", lambda n: f"{n};low", {"separator": ";"}, sound_folder.KINDS),
        (
            "cls",
            lambda n: str("xhigh".find(n[:4]) + 1),  # 2 for high, 0 for others
            {"class_names": ["a", "b", "c"]},
            ("a", "b", "c"),
        ),
    ],
)
def test_labels_of_all_kinds(sides, tmp_path, kind, value, how, names):
    where = shards_of(sides[0], tmp_path / "s", 1, kind=kind, value=value)
    data = from_shards(where / "*.tar", **how)
    assert data.class_names == names
    assert data.multi_label == ("field" in how or "separator" in how)
    assert data.counts.sum() >= data.clips == len(sides[0])
    if "class_names" in how:
        assert data.counts.tolist() == [len(sides[0]) * 2 // 3, 0, len(sides[0]) // 3]


GOOD = [("0.wav", sound()), ("0.cls", b"a"), ("1.cls", b"b"), ("1.wav", sound(1))]


@pytest.mark.parametrize(
    ("more", "how", "message"),
    [
        ([("2.wav", sound())], {}, r"sample '2' in .*0\.tar' has no label"),
        ([("2.cls", b"a")], {}, "has no sounds"),
        ([("2.wav", sound()), ("2.cls", b"a"), ("2.flac", b"")], {}, "has 2 sounds"),
        ([("../2.wav", sound()), ("../2.cls", b"a")], {}, "leads out of the tar"),
        ([("/2.wav", sound()), ("/2.cls", b"a")], {}, "leads out of the tar"),
        ([("2.wav", sound()), ("2.cls", b"7")], {}, "all numbers or all names"),
        ([("2.wav", sound()), ("2.cls", b"")], {}, "must hold a label.*0 bytes"),
        ([("2.wav", sound()), ("2.cls", b"\xff")], {}, "cannot be read"),
        ([("2.wav", sound()), ("2.cls", b"c")], {"class_names": ["a", "b"]}, "'c'"),
        ([("2.wav", sound()), ("2.cls", b"2")], {"class_names": ["a", "b"]}, "to 1"),
        ([("2.wav", sound()), ("2.cls", b"a")], {"label": "json"}, "no member .json"),
        ([], {"label": "exe"}, "label must be cls, txt or json"),
        ([], {"buffer": 0}, "buffer"),
    ],
)
def test_shards_that_cannot_be_trained_on(tmp_path, more, how, message):
    write_tar(tmp_path / "0.tar", [*GOOD, *more])
    with pytest.raises(ValueError, match=message):
        from_shards(tmp_path, **how)


def test_json_without_the_key_and_tars_that_are_none(tmp_path):
    write_tar(tmp_path / "0.tar", [("0.wav", sound()), ("0.json", b'{"class": 1}')])
    with pytest.raises(ValueError, match=r"key 'label'. Received: 'class'.*field="):
        from_shards(tmp_path)
    content = (tmp_path / "0.tar").read_bytes()
    (tmp_path / "0.tar").write_bytes(content[:3_584])
    with pytest.raises(ValueError, match="cut"):
        from_shards(tmp_path, field="class")
    (tmp_path / "0.tar").write_bytes(b"x" * 2_000)
    with pytest.raises(ValueError, match="not a tar"):
        from_shards(tmp_path)
    with pytest.raises(FileNotFoundError, match="no tar"):
        from_shards(tmp_path / "*.tgz")
    with pytest.raises(ValueError, match="Unpack"):
        from_shards(tmp_path / "0.tar.gz")


def test_sounds_that_are_damaged(tmp_path, network):
    bad = [("2.wav", b"RIFF"), ("2.cls", b"a")]
    write_tar(tmp_path / "0.tar", [*GOOD, *bad])
    data, model = from_shards(tmp_path), network(labels=["a", "b"])
    with pytest.raises(OSError, match=r"0\.tar/2\.wav of shards(?s:.*)errors=\"skip\""):
        data.batches(model, 3)
    with pytest.warns(UserWarning, match=r"2\.wav of shards cannot be used"):
        batch = data.batches(model, 3, errors="skip")[0]
    assert len(batch[0]) == 3  # another clip comes twice
    heard = list(data.heard(model.spec, 8, errors="skip"))
    assert [len(part.names) for part in heard] == [2]
    write_tar(tmp_path / "0.tar", bad)
    of_one = network(labels=["a"])
    with pytest.raises(ValueError, match="no clip that can be used"):
        from_shards(tmp_path).batches(model, errors="skip")[0]
    held_out = HeldOutStream(from_shards(tmp_path), of_one.spec, 4, {"errors": "skip"})
    with pytest.raises(ValueError, match="no clip that can be used"):
        held_out.answers(of_one)


@pytest.mark.parametrize("classes", [(0, 1), ()])
def test_several_classes_are_not_cut_to_one(network, classes):
    def order(epoch, seed):
        yield LabeledClip("first", classes, lambda spec: np.ones(4_000, "float32"))

    data = LabeledStream("rows", ["a", "b"], 1, order)
    model = network(labels=["a", "b"])
    said = f"first must have one class.*Received: {'a, b' if classes else 'none'}"
    with pytest.raises(ValueError, match=said):
        data.batches(model)[0]
    with pytest.raises(ValueError, match=said):
        list(data.heard(model.spec, 4))
    with pytest.raises(ValueError, match="readers"):
        data.batches(model, readers=0)
    with pytest.raises(ValueError, match="readers"):
        list(data.heard(model.spec, 4, readers=0))


def test_hidden_files_are_no_shards(tmp_path):
    write_tar(tmp_path / "0.tar", GOOD)
    (tmp_path / "._0.tar").write_bytes(b"of another system")
    assert from_shards(tmp_path).clips == from_shards(tmp_path / "0.tar").clips
    (tmp_path / "0.tar").rename(tmp_path / "0.wav")
    with pytest.raises(FileNotFoundError, match="no tar"):
        from_shards(tmp_path)


pytestmark = pytest.mark.filterwarnings("ignore:.*cannot be used:UserWarning")


def rows_of(clips):
    for path, category in zip(clips.paths, clips.categories, strict=True):
        yield {"audio": {"bytes": path.read_bytes(), "path": None}, "label": category}


@pytest.fixture
def data_set(sides):
    # Without it, `datasets` is a folder of tests.
    pytest.importorskip("datasets.arrow_dataset")
    import datasets

    names = datasets.ClassLabel(names=list(sides[0].class_names))
    made = datasets.Dataset.from_list(list(rows_of(sides[0])))
    made = made.cast_column("label", names)
    return made.cast_column("audio", datasets.Audio())


def test_a_data_set_of_hugging_face(data_set, sides, network):
    data = from_hugging_face(data_set)
    assert (data.clips, data.class_names) == (len(sides[0]), sides[0].class_names)
    assert data.counts.tolist() == np.bincount(sides[0].targets).tolist()
    model = network()
    whole = [
        np.concatenate(parts) for parts in zip(*data.batches(model, 5), strict=True)
    ]
    usual = [
        np.concatenate(parts)
        for parts in zip(*sides[0].batches(model, 5, seed=0), strict=True)
    ]
    assert whole[0].shape == usual[0].shape
    np.testing.assert_allclose(
        np.sort(whole[0].std(axis=1)), np.sort(usual[0].std(axis=1)), rtol=0.2
    )
    streamed = from_hugging_face(data_set.to_iterable_dataset(3), clips=data.clips)
    orders = [names_in(streamed, None)]
    for epoch in (0, 1, 0):
        batches = streamed.batches(model, 5)
        batches.epoch = epoch
        found = np.concatenate([y for _, y in batches])
        assert np.bincount(found).tolist() == data.counts.tolist()
        orders.append(tuple(found.tolist()))
    assert orders[1] == orders[3] != orders[2]


def test_data_sets_that_cannot_be_trained_on(data_set, network, tmp_path):
    with pytest.raises(ValueError, match=r"pass one of them"):
        from_hugging_face({"train": data_set})
    with pytest.raises(ValueError, match=r"no column 'tag'.*label=.*'audio', 'label'"):
        from_hugging_face(data_set, label="tag")
    with pytest.raises(ValueError, match=r"audio=: no columns"):
        from_hugging_face(data_set.remove_columns("audio"))
    with pytest.raises(ValueError, match=r"number of clips.*clips="):
        from_hugging_face(data_set.to_iterable_dataset())
    with pytest.raises(ValueError, match=r"from_hugging_face\(dataset\)"):
        train(network(), data_set, None, tmp_path / "a.keras")
    few = from_hugging_face(data_set.to_iterable_dataset(), clips=99)
    batches = few.batches(network(), 50)
    with pytest.raises(ValueError, match="ended after 1 batches, but an epoch has 2"):
        batches[1]


def test_shards_of_an_address(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    write_tar(tmp_path / "0.tar", GOOD)
    address = "memory://labeled/0.tar"
    with fsspec.open(address, "wb") as file:
        file.write((tmp_path / "0.tar").read_bytes())
    data = from_shards("memory://labeled/*.tar")
    assert (data.clips, data.class_names) == (2, ("a", "b"))
    here = from_shards(tmp_path)
    spec = kerasaudio.LeNetMFCC(labels=["a", "b"], filters=2).spec
    for ours, theirs in zip(here._order(None, 0), data._order(None, 0), strict=True):
        assert theirs.name.startswith("memory://")
        np.testing.assert_array_equal(ours.waveform(spec), theirs.waveform(spec))
    with pytest.raises(FileNotFoundError, match=r"labeled/\*\.zip"):
        from_shards("memory://labeled/*.zip")
