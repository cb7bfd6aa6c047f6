"""Write, run and read LiteRT (TensorFlow Lite) files."""
