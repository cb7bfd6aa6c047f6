"""Add weights that a script of tools/train made to the package.

    python tools/train/fsdd_digits.py fsdd/ --model LeNetMFCC --out build/fsdd
    python tools/bundle_preset.py build/fsdd/LeNetMFCC.json

Copies the .safetensors file next to the result into kerasaudio/weights/bundled, writes
its labels, and adds its hash, size and measured score to weights_manifest.json. A
second run replaces the entry. Files over 8 MB are refused to keep the package small.

The result says model, tag, arguments, labels, parameters, data, script, seed, test
(what the score was measured on) and accuracy; macro_f1 is taken along if it is there.
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

from kerasaudio.models import FACTORIES

CHECKOUT = Path(__file__).parents[1]
BUNDLED = CHECKOUT / "kerasaudio" / "weights" / "bundled"
LABELS = BUNDLED.parent / "labels"
MANIFEST = CHECKOUT / "weights_manifest.json"
LARGEST = 8_000_000  # bytes
PAPERS = {
    "BarkNet": "Dai, Dai, Qu, Li and Das, Very Deep Convolutional Neural Networks for "
    "Raw Waveforms, ICASSP 2017, arXiv:1610.00087",
    "LeNetMFCC": "LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied "
    "to document recognition, Proceedings of the IEEE 1998, doi:10.1109/5.726791",
    "LogMelCNN": "Salamon and Bello, Deep Convolutional Neural Networks and Data "
    "Augmentation for Environmental Sound Classification, IEEE Signal Processing "
    "Letters 2017, arXiv:1608.04363; Kong et al., PANNs: Large-Scale Pretrained Audio "
    "Neural Networks for Audio Pattern Recognition, 2020, arXiv:1912.10211",
    "ReSE2Multi": "Kim, Lee and Nam, Sample-level CNN Architectures for Music "
    "Auto-tagging Using Raw Waveforms, ICASSP 2018, arXiv:1710.10451",
    "SampleCNN": "Lee, Park, Kim and Nam, Sample-level Deep Convolutional Neural "
    "Networks for Music Auto-tagging Using Raw Waveforms, SMC 2017, arXiv:1703.01789",
    "SpeechGRU": "Cho et al., Learning Phrase Representations using RNN "
    "Encoder-Decoder, EMNLP 2014, arXiv:1406.1078",
}


class Data(NamedTuple):
    """Where the clips of a tag come from.

    Attributes:
        citation: Of the data set.
        homepage: Of the data set.
        license: Of the clips; NOTICE gives their authors' names.
        name: Of the data set, in short.
        task: What a network that was trained on it is for.
    """

    citation: str
    homepage: str
    license: str
    name: str
    task: str


DATA = {
    "esc10": Data(
        "Piczak, ESC: Dataset for Environmental Sound Classification, ACM Multimedia "
        "2015, doi:10.1145/2733373.2806390",
        "https://github.com/karolpiczak/ESC-50",
        "CC BY 3.0",  # as ESC-10's clips are; the others of ESC-50 are CC BY-NC 3.0
        "ESC-10",
        "tagging",
    ),
    "fsdd": Data(
        "Jackson et al., Free Spoken Digit Dataset v1.0.9, 2020",
        "https://github.com/Jakobovski/free-spoken-digit-dataset",
        "CC BY-SA 4.0",
        "FSDD",
        "speech",
    ),
}
OWN_LABELS = {("BarkNet", "esc10"): "esc10_dog"}  # not those of the data set
NEEDED = {
    "model", "tag", "arguments", "labels", "parameters", "data", "script", "seed",
    "test", "accuracy",
}  # fmt: skip


def main() -> None:
    """Bundle what the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("result", type=Path, help="the .json of a training")
    result = parser.parse_args().result
    try:
        entry = bundle(json.loads(result.read_text(encoding="utf-8")), result)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(json.dumps(entry, indent=2))


def bundle(facts: dict[str, Any], result: Path) -> dict[str, Any]:
    """Copy the weights and write their entry; gives the entry.

    Raises:
        ValueError: The result lacks something, is of a model or data unknown here,
            names another license of the data, or has no score between 0 and 1; the
            file is too large; another preset uses the list of labels with other names.
        OSError: The weights are missing.
    """
    _check(facts, result)
    factory, tag = facts["model"], facts["tag"]
    content = result.with_suffix(".safetensors").read_bytes()
    if len(content) > LARGEST:
        raise ValueError(
            f"{result.with_suffix('.safetensors')} has {len(content):,} bytes, and a "
            f"bundled file has at most {LARGEST:,}. Train a smaller network."
        )
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    entries = {(other["factory"], other["tag"]): other for other in manifest["weights"]}
    others = [entries[key] for key in entries if key != (factory, tag)]
    body = FACTORIES[factory](**facts["arguments"], include_top=False)
    labels = _write_labels(facts, others)
    target = BUNDLED / f"{factory.lower()}_{tag}.safetensors"
    target.write_bytes(content)
    data = DATA[tag]
    scores = {
        name: round(facts[name], 4)
        for name in ("accuracy", "macro_f1")
        if name in facts
    }
    entry: dict[str, Any] = {
        "factory": factory,
        "tag": tag,
        "arguments": facts["arguments"],
        "labels": labels,
        "task": data.task,
        "data": [data.name],
        "sample_rate": body.spec.sample_rate,
        "parameters": facts["parameters"],
        "license": "Apache-2.0",
        "citation": f"{PAPERS[factory]}; {data.citation}",
        "homepage": data.homepage,
        "metrics": {"dataset": facts["test"], **scores},
        "training": {name: facts[name] for name in ("data", "script", "seed")},
        "sources": [
            {
                "kind": "bundled",
                "format": "native",
                "path": target.name,
                "sha256": hashlib.sha256(content).hexdigest(),
                "size": len(content),
            }
        ],
    }
    entries[factory, tag] = entry  # in its place, or last if it is new
    manifest["weights"] = list(entries.values())
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    MANIFEST.write_text(text + "\n", encoding="utf-8")
    return entry


def _check(facts: dict[str, Any], result: Path) -> None:
    if missing := sorted(NEEDED - facts.keys()):
        raise ValueError(
            f"{result} does not say {', '.join(missing)}. Is it the result of a script "
            "of tools/train?"
        )
    for name, cited in (("model", list(PAPERS)), ("tag", list(DATA))):
        if facts[name] not in cited:
            raise ValueError(
                f"{result} is of {name} {facts[name]!r}, and there are citations for "
                f"{', '.join(cited)}. Add one to {Path(__file__).name}."
            )
    if (license := DATA[facts["tag"]].license) not in facts["data"]:
        raise ValueError(
            f"{result} must say that its data is under {license}. Received: data="
            f"{facts['data']!r}."
        )
    if not 0 <= facts["accuracy"] <= 1:
        raise ValueError(
            f"{result} has an accuracy of {facts['accuracy']!r}, not from 0 to 1."
        )


def _write_labels(facts: dict[str, Any], others: list[dict[str, Any]]) -> str:
    factory, tag = facts["model"], facts["tag"]
    name = OWN_LABELS.get((factory, tag), tag)
    path = LABELS / f"{name}.txt"
    text = "".join(f"{label}\n" for label in facts["labels"])
    users = [f"{other['factory']}/{other['tag']}" for other in others
             if other["labels"] == name]  # fmt: skip
    if users and path.read_text(encoding="utf-8") != text:
        raise ValueError(
            f"{factory}/{tag} has the labels {facts['labels']}, but {path.name}, which "
            f"{', '.join(users)} uses, has others. Name its own list in OWN_LABELS."
        )
    path.write_text(text, encoding="utf-8")
    return name


if __name__ == "__main__":
    main()
