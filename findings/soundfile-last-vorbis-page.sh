#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile 1.2.2): a seek into the last page of an Ogg Vorbis file.
#
# Guess: read(start=n) gives the samples that read() has from n on.
# Seen: within the last page it gives samples that lie further on, by what the encoder
# trimmed at the end, and ends in the encoder's padding instead of the sound. Seeks into
# earlier pages are exact. Whoever cuts events out of long files gets the last one wrong.
# Way round: read from a second earlier, and cut.
# Output seen:
#   frames 132300 shift in earlier pages [0, 0] in the last page [52, 52, 52]
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
rate = 44_100
sound = np.random.default_rng(0).normal(0, 0.1, 3 * rate)
soundfile.write("noise.ogg", sound, rate)
whole, _ = soundfile.read("noise.ogg")


def shift(start):
    """Give how much later than asked for the samples are that come."""
    part, _ = soundfile.read("noise.ogg", start=start, frames=500)
    found = [
        n
        for n in range(0, 2_000)
        if start + n + 200 <= len(whole)
        and np.abs(whole[start + n : start + n + 200] - part[:200]).max() < 1e-4
    ]
    return found[0] if found else None


early = [shift(start) for start in (rate // 2, rate)]
late = [shift(len(whole) - back) for back in (3_000, 2_000, 1_500)]
print("frames", len(whole), "shift in earlier pages", early, "in the last page", late)
assert early == [0, 0], early
assert any(found != 0 for found in late), "seeks into the last page are exact now"
PYTHON
