#!/usr/bin/env bash
# Keras 3.15.1 on jax 0.10.2: average pooling of log-mel bands in bfloat16.
#
# Guess: keras.layers.AveragePooling2D over all 96 bands is their mean, like
# keras.ops.mean, rounded once to bfloat16 (by at most 0.4 %).
# Seen: the pooling adds up in the precision of its input, value by value. A sum of 96
# values near -3 grows to -288, where bfloat16 has steps of 2, so that the mean is wrong
# by more than 1 % (here by 4 %); keras.ops.mean of the same values is right. In float16
# likewise, less. A network with such a mean behind its front-end moved its scores by
# 2e-2 on jax, and by 2e-3 on TensorFlow and PyTorch, which add up bfloat16 in float32.
# Way round: the pooling layer with dtype="float32".
# Output seen:
#   bfloat16: pooling is wrong by 4.04 %, ops.mean by 0.27 %, pooling in float32 by 0.00 %
#   float16: pooling is wrong by 0.49 %, ops.mean by 0.03 %, pooling in float32 by 0.00 %
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet keras==3.15.1 jax==0.10.2 numpy==2.4.6
cd "$work"
KERAS_BACKEND=jax "$work/venv/bin/python" - <<'PYTHON'
import jax
import keras
import numpy as np

print("keras", keras.__version__, "jax", jax.__version__)
BANDS = 96
LOG_MEL = np.random.default_rng(0).normal(-3, 0.3, (20, 50, BANDS, 1))


def wrong(found, exact):
    found = np.asarray(keras.ops.cast(found, "float32"), "float64").reshape(exact.shape)
    return 100 * np.abs(found / exact - 1).max()


for dtype in ("bfloat16", "float16"):
    x = keras.ops.cast(LOG_MEL, dtype)
    exact = np.asarray(keras.ops.cast(x, "float32"), "float64").mean(axis=2)
    pooling = keras.layers.AveragePooling2D((1, BANDS), dtype=dtype)
    precise = keras.layers.AveragePooling2D((1, BANDS), dtype="float32")
    of_pooling = wrong(pooling(x), exact)
    of_mean = wrong(keras.ops.mean(x, axis=2), exact)
    of_precise = wrong(precise(x), exact)
    print(
        f"{dtype}: pooling is wrong by {of_pooling:.2f} %, ops.mean by {of_mean:.2f} %,"
        f" pooling in float32 by {of_precise:.2f} %"
    )
    assert of_pooling > 4 * of_mean
    assert of_precise < 0.001
    if dtype == "bfloat16":
        assert of_pooling > 1
        assert of_mean < 0.4
PYTHON
