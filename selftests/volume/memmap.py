# SPDX-License-Identifier: GPL-2.0
#
# numpy.memmap on a file or volume of BYTES: writes it through, or checks what another
# process wrote.
#
# Usage: memmap.py write|check PATH BYTES
import sys

import numpy

MULTIPLIER = numpy.uint64(0x9e3779b97f4a7c15)


def expected(first, last):
    return numpy.arange(first, last, dtype=numpy.uint64) * MULTIPLIER


def write(path, words):
    array = numpy.memmap(path, dtype=numpy.uint64, mode="r+", shape=(words,))
    array[:] = expected(0, words)
    # all over the place, there and back
    array[::-1] = array.copy()
    assert (array[::-1] == expected(0, words)).all(), "turned round"
    array[:] = array[::-1].copy()
    array[::7] += numpy.uint64(1)
    array[::7] -= numpy.uint64(1)
    array.flush()


def check(path, words):
    # the size is the volume's
    array = numpy.memmap(path, dtype=numpy.uint64, mode="r")
    assert array.shape == (words,), f"shape {array.shape}"
    step = 1 << 16
    for first in range(0, words, step):
        last = min(first + step, words)
        assert (array[first:last] == expected(first, last)).all(), f"words {first} to {last}"
    try:
        array[0] = 1
    except ValueError:
        return
    raise AssertionError("a read-only array can be written")


if __name__ == "__main__":
    {"write": write, "check": check}[sys.argv[1]](sys.argv[2], int(sys.argv[3]) // 8)
    print("done")
