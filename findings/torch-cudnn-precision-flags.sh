#!/usr/bin/env bash
# torch 2.13.0: full float32 for the convolutions and recurrent layers of cuDNN, by the
# switches that torch now recommends, on a machine with or without a GPU.
#
# Guess: torch.backends.cudnn.conv.fp32_precision = "ieee", and the same for rnn, is the
# new way of torch.backends.cudnn.allow_tf32 = False; what reads the old switch, as
# torch's own context torch.backends.cudnn.flags does, then finds False.
# Seen: reading allow_tf32 raises a RuntimeError about a mix of old and new switches,
# though nobody has touched the old one, and both operations have the same precision; so
# does entering flags(). The other way round there is no error: after allow_tf32 = False
# the new switches read "none", which is exact, too.
# Way round: set the old switch, and read the new ones.
# Output seen:
#   before: conv tf32, rnn tf32, allow_tf32 True
#   new switches: conv ieee, rnn ieee, allow_tf32 raises RuntimeError, flags raises
#     RuntimeError
#   old switch: conv none, rnn none, allow_tf32 False, flags works
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import torch

print("torch", torch.__version__)
cudnn = torch.backends.cudnn


def old():
    try:
        return str(cudnn.allow_tf32)
    except RuntimeError:
        return "raises RuntimeError"


def flags():
    try:
        with cudnn.flags(enabled=True):
            return "works"
    except RuntimeError:
        return "raises RuntimeError"


def seen(what):
    found = cudnn.conv.fp32_precision, cudnn.rnn.fp32_precision, old(), flags()
    print(f"{what}: conv {found[0]}, rnn {found[1]}, allow_tf32 {found[2]}, flags {found[3]}")
    return found


print(f"before: conv {cudnn.conv.fp32_precision}, rnn {cudnn.rnn.fp32_precision}, "
      f"allow_tf32 {old()}")
cudnn.conv.fp32_precision = cudnn.rnn.fp32_precision = "ieee"
assert seen("new switches") == ("ieee", "ieee", *["raises RuntimeError"] * 2)
cudnn.allow_tf32 = False
assert seen("old switch") == ("none", "none", "False", "works")
PYTHON
