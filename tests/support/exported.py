"""Names of exported models, a format each."""

PATHS = {
    "saved_model": "model",
    "litert": "model.tflite",
    "onnx": "model.onnx",
    "openvino": "model.xml",
}
