"""Read messages of protocol buffers by hand: each is a row of numbered fields.

field = tag (number << 3 | wire type), then a varint, 8 bytes, length and bytes, or 4
bytes, by the wire type

The caller names the fields that a message may have. All others are refused: they are
not skipped, because a damaged file looks like a message with unknown fields.

Source: protobuf.dev, programming guides, encoding.
"""

from collections.abc import Iterator, Mapping

Value = int | memoryview
VARINT, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5
_SIZES = {EIGHT_BYTES: 8, FOUR_BYTES: 4}


def single(message: Value | None, wires: Mapping[int, int]) -> dict[int, Value]:
    """Return the fields of a message in which none is repeated; None is empty.

    Args:
        message: Bytes of the message.
        wires: Number of a field -> its wire type.

    Raises:
        ValueError: As `fields`, or a field is there twice.
    """
    parts: dict[int, Value] = {}
    for number, part in fields(message, wires):
        if number in parts:
            raise ValueError(f"a message has field {number} twice")
        parts[number] = part
    return parts


def fields(
    message: Value | None, wires: Mapping[int, int]
) -> Iterator[tuple[int, Value]]:
    """Yield the fields of a message: number, and a number or bytes; None is empty.

    Args:
        message: Bytes of the message.
        wires: Number of a field -> its wire type.

    Raises:
        ValueError: A field is unknown or of another wire type, or is cut off.
    """
    message = memoryview(b"") if message is None else message
    assert isinstance(message, memoryview)
    position = 0
    while position < len(message):
        tag, position = varint(message, position)
        number, wire = tag >> 3, tag & 7
        if wires.get(number) != wire:
            raise ValueError(f"a message has a field {number} of wire type {wire}")
        if wire == VARINT:
            value, position = varint(message, position)
            yield number, value
            continue
        length = _SIZES.get(wire)
        if length is None:
            length, position = varint(message, position)
        if position + length > len(message):
            raise ValueError("a message is cut off")
        content = message[position : position + length]
        position += length
        yield number, content if wire == BYTES else int.from_bytes(content, "little")


def text(value: Value | None, what: str) -> str:
    """Return the text of a field.

    Args:
        value: Its bytes.
        what: What is named by it, for the message.

    Raises:
        ValueError: The field is missing or not text.
    """
    if not isinstance(value, memoryview):
        raise ValueError(f"{what} has no name")
    return bytes(value).decode("utf-8")


def varints(content: memoryview) -> Iterator[int]:
    """Yield the numbers of a packed field.

    Raises:
        ValueError: As `varint`.
    """
    position = 0
    while position < len(content):
        number, position = varint(content, position)
        yield number


def varint(data: memoryview, position: int) -> tuple[int, int]:
    """Read a number stored in seven bits per byte; return it and its end position.

    Raises:
        ValueError: The number has more than 64 bits, or reaches beyond the data.
    """
    number = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise ValueError("a number is cut off")
        octet = data[position]
        position += 1
        number |= (octet & 0x7F) << shift
        if octet < 0x80:
            if number >= 1 << 64:
                break
            return number, position
    raise ValueError("a number has more than 64 bits")
