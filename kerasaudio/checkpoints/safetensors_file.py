"""Read a safetensors file as arrays; nothing in it is executed."""

import numpy as np

_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",  # widened below
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "BOOL": "?",
    "C64": "<c8",
}


def parse_safetensors(content: bytes) -> dict[str, np.ndarray]:
    """Read the bytes of a safetensors file.

    Args:
        content: Content of the whole file.

    Returns:
        Arrays by name. bfloat16 becomes float32, without loss.

    Raises:
        ValueError: The content is not a safetensors file, or has a number type that
            NumPy does not support, such as 8-bit floats.
    """
    from safetensors import SafetensorError, deserialize

    try:
        tensors = deserialize(content)
    except SafetensorError as error:
        raise ValueError(f"not a safetensors file ({error})") from error
    return {name: _array(name, tensor) for name, tensor in tensors}


def _array(name: str, tensor: dict) -> np.ndarray:
    dtype = tensor["dtype"]
    if dtype not in _DTYPES:
        raise ValueError(
            f"its tensor {name} has the type {dtype}, which is not supported: convert "
            "it to float32, float16 or bfloat16"
        )
    flat = np.frombuffer(tensor["data"], _DTYPES[dtype])
    if dtype == "BF16":  # the upper half of a float32
        flat = (flat.astype("<u4") << 16).view("<f4")
    return flat.reshape(tensor["shape"])
