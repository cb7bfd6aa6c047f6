"""Reads a flatbuffer by the numbers of its fields, without code made from a schema."""

from typing import Any


class FlatTable:
    """A table; fields that it does not have are None."""

    def __init__(self, content: bytes, place: int) -> None:
        from flatbuffers.table import Table

        self._table = Table(content, place)

    @classmethod
    def root(cls, content: bytes) -> "FlatTable":
        """Give the table that a flatbuffer starts from."""
        return cls(content, int.from_bytes(content[:4], "little"))

    def text(self, slot: int) -> str | None:
        """Give a string."""
        place = self._place(slot)
        return None if place is None else self._table.String(place).decode()

    def number(self, slot: int, size: int) -> int | None:
        """Give an unsigned number of so many bytes."""
        place = self._place(slot)
        if place is None:
            return None
        return int.from_bytes(self._table.Bytes[place : place + size], "little")

    def table(self, slot: int) -> "FlatTable":
        """Give a table that must be there."""
        place = self._place(slot)
        assert place is not None
        return FlatTable(self._table.Bytes, self._table.Indirect(place))

    def tables(self, slot: int) -> list["FlatTable"]:
        """Give a vector of tables; none if it is not there."""
        offset = self._table.Offset(4 + 2 * slot)
        if not offset:
            return []
        first = self._table.Vector(offset)
        places = [first + 4 * i for i in range(self._table.VectorLen(offset))]
        return [FlatTable(self._table.Bytes, self._table.Indirect(at)) for at in places]

    def _place(self, slot: int) -> Any:
        offset = self._table.Offset(4 + 2 * slot)
        return offset + self._table.Pos if offset else None
