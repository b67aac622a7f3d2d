"""The lab's sounds, made here so that nothing has to be shipped: mu-law at 8000 Hz, the trunk's codec."""

from __future__ import annotations

import math

RATE = 8000
SILENCE = 0xFF
_BIAS = 0x84
_CLIP = 32635


def encode(sample: int) -> int:
    """Return the G.711 mu-law byte of one 16-bit sample."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), _CLIP) + _BIAS
    exponent = magnitude.bit_length() - 8
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return ~(sign | (exponent << 4) | mantissa) & 0xFF


def tone(seconds: float, *hertz: float, volume: float = 0.1) -> bytes:
    """Return a steady chord as mu-law bytes."""
    share = 32767 * volume / len(hertz)
    return bytes(encode(round(sum(share * math.sin(2 * math.pi * f * n / RATE) for f in hertz))) for n in range(round(seconds * RATE)))
