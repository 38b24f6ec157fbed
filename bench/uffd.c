// SPDX-License-Identifier: GPL-2.0
/*
 * The userfaultfd handlers, see uffd.h. As good as such a program gets without
 * being clever: some threads answer faults, others evict ahead of need, first in
 * first out, neighbours together; direct I/O; reading ahead where a fault goes on
 * where the last read ended; a clean page leaves without a write, which is known by
 * write protection.
 *
 * A page's state and its frame change under the lock, its content without it while
 * it is LOADING or LEAVING. A fault that meets a page in one of these is dropped:
 * whoever ends them wakes the page's waiters after the new state is in place, and
 * a waiter that still can't go on faults again. So no wake-up can be lost, whatever
 * was mapped or protected meanwhile.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "array.h"
#include "uffd.h"

#define PAGE		4096UL
#define HANDLERS	2
#define EVICTORS	4
#define BATCH		32UL
#define AHEAD		32UL
#define STREAMS		8

enum state { FRESH, LOADING, CLEAN, DIRTY, LEAVING, STORED };

enum count { READ_PAGES, READ_IOS, WRITTEN_PAGES, WRITTEN_IOS, EVICTIONS, WAITS, COUNTS };

/* Where the next read of a sequential reader would start, and how long it'd be. */
struct stream {
	size_t next;
	size_t length;
};

static struct pager {
	int fd;
	int file;
	int stop;
	unsigned char *base;
	size_t pages;
	pthread_t threads[HANDLERS + EVICTORS];
	/* Under the lock: all that follows. */
	pthread_mutex_t lock;
	pthread_cond_t freed;
	pthread_cond_t wanted;
	bool stopping;
	uint8_t *state;
	size_t free;
	size_t leaving;
	size_t enough;
	/* Pages in RAM in the order they came: a ring. */
	size_t *queue;
	size_t queue_size;
	size_t queue_head;
	size_t queued;
	struct stream streams[STREAMS];
	unsigned int next_stream;
	uint64_t counts[COUNTS];
} pager = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.freed = PTHREAD_COND_INITIALIZER,
	.wanted = PTHREAD_COND_INITIALIZER,
};

static const unsigned char zeroes[PAGE] __attribute__((aligned(4096)));

static uint64_t address(size_t page)
{
	return (uintptr_t)pager.base + page * PAGE;
}

static void wake(size_t page, size_t count)
{
	struct uffdio_range range = { address(page), count * PAGE };

	if (ioctl(pager.fd, UFFDIO_WAKE, &range))
		err(1, "UFFDIO_WAKE");
}

static void protect(size_t page, size_t count, bool on)
{
	struct uffdio_writeprotect request = {
		.range = { address(page), count * PAGE },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	while (ioctl(pager.fd, UFFDIO_WRITEPROTECT, &request))
		if (errno != EAGAIN)
			err(1, "UFFDIO_WRITEPROTECT");
}

/* Map copies of what is at @from; a first write to a clean one will be told. */
static void install(size_t page, const void *from, size_t count, bool clean)
{
	struct uffdio_copy request = {
		.dst = address(page),
		.src = (uintptr_t)from,
		.len = count * PAGE,
		.mode = UFFDIO_COPY_MODE_DONTWAKE | (clean ? UFFDIO_COPY_MODE_WP : 0),
	};

	while (count && ioctl(pager.fd, UFFDIO_COPY, &request)) {
		if (errno != EAGAIN)
			err(1, "UFFDIO_COPY");
		if (request.copy <= 0)
			continue;
		request.dst += request.copy;
		request.src += request.copy;
		request.len -= request.copy;
	}
}

static void transfer(size_t page, void *buffer, size_t count, bool out)
{
	ssize_t bytes = count * PAGE;
	ssize_t done = out ? pwrite(pager.file, buffer, bytes, page * PAGE) :
		       pread(pager.file, buffer, bytes, page * PAGE);

	if (done < 0)
		err(1, "the file of userfaultfd");
	if (done != bytes)
		errx(1, "the file of userfaultfd is too small");
}

/* How many pages from @page on to read: more and more where reads follow each other. */
static size_t read_length(size_t page)
{
	struct stream *stream = NULL;
	size_t most = pager.free < AHEAD ? pager.free : AHEAD, length;

	for (size_t i = 0; i < STREAMS && !stream; i++)
		if (pager.streams[i].next == page && page)
			stream = &pager.streams[i];
	if (stream) {
		stream->length *= 2;
	} else {
		stream = &pager.streams[pager.next_stream++ % STREAMS];
		stream->length = 1;
	}
	if (stream->length > AHEAD)
		stream->length = AHEAD;
	if (most > stream->length)
		most = stream->length;
	for (length = 1; length < most && page + length < pager.pages; length++)
		if (pager.state[page + length] != STORED)
			break;
	stream->next = page + length;
	return length;
}

static void enqueue(size_t page)
{
	pager.queue[(pager.queue_head + pager.queued++) % pager.queue_size] = page;
}

/* A page without a frame, its state FRESH or STORED; called and left with the lock. */
static void bring_in(size_t page, bool write, unsigned char *buffer)
{
	bool fresh = pager.state[page] == FRESH;
	size_t count = fresh ? 1 : read_length(page);

	memset(pager.state + page, LOADING, count);
	pager.free -= count;
	if (pager.free + pager.leaving < pager.enough)
		pthread_cond_signal(&pager.wanted);
	pthread_mutex_unlock(&pager.lock);
	if (!fresh)
		transfer(page, buffer, count, false);
	install(page, fresh ? zeroes : buffer, 1, !fresh && !write);
	install(page + 1, buffer + PAGE, count - 1, true);
	pthread_mutex_lock(&pager.lock);
	for (size_t i = 0; i < count; i++) {
		pager.state[page + i] = i == 0 && (fresh || write) ? DIRTY : CLEAN;
		enqueue(page + i);
	}
	if (!fresh) {
		pager.counts[READ_PAGES] += count;
		pager.counts[READ_IOS]++;
	}
	wake(page, count);
}

static void serve(const struct uffd_msg *message, unsigned char *buffer)
{
	size_t page = (message->arg.pagefault.address - address(0)) / PAGE;
	bool is_wp = message->arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP;
	bool write = message->arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WRITE;
	uint8_t *state = &pager.state[page];

	pthread_mutex_lock(&pager.lock);
	if (!pager.free && !is_wp)
		pager.counts[WAITS]++;
	while ((*state == FRESH || *state == STORED) && !is_wp && !pager.free)
		pthread_cond_wait(&pager.freed, &pager.lock);
	switch (*state) {
	case LOADING:
	case LEAVING:
		break;
	case FRESH:
	case STORED:
		if (is_wp)
			wake(page, 1);
		else
			bring_in(page, write, buffer);
		break;
	default:
		/* With the lock: from LEAVING on it must stay is_wp. */
		if (is_wp && *state == CLEAN) {
			*state = DIRTY;
			protect(page, 1, false);
		}
		wake(page, 1);
	}
	pthread_mutex_unlock(&pager.lock);
}

static void *handle(void *unused)
{
	unsigned char *buffer = aligned_alloc(PAGE, AHEAD * PAGE);
	struct pollfd polled[] = {
		{ .fd = pager.fd, .events = POLLIN },
		{ .fd = pager.stop, .events = POLLIN },
	};
	struct uffd_msg message;
	ssize_t length;

	(void)unused;
	if (!buffer)
		err(1, "aligned_alloc");
	while (poll(polled, ARRAY_SIZE(polled), -1) >= 0 && !polled[1].revents) {
		length = read(pager.fd, &message, sizeof(message));
		if (length < 0 && errno != EAGAIN)
			err(1, "userfaultfd");
		if (length == sizeof(message) && message.event == UFFD_EVENT_PAGEFAULT)
			serve(&message, buffer);
	}
	free(buffer);
	return NULL;
}

static int by_number(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

/* Takes the oldest pages; a page's dirtiness is kept in the lowest bit. */
static size_t choose(size_t *victims)
{
	size_t count;

	for (count = 0; count < BATCH && pager.queued; count++, pager.queued--) {
		size_t page = pager.queue[pager.queue_head];

		pager.queue_head = (pager.queue_head + 1) % pager.queue_size;
		victims[count] = page * 2 + (pager.state[page] == DIRTY);
		pager.state[page] = LEAVING;
	}
	pager.leaving += count;
	return count;
}

/* Neighbours that are all dirty or all clean; called and left without the lock. */
static void evict(size_t page, size_t count, bool dirty)
{
	if (dirty) {
		protect(page, count, true);
		transfer(page, pager.base + page * PAGE, count, true);
	}
	if (madvise(pager.base + page * PAGE, count * PAGE, MADV_DONTNEED))
		err(1, "MADV_DONTNEED");
	pthread_mutex_lock(&pager.lock);
	memset(pager.state + page, STORED, count);
	pager.free += count;
	pager.leaving -= count;
	pager.counts[EVICTIONS] += count;
	if (dirty) {
		pager.counts[WRITTEN_PAGES] += count;
		pager.counts[WRITTEN_IOS]++;
	}
	pthread_cond_broadcast(&pager.freed);
	pthread_mutex_unlock(&pager.lock);
	wake(page, count);
}

static void *evict_ahead(void *unused)
{
	size_t victims[BATCH], count, run;

	(void)unused;
	pthread_mutex_lock(&pager.lock);
	while (!pager.stopping) {
		if (pager.free + pager.leaving >= pager.enough || !pager.queued) {
			pthread_cond_wait(&pager.wanted, &pager.lock);
			continue;
		}
		count = choose(victims);
		if (pager.free + pager.leaving < pager.enough)
			pthread_cond_signal(&pager.wanted);
		pthread_mutex_unlock(&pager.lock);
		qsort(victims, count, sizeof(*victims), by_number);
		for (size_t i = 0; i < count; i += run) {
			for (run = 1; i + run < count; run++)
				if (victims[i + run] != victims[i] + 2 * run)
					break;
			evict(victims[i] / 2, run, victims[i] % 2);
		}
		pthread_mutex_lock(&pager.lock);
	}
	pthread_mutex_unlock(&pager.lock);
	return NULL;
}

static int open_uffd(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	struct uffdio_register area = {
		.range = { address(0), pager.pages * PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && (ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &area)))
		err(1, "userfaultfd with write protection");
	return fd;
}

static void start_threads(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(pager.threads); i++) {
		int error = pthread_create(&pager.threads[i], NULL,
					   i < HANDLERS ? handle : evict_ahead, NULL);

		if (error)
			errx(1, "pthread_create: %s", strerror(error));
	}
}

void *uffd_map(const struct memory_wish *wish)
{
	pager.pages = wish->bytes / PAGE;
	pager.free = wish->ram_pages;
	pager.enough = wish->ram_pages / 64 + BATCH;
	pager.queue_size = wish->ram_pages;
	pager.queued = 0;
	pager.stopping = false;
	pager.state = calloc(pager.pages, 1);
	pager.queue = calloc(pager.queue_size, sizeof(*pager.queue));
	pager.file = open(wish->path, O_RDWR | O_DIRECT | O_CLOEXEC);
	pager.stop = eventfd(0, EFD_CLOEXEC);
	if (!pager.state || !pager.queue || pager.file < 0 || pager.stop < 0)
		return NULL;
	pager.base = mmap(NULL, wish->bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pager.base == MAP_FAILED)
		return NULL;
	madvise(pager.base, wish->bytes, MADV_NOHUGEPAGE);
	pager.fd = open_uffd();
	if (pager.fd < 0)
		return NULL;
	start_threads();
	return pager.base;
}

void uffd_unmap(void *base, size_t bytes)
{
	eventfd_write(pager.stop, 1);
	pthread_mutex_lock(&pager.lock);
	pager.stopping = true;
	pthread_cond_broadcast(&pager.wanted);
	pthread_mutex_unlock(&pager.lock);
	for (size_t i = 0; i < ARRAY_SIZE(pager.threads); i++)
		pthread_join(pager.threads[i], NULL);
	close(pager.fd);
	close(pager.file);
	close(pager.stop);
	free(pager.state);
	free(pager.queue);
	munmap(base, bytes);
}

uint64_t uffd_count(const char *name)
{
	static const char *const names[COUNTS] = {
		"read_pages", "read_ios", "written_pages", "written_ios", "evictions", "waits",
	};
	uint64_t value = 0;

	pthread_mutex_lock(&pager.lock);
	for (size_t i = 0; i < COUNTS; i++)
		if (!strcmp(names[i], name))
			value = pager.counts[i];
	pthread_mutex_unlock(&pager.lock);
	return value;
}
