"""Publish converted weights on the Hugging Face Hub, and point the manifest there.

    hf auth login
    python tools/publish_weights.py --namespace my-organization

Each preset whose license allows it is fetched (or taken from KERASAUDIO_WEIGHTS),
verified, converted to kerasaudio's own format and uploaded to
NAMESPACE/kerasaudio-FACTORY-TAG with a model card. Then weights_manifest.json is
rewritten: the converted file is fetched from there, pinned by revision and sha256; the
original source stays as the second. Bundled weights stay bundled.
"""

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from kerasaudio.checkpoints.native import model_state, native_bytes
from kerasaudio.models import FACTORIES
from kerasaudio.weights import WeightsEntry, list_weights
from kerasaudio.weights.manifest import manifest_path

REDISTRIBUTABLE = {"MIT", "ISC", "Apache-2.0", "BSD-3-Clause", "CC-BY-4.0"}
FILE = "model.safetensors"


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish what the command line asks for; give the exit status."""
    options = _parser().parse_args(arguments)
    entries = list_weights()
    if options.only:
        entries = [entry for entry in entries if entry.title in options.only]
        unknown = set(options.only) - {entry.title for entry in entries}
        if unknown:
            print(f"No such presets: {', '.join(sorted(unknown))}.", file=sys.stderr)
            return 2
    failed = 0
    for entry in tqdm(entries, unit="preset", disable=None):
        if entry.license not in REDISTRIBUTABLE:
            print(f"{entry.title}: {entry.license} does not allow it, left out.")
            continue
        try:
            content = convert(entry)
        except (OSError, ValueError) as error:
            print(f"{entry.title}: {error}", file=sys.stderr)
            failed += 1
            continue
        if options.dry_run:
            print(f"{entry.title}: {len(content):,} bytes would be uploaded.")
            continue
        source = upload(entry, content, options.namespace, options.endpoint)
        point_manifest_to(entry, source)
        print(f"{entry.title}: {source['repo']}@{source['revision'][:8]}")
    return 1 if failed else 0


def convert(entry: WeightsEntry) -> bytes:
    """Give the published weights in our own format."""
    return native_bytes(model_state(FACTORIES[entry.factory](weights=entry.tag)))


def upload(
    entry: WeightsEntry, content: bytes, namespace: str, endpoint: str | None
) -> dict[str, Any]:
    """Upload weights and card in one commit; give the manifest's source."""
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi(endpoint=endpoint)
    repo = f"{namespace}/{repository_name(entry)}"
    api.create_repo(repo, exist_ok=True)
    commit = api.create_commit(
        repo,
        [
            CommitOperationAdd(FILE, content),
            CommitOperationAdd("README.md", model_card(entry, repo).encode()),
        ],
        commit_message=f"kerasaudio weights {entry.title}",
    )
    return {
        "kind": "hub",
        "format": "native",
        "repo": repo,
        "revision": commit.oid,
        "path": FILE,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
    }


def repository_name(entry: WeightsEntry) -> str:
    """Give a name that the Hub takes."""
    return re.sub(
        r"[^a-z0-9.-]+", "-", f"kerasaudio-{entry.factory}-{entry.tag}".lower()
    )


def model_card(entry: WeightsEntry, repo: str) -> str:
    """Write what a reader must know: labels, metric, license, citation, use."""
    metrics = dict(entry.metrics)
    dataset = metrics.pop("dataset", "")
    scores = "\n".join(f"| {name} | {value} |" for name, value in metrics.items())
    labels = "\n".join(f"{i}. {label}" for i, label in enumerate(entry.labels))
    return f"""---
license: {entry.license.lower()}
library_name: keras
pipeline_tag: audio-classification
tags: [kerasaudio, audio-tagging]
---

# {entry.title}

Weights of `{entry.factory}` for kerasaudio,
converted without change from {entry.homepage}.

```python
import kerasaudio

model = kerasaudio.{entry.factory}(weights="{entry.tag}")
print(model.tag("sound.wav"))
```

The file `{FILE}` in `{repo}` holds one tensor a variable, named `layer/variable`.

## Published scores ({dataset or "none"})

| metric | value |
|---|---|
{scores}

## License and citation

{entry.license}. Cite: {entry.citation}.

## Labels, in the order of the output

{labels}
"""


def point_manifest_to(entry: WeightsEntry, source: dict[str, Any]) -> None:
    """Put a source first, after bundled ones; replace an older one of the same repo."""
    path = manifest_path()
    manifest = json.loads(path.read_text(encoding="utf-8"))
    for raw in manifest["weights"]:
        if (raw["factory"], raw["tag"]) == (entry.factory, entry.tag):
            old = [s for s in raw["sources"] if s.get("repo") != source["repo"]]
            bundled = [s for s in old if s["kind"] == "bundled"]
            others = [s for s in old if s["kind"] != "bundled"]
            raw["sources"] = [*bundled, source, *others]
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    fresh = path.with_suffix(".json.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--namespace", required=True, help="Hub user or organization")
    parser.add_argument(
        "--only", nargs="+", metavar="FACTORY/TAG", help="publish these presets alone"
    )
    parser.add_argument("--endpoint", help="of the Hub, if not huggingface.co")
    parser.add_argument(
        "--dry-run", action="store_true", help="convert, but upload nothing"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
