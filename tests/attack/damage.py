"""Damage: what a disk does to our files is read as it was, counts as absent, or named.

Each kind of file is an area: it is written once, changed in thousands of ways, and read
as users read it. Wrong is any other exception than the documented one, a message that
does not name the file, numbers that are not those written, and more memory or time
than a small file can cost.
"""

from importlib.util import find_spec

from . import models_and_tables, own_files
from .damaging import Damage

AREAS = [
    Damage("log of features", own_files.log),
    Damage("table of features, .npz", own_files.features(".npz")),
    Damage("table of features, .parquet", own_files.features(".parquet")),
    Damage("table written again, .npz", own_files.rewritten(".npz"), quick=50),
    Damage("table written again, .parquet", own_files.rewritten(".parquet"), quick=50),
    Damage("index", own_files.index),
    *(
        Damage(f"index on disk, {suffix}", own_files.disk_index(suffix), quick=100)
        for suffix in (".rows", ".paths", ".npz", "manifest.json")
        if find_spec("faiss") and find_spec("pyarrow")
    ),
    Damage("state of a training", own_files.state),
    Damage("decoded sound", own_files.decoded(".pcm"), quick=100),
    Damage("decoded sound, its list", own_files.decoded(".index"), quick=100),
    Damage("native weights", own_files.native),
    Damage("manifest", own_files.manifest),
    Damage("table of clips", models_and_tables.table, (ValueError, FileNotFoundError)),
    Damage("table of ESC-50", models_and_tables.esc50, (ValueError, FileNotFoundError)),
    Damage("saved model", models_and_tables.saved, quick=100),
    Damage(
        "saved model, odd facts",
        models_and_tables.saved_with,
        quick=40,
        changes=models_and_tables.saved_values,
    ),
    Damage("Keras 2, layers by number", models_and_tables.keras2_weights(named=False)),
    Damage("Keras 2, layers by name", models_and_tables.keras2_weights(named=True)),
]
