#!/usr/bin/env python3
"""Writes grid_rounding.json, the golden values of GoldenGridTests: gradients rounded to integer grids, as exact32 and
exact16 do, in Python's integers and NumPy's float32, with a Philox4x32-10 of its own.

The gradients are those of a bias whose micro-batches have one row each, so that a gradient is a number of the list.
"""

import json
import pathlib

import numpy as np

OUTPUTS, INPUTS, PURPOSE = 40, 3, 7
KINDS = ["units", "ties", "wide", "beyond"]
CASES = [
    # bits, seed, step, number of the first micro-batch, place of the layer, micro-batches, exponent of the unit
    (32, 1, 2, 0, 0, 1, -20),
    (32, 7, 3, 5, 64, 4, -3),
    (16, 1, 2, 0, 0, 1, -10),
    (16, 1, 2, 1, 0, 1, -10),
    (16, 1, 3, 0, 0, 1, -10),
    (16, 2, 2, 0, 0, 1, -10),
    (16, 1, 2, 0, 16, 1, -10),
    (16, 0xFEDCBA9876543210, 4000000000, 1000, 1 << 20, 5, 4),
    (16, 1 << 32, 9, 60, 640, 64, -30),
]


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [p1 >> 32 ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, p0 >> 32 ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


assert philox([0] * 4, [0] * 2) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]  # Random123's kat_vectors


def random16(seed, step, micro_batch, index):
    """16 elements share the 16 halves of 8 words."""
    key = [seed & 0xFFFFFFFF, seed >> 32]
    base = index // 16 * 2
    first, second = (philox([base + n, micro_batch, step, PURPOSE], key) for n in range(2))
    words = first[:2] + second[:2] + first[2:] + second[2:]
    halves = [word & 0xFFFF for word in words] + [word >> 16 for word in words]
    return halves[index % 16]


def nearest(x):
    """Ties to even, in integers: x is a multiple of 2^-149."""
    scaled = int(x.as_integer_ratio()[0]) * 2, x.as_integer_ratio()[1]
    low, rest = divmod(scaled[0], 2 * scaled[1])
    return low + (rest > scaled[1] or (rest == scaled[1] and low % 2 == 1))


def at_random(x, bits):
    """The multiple towards zero, or the next one away from it."""
    numerator, denominator = abs(x).as_integer_ratio()
    whole, rest = divmod(numerator, denominator)
    # rest / denominator > (bits + 1/2) / 2^16
    away = rest * (1 << 17) > (2 * bits + 1) * denominator
    return (whole + away) * (-1 if x < 0 else 1)


def gradient(kind, number, unit):
    """float32, in units of about 1 to 1000 and of 2^-20 to 2^30."""
    h = (number * 2654435761 + 12345) & 0xFFFFFFFF
    h = (h ^ h >> 15) * 0x2C1B3C6D & 0xFFFFFFFF
    h ^= h >> 13
    plain = (h >> 8) / 2**23 - 1
    value = {
        "units": plain * 30,
        "ties": h % 41 - 20 + 0.5,
        "wide": plain * 2.0 ** (h % 31 - 20),
        "beyond": plain * 1e9,
    }[kind]
    return np.float32(value) * np.float32(unit)


def case(bits, seed, step, first, offset, micro_batches, exponent):
    unit, most = 2.0**exponent, min(1 << 22, ((1 << bits - 1) - 1) // micro_batches)
    gradients, sums, clamped = [], [0] * OUTPUTS, 0
    for m in range(micro_batches):
        for output in range(OUTPUTS):
            g = gradient(KINDS[(output + m) % len(KINDS)], m * OUTPUTS + output, unit)
            gradients.append(float(g))
            x = float(g * np.float32(1 / unit))
            inside = min(max(x, -most), most)
            clamped += inside != x
            index = offset + (output // 16 * (INPUTS + 1) + INPUTS) * 16 + output % 16
            inside = float(inside)
            sums[output] += nearest(inside) if bits == 32 else at_random(
                inside, random16(seed, step, first + m, index))
    return {"bits": bits, "seed": str(seed), "step": step, "first": first, "offset": offset, "unit": unit,
            "most": most, "gradients": gradients, "sums": sums, "clamped": clamped}


def main():
    cases = [case(*arguments) for arguments in CASES]
    text = json.dumps({"inputs": INPUTS, "outputs": OUTPUTS, "cases": cases}, separators=(",", ":"))
    pathlib.Path(__file__).with_suffix(".json").write_text(text.replace('{"bits"', '\n{"bits"') + "\n")


if __name__ == "__main__":
    main()
