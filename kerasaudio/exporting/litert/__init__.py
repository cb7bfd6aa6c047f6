"""LiteRT (TensorFlow Lite): how its files are written, run and read."""
