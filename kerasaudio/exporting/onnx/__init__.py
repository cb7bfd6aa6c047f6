"""ONNX: how its files are written, run and read."""
