"""The unchanged TensorFlow 1 graphs from the wheel of musicnn 0.1.0."""

import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

PATCH = (187, 96)


def graph(wheel: str, checkpoint: str, batch: int) -> Callable[[], Any]:
    """Score log-mel patches; the spectrogram is not part of the graph.

    Args:
        wheel: Path of the wheel.
        checkpoint: Such as "MTT_musicnn".
        batch: Number of patches.
    """
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as archive:
        inside = f"musicnn/{checkpoint}/"
        archive.extractall(
            folder, [name for name in archive.namelist() if name.startswith(inside)]
        )
        session, scores, patches, training = load(Path(folder, inside))
    feed = {
        patches: np.random.default_rng(0).random((batch, *PATCH), "float32"),
        training: False,
    }
    return lambda: session.run(scores, feed)


def load(folder: Path) -> tuple[Any, str, str, str]:
    """Give a session with the trained variables, and the names of its ends.

    These are the scores, the patches, and whether it is training.
    """
    import tensorflow as tf
    from tensorflow.core.protobuf import meta_graph_pb2

    v1 = tf.compat.v1
    meta = meta_graph_pb2.MetaGraphDef.FromString((folder / ".meta").read_bytes())
    output = next(
        node.name
        for node in meta.graph_def.node
        if node.op == "Sigmoid" and "gradients" not in node.name
    )
    definition = v1.graph_util.extract_sub_graph(meta.graph_def, [output])
    for node in definition.node:
        # Shapes noted by TensorFlow 1 that its successor contradicts.
        node.attr.pop("_output_shapes", None)
    checkpoint = v1.train.NewCheckpointReader(f"{folder}/")
    with tf.Graph().as_default() as tf_graph:
        tf.import_graph_def(definition, name="")
        session = v1.Session(graph=tf_graph)
        for node in definition.node:
            if node.op in ("VariableV2", "Variable"):
                variable = tf_graph.get_tensor_by_name(f"{node.name}:0")
                value = checkpoint.get_tensor(node.name)
                session.run(v1.assign(variable, value, validate_shape=False))
    ends = {
        node.attr["dtype"].type: f"{node.name}:0"
        for node in definition.node
        if node.op == "Placeholder"
    }
    patches, training = (
        ends[tf.float32.as_datatype_enum],
        ends[tf.bool.as_datatype_enum],
    )
    return session, f"{output}:0", patches, training
