"""Embed, tag or search a corpus: many files, on this machine or on many.

sources -> clips -> an engine (local, Ray) -> results -> blocks of a Parquet data set
shards, data sets with labels -> a stream to train on
"""

from kerasaudio.corpus.labeled_rows import from_hugging_face
from kerasaudio.corpus.report import Report
from kerasaudio.corpus.run import run
from kerasaudio.corpus.shards import from_shards

__all__ = ["Report", "from_hugging_face", "from_shards", "run"]
