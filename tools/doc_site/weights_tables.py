"""Tables of published weights, from the manifest, the networks and the results."""

import json
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import keras

from doc_site import clip_times
from doc_site.tables import read_table, table
from kerasaudio import AudioSpec
from kerasaudio.core.architecture import ARCHITECTURES
from kerasaudio.models import FACTORIES
from kerasaudio.weights import WeightsEntry, list_weights

CHECKOUT = Path(__file__).parents[2]
RESULTS = CHECKOUT / "docs" / "results"
# What sounds have these lists of labels; of other lists the number of classes is told.
SUBJECTS = {
    "mtat": "music",
    "msd": "music",
    "jamendo": "music",
    "fsdd": "spoken digits",
    "esc10": "ten everyday sounds",
    "esc10_dog": "dog or not",
    "fireredvad": "speech, singing, music",
    "ina": "speech, music, noise",
    "audioset": "everything",
    "yamnet": "everything",
    "speech_commands": "ten spoken words",
    "speech_commands_tiny": "ten spoken words",
    "speech": "speech or not",
}
# What sounds networks without classes are for, by task.
UNLABELED = {"speaker": "voices", "speech": "speech"}
# A network of a paper whose weights nobody published; it reads those of its code.
FILE_ONLY = "ReSE2Multi"
FILE_ONLY_PAPER = "Kim et al. 2018"
METRICS = {
    "mean_average_precision": "mAP",
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "accuracy": "accuracy",
}


class Preset(NamedTuple):
    """Published weights, and what their network takes and gives.

    Attributes:
        entry: Of the manifest.
        spec: Of the network.
        width: Length of its embedding.
    """

    entry: WeightsEntry
    spec: AudioSpec
    width: int


def presets() -> list[Preset]:
    """Build each network once, without its weights, and see what it takes and gives.

    Raises:
        ValueError: An entry of the manifest states another sample rate, or none.
    """
    built: dict[str, tuple[AudioSpec, int]] = {}
    found = []
    for entry in list_weights():
        key = f"{entry.factory} {sorted(entry.arguments.items())}"
        if key not in built:
            built[key] = _body(entry.factory, entry.arguments)
        rate = built[key][0].sample_rate
        if entry.sample_rate != rate:
            raise ValueError(
                f"{entry.title} hears {rate} Hz: its entry in weights_manifest.json "
                f'needs "sample_rate": {rate}. Received: {entry.sample_rate}.'
            )
        found.append(Preset(entry, *built[key]))
    return found


def readme_table(presets: Sequence[Preset]) -> str:
    """Give a row for each factory, and for each kind of sound that it knows."""
    rows = []
    for (factory, *_), group in groupby(sorted_presets(presets), _alike):
        alike = list(group)
        entries, sound = [preset.entry for preset in alike], _sound(*alike)
        tags = ", ".join(
            f"**{entry.tag}**" if entry.is_bundled else entry.tag for entry in entries
        )
        row = (tags, sound, _parameters(entries), _licenses(entries))
        rows.append((f"`{factory}`", *row, _source(entries)))
        if factory == FILE_ONLY:
            sound = f"music, {_length(_body(factory, {})[0])}"
            row = ("your own file", sound, "", "")
            rows.append((f"`{factory}`", *row, FILE_ONLY_PAPER))
    published = {preset.entry.factory for preset in presets}
    for factory in sorted(FACTORIES.keys() - published):
        read = ARCHITECTURES[factory].converters
        # PANNs are large, and a small one takes the same lengths.
        size = dict(ARCHITECTURES[factory].example) if read else {}
        size.pop("labels", None)
        sound = f"your own sounds, {_length(_body(factory, size)[0])}"
        row = ("your own file" if read else "none: to train", sound, "", "")
        rows.append((f"`{factory}`", *row, "see its docstring"))
    heading = ("factory", "tags", "sound", "parameters", "license", "source")
    return table(heading, rows)


def networks_table(presets: Sequence[Preset]) -> str:
    """Give a row for each published weights, with their scores."""
    probes = probe_scores()
    times = clip_times.read()
    rows = []
    for preset in sorted_presets(presets):
        entry = preset.entry
        title = f"{entry.factory}/{entry.tag}"
        name = f"**{title}**" if entry.is_bundled else title
        page = _trained_here([entry])
        timed = times[title].cells()[1:] if title in times else ("", "")
        rows.append(
            (
                f"[{name}]({f'results/{page}' if page else entry.homepage})",
                entry.task,
                _sound(preset),
                _parameters([entry]),
                f"{(entry.approximate_size or 0) / 1e6:.1f} MB",
                str(preset.width),
                _score(entry),
                probes.get(title, ""),
                *timed,
                entry.license,
            )
        )
    heading = ("network", "task", "sound", "parameters", "file", "embedding", "score")
    return table((*heading, "ESC-10, %", *clip_times.HEADING[2:], "license"), rows)


def probe_scores() -> dict[str, str]:
    """Read the accuracy of linear probes on ESC-10, by network and tag."""
    return {
        f"{row['network'].split()[0]}/{_tag(row['weights'])}": row["linear"].strip("*")
        for row in read_table(RESULTS / "esc10.md", "network", "weights", "linear")
    }


def speed_table() -> str:
    """Give the milliseconds that a window takes, a column for each backend."""
    times: dict[tuple[str, str], dict[str, str]] = {}
    rows = read_table(RESULTS / "streaming.md", "network", "window", "mean")
    for row in rows:
        network, _, backend = row["network"].rpartition(", ")
        times.setdefault((network, row["window"]), {})[backend] = row["mean"]
    backends = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
    return table(
        ("network", "window", *backends.values()),
        [
            (*key, *(found.get(backend, "") for backend in backends))
            for key, found in times.items()
        ],
    )


def sorted_presets(presets: Sequence[Preset]) -> list[Preset]:
    """Put presets of one factory together, factories as the manifest begins them."""
    order = list(dict.fromkeys(preset.entry.factory for preset in presets))
    return sorted(presets, key=lambda preset: order.index(preset.entry.factory))


def _body(factory: str, arguments: Mapping[str, object]) -> tuple[AudioSpec, int]:
    # Nothing is allocated: some networks have gigabytes of weights. Keras would do so
    # at the end of the next scope of this thread, hence in another one.
    def build() -> keras.Model:
        with keras.StatelessScope(initialize_variables=False):
            return FACTORIES[factory](**arguments, include_top=False)

    with ThreadPoolExecutor(1) as pool:
        model = pool.submit(build).result()
    return model.spec, model.output_shape[-1]


def _alike(preset: Preset) -> tuple[str, str, bool]:
    entry = preset.entry
    sound = _sound(preset._replace(width=0))
    return entry.factory, sound, bool(entry.training)


def _sound(*presets: Preset) -> str:
    """Say what sounds networks hear that differ in the width of their embedding."""
    entry, spec, _ = presets[0]
    subject = _subject(entry)
    if not entry.labels:
        widths = sorted({preset.width for preset in presets})
        width = " to ".join(map(str, dict.fromkeys((widths[0], widths[-1]))))
        subject = UNLABELED.get(entry.task, "everything")
        subject += f" (a {width}-d embedding)"
    return f"{subject}, {_length(spec)}"


def _subject(entry: WeightsEntry) -> str:
    return SUBJECTS.get(_label_lists()[entry.title], f"{len(entry.labels)} classes")


@cache
def _label_lists() -> dict[str, str]:
    """Give the name of the list of labels of each published weights."""
    manifest = json.loads((CHECKOUT / "weights_manifest.json").read_text("utf-8"))
    return {
        f"{entry['factory']}/{entry['tag']}": entry["labels"] or ""
        for entry in manifest["weights"]
    }


def _length(spec: AudioSpec) -> str:
    """Say which clips a network hears, and at which rate."""
    rate = f"{spec.sample_rate / 1000:g} kHz"
    if spec.clip_samples is not None:
        return f"{spec.clip_samples / spec.sample_rate:.2g} s, {rate}"
    if spec.min_samples == spec.window_samples:
        return f"from {spec.min_samples / spec.sample_rate:.3g} s, {rate}"
    seconds = f"{spec.window_samples / spec.sample_rate:.2g} s"
    return f"any length ({seconds} at a time), {rate}"


def _parameters(entries: Sequence[WeightsEntry]) -> str:
    counts = sorted(entry.parameters or 0 for entry in entries)
    few, many = (_millions(count) for count in (counts[0], counts[-1]))
    return f"{few} M" if few == many else f"{few} to {many} M"


def _millions(count: int) -> str:
    """Give a count in millions, to two digits: 0.45, 3.7, 87, 310."""
    return f"{float(f'{count / 1e6:.2g}'):g}"


def _licenses(entries: Sequence[WeightsEntry]) -> str:
    return ", ".join(sorted({entry.license for entry in entries}))


def _score(entry: WeightsEntry) -> str:
    metrics = dict(entry.metrics)
    dataset = metrics.pop("dataset", "")
    scores = [
        f"{title} {round(float(metrics[name]), 4):g}"
        for name, title in METRICS.items()
        if name in metrics
    ]
    return ": ".join(filter(None, (str(dataset), ", ".join(scores))))


def _source(entries: Sequence[WeightsEntry]) -> str:
    """Name the papers, or link the page that tells how weights were trained here."""
    page = _trained_here(entries)
    if page:
        return f"[trained here](docs/results/{page})"
    papers = (paper for entry in entries for paper in entry.citation.split("; "))
    by_year = sorted(
        dict.fromkeys(map(short_paper, papers)), key=lambda paper: paper[-4:]
    )
    return ", ".join(by_year)


def _trained_here(entries: Sequence[WeightsEntry]) -> str | None:
    """Give the page of docs/results that has the command of weights of our own."""
    scripts = {entry.training["script"] for entry in entries if entry.training}
    for page in sorted(RESULTS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if any(f"python {script}" in text for script in scripts):
            return page.name
    return None


def short_paper(citation: str) -> str:
    """Shorten "Lee, Kim and Nam, Title, Journal 2018, ..." to "Lee et al. 2018"."""
    year = re.findall(r"\b((?:19|20)\d\d)\b(?!\.\d)", citation)[-1]
    first = citation.partition(",")[0]  # "Lee", "Lee and Kim" or "Lee et al."
    if re.match(r"[\w-]+(, [\w-]+)+ and [\w-]+,", citation):
        first += " et al."
    return f"{first.replace(' and ', ' & ')} {year}"


def _tag(cell: str) -> str:
    """Read the tag in a cell such as "`audioset`, bundled"."""
    return cell.partition("`")[2].partition("`")[0]
