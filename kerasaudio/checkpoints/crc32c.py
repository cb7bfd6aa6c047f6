"""CRC-32C (Castagnoli) in NumPy; long data is processed in many lanes at once.

A CRC is linear: the CRC of A followed by B is that of A, advanced by as many zero bytes
as B has, xor that of B. So equal pieces are processed in parallel and then joined.
"""

from functools import cache

import numpy as np

_POLYNOMIAL = 0x82F63B78  # reflected
_ONES = np.uint32(0xFFFFFFFF)
_LANES = 1 << 13
_MASK_DELTA = 0xA282EAD8


def crc32c(data: np.ndarray | bytes) -> int:
    """Return the CRC-32C of bytes (an array of uint8, or bytes)."""
    octets = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data
    body = len(octets) // (2 * _LANES) * 2 * _LANES
    register = np.array([_ONES])
    if body:
        register = _moved(register, body) ^ _joined(octets[:body])
    rest, table = int(register[0]), _table(8).tolist()
    for octet in octets[body:].tolist():
        rest = rest >> 8 ^ table[rest & 0xFF ^ octet]
    return rest ^ 0xFFFFFFFF


def unmask(stored: int) -> int:
    """Return the CRC from the masked form that LevelDB stores."""
    rotated = (stored - _MASK_DELTA) & 0xFFFFFFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF


def mask(crc: int) -> int:
    """Return the masked form of a CRC that LevelDB stores."""
    rotated = crc >> 15 | crc << 17 & 0xFFFFFFFF
    return (rotated + _MASK_DELTA) & 0xFFFFFFFF


def _joined(octets: np.ndarray) -> np.ndarray:
    """Return the register after `octets`, from zero; a multiple of 2 * _LANES bytes."""
    words = np.ascontiguousarray(octets).view("<u2").reshape(_LANES, -1)
    table = _table(16)
    registers = np.zeros(_LANES, np.uint32)
    for column in range(words.shape[1]):
        index = (registers ^ words[:, column]) & np.uint32(0xFFFF)
        registers = (registers >> np.uint32(16)) ^ table[index]
    length = 2 * words.shape[1]
    while len(registers) > 1:
        registers = _moved(registers[::2], length) ^ registers[1::2]
        length *= 2
    return registers


@cache
def _table(bits: int) -> np.ndarray:
    table = np.arange(1 << bits, dtype=np.uint32)
    for _ in range(bits):
        odd = (table & np.uint32(1)).astype(bool)
        table = (table >> np.uint32(1)) ^ np.where(odd, np.uint32(_POLYNOMIAL), 0)
    return table.astype(np.uint32)


def _moved(registers: np.ndarray, zeros: int) -> np.ndarray:
    """Return registers after a number of zero bytes."""
    return _mapped(registers, _images(zeros))


@cache
def _images(zeros: int) -> np.ndarray:
    """Return the image of each bit of a register after a number of zero bytes."""
    if zeros == 0:
        return np.uint32(1) << np.arange(32, dtype=np.uint32)
    half = _images(zeros // 2)
    images = _mapped(half, half)
    if zeros % 2:
        images = (images >> np.uint32(8)) ^ _table(8)[images & np.uint32(0xFF)]
    return images


def _mapped(registers: np.ndarray, images: np.ndarray) -> np.ndarray:
    mapped = np.zeros_like(registers)
    for bit in range(32):
        chosen = (registers >> np.uint32(bit)) & np.uint32(1)
        mapped ^= chosen * images[bit]
    return mapped
