"""YAMNet's float weights from its LiteRT file, as the official code would save them.

The file holds kernels with the batch normalisations folded in, most as int8 with one
scale a channel. So the normalisations that come back do nothing but add: mean 0,
variance 1 - epsilon, beta the folded bias.
"""

import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np

EPSILON = 1e-4
CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
_LAYER = re.compile(r".*/(layer\d+/(?:depthwise_|pointwise_)?conv)/.*", re.DOTALL)
_CLASSIFIER = re.compile(r".*/dense/.*", re.DOTALL)


def recover(tflite: Path) -> dict[str, np.ndarray]:
    """Give float32 arrays by official name, such as `layer1/conv/kernel`.

    Raises:
        ValueError: The file holds another network.
    """
    graph = _Graph(tflite)
    weights: dict[str, np.ndarray] = {}
    for kind, (_, kernel, bias), output in graph.operators():
        named = _LAYER.fullmatch(graph.name(output))
        if kind in CONVOLUTIONS and named:
            weights |= _convolution(
                kind, named[1], graph.numbers(kernel), graph.numbers(bias)
            )
        elif kind == "FULLY_CONNECTED" and _CLASSIFIER.fullmatch(graph.name(output)):
            weights["dense/kernel"] = graph.numbers(kernel).T
            weights["dense/bias"] = graph.numbers(bias)
    if len(weights) != 27 * 4 + 2:
        raise ValueError(f"{tflite} holds no YAMNet: found {sorted(weights)}.")
    return weights


def mel_matrix(tflite: Path) -> np.ndarray:
    """Give the mel matrix of the file, (bins, 64)."""
    graph = _Graph(tflite)
    products = [
        graph.numbers(kernel).T
        for kind, (_, kernel, _), output in graph.operators()
        if kind == "FULLY_CONNECTED" and "MatMul" in graph.name(output)
    ]
    return next(matrix for matrix in products if matrix.shape == (257, 64))


def run_in_float(tflite: Path, windows: np.ndarray) -> np.ndarray:
    """Give the scores of windows, (n, 521), with the int8 constants in float32.

    LiteRT rounds no activations then.
    """
    graph = _Graph(tflite)
    schema, model = graph.schema, graph.editable()
    for index, tensor in enumerate(model.subgraphs[0].tensors):
        if tensor.type == schema.TensorType.INT8:
            numbers = np.ascontiguousarray(graph.numbers(index), "<f4")
            model.buffers[tensor.buffer].data = np.frombuffer(
                numbers.tobytes(), np.uint8
            )
            tensor.type, tensor.quantization = schema.TensorType.FLOAT32, None
    return np.concatenate([_run(model, window)[0] for window in windows])


def run_layers(
    tflite: Path, window: np.ndarray
) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Run LiteRT on one window; give each convolution's input and output, in order.

    Returns:
        (official name, input, output), images (1, rows, columns, channels), rectified.
    """
    graph = _Graph(tflite)
    model = graph.editable()
    steps = [
        (_layer_name(graph.name(output)), int(inputs[0]), int(output))
        for kind, inputs, output in graph.operators()
        if kind in CONVOLUTIONS
    ]
    model.subgraphs[0].outputs = [steps[0][1], *(output for *_, output in steps)]
    model.signatureDefs = []
    images = _run(model, window)
    names = [name for name, *_ in steps]
    return list(zip(names, images, images[1:], strict=False))


def _layer_name(tensor_name: str) -> str:
    found = _LAYER.fullmatch(tensor_name)
    if found is None:
        raise ValueError(f"{tensor_name!r} is the output of no layer of YAMNet.")
    return found[1]


def _run(model: Any, window: np.ndarray) -> list[np.ndarray]:
    import flatbuffers
    from ai_edge_litert.interpreter import Interpreter

    builder = flatbuffers.Builder(1 << 24)
    builder.Finish(model.Pack(builder), b"TFL3")
    interpreter = Interpreter(model_content=bytes(builder.Output()))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], window)
    interpreter.invoke()
    details = interpreter.get_output_details()
    return [interpreter.get_tensor(detail["index"]) for detail in details]


def _convolution(
    kind: str, name: str, kernel: np.ndarray, bias: np.ndarray
) -> dict[str, np.ndarray]:
    if kind == "CONV_2D":  # (out, rows, columns, in)
        own = {f"{name}/kernel": kernel.transpose(1, 2, 3, 0)}
    else:  # (1, rows, columns, channels)
        own = {f"{name}/depthwise_kernel": kernel.transpose(1, 2, 3, 0)}
    return own | {
        f"{name}/bn/beta": bias,
        f"{name}/bn/moving_mean": np.zeros_like(bias),
        f"{name}/bn/moving_variance": np.full_like(bias, 1 - EPSILON),
    }


def write_official(path: Path, weights: dict[str, np.ndarray]) -> None:
    """Write weights as Keras 2 `save_weights` lays them out."""
    layers: dict[str, list[str]] = {}
    for name in weights:
        layers.setdefault(name.rpartition("/")[0], []).append(name)
    with h5py.File(path, "w") as file:
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = b"2.2.4-tf"
        names = ["input_1", *layers, "activation"]
        file.attrs["layer_names"] = np.array([name.encode() for name in names])
        for layer in names:
            paths = [f"{name}:0" for name in layers.get(layer, ())]
            group = file.require_group(layer)
            group.attrs["weight_names"] = np.array(paths, "S")
            for at in paths:
                group[at] = weights[at.removesuffix(":0")]


class _Graph:
    """The operators and constants of the one subgraph of a LiteRT file."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self.schema = schema
        self._content = content = path.read_bytes()
        if not schema.Model.ModelBufferHasIdentifier(content, 0):
            raise ValueError(f"{path} is no LiteRT file.")
        self._model = schema.Model.GetRootAs(content, 0)
        self._graph = self._model.Subgraphs(0)
        builtin = vars(schema.BuiltinOperator)
        self._kinds = {
            number: kind for kind, number in builtin.items() if kind[0] != "_"
        }
        self._types = {
            schema.TensorType.FLOAT32: np.float32,
            schema.TensorType.INT8: np.int8,
        }

    def editable(self) -> Any:
        """Give the file as objects that may be changed and packed again."""
        return self.schema.ModelT.InitFromObj(
            self.schema.Model.GetRootAs(bytearray(self._content), 0)
        )

    def operators(self) -> Any:
        """Give (kind, three inputs, output) of each operator that has a bias."""
        for i in range(self._graph.OperatorsLength()):
            operator = self._graph.Operators(i)
            code = self._model.OperatorCodes(operator.OpcodeIndex())
            kind = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
            if operator.InputsLength() == 3:
                inputs = operator.InputsAsNumpy()
                yield self._kinds[kind], inputs, operator.Outputs(0)

    def name(self, index: int) -> str:
        """Give the name of a tensor: those of the layers that were fused into it."""
        return self._graph.Tensors(index).Name().decode()

    def numbers(self, index: int) -> np.ndarray:
        """Give a constant in float32, its scales applied."""
        tensor = self._graph.Tensors(index)
        stored = self._model.Buffers(tensor.Buffer()).DataAsNumpy()
        values = stored.view(self._types[tensor.Type()]).reshape(tensor.ShapeAsNumpy())
        quantization = tensor.Quantization()
        if values.dtype == np.float32:
            return values.copy()
        if np.any(quantization.ZeroPointAsNumpy()):
            raise ValueError(f"{self.name(index)} is not quantised around zero.")
        scales = quantization.ScaleAsNumpy()
        shape = [1] * values.ndim
        shape[quantization.QuantizedDimension()] = len(scales)
        return values.astype(np.float32) * scales.reshape(shape)
