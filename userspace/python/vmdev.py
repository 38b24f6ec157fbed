# SPDX-License-Identifier: GPL-2.0
"""Memory bigger than RAM from /dev/vmdev: libvmdev for Python.

A Space is a memory object of its own that starts empty and reads as zero, mapped as a
whole. It is an mmap.mmap: it has its slices and methods, and whatever takes a buffer
takes a Space, as memoryview() and numpy.frombuffer():

    import numpy, vmdev

    with vmdev.Space(4 << 30) as space:
        array = numpy.frombuffer(space, dtype=numpy.float64)
        array[:] = 1.5
        print(array.sum(), space.stats().resident, "pages in memory")
        del array

Volumes, which have a name and outlive the programs that use them, are opened with
Volume("NAME").

Units: offsets, lengths and sizes are bytes, and offsets are those in the space; counts
are pages of page_size bytes.

Errors: what the library or the kernel refuse raises OSError with its errno, as the
subclass Python has for it (FileNotFoundError: no such node, so the module isn't loaded;
PermissionError: the node's permissions). <vmdev.h> names the values of each function. A
Space that is closed raises ValueError, one that can't be closed yet BufferError.
Touching a page whose content the store lost is SIGBUS, which ends the process.

Threads: every function may be called from any thread, also on the same Space. fork: the
child shares the Space with its parent.
"""
import collections
import ctypes
import enum
import errno
import mmap
import operator
import os
import weakref

__all__ = ["Feature", "Info", "MapEntry", "ModuleStats", "PATH", "Space", "Stats", "Volume",
           "VolumeInfo", "module_stats", "version", "volume_create", "volume_list",
           "volume_remove"]

PATH = "/dev/vmdev"

_NONE = 0xffffffff          # VMDEV_MAP_NONE
_UNKNOWN = (1 << 64) - 1    # VMDEV_UNKNOWN
_ENTRIES = 4096             # asked for at a time

# The module mmap has them from 3.12 and 3.13 on
_MAP_NORESERVE = 0x4000
_MAP_LOCKED = 0x2000


class Feature(enum.IntFlag):
    """Bits of Info.features."""

    DIRECT_IO = 1           # the store bypasses the page cache
    CHECKSUM = 2            # pages read back are verified
    ACCESSED = 4            # use is read from page tables
    BLOCK_IO = 8            # the store is written by block I/O
    VOLUMES = 16            # there are volumes


# ---- structures of <linux/vmdev.h> and <vmdev.h> ----

def _members(kind, names):
    return [(name, kind) for name in names.split()]


class _Info(ctypes.Structure):
    _fields_ = [*_members(ctypes.c_uint32, "abi_version page_size"),
                *_members(ctypes.c_uint64, "pool_frames store_slots features space_id"),
                ("reserved", ctypes.c_uint64 * 3)]


class _Stats(ctypes.Structure):
    _fields_ = [*_members(ctypes.c_uint64, """
                    size reserved_pages touched resident dirty swapped zero pinned bad
                    limit_max limit_min faults_minor faults_major faults_zero refaults
                    evictions read_pages written_pages readahead readahead_hits"""),
                ("reserved", ctypes.c_uint64 * 4)]


class _MapEntry(ctypes.Structure):
    _fields_ = _members(ctypes.c_uint32, "state frame slot reserved")


class _Volume(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char * 32), ("size", ctypes.c_uint64),
                *_members(ctypes.c_uint32, "mode gid major minor"),
                *_members(ctypes.c_uint64, "space_id resident swapped"),
                ("reserved", ctypes.c_uint64 * 3)]


class _ModuleStats(ctypes.Structure):
    _fields_ = [*_members(ctypes.c_uint64, """
                    pool_frames pool_free pool_dirty pool_pinned pool_locked
                    pool_zeroed_on_free pool_poisoned
                    store_slots store_used store_read_pages store_read_ios
                    store_written_pages store_written_ios store_read_errors
                    store_write_errors store_checksum_errors
                    faults faults_minor faults_major faults_zero evictions evictions_clean
                    refaults readahead readahead_hits direct_reclaims oom locked_evictions
                    same_filled spaces_count"""),
                ("policy_current", ctypes.c_char * 32),
                ("policy_available", ctypes.c_char * 256),
                ("store_path", ctypes.c_char * 4096)]


def _names(structure):
    return [name for name, _ in structure._fields_ if name != "reserved"]


def _result(name, structure, doc):
    result = collections.namedtuple(name, _names(structure))
    result.__doc__ = doc
    return result


Info = _result("Info", _Info, "What the module is and which space this is.")
Stats = _result("Stats", _Stats, """Counters of one space: size in bytes, the others pages \
or events.

faults_* and the fields after it only go up; the others are a snapshot.""")
MapEntry = _result("MapEntry", _MapEntry, """Where one page is.

state is a word as "dirty"; frame and slot are numbers in the pool and in the store, or \
None.""")
VolumeInfo = _result("VolumeInfo", _Volume, """A volume: size in bytes, resident and swapped \
in pages.

Those two are 0 for who has no CAP_SYS_ADMIN.""")
ModuleStats = _result("ModuleStats", _ModuleStats, """The whole module, from \
/sys/kernel/vmdev.

Members are called as the files; None is a number that isn't shown here. policy_available \
is a tuple.""")


def _values(structure):
    return [getattr(structure, name) for name in _names(structure)]


# ---- the library ----

_lib = ctypes.CDLL("libvmdev.so.0", use_errno=True)


def _declare():
    handle, number = ctypes.c_void_p, ctypes.c_uint64
    for name, result, *arguments in (
            ("version", ctypes.c_char_p),
            ("open", handle, ctypes.c_char_p),
            ("from_fd", handle, ctypes.c_int),
            ("close", None, handle),
            ("fd", ctypes.c_int, handle),
            ("page_size", ctypes.c_size_t, handle),
            ("set_size", ctypes.c_int, handle, number),
            ("get_size", ctypes.c_int, handle, ctypes.POINTER(number)),
            ("set_limit", ctypes.c_int, handle, number, number),
            ("discard", ctypes.c_int64, handle, number, number),
            ("evict", ctypes.c_int64, handle, number, number),
            ("page_map", ctypes.c_ssize_t, handle, number, ctypes.POINTER(_MapEntry),
             ctypes.c_size_t),
            ("map_state_name", ctypes.c_char_p, ctypes.c_uint32),
            ("get_stats", ctypes.c_int, handle, ctypes.POINTER(_Stats)),
            ("get_info", ctypes.c_int, handle, ctypes.POINTER(_Info)),
            ("get_module_stats", ctypes.c_int, ctypes.POINTER(_ModuleStats), ctypes.c_size_t),
            ("volume_create", ctypes.c_int, ctypes.c_char_p, number, ctypes.c_uint32,
             ctypes.c_uint32),
            ("volume_remove", ctypes.c_int, ctypes.c_char_p),
            ("volume_list", ctypes.c_ssize_t, ctypes.POINTER(_Volume), ctypes.c_size_t)):
        function = getattr(_lib, "vmdev_" + name)
        function.restype = result
        function.argtypes = arguments


_declare()


def _failed(filename=None):
    error = ctypes.get_errno()
    return OSError(error, os.strerror(error), filename)


def _call(function, *arguments, filename=None):
    """What the function returns, unless that says it failed."""
    result = function(*arguments)
    if result == -1:
        raise _failed(filename)
    return result


# What ctypes would cut without a word

def _number(name, value, bits=64):
    value = operator.index(value)
    if not 0 <= value < 1 << bits:
        raise ValueError(f"{name} {value} is out of range")
    return value


def _string(name, value):
    value = os.fsencode(value)
    if b"\0" in value:
        raise ValueError(f"{name} with a null byte in it")
    return value


class _Handle:
    """A struct vmdev, which ends with the last reference.

    Who calls the library has one, so that a close() meanwhile, in another thread, takes
    nothing from under it.
    """

    def __init__(self, pointer):
        self._as_parameter_ = pointer
        # at the interpreter's end, too
        self._close = _lib.vmdev_close

    @classmethod
    def open(cls, path, readonly):
        path = _string("path", path)
        if readonly:
            # the library's open is for writing, too
            fd = os.open(os.fsdecode(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
            return cls.take(fd, path)
        pointer = _lib.vmdev_open(path)
        if not pointer:
            raise _failed(os.fsdecode(path))
        return cls(pointer)

    @classmethod
    def take(cls, fd, path=None):
        """Of a descriptor, which is closed where it is none of a space."""
        pointer = _lib.vmdev_from_fd(fd)
        if not pointer:
            failure = _failed(path and os.fsdecode(path))
            os.close(fd)
            raise failure
        return cls(pointer)

    def __del__(self):
        self._close(self._as_parameter_)

    def size(self):
        size = ctypes.c_uint64()
        _call(_lib.vmdev_get_size, self, ctypes.byref(size))
        return size.value

    def map(self, cls, length, offset, readonly, reserve, populate, locked):
        """An mmap.mmap, or a subclass of it, of that part."""
        if not length:
            raise OSError(errno.EINVAL, "nothing to map")
        flags = mmap.MAP_SHARED | (0 if reserve else _MAP_NORESERVE)
        flags |= (mmap.MAP_POPULATE if populate else 0) | (_MAP_LOCKED if locked else 0)
        prot = mmap.PROT_READ | (0 if readonly else mmap.PROT_WRITE)
        return mmap.mmap.__new__(cls, _lib.vmdev_fd(self), length, flags=flags, prot=prot,
                                 offset=offset)


# ---- spaces ----

class Space(mmap.mmap):
    """A space, mapped: Space(size) makes a new one of so many bytes.

    size: bytes that are mapped from offset on; None for what there is up to the end.
        Mapping past the end makes the space larger.
    path: the device node. That of a volume opens the volume.
    fd: instead of path, a descriptor of a space that was inherited or received over a
        socket. It is duplicated: the caller's own stays open.
    offset: first byte that is mapped, a multiple of the page size. Item 0 is this byte;
        the methods that take an offset count from the start of the space.
    readonly: open and map it for reading alone; views and arrays are read-only then.
    reserve: False (MAP_NORESERVE): don't back the size by pool and store from here on. A
        touch can fail later for want of room (SIGBUS) then.
    populate, locked: MAP_POPULATE: fill in all pages now; MAP_LOCKED: keep them in the
        pool, up to half of it.

    Raises OSError: ENOENT, ENXIO: the module isn't loaded; EACCES; ENOTTY: not a vmdev
    device; EPROTO: of another ABI; ENOMEM: pool and store can't back the size; EINVAL: no
    size, or an unaligned offset; EFBIG: larger than a space can be; ENXIO: past the end
    of a volume; EAGAIN: locked past RLIMIT_MEMLOCK.

    It is closed by close(), at the end of a with block, or when nothing refers to it
    any more.
    """

    def __new__(cls, size=None, path=PATH, *, fd=None, offset=0, readonly=False, reserve=True,
                populate=False, locked=False):
        handle = _Handle.open(path, readonly) if fd is None else _Handle.take(os.dup(fd))
        if size is None:
            size = max(handle.size() - offset, 0)
        self = handle.map(cls, size, offset, readonly, reserve, populate, locked)
        self._handle = handle
        # of this and further mappings
        self._ends = weakref.WeakKeyDictionary({self: offset + size})
        return self

    def close(self):
        """Unmap it and give it back.

        Raises BufferError while a view or an array of it exists; nothing is closed then.
        Its content is gone with the last descriptor and mapping, those of map() too. Once
        closed, close() does nothing.
        """
        super().close()
        self._handle = None

    def __exit__(self, kind, error, traceback):
        try:
            self.close()
        except BufferError:
            # views that an error on its way holds end with it
            if kind is None:
                raise

    def resize(self, newsize):
        """Fails: map() maps more."""
        raise OSError(errno.EINVAL, "what is mapped can't change its size; map() maps more")

    def _use(self):
        handle = self._handle
        if handle is None:
            raise ValueError("the space is closed")
        return handle

    def fileno(self):
        """The descriptor, for os.pread() and others. It stays that of the Space."""
        return _lib.vmdev_fd(self._use())

    @property
    def page_size(self):
        """Bytes in a page."""
        return _lib.vmdev_page_size(self._use())

    def map(self, length, offset=0, *, readonly=False, reserve=True, populate=False,
            locked=False):
        """Map another part, or the same once more. Arguments and errors as of Space().

        Returns an mmap.mmap, which stays usable after the Space is closed.
        """
        mapping = self._use().map(mmap.mmap, length, offset, readonly, reserve, populate,
                                  locked)
        self._ends[mapping] = offset + length
        return mapping

    def size(self):
        """The size of the space in bytes, which need not be that of the mapping."""
        return self._use().size()

    def set_size(self, size):
        """Change the size of the space, bytes; what is mapped stays as long as it is.

        What is cut off reads as zero when the space grows again. Raises BufferError for
        less than what is mapped here, since touching that would be SIGBUS: discard()
        gives its memory back. OSError: ENOSPC: pool and store can't back it; EFBIG;
        EPERM: it is a volume.
        """
        handle = self._use()
        size = _number("size", size)
        end = 0
        # a list, since another thread may map meanwhile
        for reference in self._ends.keyrefs():
            mapping = reference()
            if mapping is not None and not mapping.closed:
                end = max(end, self._ends[mapping])
        if size < end:
            raise BufferError(f"{end} bytes are mapped")
        _call(_lib.vmdev_set_size, handle, size)

    def set_limit(self, max_pages=0, min_pages=0):
        """Bound the pages it holds in the pool. Both are replaced; stats() tells them.

        max_pages: most it may hold, at least 16; 0: no limit. min_pages: those that other
        spaces can't take from it, at most max_pages where that is set. Raises OSError:
        EINVAL: out of range; ENOSPC: the minima of all spaces would be more than half of
        the pool.
        """
        _call(_lib.vmdev_set_limit, self._use(), _number("max_pages", max_pages),
              _number("min_pages", min_pages))

    def _range(self, function, offset, length):
        handle = self._use()
        offset = _number("offset", offset)
        if length is None:
            # whole pages up to the end
            page = _lib.vmdev_page_size(handle)
            length = max(-(-handle.size() // page) * page - offset, 0)
        return _call(function, handle, offset, _number("length", length))

    def discard(self, offset=0, length=None):
        """Make a range zero and give its memory back; to the end without length.

        Both are multiples of the page size; past the end is ignored. Returns the pages
        given back. Raises OSError: EINVAL: unaligned, or too large; EBADF: a volume that
        isn't open for writing.
        """
        return self._range(_lib.vmdev_discard, offset, length)

    def evict(self, offset=0, length=None):
        """Page a range out to the store now; the content stays. As discard().

        Returns the pages that left the pool. Those that the kernel holds for I/O stay.
        """
        return self._range(_lib.vmdev_evict, offset, length)

    def page_map(self, offset=0, count=None):
        """Where so many pages from offset on are, or all up to the end: a list of MapEntry.

        Fewer than count where the space ends. A snapshot: pages may move meanwhile.
        Raises OSError: EINVAL: unaligned; EBADF: as discard().
        """
        handle = self._use()
        page = _lib.vmdev_page_size(handle)
        offset = _number("offset", offset)
        entries = (_MapEntry * _ENTRIES)()
        pages = []
        while count is None or len(pages) < count:
            wanted = _ENTRIES if count is None else min(count - len(pages), _ENTRIES)
            got = _call(_lib.vmdev_page_map, handle, offset + len(pages) * page, entries, wanted)
            pages += map(_map_entry, entries[:got])
            if got < wanted:
                break
        return pages

    def stats(self):
        """Counters of this space: Stats."""
        stats = _Stats()
        _call(_lib.vmdev_get_stats, self._use(), ctypes.byref(stats))
        return Stats(*_values(stats))

    def info(self):
        """What the module is and which space this is: Info."""
        info = _Info()
        _call(_lib.vmdev_get_info, self._use(), ctypes.byref(info))
        result = Info(*_values(info))
        return result._replace(features=Feature(result.features))


def _map_entry(entry):
    return MapEntry(_lib.vmdev_map_state_name(entry.state).decode(),
                    *(None if number == _NONE else number for number in (entry.frame, entry.slot)))


class Volume(Space):
    """The volume of that name, mapped. Arguments and errors as of Space().

    ENOENT: there is none of that name. All who open it have the same content. Its size
    is fixed: set_size() fails with EPERM, mapping past the end with ENXIO.
    """

    def __new__(cls, name, size=None, **arguments):
        return super().__new__(cls, size, f"{PATH}-{name}", **arguments)


# ---- without a space ----

def version():
    """The version of libvmdev, "MAJOR.MINOR.PATCH"."""
    return _lib.vmdev_version().decode()


def module_stats():
    """The statistics of the whole module: ModuleStats. Needs no privilege.

    Raises OSError: ENODEV: the module isn't loaded.
    """
    stats = _ModuleStats()
    _call(_lib.vmdev_get_module_stats, ctypes.byref(stats), ctypes.sizeof(stats))
    values = [os.fsdecode(value) if isinstance(value, bytes) else
              None if value == _UNKNOWN else value for value in _values(stats)]
    result = ModuleStats(*values)
    return result._replace(policy_available=tuple(result.policy_available.split()))


def volume_create(name, size, mode=0o600, gid=0):
    """Make a volume: a space with a name. Needs CAP_SYS_ADMIN.

    name: at most 31 letters, digits, '.', '_' and '-', the first a letter or digit. size:
    bytes, whole pages; backed by pool and store, and fixed. mode, gid: permissions and
    group of its node; it belongs to root. It lives until it is removed or the module is
    unloaded.

    Raises OSError: ENODEV: the module isn't loaded; EACCES; EPERM; EINVAL: out of range;
    EEXIST: there is one of that name; ENOSPC: pool and store can't back it; EFBIG.
    """
    _call(_lib.vmdev_volume_create, _string("name", name), _number("size", size),
          _number("mode", mode, 32), _number("gid", gid, 32), filename=name)


def volume_remove(name):
    """Remove a volume. Who has it open keeps it. Needs CAP_SYS_ADMIN.

    Raises OSError: ENODEV: the module isn't loaded; EACCES; EPERM; EINVAL: can't be a
    name; ENOENT: there is none of that name.
    """
    _call(_lib.vmdev_volume_remove, _string("name", name), filename=name)


def volume_list():
    """The volumes there are, the oldest first: a list of VolumeInfo.

    Raises OSError: ENODEV: the module isn't loaded; EACCES.
    """
    room = 0
    while True:
        volumes = (_Volume * room)()
        count = _call(_lib.vmdev_volume_list, volumes, room)
        if count <= room:
            break
        room = count
    results = [VolumeInfo(*_values(volume)) for volume in volumes[:count]]
    return [result._replace(name=result.name.decode()) for result in results]
