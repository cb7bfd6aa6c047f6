"""Put weights that a script of tools/train made into the package.

    python tools/train/fsdd_digits.py fsdd/ --model LeNetMFCC --out build/fsdd
    python tools/bundle_preset.py build/fsdd/LeNetMFCC.json

Copies the .safetensors file beside the result into kerasaudio/weights/bundled, writes
its labels, and its hash, size and measured score into weights_manifest.json.
"""

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[1]
BUNDLED = CHECKOUT / "kerasaudio" / "weights" / "bundled"
LABELS = BUNDLED.parent / "labels"
MANIFEST = CHECKOUT / "weights_manifest.json"
PAPERS = {
    "LeNetMFCC": "LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied "
    "to document recognition, Proceedings of the IEEE 1998, doi:10.1109/5.726791",
    "SpeechGRU": "Cho et al., Learning Phrase Representations using RNN "
    "Encoder-Decoder, EMNLP 2014, arXiv:1406.1078",
}
DATA = {
    "fsdd": {
        "citation": "Jackson et al., Free Spoken Digit Dataset v1.0.9, 2020",
        "homepage": "https://github.com/Jakobovski/free-spoken-digit-dataset",
    },
}


def main() -> None:
    """Bundle what the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("result", type=Path, help="the .json of a training")
    result = parser.parse_args().result
    entry = bundle(json.loads(result.read_text(encoding="utf-8")), result)
    print(json.dumps(entry, indent=2))


def bundle(facts: dict[str, Any], result: Path) -> dict[str, Any]:
    """Copy the weights and write their entry; gives the entry."""
    factory, tag = facts["model"], facts["tag"]
    target = BUNDLED / f"{factory.lower()}_{tag}.safetensors"
    shutil.copyfile(result.with_suffix(".safetensors"), target)
    content = target.read_bytes()
    labels = "".join(f"{label}\n" for label in facts["labels"])
    (LABELS / f"{tag}.txt").write_text(labels, encoding="utf-8")
    entry = {
        "factory": factory,
        "tag": tag,
        "arguments": facts["arguments"],
        "labels": tag,
        "parameters": facts["parameters"],
        "licence": "Apache-2.0",
        "citation": f"{PAPERS[factory]}; {DATA[tag]['citation']}",
        "homepage": DATA[tag]["homepage"],
        "metrics": {"dataset": facts["test"], "accuracy": round(facts["accuracy"], 4)},
        "training": {
            "data": facts["data"],
            "script": facts["script"],
            "seed": facts["seed"],
        },
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
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    manifest["weights"] = [
        other
        for other in manifest["weights"]
        if (other["factory"], other["tag"]) != (factory, tag)
    ] + [entry]
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    MANIFEST.write_text(text + "\n", encoding="utf-8")
    return entry


if __name__ == "__main__":
    main()
