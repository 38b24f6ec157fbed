// SPDX-License-Identifier: GPL-2.0
/*
 * Ioctls of our type with anything in them, from anywhere: random and boundary
 * values, arguments that are not there, read-only, in evicted pages of the space
 * itself, taken away while the call runs, and from a 32-bit program. Whatever is
 * refused must be refused with the right errno, and nothing else may change; see
 * uapi_case.h. A bystander, a space that none of it is about, keeps its content.
 *
 *	VMDEV_FUZZ_UAPI_SECONDS		for each subtest (12)
 *	VMDEV_FUZZ_SEED			to repeat random arguments
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "vmdev_test.h"
#include "uapi_case.h"

#define BYSTANDER	200	/* pages */
#define THREADS		3

static uint64_t seed;
static double seconds = 12;
static struct vt_space bystander;

static int uc_ioctl(int fd, unsigned int request, uintptr_t arg)
{
	/* the upper half of the request is not looked at */
	unsigned long high = (unsigned long)request << 32;

	return syscall(SYS_ioctl, fd, high | request, arg) ? -errno : 0;
}

static void uc_complain(const char *what, unsigned int request, int got, int want)
{
	vt_msg("%s: number %u, direction %u, size %u, type %#x: %s, expected %s", what,
	       _IOC_NR(request), _IOC_DIR(request), _IOC_SIZE(request), _IOC_TYPE(request),
	       strerror(-got), strerror(-want));
}

static void *pages(size_t n)
{
	void *p = mmap(NULL, n * UC_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	vt_need(p != MAP_FAILED, "mmap: %s", strerror(errno));
	return p;
}

static struct uc start(void)
{
	struct uc u = { .fd = vt_open(), .rnd = seed, .half = vt_pool_frames() / 2 };

	bystander = vt_space_new(BYSTANDER * UC_PAGE);
	fill_range(bystander.mem, BYSTANDER, 7, 0);
	vt_need(vt_evict_range(bystander.fd, 0, bystander.length / 2), "evict");
	u.rw = pages(2);
	u.ro = pages(1);
	u.entries = pages(1);
	for (unsigned int i = 0; i < UC_PAGE; i += 8)
		uc_move(u.ro + i, &(uint64_t){ uc_value(&u) }, 8);
	vt_need(!mprotect(u.rw + UC_PAGE, UC_PAGE, PROT_NONE) &&
		!mprotect(u.ro, UC_PAGE, PROT_READ), "mprotect");
	return u;
}

static bool end(struct uc *u)
{
	vt_check(check_range(bystander.mem, BYSTANDER, 7, 0), "another space was changed");
	vt_msg("%lu calls did something, %lu were refused; seed %#" PRIx64, u->good, u->refused,
	       seed);
	uc_end(u);
	vt_space_free(&bystander);
	close(u->fd);
	return true;
}

static bool test_every(void)
{
	struct uc u = start();

	for (int type = VMDEV_IOC_MAGIC - 1; type <= VMDEV_IOC_MAGIC + 1; type++)
		if (!uc_every(&u, type))
			return false;
	return end(&u);
}

/* Something to evict and to discard, so that good calls find work. */
static bool stir(struct uc *u)
{
	static unsigned char page[UC_PAGE];

	fill_page(page, 9, uc_below(u, 1000));
	for (unsigned int i = 0; i < uc_pages(u); i++)
		if (uc_below(u, 2) && (uint64_t)(i + 1) * UC_PAGE <= u->size)
			vt_check(pwrite(u->fd, page, UC_PAGE, (off_t)i * UC_PAGE) == UC_PAGE,
				 "pwrite: %s", strerror(errno));
	return true;
}

static bool test_random(void)
{
	struct uc u = start();
	double stop = vt_now() + seconds;
	uint64_t n = 0;

	for (; vt_now() < stop; n++) {
		vt_check(n % 500 || stir(&u), "case %" PRIu64, n);
		vt_check(uc_case(&u), "case %" PRIu64 ", VMDEV_FUZZ_SEED=%#" PRIx64, n, seed);
	}
	vt_check(u.good > 100 && u.refused > 100, "too little: %lu and %lu", u.good, u.refused);
	return end(&u);
}

/* ---- arguments in the space ---- */

/* The page of the argument is in the space, and out of the pool when the call comes. */
static bool test_evicted(void)
{
	struct uc u = start();
	struct vt_space s = vt_space_new(4 * UC_PAGE);
	double stop = vt_now() + seconds;
	uint64_t out = 0;

	fill_range(s.mem, 4, 3, 0);
	for (; vt_now() < stop; out++) {
		unsigned int request = uc_known[uc_below(&u, UC_KNOWN)];
		unsigned int bytes = _IOC_SIZE(request);
		unsigned int from = 2 * UC_PAGE - uc_below(&u, bytes + 1);
		union uc_arg arg = { 0 };
		bool volume = request == VMDEV_IOC_VOLUME_CREATE ||
			      request == VMDEV_IOC_VOLUME_REMOVE;
		int ret;

		/* on the edge of two pages; the range is the space itself */
		if (request == VMDEV_IOC_SET_SIZE)
			arg.size.size = s.length;
		else if (request == VMDEV_IOC_GET_MAP)
			arg.map = (struct vmdev_map){ .count = 4,
						      .entries = (uintptr_t)s.mem + 32 };
		else if (request == VMDEV_IOC_DISCARD || request == VMDEV_IOC_EVICT)
			arg.range.length = request == VMDEV_IOC_DISCARD ? 0 : s.length;
		memcpy(s.mem + from, &arg, bytes);
		vt_check(vt_evict(s.fd, 0, s.length) >= 0, "EVICT");
		ret = uc_ioctl(s.fd, request, (uintptr_t)s.mem + from);
		/* of a volume without a name nothing comes */
		vt_check(ret == (volume ? -EINVAL : 0), "request %#x: %s", request, strerror(-ret));
		memcpy(&arg, s.mem + from, bytes);
		vt_check(request != VMDEV_IOC_GET_STATS || arg.stats.size == s.length, "GET_STATS");
		vt_check(request != VMDEV_IOC_GET_MAP || arg.map.count == 4, "GET_MAP");
		vt_check(check_page(s.mem + 3 * UC_PAGE, 3, 3), "beside the argument");
		u.good++;
	}
	vt_space_free(&s);
	return end(&u);
}

/* ---- arguments that go away ---- */

static struct {
	struct uc *u;
	struct vt_space space;
	char *arg;		/* two pages that come and go */
	atomic_ulong done, faulted;
} shared;

/* Take the argument's pages away, put them back as something else. */
static bool remapper(struct vt_crew *crew)
{
	uint64_t rnd = seed;
	void *p;

	while (!atomic_load(&crew->stop)) {
		switch (vt_random(&rnd) % 5) {
		case 0:
			munmap(shared.arg, 2 * UC_PAGE);
			break;
		case 1:
			mprotect(shared.arg, UC_PAGE, PROT_READ);
			break;
		case 2:
			p = mmap(shared.arg, 2 * UC_PAGE, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_FIXED, shared.space.fd, 0);
			vt_check(p == shared.arg, "mmap: %s", strerror(errno));
			break;
		case 3:
			vt_evict(shared.space.fd, 0, shared.space.length);
			break;
		default:
			p = mmap(shared.arg, 2 * UC_PAGE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
			vt_check(p == shared.arg, "mmap: %s", strerror(errno));
		}
	}
	return true;
}

/* What is in the argument is chance, and so is whether it is there. */
static bool caller(struct vt_crew *crew, unsigned int id)
{
	uint64_t rnd = seed + id;

	while (!atomic_load(&crew->stop)) {
		uint64_t r = vt_random(&rnd);
		unsigned int request = uc_known[r % UC_KNOWN];
		unsigned int before = (r >> 8) % (_IOC_SIZE(request) + 1);
		uintptr_t at = (uintptr_t)shared.arg + UC_PAGE - before;
		int ret;

		/* what these would leave behind no test wants */
		if (request == VMDEV_IOC_SET_LIMIT || request == VMDEV_IOC_SET_SIZE ||
		    request == VMDEV_IOC_VOLUME_CREATE)
			continue;
		ret = uc_ioctl(shared.space.fd, request, at);
		vt_check(!ret || ret == -EFAULT || ret == -EINVAL ||
			 (ret == -ENOENT && request == VMDEV_IOC_VOLUME_REMOVE), "request %#x: %s",
			 request, strerror(-ret));
		atomic_fetch_add(ret ? &shared.faulted : &shared.done, 1);
	}
	return true;
}

static bool crew_member(struct vt_crew *crew, unsigned int id)
{
	return id ? caller(crew, id) : remapper(crew);
}

static bool test_unmapped(void)
{
	struct uc u = start();
	struct vt_crew crew;

	shared.u = &u;
	shared.space = vt_space_new(2 * UC_PAGE);
	shared.arg = pages(2);
	vt_crew_start(&crew, THREADS, crew_member, NULL);
	vt_sleep_ms(seconds * 1000);
	vt_check(vt_crew_stop(&crew), "a thread");
	u.good = shared.done;
	u.refused = shared.faulted;
	vt_check(u.good && u.refused, "%lu calls succeeded, %lu failed", u.good, u.refused);
	munmap(shared.arg, 2 * UC_PAGE);
	vt_space_free(&shared.space);
	return end(&u);
}

static bool test_32(void)
{
	int status;
	pid_t pid;

	if (access("./uapi32", X_OK))
		return vt_skip("no 32-bit program was built");
	pid = vt_fork();
	if (!pid) {
		execl("./uapi32", "uapi32", NULL);
		_exit(99);
	}
	vt_need(waitpid(pid, &status, 0) == pid, "waitpid: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
		return vt_skip("this kernel runs no 32-bit programs");
	vt_check(WIFEXITED(status) && !WEXITSTATUS(status), "the 32-bit program ended with %#x",
		 status);
	return true;
}

static const struct vt_test tests[] = {
	{ "every number, direction and size", test_every },
	{ "random arguments", test_random },
	{ "arguments in evicted pages of the space", test_evicted },
	{ "arguments that other threads take away", test_unmapped },
	{ "random arguments from a 32-bit program", test_32 },
};

int main(void)
{
	const char *value = getenv("VMDEV_FUZZ_UAPI_SECONDS");

	if (value)
		seconds = strtod(value, NULL);
	value = getenv("VMDEV_FUZZ_SEED");
	seed = value ? strtoull(value, NULL, 0) : (uint64_t)time(NULL);
	vt_timeout = seconds + 100;
	return vt_run(tests, ARRAY_SIZE(tests));
}
