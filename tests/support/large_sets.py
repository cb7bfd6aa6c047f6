"""Miniatures of large data sets in exactly their official layouts.

AudioSet with both kinds of labels, FSD50K, DESED, OpenMIC-2018, NSynth, BirdSet.
"""

import json
from pathlib import Path

from support import sounds
from support.data_sets import SHORT, write_table

MIDS = {"/m/09x0r": "Speech", "/t/dd00088": "Gush", "/m/03v3yw": "Keys jangling"}
NOTE = {"note": 201034, "sample_rate": 16000, "pitch": 82, "velocity": 50}


def touch(path: Path) -> Path:
    """Write a short sound."""
    return sounds.write(path, SHORT)


def lines(path: Path, *rows: str) -> Path:
    """Write lines of text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{row}\n" for row in rows))
    return path


def segments(path: Path, *rows: str, count: int | None = None) -> Path:
    """Write one of AudioSet's lists of segments."""
    number = len(rows) if count is None else count
    return lines(
        path,
        "# Segments csv created Sun Mar  5 10:54:25 2017",
        f"# num_ytids={number}, num_segs={number}, num_unique_labels=527, "
        "num_positive_labels=51804",
        "# YTID, start_seconds, end_seconds, positive_labels",
        *rows,
    )


def audioset(folder: Path) -> Path:
    """Four clips of three lists, and strong labels of two of them."""
    names = [f'{i},{mid},"{name}"' for i, (mid, name) in enumerate(MIDS.items())]
    lines(folder / "class_labels_indices.csv", "index,mid,display_name", *names)
    segments(
        folder / "balanced_train_segments.csv",
        '--PJHxphWEs, 30.000, 40.000, "/m/09x0r,/t/dd00088"',
    )
    segments(
        folder / "unbalanced_train_segments.csv",
        '---1_cCGK4M, 0.000, 10.000, "/m/03v3yw"',
        'Y_-abcdefgh, 2400.000, 2410.000, "/m/09x0r"',
    )
    segments(folder / "eval_segments.csv", '-0RWZT-miFs, 420.000, 430.000, "/m/03v3yw"')
    touch(folder / "balanced" / "Y--PJHxphWEs.wav")
    touch(folder / "unbalanced" / "---1_cCGK4M.wav")
    touch(folder / "unbalanced" / "YY_-abcdefgh_2400_2410.wav")
    touch(folder / "eval" / "-0RWZT-miFs_420.000_430.000.flac")
    lines(folder / "mid_to_display_name.tsv", *(f"{m}\t{n}" for m, n in MIDS.items()))
    heading = "segment_id\tstart_time_seconds\tend_time_seconds\tlabel"
    lines(
        folder / "audioset_train_strong.tsv",
        heading,
        "--PJHxphWEs_30000\t0.500\t2.000\t/m/09x0r",
        "--PJHxphWEs_30000\t1.000\t10.000\t/t/dd00088",
        "--PJHxphWEs_30000\t1.000\t10.000\t/t/dd00088",
        "--PJHxphWEs_30000\t3.000\t3.000\t/m/09x0r",
    )
    lines(
        folder / "audioset_eval_strong.tsv",
        heading,
        "-0RWZT-miFs_420000\t0.000\t10.000\t/m/03v3yw",
    )
    return folder


def fsd50k(folder: Path) -> Path:
    """Three sounds to train on, one to validate, two to test, of three classes."""
    truth = folder / "FSD50K.ground_truth"
    lines(
        truth / "vocabulary.csv",
        "0,Bark,/m/05tny_",
        "1,Crying_and_sobbing,/m/0463cq4",
        "2,Dog,/m/0bt9lr",
    )
    dog = ["Bark,Dog", "/m/05tny_,/m/0bt9lr"]
    cry = ["Crying_and_sobbing", "/m/0463cq4"]
    dev = [["64760", *dog, "train"], ["16399", *cry, "train"], ["7", *cry, "train"]]
    dev.append(["16401", *dog, "val"])
    test = [["37199", *cry], ["175151", "Dog", "/m/0bt9lr"]]
    write_table(truth / "dev.csv", [["fname", "labels", "mids", "split"], *dev])
    write_table(truth / "eval.csv", [["fname", "labels", "mids"], *test])
    for name, *_ in dev:
        touch(folder / "FSD50K.dev_audio" / f"{name}.wav")
    for name, *_ in test:
        touch(folder / "FSD50K.eval_audio" / f"{name}.wav")
    return folder


def desed(folder: Path) -> Path:
    """Weak, strong and synthetic clips; two sets to validate on, one to test on."""
    strong = "filename\tonset\toffset\tevent_label"
    tables = {
        "train/weak": ("filename\tevent_labels", ["Y-a_50.000_60.000.wav\tDog,Speech"]),
        "train/audioset_strong": (strong, ["Yb_0.000_10.000.wav\t0.0\t4.5\tBlender"]),
        # The published archive spells it so.
        "train/synhtetic21_train/soundscapes": (
            strong,
            ["1.wav\t1.5\t3.25\tCat", "1.wav\t2\t2.5\tDishes", "2.wav\t0\t9\tFrying"],
        ),
        "validation/synhtetic21_validation/soundscapes": (
            strong,
            ["1.wav\t0.1\t2.5\tRunning_water"],
        ),
        "validation/validation": (
            strong,
            [
                "Yc_30.000_40.000.wav\t0.000\t10.000\tVacuum_cleaner",
                "Yd_30.000_40.000.wav\t\t\t",
            ],
        ),
        "eval/public": (
            strong,
            [
                "Ye_0.000_10.000.wav\t0.2\t1.5\tDog",
                "Ye_0.000_10.000.wav\t3\t4.25\tSpeech",
            ],
        ),
    }
    for name, (heading, rows) in tables.items():
        lines(folder / "metadata" / f"{name}.tsv", heading, *rows)
    for name in (
        "train/weak/Y-a_50.000_60.000.wav",
        "train/unlabel_in_domain/Yz_0.000_10.000.wav",
        "train/strong_label_real/Yb_0.000_10.000.wav",
        "train/synthetic21_train/soundscapes/1.wav",
        "train/synthetic21_train/soundscapes/2.wav",
        "validation/synthetic21_validation/soundscapes/1.wav",
        "validation/validation/Yc_30.000_40.000.wav",
        "validation/validation/Yd_30.000_40.000.wav",
        "eval/public/Ye_0.000_10.000.wav",
    ):
        touch(folder / "audio" / name)
    return folder


def openmic(folder: Path) -> Path:
    """Four excerpts of two instruments, of which five labels are known."""
    (folder / "partitions").mkdir(parents=True)
    (folder / "class-map.json").write_text('{"banjo": 1, "accordion": 0}')
    keys = ["000046_3840", "000135_483840", "000139_119040", "155311_453120"]
    lines(
        folder / "openmic-2018-aggregated-labels.csv",
        "sample_key,instrument,relevance,num_responses",
        f"{keys[0]},accordion,0.61425,3",
        f"{keys[1]},banjo,0.5,3",
        f"{keys[2]},accordion,0.17105,3",
        f"{keys[3]},banjo,0.0,3",
        f"{keys[3]},accordion,1.0,3",
    )
    lines(folder / "partitions" / "split01_train.csv", *keys[:3])
    lines(folder / "partitions" / "split01_test.csv", keys[3])
    for key in keys:
        touch(folder / "audio" / key[:3] / f"{key}.ogg")
    return folder


def note(instrument: str, source: str, family: str, *qualities: str) -> dict:
    """Give the facts of a note, as NSynth has them (some numbers left as they are)."""
    name = f"{instrument}-082-050"
    facts = {"note_str": name, "instrument_str": instrument, "instrument": 0}
    facts |= {"instrument_family": 3, "instrument_family_str": family}
    facts |= {"instrument_source": 0, "instrument_source_str": source}
    return NOTE | facts | {"qualities": [0] * 10, "qualities_str": list(qualities)}


def nsynth(folder: Path) -> Path:
    """Notes of three splits; an instrument is in two of them, as in the original."""
    guitar = note("guitar_acoustic_001", "acoustic", "guitar", "bright", "percussive")
    bass = note("bass_synthetic_033", "synthetic", "bass", "tempo-synced")
    lead = note("synth_lead_synthetic_000", "synthetic", "synth_lead")
    reed = note("reed_acoustic_037", "acoustic", "reed", "dark")
    other = reed | {"note_str": "reed_acoustic_037-083-050", "pitch": 83}
    for split, notes in {
        "train": [guitar, bass, lead],
        "valid": [reed],
        "test": [other],
    }.items():
        home = folder / f"nsynth-{split}"
        for facts in notes:
            touch(home / "audio" / f"{facts['note_str']}.wav")
        named = {facts["note_str"]: facts for facts in notes}
        (home / "examples.json").write_text(json.dumps(named))
    return folder


BIRDS = {
    "train": [
        ("XC1.ogg", "amerob", ["amerob"], None, None),
        ("XC2.ogg", "foxspa", ["foxspa"], None, None),
    ],
    "test": [
        ("HSN_001_20150708_061805.ogg", "foxspa", None, 1.0, 2.5),
        ("HSN_001_20150708_061805.ogg", "amerob", None, 2.0, 4.0),
    ],
    "test_5s": [
        ("HSN_001_20150708_061805_000_005.ogg", None, ["amerob", "foxspa"], 0.0, 5.0),
        ("HSN_001_20150708_061805_005_010.ogg", None, [], 5.0, 10.0),
    ],
}
BIRD_COLUMNS = (
    *("filepath", "ebird_code", "ebird_code_multilabel"),
    *("start_time", "end_time"),
)


def birdset(folder: Path) -> Path:
    """Two recordings, a soundscape, and two pieces of it; tables as CSV."""
    for split, rows in BIRDS.items():
        write_table(
            folder / f"HSN_metadata_{split}.csv",
            [BIRD_COLUMNS, *(["" if v is None else v for v in row] for row in rows)],
        )
        for name in {row[0] for row in rows}:
            touch(folder / f"HSN_{split.replace('_', '')}_shard_0001" / name)
    return folder
