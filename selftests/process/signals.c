// SPDX-License-Identifier: GPL-2.0
/*
 * Eight processes that page on two CPUs are killed, stopped, continued, exec and exit
 * at any moment, also in the middle of a fault: nobody sees content that was not
 * written there, nothing written is lost, nothing is left behind.
 *
 * VMDEV_PROCESS_SECONDS: how long, 20 if it is not set.
 */
#define _GNU_SOURCE
#include <sched.h>

#include "vmdev_machine.h"

#define WORKERS		8
#define REGION		160U	/* pages of each worker */
#define POOL		512U	/* frames; the regions have 1280 pages */
#define SEED_MAX	0xfff0U

/*
 * Each page is filled from its first word to its last with one generation after
 * another, and a worker may die anywhere in that. So a page has words of falling
 * generations, all between the newest begun and the newest finished.
 */
struct record {
	atomic_uint begun;
	atomic_uint done;
};

struct shared {
	struct record record[WORKERS][REGION];
	atomic_uint starts;
	atomic_uint execs;
	atomic_bool failed;
};

struct worker {
	unsigned int id;
	int fd;			/* the space */
	struct shared *shared;
	char *mem;		/* the region */
};

static bool check_mixed(const struct worker *w, const char *page, unsigned int index)
{
	struct record *r = &w->shared->record[w->id][index];
	unsigned int words = vt_page_size() / sizeof(uint64_t), last = atomic_load(&r->begun);
	uint32_t number = w->id * REGION + index;
	const volatile uint64_t *p = (const void *)page;

	for (unsigned int i = 0; i < words; i++) {
		uint64_t key = p[i] * VT_INV;
		unsigned int seed = key >> 48;

		if (!p[i])
			seed = 0;
		else
			vt_check((key & 0xffff) == i && (uint32_t)(key >> 16) == number,
				 "worker %u page %u word %u: %016" PRIx64
				 " (seed %u page %u word %u)", w->id, index, i, p[i], seed,
				 (uint32_t)(key >> 16), (unsigned int)(key & 0xffff));
		vt_check(seed <= last, "worker %u page %u word %u: generation %u after %u", w->id,
			 index, i, seed, last);
		vt_check(seed >= atomic_load(&r->done),
			 "worker %u page %u word %u: generation %u, %u was finished", w->id,
			 index, i, seed, atomic_load(&r->done));
		last = seed;
	}
	return true;
}

static void write_page(const struct worker *w, unsigned int index)
{
	struct record *r = &w->shared->record[w->id][index];
	unsigned int seed = atomic_load(&r->begun) + 1;

	if (seed > SEED_MAX)
		return;
	atomic_store(&r->begun, seed);
	fill_page(w->mem + index * vt_page_size(), seed, w->id * REGION + index);
	atomic_store(&r->done, seed);
}

/* The same bytes through read(2); also a buffer that is a mapping of the space. */
static bool read_page(const struct worker *w, unsigned int index)
{
	static char buf[65536] __attribute__((aligned(4096)));
	size_t page = vt_page_size();
	ssize_t n = pread(w->fd, buf, page, (w->id * REGION + index) * page);

	vt_check(n == (ssize_t)page, "pread: %zd %s", n, strerror(errno));
	return check_mixed(w, buf, index);
}

static void exec_again(const struct worker *w)
{
	char id[16], space[16], table[16];

	snprintf(id, sizeof(id), "%u", w->id);
	snprintf(space, sizeof(space), "%d", w->fd);
	snprintf(table, sizeof(table), "%d", w->fd + 1);
	atomic_fetch_add(&w->shared->execs, 1);
	execl("/proc/self/exe", "signals", "worker", id, space, table, NULL);
	vt_die("exec: %s", strerror(errno));
}

/* A child that touches and goes, maybe in the middle of it. */
static void short_child(const struct worker *w, uint64_t *state)
{
	pid_t pid = fork();

	if (pid < 0)
		return;
	if (!pid) {
		for (unsigned int i = 0; i < 8; i++)
			(void)*(volatile char *)(w->mem + vt_random(state) % REGION *
						 vt_page_size());
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* The other thread of a worker: its exits and execs are to find faults under way too. */
static void *touch_on(void *arg)
{
	const struct worker *w = arg;
	uint64_t state = getpid();

	for (;;) {
		for (unsigned int i = 0; i < 16; i++)
			(void)*(volatile char *)(w->mem + vt_random(&state) % REGION *
						 vt_page_size());
		usleep(5000);
	}
	return NULL;
}

/* Page until killed, or exit or exec now and then. */
static void work(struct worker *w)
{
	uint64_t state = (uint64_t)getpid() << 32 | atomic_fetch_add(&w->shared->starts, 1);
	pthread_t other;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	vt_need(!pthread_create(&other, NULL, touch_on, w), "pthread_create");
	for (;;) {
		unsigned int index = vt_random(&state) % REGION;
		unsigned int what = vt_random(&state) % 1000;
		bool ok = true;

		if (what < 450)
			write_page(w, index);
		else if (what < 900)
			ok = check_mixed(w, w->mem + index * vt_page_size(), index);
		else if (what < 980)
			ok = read_page(w, index);
		else if (what < 990)
			vt_evict(w->fd, w->id * REGION * vt_page_size(),
				 REGION * vt_page_size());
		else if (what < 994)
			short_child(w, &state);
		else if (what < 997)
			exec_again(w);
		else
			_exit(0);
		if (!ok) {
			atomic_store(&w->shared->failed, true);
			_exit(1);
		}
	}
}

static void map_region(struct worker *w, int table)
{
	w->shared = mmap(NULL, sizeof(*w->shared), PROT_READ | PROT_WRITE, MAP_SHARED, table, 0);
	vt_need(w->shared != MAP_FAILED, "mmap: %s", strerror(errno));
	w->mem = vt_map(w->fd, REGION * vt_page_size(), w->id * REGION * vt_page_size());
}

/* Two children of one worker at once would both write: the old one must be gone. */
static pid_t start(unsigned int id, int fd, int table)
{
	pid_t pid = vt_fork();

	if (!pid) {
		struct worker w = { .id = id, .fd = fd };

		map_region(&w, table);
		work(&w);
	}
	return pid;
}

static bool ended_well(int status)
{
	return WIFEXITED(status) ? !WEXITSTATUS(status) : WTERMSIG(status) == SIGKILL;
}

static bool verify_all(int fd, int table)
{
	for (unsigned int id = 0; id < WORKERS; id++) {
		struct worker w = { .id = id, .fd = fd };

		map_region(&w, table);
		for (unsigned int i = 0; i < REGION; i++)
			vt_check(check_mixed(&w, w.mem + i * vt_page_size(), i), "at the end");
		munmap(w.mem, REGION * vt_page_size());
	}
	return true;
}

static bool test_signals(void)
{
	double end = vt_now() + vm_seconds("VMDEV_PROCESS_SECONDS", 20), slowest = 0;
	unsigned int kills = 0, stops = 0, exits = 0;
	bool all = false;
	int fd = open(VT_DEVICE, O_RDWR), table = memfd_create("table", 0);
	bool stopped[WORKERS] = { false };
	uint64_t state = 4711;
	struct shared *shared;
	pid_t pid[WORKERS];

	/* the workers' exec finds the table one behind the space */
	vt_need(fd >= 0 && table == fd + 1, "descriptors %d %d", fd, table);
	vt_need(!ftruncate(table, sizeof(*shared)), "ftruncate");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, table, 0);
	vt_need(shared != MAP_FAILED, "mmap");
	vt_set_pool_frames(POOL);
	for (unsigned int i = 0; i < WORKERS; i++)
		pid[i] = start(i, fd, table);

	/* on a slow machine until all of it has happened, for a minute more at most */
	while (!atomic_load(&shared->failed) && (vt_now() < end || !all)) {
		unsigned int i = vt_random(&state) % WORKERS;
		double began;
		int status;

		all = (kills && stops && exits && atomic_load(&shared->execs)) ||
		      vt_now() >= end + 60;
		usleep(vt_random(&state) % 20000);
		if (waitpid(pid[i], &status, WNOHANG) == pid[i]) {
			vt_check(ended_well(status), "worker %u ended with %#x", i, status);
			exits++;
			stopped[i] = false;
			pid[i] = start(i, fd, table);
			continue;
		}
		switch (vt_random(&state) % 4) {
		case 0:
			kill(pid[i], SIGKILL);
			began = vt_now();
			vt_need(waitpid(pid[i], &status, 0) == pid[i], "waitpid");
			if (vt_now() - began > slowest)
				slowest = vt_now() - began;
			vt_check(ended_well(status), "worker %u ended with %#x", i, status);
			kills++;
			stopped[i] = false;
			pid[i] = start(i, fd, table);
			break;
		case 1:
			kill(pid[i], SIGSTOP);
			stopped[i] = true;
			stops++;
			break;
		default:
			if (stopped[i])
				kill(pid[i], SIGCONT);
			stopped[i] = false;
		}
	}
	for (unsigned int i = 0; i < WORKERS; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	vt_msg("%u killed (the slowest to die took %.2f s), %u stopped, %u exited, %u exec'ed",
	       kills, slowest, stops, exits, atomic_load(&shared->execs));
	vt_check(!atomic_load(&shared->failed), "in a worker");
	vt_check(slowest < 5 * vt_time_scale(), "one took %.2f s to die", slowest);
	vt_check(kills && stops && exits && atomic_load(&shared->execs), "too little was done");
	vt_check(vt_sysfs_u64("stats/evictions") > POOL, "little was paged");
	return verify_all(fd, table);
}

static const struct vt_test tests[] = {
	{ "processes killed, stopped, gone, replaced while they page", test_signals },
};

int main(int argc, char *argv[])
{
	if (argc == 5 && !strcmp(argv[1], "worker")) {
		struct worker w = { .id = atoi(argv[2]), .fd = atoi(argv[3]) };

		setvbuf(stdout, NULL, _IOLBF, 0);
		vt_main_pid = 1;
		map_region(&w, atoi(argv[4]));
		work(&w);
	}
	vt_timeout = vm_seconds("VMDEV_PROCESS_SECONDS", 20) + 100;
	return vt_run(tests, ARRAY_SIZE(tests));
}
