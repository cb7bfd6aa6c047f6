#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile 1.2.2): a chained Ogg file, as RFC 3533 describes it and
# radio recorders and `cat a.ogg b.ogg` make it.
#
# Guess: all of it is read, or there is an error.
# Seen: only the first stream; its length is given as that of the file, and nothing says
# that as much again lies behind it. Way round: look for the next "OggS" page with the
# beginning-of-stream flag, and read stream by stream.
# Output seen:
#   VORBIS frames in the chain: 96000, read: 48000
#   OPUS frames in the chain: 96000, read: 48000
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet soundfile==0.14.0 numpy==2.2.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import numpy as np
import soundfile

print("soundfile", soundfile.__version__, soundfile.__libsndfile_version__)
rng = np.random.default_rng(0)
for subtype in ("VORBIS", "OPUS"):
    for name in ("first", "second"):
        sound = rng.normal(0, 0.1, 48_000)
        soundfile.write(f"{name}.ogg", sound, 48_000, format="OGG", subtype=subtype)
    with open("chain.ogg", "wb") as chain:
        for name in ("first", "second"):
            with open(f"{name}.ogg", "rb") as part:
                chain.write(part.read())
    frames = len(soundfile.read("chain.ogg")[0])
    print(subtype, "frames in the chain: 96000, read:", frames)
    assert frames < 60_000, "the second stream is read now"
PYTHON
