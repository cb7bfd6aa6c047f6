"""Write, run and read ONNX files."""
