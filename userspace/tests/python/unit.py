# SPDX-License-Identifier: GPL-2.0
"""vmdev.py without a module: structures as in C, errors, and a Space on a library that is
made up here. Prints TAP."""
import ctypes
import errno
import gc
import inspect
import os
import re
import subprocess
import sys
import tempfile
import threading
import unittest
from unittest import mock

import vmdev

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.join(HERE, "../../..")
HEADER = os.path.join(TOP, "userspace/include/vmdev.h")
PAGE = 4096

STRUCTURES = {
    "vmdev_info": vmdev._Info, "vmdev_stats": vmdev._Stats,
    "vmdev_map_entry": vmdev._MapEntry, "vmdev_volume": vmdev._Volume,
    "vmdev_module_stats": vmdev._ModuleStats,
}
CONSTANTS = {
    "VMDEV_MAP_NONE": vmdev._NONE, "VMDEV_UNKNOWN": vmdev._UNKNOWN,
    "MAP_NORESERVE": vmdev._MAP_NORESERVE, "MAP_LOCKED": vmdev._MAP_LOCKED,
    **{f"VMDEV_FEATURE_{bit.name}": bit.value for bit in vmdev.Feature},
}


class Layout(unittest.TestCase):
    def test_structures_and_constants(self):
        want = [f"{name} {value}" for name, value in CONSTANTS.items()]
        for name, structure in STRUCTURES.items():
            want.append(f"{name} - 0 {ctypes.sizeof(structure)}")
            for member, _ in structure._fields_:
                field = getattr(structure, member)
                want.append(f"{name} {member} {field.offset} {field.size}")
        with tempfile.TemporaryDirectory() as work:
            with open(work + "/layout.h", "w") as header:
                for line in want:
                    words = line.split()
                    header.write(f"CONSTANT({words[0]});\n" if len(words) == 2 else
                                 f"WHOLE({words[0]});\n" if words[1] == "-" else
                                 f"MEMBER({words[0]}, {words[1]});\n")
            subprocess.run(["gcc", "-D_GNU_SOURCE", "-include", "sys/mman.h", "-I", work,
                            "-I", TOP + "/userspace/include", "-I", TOP + "/include/uapi",
                            "-o", work + "/layout", HERE + "/layout.c"], check=True)
            said = subprocess.run([work + "/layout"], stdout=subprocess.PIPE, text=True, check=True)
        self.assertEqual(said.stdout.split("\n")[:-1], want)

    def test_every_feature(self):
        with open(TOP + "/include/uapi/linux/vmdev.h") as header:
            names = re.findall(r"#define VMDEV_FEATURE_(\w+)", header.read())
        self.assertEqual(names, [bit.name for bit in vmdev.Feature])

    def test_every_function(self):
        with open(HEADER) as header:
            functions = set(re.findall(r"^[a-z].*[ *]vmdev_([a-z_]+)\(", header.read(), re.M))
        # the mmap object maps
        for name in functions - {"mmap", "munmap"}:
            self.assertIsNotNone(getattr(vmdev._lib, "vmdev_" + name).argtypes, name)
            self.assertIn(f"_lib.vmdev_{name}", inspect.getsource(vmdev))
        self.assertGreater(len(functions), 20)

    def test_all_is_documented(self):
        for name in vmdev.__all__:
            thing = getattr(vmdev, name)
            self.assertTrue(name == "PATH" or thing.__doc__, name)
        for name, thing in vars(vmdev.Space).items():
            if not name.startswith("_"):
                self.assertTrue(thing.__doc__, name)


class Errors(unittest.TestCase):
    def refused(self, code, function, *arguments, **more):
        with self.assertRaises(OSError) as caught:
            function(*arguments, **more)
        self.assertEqual(errno.errorcode[caught.exception.errno], errno.errorcode[code])
        return caught.exception

    def test_open(self):
        error = self.refused(errno.ENOENT, vmdev.Space, PAGE, "/none/such")
        self.assertIsInstance(error, FileNotFoundError)
        self.assertEqual(error.filename, "/none/such")
        before = os.listdir("/proc/self/fd")
        self.refused(errno.ENOTTY, vmdev.Space, PAGE, "/dev/null")
        self.refused(errno.ENOTTY, vmdev.Space, PAGE, "/dev/null", readonly=True)
        error = self.refused(errno.ENOENT, vmdev.Space, PAGE, "/none", readonly=True)
        self.assertEqual(error.filename, "/none")
        self.refused(errno.ENOENT, vmdev.Volume, "none/such")
        self.refused(errno.EBADF, vmdev.Space, PAGE, fd=9999)
        with open("/dev/null") as null:
            self.refused(errno.ENOTTY, vmdev.Space, PAGE, fd=null.fileno())
            os.fstat(null.fileno())
        self.assertEqual(os.listdir("/proc/self/fd"), before)

    def test_values(self):
        self.refused(errno.EINVAL, vmdev.volume_create, "x" * 32, PAGE)
        self.refused(errno.EINVAL, vmdev.volume_remove, "x" * 32)
        for wrong in ({"size": -1}, {"size": 1 << 64}, {"mode": 1 << 32}, {"gid": -1},
                      {"name": "a\0b"}):
            with self.assertRaises(ValueError):
                vmdev.volume_create(**{"name": "v", "size": PAGE, **wrong})
        with self.assertRaises(ValueError):
            vmdev.Space(PAGE, "/dev/null\0x")
        for wrong in ({"size": "4096"}, {"size": 4096.0}, {"mode": None}, {"name": 5}):
            with self.assertRaises(TypeError):
                vmdev.volume_create(**{"name": "v", "size": PAGE, **wrong})

    @unittest.skipIf(os.path.exists("/dev/vmdev"), "the module is loaded")
    def test_not_loaded(self):
        self.refused(errno.ENOENT, vmdev.Space, PAGE)
        self.refused(errno.ENODEV, vmdev.module_stats)
        self.refused(errno.ENODEV, vmdev.volume_list)
        self.refused(errno.ENODEV, vmdev.volume_create, "v", PAGE)
        self.assertEqual(self.refused(errno.ENODEV, vmdev.volume_remove, "v").filename, "v")

    def test_version(self):
        self.assertRegex(vmdev.version(), r"^\d+\.\d+\.\d+$")


class Library:
    """A library with one space at a time, in a file; notes what is called."""

    def __init__(self):
        self.calls = []
        self.handles = 0
        self.fd = None
        self.busy = threading.Event()
        self.go_on = threading.Event()

    def vmdev_open(self, path):
        self.fd = os.memfd_create("space")
        os.ftruncate(self.fd, 64 * PAGE)
        self.handles += 1
        return 77

    def vmdev_close(self, handle):
        assert handle == 77
        self.handles -= 1
        os.close(self.fd)

    def vmdev_fd(self, handle):
        return self.fd

    def vmdev_page_size(self, handle):
        return PAGE

    def vmdev_get_size(self, handle, size):
        size._obj.value = 10 * PAGE - 1
        return 0

    def vmdev_set_size(self, handle, size):
        self.calls.append(("set_size", size))
        return 0

    def vmdev_set_limit(self, handle, max_pages, min_pages):
        self.calls.append(("set_limit", max_pages, min_pages))
        ctypes.set_errno(errno.ENOSPC)
        return -1

    def vmdev_get_stats(self, handle, stats):
        stats._obj.size = 5
        stats._obj.readahead_hits = 7
        return 0

    def vmdev_get_info(self, handle, info):
        info._obj.features = 18
        return 0

    def vmdev_discard(self, handle, offset, length):
        self.calls.append(("discard", offset, length))
        return 3

    def vmdev_evict(self, handle, offset, length):
        self.busy.set()
        self.go_on.wait(60)
        self.calls.append(("evict", self.handles))
        return 5

    def vmdev_page_map(self, handle, offset, entries, count):
        self.calls.append(("page_map", offset, count))
        count = min(count, 5000 - offset // PAGE)
        for i in range(count):
            entries[i].state = 2
            entries[i].frame = offset // PAGE + i
            entries[i].slot = vmdev._NONE
        return count

    def vmdev_map_state_name(self, state):
        return b"clean" if state == 2 else b"wrong"


class Spaces(unittest.TestCase):
    def setUp(self):
        self.lib = Library()
        patch = mock.patch.object(vmdev, "_lib", self.lib)
        patch.start()
        self.addCleanup(patch.stop)

    def test_buffer(self):
        with vmdev.Space(4 * PAGE) as space:
            self.assertEqual((len(space), space[:3]), (4 * PAGE, b"\0\0\0"))
            space[PAGE:PAGE + 3] = b"abc"
            with memoryview(space) as view:
                self.assertEqual((view.nbytes, view.readonly), (4 * PAGE, False))
                view[PAGE + 1] = 66
            self.assertEqual(os.pread(space.fileno(), 3, PAGE), b"aBc")
            self.assertEqual(self.lib.handles, 1)
        self.assertEqual(self.lib.handles, 0)

    def test_close_with_views(self):
        space = vmdev.Space(4 * PAGE)
        view = memoryview(space)[5:]
        with self.assertRaises(BufferError):
            space.close()
        with self.assertRaises(BufferError):
            with space:
                pass
        with self.assertRaises(ZeroDivisionError):
            with space:
                1 // 0
        view[0] = 9
        self.assertEqual((space[5], space.page_size, space.closed), (9, PAGE, False))
        view.release()
        space.close()
        space.close()
        self.assertTrue(space.closed)
        self.assertEqual(self.lib.handles, 0)

    def test_closed(self):
        space = vmdev.Space(PAGE)
        space.close()
        for call in (space.size, space.stats, space.info, space.fileno, space.discard,
                     space.evict, space.page_map, space.set_limit, lambda: space.page_size,
                     lambda: space.set_size(0), lambda: space.map(PAGE), lambda: space[0]):
            self.assertRaises(ValueError, call)
        self.assertEqual(self.lib.calls, [])

    def test_collected(self):
        view = memoryview(vmdev.Space(PAGE))
        gc.collect()
        view[0] = 1
        self.assertEqual(self.lib.handles, 1)
        del view
        gc.collect()
        self.assertEqual(self.lib.handles, 0)

    def test_close_during_a_call(self):
        space = vmdev.Space(PAGE)
        results = []
        thread = threading.Thread(target=lambda: results.append(space.evict(0, PAGE)))
        thread.start()
        self.lib.busy.wait(60)
        space.close()
        self.lib.go_on.set()
        thread.join()
        self.assertEqual((results, self.lib.calls), ([5], [("evict", 1)]))
        gc.collect()
        self.assertEqual(self.lib.handles, 0)

    def test_size(self):
        space = vmdev.Space(2 * PAGE, offset=PAGE)
        more = space.map(PAGE, 4 * PAGE)
        self.assertEqual(space.size(), 10 * PAGE - 1)
        self.assertRaises(BufferError, space.set_size, 5 * PAGE - 1)
        space.set_size(5 * PAGE)
        more.close()
        self.assertRaises(BufferError, space.set_size, 3 * PAGE - 1)
        space.set_size(3 * PAGE)
        self.assertRaises(ValueError, space.set_size, -1)
        self.assertRaises(OSError, space.resize, PAGE << 8)
        self.assertEqual(self.lib.calls, [("set_size", 5 * PAGE), ("set_size", 3 * PAGE)])

    def test_size_while_another_thread_maps(self):
        space = vmdev.Space(PAGE)
        maps = [space.map(PAGE) for _ in range(50)]
        done = threading.Event()

        def keep_mapping():
            while not done.is_set():
                maps.append(space.map(PAGE))
                del maps[0]

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        thread = threading.Thread(target=keep_mapping)
        thread.start()
        try:
            for _ in range(1000):
                space.set_size(PAGE)
        finally:
            done.set()
            thread.join()
            sys.setswitchinterval(interval)

    def test_ranges(self):
        space = vmdev.Space(2 * PAGE)
        self.assertEqual(space.discard(), 3)
        space.discard(PAGE)
        space.discard(PAGE, 7 * PAGE)
        space.discard(50 * PAGE)
        self.assertEqual(self.lib.calls, [("discard", 0, 10 * PAGE), ("discard", PAGE, 9 * PAGE),
                                          ("discard", PAGE, 7 * PAGE), ("discard", 50 * PAGE, 0)])
        self.assertRaises(ValueError, space.discard, -1)
        self.assertRaises(ValueError, space.discard, 0, 1 << 64)

    def test_page_map(self):
        space = vmdev.Space(2 * PAGE)
        pages = space.page_map()
        self.assertEqual(pages, [("clean", page, None) for page in range(5000)])
        self.assertEqual(self.lib.calls, [("page_map", 0, 4096), ("page_map", 4096 * PAGE, 4096)])
        self.assertEqual(space.page_map(7 * PAGE, 4097)[-1].frame, 4103)
        self.assertEqual(len(space.page_map(PAGE, 2)), 2)
        self.assertEqual(self.lib.calls[-1], ("page_map", PAGE, 2))

    def test_numbers(self):
        with vmdev.Space(PAGE) as space:
            self.assertEqual((space.stats().size, space.stats()[-1]), (5, 7))
            self.assertEqual(space.info().features, vmdev.Feature.VOLUMES | vmdev.Feature.CHECKSUM)

    def test_failure(self):
        space = vmdev.Space(PAGE)
        with self.assertRaises(OSError) as caught:
            space.set_limit(20, min_pages=4)
        self.assertEqual(caught.exception.errno, errno.ENOSPC)
        self.assertEqual(self.lib.calls, [("set_limit", 20, 4)])
        space.close()
        for error, size, offset in (OSError, 0, 0), (OverflowError, -1, 0), (OSError, PAGE, 1):
            self.assertRaises(error, vmdev.Space, size, offset=offset)
            gc.collect()
            self.assertEqual(self.lib.handles, 0)

    def test_numpy(self):
        numpy = __import__("numpy")
        space = vmdev.Space(4 * PAGE)
        array = numpy.frombuffer(space, dtype=numpy.uint32)
        array[:] = numpy.arange(len(array))
        self.assertEqual(array.nbytes, 4 * PAGE)
        self.assertEqual(space[4 * 1000:4 * 1001], (1000).to_bytes(4, "little"))
        self.assertRaises(BufferError, space.close)
        del array
        space.close()


class Tap(unittest.TextTestResult):
    count = 0

    def say(self, verdict, test, details=""):
        Tap.count += 1
        for line in details.split("\n")[:-1]:
            print("#", line)
        print(f"{verdict} {Tap.count} - {type(test).__name__}: {test._testMethodName}", flush=True)

    def addSuccess(self, test):
        self.say("ok", test)

    def addSkip(self, test, reason):
        self.say("ok", test, f"skipped: {reason}\n")

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.say("not ok", test, self._exc_info_to_string(error, test))

    addError = addFailure


if __name__ == "__main__":
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    result = unittest.TextTestRunner(stream=open(os.devnull, "w"), resultclass=Tap).run(suite)
    print(f"1..{Tap.count}")
    sys.exit(not result.wasSuccessful())
