#!/usr/bin/env bash
# Keras 3.15.1 on jax 0.10.2: keras.ops.extract_sequences, which cuts a waveform into
# frames, as front-ends do.
#
# Guess: samples are copied, and a frame holds them bit by bit on every device.
# Seen: it is traced as a convolution by ones and zeros, at the precision of products
# that jax has by default. Devices that round the factors of float32 products (GPUs to
# TF32, TPUs to bfloat16) are so allowed to round every sample. (CPUs are not such
# devices: there the numbers are right, and only the trace shows it.) keras.ops.stft of
# these versions gathers samples; with jax 0.4.35 it is the same convolution.
# Way round: frame inside jax.default_matmul_precision("highest").
# Output seen:
#   extract_sequences: [('conv_general_dilated', 'DEFAULT')]
#   extract_sequences, highest: [('conv_general_dilated', 'HIGHEST')]
#   stft: [('gather', None)]
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
WAVEFORM = np.zeros((1, 16_000), "float32")
KINDS = ("conv_general_dilated", "dot_general", "gather")


def operations(jaxpr):
    for equation in jaxpr.eqns:
        if equation.primitive.name in KINDS:
            precision = equation.params.get("precision")
            yield equation.primitive.name, precision and precision[0].name
        for value in equation.params.values():
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                yield from operations(inner)


def seen(what, function, precision="default"):
    with jax.default_matmul_precision(precision):
        found = list(operations(jax.make_jaxpr(function)(WAVEFORM).jaxpr))
    print(f"{what}: {found}")
    return found


def cut(x):
    return keras.ops.extract_sequences(x, 400, 160)


assert seen("extract_sequences", cut) == [("conv_general_dilated", "DEFAULT")]
highest = seen("extract_sequences, highest", cut, "highest")
assert highest == [("conv_general_dilated", "HIGHEST")]
spectrum = seen("stft", lambda x: keras.ops.stft(x, 400, 160, 400, "hann"))
assert spectrum == [("gather", None)]
PYTHON
