"""LiteRT's own description of a model: a flatbuffer among the buffers of the file.

    ModelMetadata -> SubGraphMetadata -> TensorMetadata of the input: AudioProperties
                                      -> TensorMetadata of the output: file of labels

With it, MediaPipe's AudioClassifier and TensorFlow's Task Library can run the file:
they read rate and channels from it, and the labels from the appended zip archive.

Source: mediapipe/tasks/metadata/metadata_schema.fbs 1.5.0, google-ai-edge/mediapipe at
3b85afc6e1523af81d3b7bdf51e855972490a2f1.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from kerasaudio.exporting.facts import FACTS_FILE, LABELS_FILE

NAME = "TFLITE_METADATA"  # of the entry in the model's list of metadata
IDENTIFIER = b"M001"
# First version of the schema that has all fields used here; audio came with 1.3.0.
PARSER_VERSION = "1.3.0"

# Fields of the schema's tables, in its order, up to the last one used here.
_MODEL = (
    "name",
    "description",
    "version",
    "subgraph_metadata",
    "author",
    "license",
    "associated_files",
    "min_parser_version",
)
_SUBGRAPH = ("name", "description", "input_tensor_metadata", "output_tensor_metadata")
_TENSOR = (
    "name",
    "description",
    "dimension_names",
    "content",
    "process_units",
    "stats",
    "associated_files",
)
_CONTENT = ("content_properties_type", "content_properties")
_AUDIO = ("sample_rate", "channels")
_FILE = ("name", "description", "type")

_AUDIO_PROPERTIES = 4  # in the union ContentProperties
_DESCRIPTIONS, _TENSOR_AXIS_LABELS = 1, 2  # in the enum AssociatedFileType

_ALIGNMENT = 16  # of every buffer, as the schema requires (force_align), for SIMD


class _Number(NamedTuple):
    kind: str  # name of the type in flatbuffers.Builder
    value: int


class _Table(NamedTuple):
    fields: tuple[str, ...]
    values: Mapping[str, Any]


def describe_model(facts: Mapping[str, Any]) -> bytes:
    """Return the ModelMetadata of a model, made from its facts."""
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(_write(builder, _model(facts)), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def _model(facts: Mapping[str, Any]) -> _Table:
    name = facts["preset"] or facts["architecture"] or "kerasaudio"
    subgraph = {
        "input_tensor_metadata": [_input(facts)],
        "output_tensor_metadata": [_output(facts)],
    }
    values = {
        "name": name,
        "description": _description(name, facts),
        "version": facts["weights"] if facts["preset"] else None,
        "subgraph_metadata": [_Table(_SUBGRAPH, subgraph)],
        "author": "kerasaudio",
        "license": facts["license"],
        "associated_files": [
            _file(FACTS_FILE, "Facts for kerasaudio.export.read_facts.", _DESCRIPTIONS)
        ],
        "min_parser_version": PARSER_VERSION,
    }
    return _Table(_MODEL, values)


def _description(name: str, facts: Mapping[str, Any]) -> str:
    gives = "an embedding" if facts["labels"] is None else "scores of its labels"
    parts = [f"{name}, from a waveform to {gives}, {facts['quantize'] or 'float32'}"]
    if facts["citation"]:
        parts.append(f"Please cite: {facts['citation']}")
    if facts["homepage"]:
        parts.append(f"See {facts['homepage']}")
    return ". ".join(parts) + "."


def _input(facts: Mapping[str, Any]) -> _Table:
    length = facts["clip_samples"]
    samples = f"{length}" if length else f"at least {facts['min_samples']}"
    rate = facts["sample_rate"]
    audio = {"sample_rate": _Number("Uint32", rate), "channels": _Number("Uint32", 1)}
    content = {
        "content_properties_type": _Number("Uint8", _AUDIO_PROPERTIES),
        "content_properties": _Table(_AUDIO, audio),
    }
    values = {
        "name": facts["input"],
        "description": (
            f"Mono sound at {rate} Hz, {samples} samples, floats in [-1, 1]."
        ),
        "content": _Table(_CONTENT, content),
    }
    return _Table(_TENSOR, values)


def _output(facts: Mapping[str, Any]) -> _Table:
    values: dict[str, Any] = {"name": facts["output"]}
    if facts["labels"] is None:
        values["description"] = "The embedding."
    else:
        values["description"] = "A score for each label, in their order."
        values["associated_files"] = [
            _file(LABELS_FILE, "One label per line.", _TENSOR_AXIS_LABELS)
        ]
    return _Table(_TENSOR, values)


def _file(name: str, description: str, kind: int) -> _Table:
    values = {"name": name, "description": description, "type": _Number("Int8", kind)}
    return _Table(_FILE, values)


def _write(builder: Any, value: str | list[_Table] | _Table) -> int:
    """Write a value and everything that it refers to, and return its offset."""
    if isinstance(value, str):
        return int(builder.CreateString(value))
    if isinstance(value, list):
        parts = [_write(builder, part) for part in value]
        builder.StartVector(4, len(parts), 4)
        for place in reversed(parts):
            builder.PrependUOffsetTRelative(place)
        return int(builder.EndVector())
    present = {
        slot: value.values[name]
        for slot, name in enumerate(value.fields)
        if value.values.get(name) is not None
    }
    places = {
        slot: _write(builder, part)
        for slot, part in present.items()
        if not isinstance(part, _Number)
    }
    builder.StartObject(len(value.fields))
    for slot, part in present.items():
        if isinstance(part, _Number):
            getattr(builder, f"Prepend{part.kind}Slot")(slot, part.value, 0)
        else:
            builder.PrependUOffsetTRelativeSlot(slot, places[slot], 0)
    return int(builder.EndObject())


def with_metadata(content: bytes, facts: Mapping[str, Any]) -> bytes:
    """Return a LiteRT file with the ModelMetadata added; its output does not change.

    Args:
        content: Content of the file.
        facts: Facts of the model.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    if facts["clip_samples"] is None:
        _set_window(model, facts["window_samples"])
    entry = schema.MetadataT(name=NAME, buffer=len(model.buffers))
    model.metadata = [*(model.metadata or []), entry]
    model.buffers = [
        *(_Buffer(buffer.data) for buffer in model.buffers),
        _Buffer(describe_model(facts)),
    ]
    size = len(content) + _ALIGNMENT * len(model.buffers) + 4096
    builder = flatbuffers.Builder(size)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _set_window(model: Any, samples: int) -> None:
    """Set the default input length to one window; other lengths still work.

    The converter sets it to one sample, and MediaPipe uses that.
    """
    graph = model.subgraphs[0]
    (place,) = graph.inputs
    graph.tensors[place].shape = [1, samples]


class _Buffer:
    """A buffer whose data are aligned; the schema's own packing does not align them."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def Pack(self, builder: Any) -> Any:
        from ai_edge_litert import schema_py_generated as schema

        if self._data is None:
            schema.BufferStart(builder)
            return schema.BufferEnd(builder)
        builder.Prep(_ALIGNMENT, len(self._data))
        data = builder.CreateByteVector(bytes(self._data))
        schema.BufferStart(builder)
        schema.BufferAddData(builder, data)
        return schema.BufferEnd(builder)
