# SPDX-License-Identifier: GPL-2.0
#
# vmdev.py on the device: content of four times the pool, pages paged out and read back,
# limits, sizes, volumes, and every kind of error. Prints TAP.
import collections      # what vmdev.py imports, for python-tree
import ctypes
import enum
import errno
import gc
import mmap
import os
import sys
import threading
import traceback
import weakref

import numpy

MULTIPLIER = numpy.uint64(0x9e3779b97f4a7c15)
SYSFS = "/sys/kernel/vmdev/"
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def same(got, want, what=""):
    assert got == want, f"{what}: {got!r}, not {want!r}"


def refused(code, function, *arguments, **more):
    try:
        function(*arguments, **more)
    except OSError as error:
        same(errno.errorcode[error.errno], errno.errorcode[code])
        return
    raise AssertionError(f"no {errno.errorcode[code]}")


def raises(kind, function, *arguments, **more):
    try:
        function(*arguments, **more)
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")


def sysfs(name):
    with open(SYSFS + name) as file:
        return file.read().strip()


def words(space):
    return numpy.frombuffer(space, dtype=numpy.uint64)


def fill(space):
    array = words(space)
    array[:] = numpy.arange(len(array), dtype=numpy.uint64) * MULTIPLIER


def check(space):
    array = words(space)
    step = 1 << 16
    for first in range(0, len(array), step):
        last = min(first + step, len(array))
        want = numpy.arange(first, last, dtype=numpy.uint64) * MULTIPLIER
        assert (array[first:last] == want).all(), f"words {first} to {last}"


@test
def numpy_on_four_times_the_pool():
    frames = int(sysfs("pool/frames"))
    with vmdev.Space(4 * frames * PAGE) as space:
        fill(space)
        check(space)
        words(space)[::4096] += numpy.uint64(1)
        words(space)[::4096] -= numpy.uint64(1)
        check(space)
        stats = space.stats()
        same(stats.size, 4 * frames * PAGE, "size")
        same(stats.touched, 4 * frames, "touched")
        assert stats.resident <= frames and stats.swapped >= 3 * frames - 1, stats
        assert stats.read_pages > 3 * frames and stats.written_pages > 3 * frames, stats


@test
def evict_and_read_back():
    with vmdev.Space(64 * PAGE) as space:
        same([page.state for page in space.page_map()], ["absent"] * 64)
        fill(space)
        same([(page.state, page.slot) for page in space.page_map()], [("dirty", None)] * 64)
        same(len({page.frame for page in space.page_map()}), 64, "different frames")
        same(space.evict(), 64, "evicted")
        same([(page.state, page.frame) for page in space.page_map()], [("swapped", None)] * 64)
        same(len({page.slot for page in space.page_map()}), 64, "different slots")
        same((space.stats().resident, space.stats().swapped), (0, 64))
        before = space.stats()
        check(space)
        assert space.stats().faults_major > before.faults_major, space.stats()
        same({page.state for page in space.page_map()}, {"clean"})
        same(space.evict(16 * PAGE, 8 * PAGE), 8, "a part")
        same([page.state for page in space.page_map(15 * PAGE, 3)], ["clean", "swapped", "swapped"])
        check(space)


@test
def discard_makes_zero():
    with vmdev.Space(16 * PAGE) as space:
        fill(space)
        same(space.discard(4 * PAGE, 2 * PAGE), 2)
        assert not words(space)[4 * 512:6 * 512].any()
        assert words(space)[1:4 * 512].all() and words(space)[6 * 512:].all()
        refused(errno.EINVAL, space.discard, 1, PAGE)
        refused(errno.EINVAL, space.evict, 0, PAGE + 1)
        refused(errno.EINVAL, space.page_map, 5)
        same(space.discard(), 16)


@test
def views_keep_it_open():
    space = vmdev.Space(4 * PAGE)
    array = words(space)
    view = memoryview(space)
    raises(BufferError, space.close)
    del array
    raises(BufferError, space.close)
    view[0] = 7
    same(space[0], 7)
    view.release()
    more = space.map(PAGE)
    count = int(sysfs("spaces/count"))
    space.close()
    raises(ValueError, space.stats)
    # the other mapping still has the content
    same((more[0], int(sysfs("spaces/count"))), (7, count))
    more.close()
    same(int(sysfs("spaces/count")), count - 1)
    view = memoryview(vmdev.Space(PAGE))
    gc.collect()
    view[PAGE - 1] = 1
    same(int(sysfs("spaces/count")), count)
    del view
    same(int(sysfs("spaces/count")), count - 1)


@test
def size():
    with vmdev.Space(2 * PAGE) as space:
        space[PAGE] = 1
        raises(BufferError, space.set_size, PAGE)
        same(space.size(), 2 * PAGE)
        space.set_size(8 * PAGE + 5)
        same((space.size(), len(space)), (8 * PAGE + 5, 2 * PAGE))
        os.pwrite(space.fileno(), b"tail", 8 * PAGE)
        more = space.map(8 * PAGE, PAGE)
        same((more[:1], more[7 * PAGE:][:4], space.size()), (b"\1", b"tail", 9 * PAGE))
        readonly = space.map(PAGE, readonly=True)
        raises(TypeError, readonly.__setitem__, 0, 1)
        raises(OSError, space.resize, 4 * PAGE)
        with vmdev.Space(fd=space.fileno(), offset=8 * PAGE) as rest:
            same((len(rest), rest[:4]), (PAGE, b"tail"))
        refused(errno.EFBIG, space.set_size, 1 << 62)
        refused(errno.ENOSPC, space.set_size, 1 << 45)


@test
def limit():
    with vmdev.Space(256 * PAGE) as space:
        space.set_limit(64)
        fill(space)
        assert space.stats().resident <= 64, space.stats()
        same((space.stats().limit_max, space.stats().limit_min), (64, 0))
        space.set_limit(128, min_pages=16)
        same((space.stats().limit_max, space.stats().limit_min), (128, 16))
        check(space)
        refused(errno.EINVAL, space.set_limit, 3)
        refused(errno.ENOSPC, space.set_limit, 0, int(sysfs("pool/frames")))
        space.set_limit()
        same((space.stats().limit_max, space.stats().limit_min), (0, 0))


@test
def errors():
    refused(errno.ENOMEM, vmdev.Space, 1 << 42)
    with vmdev.Space(1 << 42, reserve=False) as space:
        space[1 << 41] = 1
        same(space.stats().touched, 1)
    refused(errno.EINVAL, vmdev.Space, 0)
    refused(errno.EINVAL, vmdev.Space)
    refused(errno.EINVAL, vmdev.Space, PAGE, offset=1)
    refused(errno.ENOENT, vmdev.Volume, "none")
    os.chmod("/dev/vmdev", 0o600)
    child = os.fork()
    if not child:
        os.setuid(65534)
        try:
            refused(errno.EACCES, vmdev.Space, PAGE)
            refused(errno.EACCES, vmdev.volume_list)
            os._exit(0)
        finally:
            os._exit(1)
    same(os.waitpid(child, 0)[1], 0, "as nobody")


@test
def volumes():
    same(vmdev.volume_list(), [])
    vmdev.volume_create("one", 64 * PAGE, 0o640, 4711)
    vmdev.volume_create("two", PAGE)
    refused(errno.EEXIST, vmdev.volume_create, "one", PAGE)
    refused(errno.EINVAL, vmdev.volume_create, "a/b", PAGE)
    refused(errno.EINVAL, vmdev.volume_create, "three", PAGE + 1)
    refused(errno.ENOSPC, vmdev.volume_create, "three", 1 << 42)
    one = vmdev.Volume("one")
    fill(one)
    same(one.evict(0, 16 * PAGE), 16)
    first, second = vmdev.volume_list()
    stat = os.stat("/dev/vmdev-one")
    same(first, ("one", 64 * PAGE, 0o640, 4711, os.major(stat.st_rdev), os.minor(stat.st_rdev),
                 one.info().space_id, 48, 16))
    same((second.name, second.size, second.mode, second.gid), ("two", PAGE, 0o600, 0))
    child = os.fork()
    if not child:
        try:
            with vmdev.Volume("one", readonly=True) as volume:
                check(volume)
                raises(ValueError, words(volume).__setitem__, 0, 1)
                refused(errno.EBADF, volume.evict)
            os._exit(0)
        finally:
            os._exit(1)
    same(os.waitpid(child, 0)[1], 0, "another process")
    refused(errno.EPERM, one.set_size, 65 * PAGE)
    refused(errno.ENXIO, vmdev.Volume, "one", 65 * PAGE)
    with vmdev.Volume("one", PAGE, offset=63 * PAGE) as tail:
        same(words(tail)[511], (64 * 512 - 1) * int(MULTIPLIER) % (1 << 64))
    vmdev.volume_remove("one")
    vmdev.volume_remove("two")
    refused(errno.ENOENT, vmdev.volume_remove, "one")
    same(vmdev.volume_list(), [])
    check(one)
    one.close()


@test
def many_volumes():
    for number in range(40):
        vmdev.volume_create(f"many-{number}", PAGE)
    same([volume.name for volume in vmdev.volume_list()], [f"many-{n}" for n in range(40)])
    for number in range(40):
        vmdev.volume_remove(f"many-{number}")


@test
def descriptors_and_fork():
    space = vmdev.Space(4 * PAGE)
    with vmdev.Space(4 * PAGE, fd=space.fileno()) as other:
        other[5] = 6
        same((space[5], other.info().space_id), (6, space.info().space_id))
    child = os.fork()
    if not child:
        space[PAGE] = 8
        os._exit(not space.evict(PAGE, PAGE) == 1)
    same(os.waitpid(child, 0)[1], 0, "the child")
    same(space[PAGE], 8)
    space.close()


@test
def info_and_module():
    with vmdev.Space(PAGE, populate=True) as space:
        info = space.info()
        same((info.abi_version, info.page_size, space.page_size), (1, PAGE, PAGE))
        same(info.pool_frames, int(sysfs("pool/frames")))
        assert vmdev.Feature.VOLUMES in info.features and vmdev.Feature.CHECKSUM in info.features
        same(space.stats().resident, 1, "populated")
        stats = vmdev.module_stats()
        same((stats.pool_free, stats.store_slots, stats.spaces_count),
             (int(sysfs("pool/free")), int(sysfs("store/slots")), 1))
        same((stats.policy_current, " ".join(stats.policy_available), stats.store_path),
             (sysfs("policy/current"), sysfs("policy/available"), sysfs("store/path")))
        same(stats.faults, int(sysfs("stats/faults")))


@test
def close_while_others_call():
    for _ in range(50):
        space = vmdev.Space(16 * PAGE)
        failures = []

        def use(space=space):
            try:
                while True:
                    space.stats()
                    space.evict()
                    space.page_map()
            except ValueError:
                pass
            except BaseException as error:
                failures.append(error)
        threads = [threading.Thread(target=use) for _ in range(3)]
        for thread in threads:
            thread.start()
        space[PAGE] = 1
        space.close()
        for thread in threads:
            thread.join()
        same(failures, [])


def main():
    failed = 0
    print("TAP version 13", flush=True)
    for number, function in enumerate(TESTS, 1):
        try:
            function()
            gc.collect()
            same(int(sysfs("spaces/count")), 0, "spaces left")
            print(f"ok {number} {function.__name__}", flush=True)
        except BaseException:
            print("#", traceback.format_exc().strip().replace("\n", "\n# "))
            print(f"not ok {number} {function.__name__}", flush=True)
            failed = 1
    print(f"1..{len(TESTS)}")
    return failed


if __name__ == "__main__":
    import vmdev
    PAGE = mmap.PAGESIZE
    sys.exit(main())
