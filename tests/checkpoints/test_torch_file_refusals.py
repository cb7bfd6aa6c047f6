"""Malicious torch files: refused by name, and nothing of them is ever executed."""

import pickle
from pathlib import Path
from typing import Any

import pytest

from kerasaudio.weights import UnsafeFileError, read_torch
from support.torch_files import (
    REBUILD,
    integer,
    integers,
    legacy,
    pickled,
    storage,
    tensor,
    text,
    zipped,
)

ONE_FLOAT = tensor(storage(1), shape=integers(1), strides=integers(1))
BYTES = {"0": bytes(4)}


class Runs:
    """Asks its unpickler to call something."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """A file that the attacks below try to make."""
    return tmp_path / "owned"


def attacks(marker: Path) -> dict[str, tuple[bytes, str]]:
    """Give pickles and what the refusal must name."""
    import builtins
    import os
    import subprocess

    command = f"touch {marker}"
    code = f"open({str(marker)!r}, 'w')"
    nested = {"state_dict": [{"deep": (Runs(os.system, command),)}]}
    return {
        "os.system": (pickle.dumps(Runs(os.system, command), 2), "system"),
        "os.system, protocol 0": (pickle.dumps(Runs(os.system, command), 0), "system"),
        "os.system, protocol 4": (pickle.dumps(Runs(os.system, command), 4), "system"),
        "builtins.eval": (pickle.dumps(Runs(eval, code), 2), "builtin.*eval"),
        "builtins.exec": (pickle.dumps(Runs(builtins.exec, code), 4), "exec"),
        "getattr": (b"\x80\x02cbuiltins\ngetattr\n.", "builtins.getattr"),
        "subprocess": (pickle.dumps(Runs(subprocess.Popen, command), 2), "Popen"),
        "nested": (pickle.dumps(nested, 2), "system"),
        "a global not on the list": (b"\x80\x02ccollections\nCounter\n.",
                                     "collections.Counter"),
        "torch.load": (b"\x80\x02ctorch\nload\n.", "torch.load"),
        "a global beside the list": (b"\x80\x02ctorch.storage\nFloatStorage\n.",
                                     "torch.storage.FloatStorage"),
        "a dotted global": (b"\x80\x04" + text("torch") + text("hub.load") + b"\x93.",
                            "torch.hub.load"),
        "a newline in a global": (
            b"\x80\x04" + text("os\nx") + text("system") + b"\x93.", "os"),
        "a call of a storage type": (
            b"\x80\x02ctorch\nFloatStorage\n(K\x01tR.", "a call of a FloatStorage"),
        "a call of a string": (b"\x80\x02" + text("os.system") + b")R.",
                               "a call of a str"),
        "a call of a tensor": (b"\x80\x02" + ONE_FLOAT + b")R.", "a call of a Tensor"),
        "state of a tensor": (b"\x80\x02" + ONE_FLOAT + b"}b.", "state for a Tensor"),
        "state of a dict": (
            b"\x80\x02}}" + text("x") + b"K\x01sb.", "state for a dict"),
        "a call in a state": (
            b"\x80\x02}}" + text("_metadata") + b"cos\nsystem\n)Rsb.", "os.system"),
        "a slot state": (b"\x80\x02}N}" + text("x") + b"K\x01s\x86b.",
                         "state for a dict"),
        "a new object": (b"\x80\x02ccollections\nOrderedDict\n)\x81.", "NEWOBJ"),
        "a new object with keywords": (
            b"\x80\x04ccollections\nOrderedDict\n)}\x92.", "NEWOBJ_EX"),
        "an instance": (b"(icollections\nOrderedDict\n.", "INST"),
        "an object": (b"(ccollections\nOrderedDict\no.", "OBJ"),
        "an extension": (b"\x80\x02\x82\x01.", "EXT1"),
        "a persistent name": (b"Pstorage\n.", "PERSID"),
        "a persistent module": (
            b"\x80\x02(" + text("module") + b"ctorch\nFloatStorage\n" + text("0")
            + text("cpu") + b"K\x01tQ.", "a persistent"),
        "a persistent dict": (
            b"\x80\x02(" + text("storage") + b"ccollections\nOrderedDict\n" + text("0")
            + text("cpu") + b"K\x01tQ.", "a persistent collections.OrderedDict"),
        "a tuple as a key": (b"\x80\x02}(K\x01\x85K\x01u.", "a tuple as a key"),
        "a set": (b"\x80\x04\x8f.", "EMPTY_SET"),
        "a buffer out of band": (b"\x80\x05\x97.", "NEXT_BUFFER"),
    }  # fmt: skip


@pytest.mark.parametrize("name", attacks(Path("x")))
@pytest.mark.parametrize("legacy_format", [False, True], ids=["zip", "legacy"])
def test_refused_by_name(
    name: str, legacy_format: bool, marker: Path, tmp_path: Path
) -> None:
    content, named = attacks(marker)[name]
    path = tmp_path / "model.pth"
    path.write_bytes(
        legacy(content, [], b"") if legacy_format else zipped(content, BYTES)
    )
    with pytest.raises(UnsafeFileError, match=named) as info:
        read_torch(path)
    assert not marker.exists()
    assert str(path) in str(info.value)


@pytest.mark.parametrize("where", range(5))
def test_refused_in_every_pickle_of_a_legacy_file(
    where: int, marker: Path, tmp_path: Path
) -> None:
    attack = b"\x80\x02cos\nsystem\n(" + text(f"touch {marker}") + b"tR."
    whole = legacy(pickled(ONE_FLOAT), ["0"], b"\1" + bytes(11))
    pieces, position = [], 0
    for _ in range(5):
        end = whole.index(b".", position + 2) + 1
        # The name torch._utils has a dot of its own.
        while not _is_pickle(whole[position:end]):
            end = whole.index(b".", end) + 1
        pieces.append(whole[position:end])
        position = end
    pieces[where] = attack
    path = tmp_path / "model.pth"
    path.write_bytes(b"".join(pieces) + whole[position:])
    with pytest.raises(ValueError, match=r"refused|begins with"):
        read_torch(path)
    assert not marker.exists()


def _is_pickle(content: bytes) -> bool:
    import pickletools

    try:
        list(pickletools.genops(content))
    except ValueError:
        return False
    return True


def floats(count: int, offset: int, shape: bytes, strides: bytes) -> bytes:
    return tensor(storage(count), offset=offset, shape=shape, strides=strides)


DOUBLE = tensor(
    storage(1, kind="DoubleStorage"), shape=integers(1), strides=integers(1)
)
CLAIMS = {
    "more numbers than stored": (floats(2, 0, integers(2), integers(1)), "claims"),
    "fewer numbers than stored": (floats(0, 0, integers(0), integers(1)), "claims"),
    "other type": (DOUBLE, "claims 8 bytes, not 4"),
    "a petabyte": (floats(2**48, 0, integers(2**48), integers(1)), "claims"),
    "offset behind the end": (floats(1, 1, integers(1), integers(1)), "offset 1"),
    "shape over the end": (floats(1, 0, integers(2), integers(1)), "shape"),
    "strides over the end": (floats(1, 0, integers(1, 2), integers(0, 9)), "strides"),
    "one number many times": (floats(1, 0, integers(2**40), integers(0)), "shape"),
    "and more often": (floats(1, 0, integers(2**31, 2**31), integers(0, 0)), "shape"),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_sizes_that_the_file_does_not_hold(name: str, tmp_path: Path) -> None:
    made, message = CLAIMS[name]
    path = tmp_path / "model.pth"
    path.write_bytes(zipped(pickled(made), BYTES))
    with pytest.raises(UnsafeFileError, match=message):
        read_torch(path)


NONSENSE = {
    "negative offset": floats(1, -1, integers(1), integers(1)),
    "negative extent": floats(1, 0, integers(-1), integers(1)),
    "negative stride": floats(1, 0, integers(1), integers(-1)),
    "negative length": floats(-1, 0, integers(1), integers(1)),
    "huge extent": floats(1, 0, integers(2**80), integers(1)),
    "huge empty": floats(1, 0, integers(2**61, 0), integers(1, 1)),
    "shape without strides": floats(1, 0, integers(1, 1), integers(1)),
    "shape of text": floats(1, 0, b"(" + text("x") + b"t", integers(1)),
    "shape of lists": floats(1, 0, b"](K\x01e", integers(1)),
    "a bool as a length": tensor(
        storage(1).replace(integer(1) + b"tQ", b"\x88tQ"),
        shape=integers(1), strides=integers(1)),
    "forty dimensions": floats(1, 0, integers(*[1] * 40), integers(*[1] * 40)),
    "no storage": tensor(b"N", shape=integers(1), strides=integers(1)),
    "no arguments": REBUILD + b")R",
    "a view of a storage": tensor(
        storage(1, tail=integers(0, 1)), shape=integers(1), strides=integers(1)),
    "a parameter of nothing": b"ctorch._utils\n_rebuild_parameter\n(N\x89NtR",
    "an ordered dict of text": b"ccollections\nOrderedDict\n(" + text("abc") + b"tR",
    "a string that ends nowhere": b"X\xff\xff\xff\xffab",
    "a string of eight exabytes": b"\x8d" + b"\xff" * 7 + b"\x7fab",
    "a number of two gigabytes": b"\x8b\xff\xff\xff\x7f\x01",
    "a number of many digits": b"I" + b"9" * 9000 + b"\n",
    "a letter that is escaped for no reason": b"S'\\w'\n0",
    "deep tuples": b")" + b"\x85" * 100_000,
}  # fmt: skip


@pytest.mark.parametrize("name", NONSENSE)
@pytest.mark.parametrize("legacy_format", [False, True], ids=["zip", "legacy"])
def test_nonsense(name: str, legacy_format: bool, tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    made = pickled(NONSENSE[name], ONE_FLOAT)
    path.write_bytes(
        legacy(made, ["0"], b"\1" + bytes(11)) if legacy_format else zipped(made, BYTES)
    )
    with pytest.raises(ValueError, match=r"cannot be read|was refused"):
        read_torch(path)


def test_a_dict_that_holds_itself(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(zipped(b"\x80\x02}q\0" + text("model") + b"h\0s.", BYTES))
    with pytest.raises(ValueError, match="not a state dict"):
        read_torch(path)
    itself = b"\x80\x02}q\0(" + text("model") + b"h\0" + text("x") + ONE_FLOAT + b"u."
    path.write_bytes(legacy(itself, ["0"], b"\1" + bytes(11)))
    with pytest.raises(ValueError, match="is a dict, not a tensor"):
        read_torch(path)


def test_two_ideas_of_one_storage(tmp_path: Path) -> None:
    other = tensor(
        storage(1, kind="IntStorage"), shape=integers(1), strides=integers(1)
    )
    path = tmp_path / "model.pth"
    path.write_bytes(zipped(pickled(ONE_FLOAT, other), BYTES))
    with pytest.raises(UnsafeFileError, match="two definitions"):
        read_torch(path)


@pytest.mark.parametrize("opcode", [b"N0", b"2"])
def test_many_opcodes_are_bounded(
    opcode: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kerasaudio.checkpoints import torch_pickle

    monkeypatch.setattr(torch_pickle, "MAX_OPCODES", 1000)
    path = tmp_path / "model.pth"
    path.write_bytes(zipped(b"\x80\x02N" + opcode * 2000 + b".", BYTES))
    with pytest.raises(UnsafeFileError, match="1,000 opcodes"):
        read_torch(path)


def test_large_pickles_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kerasaudio.checkpoints import torch_file

    monkeypatch.setattr(torch_file, "_MAX_PICKLE", 10)
    path = tmp_path / "model.pth"
    path.write_bytes(zipped(pickled(ONE_FLOAT), BYTES))
    with pytest.raises(UnsafeFileError, match="a pickle of more than 10 bytes"):
        read_torch(path)


def test_tuples_nested_through_the_memo_take_no_time(tmp_path: Path) -> None:
    # 2 ** 200 leaves, were anybody to look at all of them.
    doubled = b"".join(b"h" + bytes([i]) + b"h" + bytes([i]) + b"\x86q" + bytes([i + 1])
                       for i in range(200))  # fmt: skip
    made = b"\x80\x02}(" + text("a") + ONE_FLOAT + text("b") + b"Nq\0" + doubled + b"u."
    for content in (zipped(made, BYTES), legacy(made, ["0"], b"\1" + bytes(11))):
        path = tmp_path / "model.pth"
        path.write_bytes(content)
        with pytest.raises(ValueError, match="was refused"):
            read_torch(path)
