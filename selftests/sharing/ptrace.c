// SPDX-License-Identifier: GPL-2.0
/*
 * A debugger reads and writes evicted pages of a stopped process: by
 * PTRACE_PEEKDATA and POKEDATA and by /proc/PID/mem.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#include <sys/ptrace.h>

#define PAGES	48

/* A stopped child with the space mapped. */
static pid_t stopped_child(struct vt_space *s, unsigned int seed_after)
{
	int status;
	pid_t pid = vt_fork();

	if (!pid) {
		vt_need(!ptrace(PTRACE_TRACEME, 0, NULL, NULL), "TRACEME: %s", strerror(errno));
		raise(SIGSTOP);
		_exit(check_range(s->mem, PAGES, seed_after, 0) ? KSFT_PASS : KSFT_FAIL);
	}
	vt_need(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status), "the child did not stop");
	return pid;
}

static bool resume(pid_t pid)
{
	vt_check(!ptrace(PTRACE_DETACH, pid, NULL, NULL), "DETACH: %s", strerror(errno));
	return vt_wait_ok(pid);
}

static bool peek_and_poke(void)
{
	const size_t page = vt_page_size();
	const unsigned int words = page / sizeof(uint64_t);
	struct vt_space s = vt_space_new(PAGES * page);
	pid_t pid;

	fill_range(s.mem, PAGES, 1, 0);
	pid = stopped_child(&s, 2);
	vt_check(vt_evict_all(&s), "not evicted");
	for (unsigned int i = 0; i < PAGES; i++) {
		for (unsigned int w = 0; w < words; w++) {
			char *at = s.mem + i * page + w * sizeof(uint64_t);
			uint64_t word;

			errno = 0;
			word = ptrace(PTRACE_PEEKDATA, pid, at, NULL);
			vt_check(!errno, "PEEKDATA in page %u: %s", i, strerror(errno));
			if (word != page_word(1, i, w)) {
				vt_report_word("peeked page", i, w * 8, page_word(1, i, w), word);
				return false;
			}
			vt_check(!ptrace(PTRACE_POKEDATA, pid, at, page_word(2, i, w)),
				 "POKEDATA in page %u: %s", i, strerror(errno));
		}
	}
	vt_check(check_range(s.mem, PAGES, 2, 0), "what was poked, seen by the other mapper");
	vt_check(vt_evict_all(&s), "not evicted after poking");
	vt_check(resume(pid), "what was poked, seen by the child");
	vt_space_free(&s);
	return true;
}

static bool proc_mem(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);
	char *buf = malloc(s.length), path[64];
	off_t at = (off_t)(uintptr_t)s.mem;
	pid_t pid;
	int mem;

	vt_need(buf, "malloc");
	fill_range(s.mem, PAGES, 3, 0);
	pid = stopped_child(&s, 4);
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	mem = open(path, O_RDWR | O_CLOEXEC);
	vt_need(mem >= 0, "%s: %s", path, strerror(errno));
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(pread(mem, buf, s.length, at) == (ssize_t)s.length, "read: %s", strerror(errno));
	vt_check(check_range(buf, PAGES, 3, 0), "read through /proc/PID/mem");
	fill_range(buf, PAGES, 4, 0);
	vt_check(vt_evict_all(&s), "not evicted");
	vt_check(pwrite(mem, buf, s.length, at) == (ssize_t)s.length, "write: %s",
		 strerror(errno));
	vt_check(vt_evict_all(&s), "not evicted after the write");
	close(mem);
	vt_check(resume(pid), "what was written, seen by the child");
	vt_check(check_range(s.mem, PAGES, 4, 0), "what was written");
	free(buf);
	vt_space_free(&s);
	return true;
}

/* Pages that nobody touched read as zero. */
static bool untouched(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(PAGES * page);
	pid_t pid;

	fill_range(s.mem, PAGES / 2, 5, 0);
	pid = vt_fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(KSFT_PASS);
	}
	vt_need(waitpid(pid, NULL, WUNTRACED) == pid, "waitpid: %s", strerror(errno));
	for (unsigned int i = 0; i < PAGES; i++) {
		uint64_t expected = i < PAGES / 2 ? page_word(5, i, 0) : 0, word;

		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, pid, s.mem + i * page, NULL);
		vt_check(!errno, "PEEKDATA in page %u: %s", i, strerror(errno));
		vt_check(word == expected, "page %u: expected %016" PRIx64 ", found %016" PRIx64, i,
			 expected, word);
	}
	vt_check(resume(pid), "the child");
	vt_space_free(&s);
	return true;
}

static const struct vt_test tests[] = {
	{ "PEEKDATA and POKEDATA of evicted pages", peek_and_poke },
	{ "/proc/PID/mem of evicted pages", proc_mem },
	{ "PEEKDATA of pages never touched", untouched },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
