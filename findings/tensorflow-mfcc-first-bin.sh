#!/usr/bin/env bash
# tensorflow 2.21.0: its two mel banks, tf.raw_ops.Mfcc and
# tf.signal.linear_to_mel_weight_matrix, at the lower end.
#
# Guess: a bin of the FFT counts for the mel bands if its frequency is above
# lower_frequency_limit, in both.
# Seen: 8 kHz, 256-point FFT, bins 31.25 Hz apart, limit 20 Hz. The matrix gives the bin at
# 31.25 Hz a weight of 0.17 in the first band; Mfcc does not hear it at all: as much energy
# as one likes in it changes no coefficient. Mfcc begins at bin floor(1.5 + limit / width),
# here 2, so it is half a bin that decides: with a limit of 46.8 Hz the bin at 62.5 Hz is
# heard, with 47 Hz, still below it, no more. With the usual 16 kHz and 640 or 1024 points
# and 20 Hz nothing is lost, as bin 1 lies below the limit.
# Who writes the speech_commands front-end with tf.signal or another library gets other
# coefficients at short frames and low rates.
# Output seen:
#   weight of 31.25 Hz in the matrix: 0.174
#   limit 20.0: Mfcc hears 31.25 Hz: False, 62.5 Hz: True
#   limit 46.8: Mfcc hears 62.5 Hz: True
#   limit 47.0: Mfcc hears 62.5 Hz: False
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet tensorflow==2.21.0 numpy==2.4.6
cd "$work"
export TF_CPP_MIN_LOG_LEVEL=3
"$work/venv/bin/python" - 2>stderr.txt <<'PYTHON' || { cat stderr.txt; exit 1; }
import numpy as np
import tensorflow as tf

print("tensorflow", tf.__version__)
RATE, BINS, LIMIT = 8_000, 129, 20.0

matrix = tf.signal.linear_to_mel_weight_matrix(20, BINS, RATE, LIMIT, 4_000.0).numpy()
print(f"weight of 31.25 Hz in the matrix: {matrix[1].max():.3f}")
assert matrix[1].max() > 0.1


def mfcc(lit, limit):
    powers = np.zeros((1, 1, BINS), "float32")
    if lit is not None:
        powers[0, 0, lit] = 1e6
    return tf.raw_ops.Mfcc(
        spectrogram=powers,
        sample_rate=RATE,
        lower_frequency_limit=limit,
        upper_frequency_limit=4_000,
        filterbank_channel_count=20,
        dct_coefficient_count=13,
    ).numpy()


def hears(lit, limit):
    return bool(np.abs(mfcc(lit, limit) - mfcc(None, limit)).max() > 0)


print(f"limit {LIMIT}: Mfcc hears 31.25 Hz: {hears(1, LIMIT)}, 62.5 Hz: {hears(2, LIMIT)}")
assert (hears(1, LIMIT), hears(2, LIMIT)) == (False, True)
for limit, expected in ((46.8, True), (47.0, False)):
    print(f"limit {limit}: Mfcc hears 62.5 Hz: {hears(2, limit)}")
    assert hears(2, limit) == expected
PYTHON
