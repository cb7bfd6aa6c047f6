#!/usr/bin/env bash
# transformers 5.24.0 on torch 2.13.0: the Audio Spectrogram Transformer, the names of its
# weights in memory and in its own checkpoint files.
#
# Guess: save_pretrained writes what state_dict() holds, so the tensors of a published
# model.safetensors can be given to load_state_dict.
# Seen: of the 27 tensors of a network of one layer 11 have the same name in both. In the
# file each layer's are named as the published checkpoints have them since 2022
# (encoder.layer.0.attention.attention.query), in memory they are layers.0.attention.q_proj.
# load_state_dict refuses the file that the same object has just written, all layers'
# tensors missing; with strict=False it keeps their random numbers in silence. Only
# from_pretrained translates, there and back. Who compares another implementation with
# this one by state_dict() finds other keys than in the file that both load.
# Way round: read the safetensors file for names, and load by from_pretrained.
# Output seen:
#   in the file 27, in memory 27, alike 11
#   load_state_dict: RuntimeError
#   strict=False: layers left as they were: True
#   from_pretrained gives the same output: True
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 transformers==5.24.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import torch
import transformers
from safetensors.torch import load_file
from transformers import ASTConfig, ASTForAudioClassification

print("transformers", transformers.__version__, "torch", torch.__version__)
transformers.logging.set_verbosity_error()
CONFIG = ASTConfig(
    hidden_size=24,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=24,
    max_length=64,
    num_mel_bins=32,
)
torch.manual_seed(0)
written = ASTForAudioClassification(CONFIG).eval()
written.save_pretrained("ast")
tensors = load_file("ast/model.safetensors")

own = written.state_dict()
alike = tensors.keys() & own.keys()
print(f"in the file {len(tensors)}, in memory {len(own)}, alike {len(alike)}")
assert (len(tensors), len(own), len(alike)) == (27, 27, 11)
assert not any(".layers." in key or ".layer." in key for key in alike)

try:
    written.load_state_dict(tensors)
except RuntimeError as error:
    print("load_state_dict:", type(error).__name__)
    assert "layers.0.attention.q_proj.weight" in str(error)
else:
    raise AssertionError("load_state_dict takes the file")

other = ASTForAudioClassification(CONFIG).eval()
name = "audio_spectrogram_transformer.layers.0.attention.q_proj.weight"
before = other.state_dict()[name].clone()
other.load_state_dict(tensors, strict=False)
kept = bool((other.state_dict()[name] == before).all())
print("strict=False: layers left as they were:", kept)
assert kept and not torch.equal(before, own[name])

sound = torch.randn(2, 64, 32)
again = ASTForAudioClassification.from_pretrained("ast").eval()
with torch.inference_mode():
    same = torch.equal(again(sound).logits, written(sound).logits)
print("from_pretrained gives the same output:", same)
assert same
PYTHON
