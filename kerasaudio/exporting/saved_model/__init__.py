"""Write, run and read TensorFlow SavedModels."""
