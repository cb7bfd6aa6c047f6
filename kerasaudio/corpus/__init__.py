"""Embed, tag or search a corpus: many files, on this machine or on many.

sources -> clips -> an engine (local, Ray) -> results -> blocks of a Parquet data set
"""

from kerasaudio.corpus.report import Report
from kerasaudio.corpus.run import run

__all__ = ["Report", "run"]
