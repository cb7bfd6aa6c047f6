"""TensorFlow's SavedModel: how its files are written, run and read."""
