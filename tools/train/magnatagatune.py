"""Tag music from raw samples: MagnaTagATune, published split, the papers' settings.

    python tools/train/magnatagatune.py mtat/ --model ReSE2Multi --out build/mtat

The folder contains annotations_final.csv and the folders 0 to f. The script does not
download the archive, because no hash of it is published. From mirg.city.ac.uk fetch
mp3.zip.001 to .003 and annotations_final.csv, then run:

    cat mp3.zip.00? > mp3.zip && unzip mp3.zip -d mtat && cp annotations_final.csv mtat/

Folders 0 to b are the training set. The loss on folder c reduces the learning rate and
chooses the weights. Folders d to f are tested once, at the end: the scores of 12
windows of each excerpt are averaged, and the areas under the ROC and precision-recall
curves are macro averages over the fifty tags.

    model        published ROC-AUC, PR-AUC  settings of
    ReSE2Multi   .9113                      Kim et al. 2018, arXiv:1710.10451
    SampleCNN    .9058 .4422                Lee et al. 2017, arXiv:1703.01789
    SampleCNNSE  .9103 .4520                as SampleCNN

The first figure is that of tae-jun/resemul at commit f2c2c80, the others are of Won et
al. 2020, arXiv:2006.00751, who train at 16 kHz, with Adam first and then SGD. Windows
are 59,049 or 39,366 samples at 22,050 Hz.

Upstream cuts each excerpt into ten adjacent windows. Here each epoch uses --windows
windows (10) per excerpt, at new random positions.

Writes MODEL.keras, MODEL.epochs.csv, MODEL.json (the measured result) and MODEL-report/
(a table of the tags). After an interruption the same command resumes; a finished
training is only measured. KERAS_BACKEND chooses the backend. A GPU shortens days to
hours. Decoded audio takes 33 GB in the cache folder (KERASAUDIO_CACHE).
"""

import argparse
import time
from collections.abc import Sequence
from typing import Any

import papers
import recipe

from kerasaudio.datasets import MagnaTagATune
from kerasaudio.evaluation import evaluate

# Epochs without progress that end a learning rate, as in the upstream scripts.
MODELS: dict[str, int] = {"ReSE2Multi": 2, "SampleCNN": 3, "SampleCNNSE": 3}
PUBLISHED = {
    "ReSE2Multi": {"roc_auc": 0.9113},
    "SampleCNN": {"roc_auc": 0.9058, "pr_auc": 0.4422},
    "SampleCNNSE": {"roc_auc": 0.9103, "pr_auc": 0.4520},
}
SAMPLES = {59_049: 3, 39_366: 2}  # of a window, and width of the first filters
SAMPLE_RATE = 22_050
WINDOWS = 10
TEST_WINDOWS = 12


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, measure and write what the command line asks for."""
    options = _parser().parse_args(arguments)
    data = MagnaTagATune(options.folder, tags=options.tags)
    learn, choose, test = data.published_split()
    shape: dict[str, Any] = {
        "clip_samples": options.samples,
        "stem_width": SAMPLES[options.samples],
        "sample_rate": SAMPLE_RATE,
        "classifier_activation": "sigmoid",
    }
    model, facts = papers.run(
        options,
        (learn, choose),
        shape,
        patience=MODELS[options.model],
        test_windows=TEST_WINDOWS,
    )
    begin = time.perf_counter()
    report = evaluate(
        model,
        test,
        batch_size=options.batch_size,
        windows_per_clip=TEST_WINDOWS,
        dtype="int16",
    )
    report.save(options.out / f"{options.model}-report")
    result = {
        "data": options.data,
        "script": "tools/train/magnatagatune.py",
        "test": f"folders d to f, {TEST_WINDOWS} windows an excerpt",
        **facts,
        "tags": len(data.class_names),
        "test_clips": len(test),
        **report.figures(),
        "published": PUBLISHED[options.model] if options.tags is None else None,
        "test_seconds": round(time.perf_counter() - begin, 1),
    }
    recipe.write_result(options.out / f"{options.model}.json", result)


def _parser() -> argparse.ArgumentParser:
    parser = papers.parser(__doc__ or "", out="build/mtat", models=MODELS)
    parser.set_defaults(windows=WINDOWS)
    parser.add_argument(
        "--samples", type=int, choices=list(SAMPLES), default=59_049, help="of a window"
    )
    parser.add_argument(
        "--tags", nargs="+", metavar="TAG", help="default: the fifty most frequent"
    )
    parser.add_argument(
        "--data", default="MagnaTagATune", help="what the result calls the data"
    )
    return parser


if __name__ == "__main__":
    main()
