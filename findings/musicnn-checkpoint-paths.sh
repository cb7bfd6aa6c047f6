#!/usr/bin/env bash
# tensorflow 2.21.0 with the checkpoints in the wheel of musicnn 0.1.0.
#
# Guess: tf.train.load_checkpoint(folder) reads the checkpoint that lies in the folder.
# Seen: the file `checkpoint` in there names absolute paths of the machine that trained
# the network, and load_checkpoint follows them: ValueError, "Couldn't find 'checkpoint'
# file or checkpoints", though index and data are beside it. They are called just `.index` and `.data-00000-of-00001`, so the prefix that
# does open them is the folder with a slash at its end.
# Output seen:
#   names an absolute path: True
#   files: ['.data-00000-of-00001', '.index', '.meta']
#   load_checkpoint(folder): ValueError
#   NewCheckpointReader(folder/): 150 tensors
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet tensorflow==2.21.0
"$work/venv/bin/pip" install --quiet --no-deps musicnn==0.1.0
cd "$work"
TF_CPP_MIN_LOG_LEVEL=3 "$work/venv/bin/python" - <<'PYTHON'
import sysconfig
from pathlib import Path

import tensorflow as tf

print("tensorflow", tf.__version__)
folder = Path(sysconfig.get_path("purelib")) / "musicnn" / "MTT_musicnn"
first = (folder / "checkpoint").read_text().splitlines()[0]
print("names an absolute path:", first.partition('"')[2].startswith("/"))
print("files:", sorted(path.name for path in folder.glob(".*")))
assert first.partition('"')[2].startswith("/"), first
try:
    tf.train.load_checkpoint(str(folder))
except (tf.errors.NotFoundError, ValueError) as error:
    print("load_checkpoint(folder):", type(error).__name__)
else:
    raise AssertionError("load_checkpoint reads the folder now")
reader = tf.compat.v1.train.NewCheckpointReader(f"{folder}/")
print("NewCheckpointReader(folder/):", len(reader.get_variable_to_shape_map()), "tensors")
PYTHON
