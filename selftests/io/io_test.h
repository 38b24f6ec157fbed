/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs of this group share beside vmdev_test.h: ordinary files on
 * the test disk, transfers that go on after short counts, and waiting for pages
 * that the kernel holds to be let go.
 */
#ifndef IO_TEST_H
#define IO_TEST_H

#include "vmdev_test.h"

/* A new, unnamed file on the test disk (VMDEV_MNT, or /tmp without one). */
static inline int io_file(int flags)
{
	const char *dir = getenv("VMDEV_MNT");
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/vmdev-io.%d", dir ? dir : "/tmp", (int)getpid());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | flags, 0600);
	vt_need(fd >= 0, "%s: %s", path, strerror(errno));
	unlink(path);
	return fd;
}

/* All of it by pread or pwrite, in calls of at most chunk bytes. */
static inline bool io_pread_all(int fd, char *buf, size_t length, off_t offset, size_t chunk)
{
	for (size_t done = 0; done < length;) {
		size_t want = length - done < chunk ? length - done : chunk;
		ssize_t n = pread(fd, buf + done, want, offset + done);

		vt_check(n > 0, "pread of %zu bytes at %#jx: %zd (%s)", want,
			 (intmax_t)(offset + done), n, n ? strerror(errno) : "end");
		done += n;
	}
	return true;
}

static inline bool io_pwrite_all(int fd, const char *buf, size_t length, off_t offset, size_t chunk)
{
	for (size_t done = 0; done < length;) {
		size_t want = length - done < chunk ? length - done : chunk;
		ssize_t n = pwrite(fd, buf + done, want, offset + done);

		vt_check(n > 0, "pwrite of %zu bytes at %#jx: %zd (%s)", want,
			 (intmax_t)(offset + done), n, strerror(errno));
		done += n;
	}
	return true;
}

/* The pages of a range that are held are in the pool, and say so. */
static inline bool io_expect_pinned(const struct vt_space *s, uint64_t pages, const char *when)
{
	uint64_t resident, pinned;
	int64_t left = vt_evict(s->fd, 0, s->length);

	vt_check(left >= 0, "%s: EVICT: %s", when, strerror(-left));
	resident = vt_count_states(s->fd, 0, pages, VT_RESIDENT);
	vt_check(resident == pages,
		 "%s: %" PRIu64 " of %" PRIu64 " pages that the kernel holds were evicted", when,
		 pages - resident, pages);
	pinned = vt_stats_now(s->fd).pinned;
	vt_check(pinned >= pages, "%s: GET_STATS says %" PRIu64 " pinned, %" PRIu64 " are", when,
		 pinned, pages);
	return true;
}

#endif /* IO_TEST_H */
