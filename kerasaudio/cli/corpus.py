"""`--engine` of embed, tag and detect: a whole corpus, into a Parquet data set."""

import argparse
import os
from typing import Any

from kerasaudio.cli.common import complain, positive
from kerasaudio.cli.wording import Words
from kerasaudio.text import counted

ENGINE_NOTE = """
With --engine, sources can also be tables (.csv, .parquet: path, start, end), tars such
as WebDataset shards, folders of saved Hugging Face data sets, and addresses such as
s3://bucket/*.tar. --out is then a folder that becomes a Parquet data set; the same
command resumes (docs: corpus.md)."""

ENGINE_WORDS: Words = {
    "engine": "--engine",
    "workers": "--workers",
    "retry_failed": "--retry-failed",
    "out": "--out",
}
# This process builds the model, too, and must leave a GPU's memory to the workers.
_SHARED_GPU = {
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
}
# Options of tables and text, that a data set does not have.
_OTHERS = {
    "json": "--json",
    "form": "--json and --csv",
    "timeline": "--timeline",
    "overwrite": "--overwrite",
    "format": "--format",
}


def add_engine_options(parser: argparse.ArgumentParser) -> None:
    """Add --engine, --workers and --retry-failed."""
    parser.add_argument(
        "--engine",
        choices=("local", "ray"),
        help="compute a whole corpus, resumable, into a Parquet data set in the folder "
        "--out: in this process, or on a Ray cluster",
    )
    parser.add_argument(
        "--workers",
        type=positive,
        metavar="N",
        help="copies of the model for --engine ray (default: one per GPU, or per CPU)",
    )
    parser.add_argument(
        "--retry-failed",
        action="store_true",
        help="with --engine: compute clips again that failed before",
    )


def check_engine(options: argparse.Namespace) -> bool:
    """Return whether the command has --engine, and check what goes with it.

    Raises:
        ValueError: Other options do not go with it, or need it.
    """
    if options.engine is None:
        for name, given in {
            "--workers": options.workers,
            "--retry-failed": options.retry_failed,
        }.items():
            if given:
                raise ValueError(f"{name} needs --engine.")
        return False
    for name, option in _OTHERS.items():
        if getattr(options, name, None) not in (None, False, "text"):
            raise ValueError(f"{option} does not go with --engine.")
    if options.out is None:
        raise ValueError("--engine needs --out, a folder for the results.")
    if options.engine == "ray":
        for name, value in _SHARED_GPU.items():
            os.environ.setdefault(name, value)
    return True


def run_engine(options: argparse.Namespace, model: Any, task: str, **given: Any) -> int:
    """Run a task over the sources of the command, and print its report."""
    from kerasaudio.corpus import run

    report = run(
        options.paths,
        model,
        task,  # type: ignore[arg-type]
        options.out,
        engine=options.engine,
        workers=options.workers,
        retry_failed=options.retry_failed,
        errors=options.errors,
        **given,
    )
    print(report)
    failed = sum(report.failed.values())
    if failed:
        complain(f"{counted(failed, 'clip')} could not be used.")
    return int(failed > 0)
