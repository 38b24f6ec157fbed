// SPDX-License-Identifier: GPL-2.0
/*
 * Resource limits of a process: RLIMIT_AS and RLIMIT_MEMLOCK refuse what they should
 * refuse, and what was refused leaves no trace in the space.
 */
#define _GNU_SOURCE
#include <sys/resource.h>

#include "vmdev_machine.h"

static void set_limit(int resource, rlim_t value)
{
	struct rlimit limit = { value, value };

	vt_need(!setrlimit(resource, &limit), "setrlimit: %s", strerror(errno));
}

/* Bytes of address space in use. */
static rlim_t address_space(void)
{
	char text[64];

	vt_need(vm_read("/proc/self/statm", text, sizeof(text)) > 0, "statm");
	return strtoull(text, NULL, 10) * vt_page_size();
}

static bool test_as(void)
{
	struct vt_space v = vt_space_new(100 * vt_page_size());
	uint64_t size = vt_stats_now(v.fd).size, reserved = vt_stats_now(v.fd).reserved_pages;
	void *p;

	fill_range(v.mem, 100, 1, 0);
	set_limit(RLIMIT_AS, address_space() + (1 << 20));
	p = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, v.fd, 0);
	vt_check(p == MAP_FAILED && errno == ENOMEM, "mmap beyond RLIMIT_AS: %s",
		 p == MAP_FAILED ? strerror(errno) : "works");
	vt_check(vt_stats_now(v.fd).size == size && vt_stats_now(v.fd).reserved_pages == reserved,
		 "a refused mmap changed the space");
	p = mremap(v.mem, v.length, 8 << 20, MREMAP_MAYMOVE);
	vt_check(p == MAP_FAILED && errno == ENOMEM, "mremap beyond RLIMIT_AS: %s",
		 p == MAP_FAILED ? strerror(errno) : "works");
	p = mmap(NULL, 200 << 10, PROT_READ | PROT_WRITE, MAP_SHARED, v.fd, 0);
	vt_check(p != MAP_FAILED, "mmap within RLIMIT_AS: %s", strerror(errno));
	vt_check(vt_evict_all(&v) && check_range(v.mem, 100, 1, 0), "content lost");
	munmap(p, 200 << 10);
	vt_space_free(&v);
	return true;
}

/* As a user without CAP_IPC_LOCK. The descriptor is inherited. */
static bool locked_within_limit(void *arg)
{
	struct vt_space *v = arg;
	size_t limit = 64 * vt_page_size();
	void *p;

	set_limit(RLIMIT_MEMLOCK, limit);
	vt_need(!setgid(65534) && !setuid(65534), "setuid: %s", strerror(errno));
	vt_check(mlock(v->mem, v->length) && (errno == ENOMEM || errno == EPERM),
		 "mlock beyond RLIMIT_MEMLOCK: %s", strerror(errno));
	p = mmap(NULL, v->length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_LOCKED, v->fd, 0);
	vt_check(p == MAP_FAILED && (errno == EAGAIN || errno == EPERM),
		 "MAP_LOCKED beyond RLIMIT_MEMLOCK: %s",
		 p == MAP_FAILED ? strerror(errno) : "works");
	vt_check(!mlock(v->mem, limit / 2), "mlock within RLIMIT_MEMLOCK: %s", strerror(errno));
	p = mmap(NULL, limit / 4, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_LOCKED, v->fd, 0);
	vt_check(p != MAP_FAILED, "MAP_LOCKED within RLIMIT_MEMLOCK: %s", strerror(errno));
	vt_check(check_range(v->mem, 256, 1, 0), "content lost");
	vt_check(!munlock(v->mem, limit / 2), "munlock");
	set_limit(RLIMIT_MEMLOCK, 0);
	vt_check(mlock(v->mem, 1) && (errno == ENOMEM || errno == EPERM),
		 "mlock with RLIMIT_MEMLOCK 0: %s", strerror(errno));
	return true;
}

static bool test_memlock(void)
{
	struct vt_space v = vt_space_new(256 * vt_page_size());

	fill_range(v.mem, 256, 1, 0);
	vt_check(vt_in_child(locked_within_limit, &v), "as nobody");
	vt_check(vt_evict_all(&v), "pages stayed after their locker has gone");
	vt_check(check_range(v.mem, 256, 1, 0), "content lost");
	vt_space_free(&v);
	return true;
}

/* mlockall of a process that has much more than the pool. */
static bool lock_everything(void *arg)
{
	struct vt_space *v = arg;

	vt_check(!mlockall(MCL_CURRENT | MCL_FUTURE), "mlockall: %s", strerror(errno));
	return check_range(v->mem, 1024, 1, 0);
}

static bool test_mlockall(void)
{
	struct vt_space v = vt_space_new(1024 * vt_page_size());
	double start = vt_now();

	vt_set_pool_frames(256);
	fill_range(v.mem, 1024, 1, 0);
	vt_check(vt_in_child(lock_everything, &v), "in the child");
	vt_check(check_range(v.mem, 1024, 1, 0), "content lost");
	vt_check(vt_now() - start < 60, "it took %.0f s", vt_now() - start);
	vt_space_free(&v);
	return true;
}

static const struct vt_test tests[] = {
	{ "RLIMIT_AS", test_as },
	{ "RLIMIT_MEMLOCK", test_memlock },
	{ "mlockall of four times the pool", test_mlockall },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
