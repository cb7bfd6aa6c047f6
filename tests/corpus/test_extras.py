"""What is said where an optional package is missing."""

import sys

import pytest

from kerasaudio import corpus


def test_without_pyarrow_no_other_file_is_proposed(
    sounds, model, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ImportError, match=r'need pyarrow: pip install "[^"]*"\.$'):
        corpus.run(sounds, model, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
