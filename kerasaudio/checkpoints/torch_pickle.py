"""Interpret the pickle inside a torch file without calling anything that it names.

Python's own unpickler runs whatever a file asks for. This interpreter supports the
opcodes that state dicts consist of, replaces the few globals they need by its own
records, and refuses every other global, call and object state. It builds dicts, lists,
tuples, numbers, strings, and `Tensor` records that describe a tensor's place in a
storage. NumPy arrays, which files of a training hold beside the state dict (the order
of the clips, say), become `NumPyObject`; what is in them is dropped.
"""

import mmap
import pickletools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from kerasaudio.files.errors import UnsafeFileError

MAX_OPCODES = 5_000_000  # a state dict has about 30 per tensor
MAX_DIMENSIONS = 32
STORAGE_TYPES = {
    "DoubleStorage": "f8",
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "bool",
}


@dataclass(frozen=True)
class Storage:
    """A sequence of numbers that tensors share.

    Attributes:
        dtype: NumPy's name of the number type, or "bfloat16".
        key: Name within the file.
        count: Number of elements.
    """

    dtype: str
    key: str
    count: int


@dataclass(frozen=True)
class Tensor:
    """A tensor as a view of a storage; offset and strides count numbers, not bytes."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class NumPyObject:
    """A NumPy array, number or type in a file, of which nothing was built."""

    def __init__(self, *ignored: Any) -> None:
        pass


@dataclass(frozen=True)
class _Global:
    name: str


_MARK = object()
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_LITERALS = {  # opcodes that push their own argument
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"),
    *("FLOAT", "BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING"),
    *("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
}


def interpret(stream: IO[bytes] | mmap.mmap) -> Any:
    """Read one pickle and leave the stream at its end.

    Args:
        stream: Stream at the start of a pickle; its `read` must not allocate more than
            the stream has.

    Raises:
        UnsafeFileError: The pickle asks for more than tensors in plain containers.
        ValueError: The pickle is damaged.
    """
    return _Machine().run(pickletools.genops(stream))  # type: ignore[arg-type]


class _Machine:
    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, opcodes: Iterator[tuple[Any, Any, int | None]]) -> Any:
        try:
            for count, (opcode, argument, _) in enumerate(opcodes):
                if count > MAX_OPCODES:
                    raise UnsafeFileError(
                        f"a pickle of more than {MAX_OPCODES:,} opcodes"
                    )
                if opcode.name == "STOP":
                    return self.pop()
                self.step(opcode.name, argument)
        except UnsafeFileError:
            raise
        except (
            *(ValueError, IndexError, KeyError, TypeError, OverflowError),
            Warning,  # from pickletools, if warnings are errors
        ) as error:
            raise ValueError(f"damaged pickle: {error}") from error
        raise ValueError("damaged pickle: it has no end")

    def step(self, name: str, argument: Any) -> None:
        if name in _LITERALS:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in ("PROTO", "FRAME"):
            pass
        elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
            self.memo[argument] = self.top(object)
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[argument])
        elif name == "GLOBAL":
            self.stack.append(_global(*argument.split(" ", 1)))
        elif handler := _HANDLERS.get(name):
            handler(self)
        else:
            raise UnsafeFileError(f"the opcode {name}, which state dicts do not have")

    def pop(self, kind: type = object) -> Any:
        value = self.stack.pop()
        if value is _MARK or not isinstance(value, kind):
            raise ValueError(f"{type(value).__name__} instead of {kind.__name__}")
        return value

    def top(self, kind: type) -> Any:
        value = self.stack[-1]
        if value is _MARK or not isinstance(value, kind):
            raise ValueError(f"{type(value).__name__} instead of {kind.__name__}")
        return value

    def pop_to_mark(self) -> list[Any]:
        values = []
        while (value := self.stack.pop()) is not _MARK:
            values.append(value)
        return values[::-1]

    def pop_tuple(self, length: int) -> None:
        values = tuple(self.pop() for _ in range(length))
        self.stack.append(values[::-1])

    def set_items(self, pairs: list[Any]) -> None:
        target = self.top(dict)
        if len(pairs) % 2:
            raise ValueError("a key without a value")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            # Only scalars, as hashing a tuple nested through the memo never ends.
            if not isinstance(key, str | int | float | bytes | None):
                raise UnsafeFileError(f"a {type(key).__name__} as a key")
            target[key] = value

    def set_item(self) -> None:
        value, key = self.pop(), self.pop()
        self.set_items([key, value])

    def append(self) -> None:
        value = self.pop()
        self.top(list).append(value)

    def make_dict(self) -> None:
        pairs = self.pop_to_mark()
        self.stack.append({})
        self.set_items(pairs)

    def stack_global(self) -> None:
        name, module = self.pop(str), self.pop(str)
        self.stack.append(_global(module, name))

    def reduce(self) -> None:
        arguments, function = self.pop(tuple), self.pop()
        build = _BUILDERS.get(function.name) if isinstance(function, _Global) else None
        if build is None:
            raise UnsafeFileError(f"a call of a {_describe(function)}")
        self.stack.append(build(*arguments))

    def build(self) -> None:
        state = self.pop()
        target = self.stack[-1]
        if isinstance(target, NumPyObject):
            return
        if (
            isinstance(target, dict)
            and isinstance(state, dict)
            and state.keys() <= {"_metadata"}  # versions of the modules, not weights
        ):
            return
        raise UnsafeFileError(f"state for a {_describe(target)}")

    def persistent(self) -> None:
        kind, storage_type, key, _location, count, *view = self.pop(tuple)
        if (
            kind != "storage"
            or not isinstance(storage_type, _Global)
            or storage_type.name not in STORAGE_TYPES
        ):
            raise UnsafeFileError(f"a persistent {_describe(storage_type)}")
        if not isinstance(key, str) or not _is_count(count):
            raise ValueError("a storage without a key or a length")
        if any(part is not None for part in view):
            raise ValueError("views of storages, as torch 0.1 wrote them")
        self.stack.append(Storage(STORAGE_TYPES[storage_type.name], key, count))


_HANDLERS: dict[str, Callable[[_Machine], Any]] = {
    "MARK": lambda machine: machine.stack.append(_MARK),
    "POP": lambda machine: machine.stack.pop(),
    "POP_MARK": _Machine.pop_to_mark,
    "DUP": lambda machine: machine.stack.append(machine.top(object)),
    "MEMOIZE": lambda machine: machine.memo.__setitem__(
        len(machine.memo), machine.top(object)
    ),
    "EMPTY_TUPLE": lambda machine: machine.stack.append(()),
    "TUPLE": lambda machine: machine.stack.append(tuple(machine.pop_to_mark())),
    "TUPLE1": lambda machine: machine.pop_tuple(1),
    "TUPLE2": lambda machine: machine.pop_tuple(2),
    "TUPLE3": lambda machine: machine.pop_tuple(3),
    "EMPTY_LIST": lambda machine: machine.stack.append([]),
    "LIST": lambda machine: machine.stack.append(machine.pop_to_mark()),
    "APPEND": _Machine.append,
    "APPENDS": lambda machine: _extend(machine),
    "EMPTY_DICT": lambda machine: machine.stack.append({}),
    "DICT": _Machine.make_dict,
    "SETITEM": _Machine.set_item,
    "SETITEMS": lambda machine: machine.set_items(machine.pop_to_mark()),
    "STACK_GLOBAL": _Machine.stack_global,
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
    "BINPERSID": _Machine.persistent,
}


def _extend(machine: _Machine) -> None:
    values = machine.pop_to_mark()
    machine.top(list).extend(values)


def _global(module: str, name: str) -> _Global:
    full = f"{module}.{name}"
    if full in _BUILDERS or (module == "torch" and name in STORAGE_TYPES):
        return _Global(full if full in _BUILDERS else name)
    raise UnsafeFileError(f"the global {full!r}")


def _describe(value: Any) -> str:
    return value.name if isinstance(value, _Global) else type(value).__name__


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**62


def _tensor(
    storage: Any, offset: Any, shape: Any, strides: Any, *ignored: Any
) -> Tensor:
    if (
        not isinstance(storage, Storage)
        or not _is_count(offset)
        or not isinstance(shape, tuple)
        or not isinstance(strides, tuple)
        or len(shape) != len(strides)
        or len(shape) > MAX_DIMENSIONS
        or not all(_is_count(number) for number in (*shape, *strides))
    ):
        raise ValueError("a tensor without a storage, an offset, a shape or strides")
    return Tensor(storage, offset, shape, strides)


def _parameter(tensor: Any, *ignored: Any) -> Tensor:
    if not isinstance(tensor, Tensor):
        raise ValueError("a parameter without a tensor")
    return tensor


def _ordered_dict(pairs: Any = ()) -> dict[Any, Any]:
    machine = _Machine()
    machine.stack.append({})
    machine.set_items([value for key, item in pairs for value in (key, item)])
    return machine.top(dict)


_BUILDERS: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": _ordered_dict,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "numpy.core.multiarray._reconstruct": NumPyObject,
    "numpy._core.multiarray._reconstruct": NumPyObject,
    "numpy.core.multiarray.scalar": NumPyObject,
    "numpy._core.multiarray.scalar": NumPyObject,
    "numpy.ndarray": NumPyObject,
    "numpy.dtype": NumPyObject,
    "_codecs.encode": NumPyObject,  # the bytes of an array, in pickles of protocol 2
}
