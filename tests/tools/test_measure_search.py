"""The measurement of `DiskIndex` at a small scale, with made-up vectors."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from support.vector_tables import ORIGIN, clustered

pytest.importorskip("faiss")
pytest.importorskip("pyarrow")

TOOL = Path(__file__).parents[2] / "tools" / "measure_search.py"


@pytest.mark.slow
def test_recall_time_and_memory_of_many_vectors(tmp_path):
    np.save(tmp_path / "real.npy", clustered(2_000, 128, noise=1))
    (tmp_path / "origin.json").write_text(json.dumps(ORIGIN))
    words = ["sounds", "weights.pt", "--folder", str(tmp_path), "--rows", "60000"]
    steps = ["--queries", "100", "--steps", "make", "build", "exact", "search"]
    said = subprocess.run(
        [sys.executable, str(TOOL), *words, *steps],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    recalls = [float(found) for found in re.findall(r"recall@10 ([\d.]+);", said)]
    assert len(recalls) == 2
    assert min(recalls) >= 0.95
    before, opened, after, peak = map(
        int, re.search(r"MB: (\d+) .*, (\d+) .*, (\d+) .*, (\d+)", said).groups()
    )
    # Codes of 52 bytes and a number of 8 for each vector; the vectors take 31 MB.
    assert before < opened <= after <= peak < before + 25
