// SPDX-License-Identifier: GPL-2.0
/*
 * The core of a process that dies with a mapping has the mapping's content, also
 * of what is evicted, and more of it than the pool holds.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#include <elf.h>
#include <sys/resource.h>

#define PATTERN	"/proc/sys/kernel/core_pattern"
#define FRAMES	64

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	vt_need(fd >= 0, "%s: %s", path, strerror(errno));
	vt_need(write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s: %s", path,
		strerror(errno));
	close(fd);
}

static void die_with_core(void)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	vt_need(!setrlimit(RLIMIT_CORE, &unlimited), "setrlimit: %s", strerror(errno));
	write_file("/proc/self/coredump_filter", "0x3f");
	abort();
}

/* Where in the core the bytes at an address of the dead process are; 0: nowhere. */
static off_t find_in_core(int core, uintptr_t address, size_t length)
{
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;

	vt_need(pread(core, &ehdr, sizeof(ehdr), 0) == sizeof(ehdr) &&
		!memcmp(ehdr.e_ident, ELFMAG, SELFMAG) && ehdr.e_type == ET_CORE, "not a core");
	for (unsigned int i = 0; i < ehdr.e_phnum; i++) {
		vt_need(pread(core, &phdr, sizeof(phdr), ehdr.e_phoff + i * sizeof(phdr)) ==
			sizeof(phdr), "core: %s", strerror(errno));
		if (phdr.p_type != PT_LOAD || address < phdr.p_vaddr ||
		    address + length > phdr.p_vaddr + phdr.p_memsz)
			continue;
		vt_check(address + length <= phdr.p_vaddr + phdr.p_filesz,
			 "the core has only %#llx of %#llx bytes of the mapping",
			 (unsigned long long)phdr.p_filesz, (unsigned long long)phdr.p_memsz);
		return phdr.p_offset + (address - phdr.p_vaddr);
	}
	vt_msg("the core has nothing at the mapping's address");
	return 0;
}

static bool check_core(int core, struct vt_space *s, unsigned int written)
{
	const size_t page = vt_page_size();
	unsigned int pages = s->length / page;
	off_t at = find_in_core(core, (uintptr_t)s->mem, s->length);
	char *buf = malloc(page);

	vt_need(buf, "malloc");
	if (!at)
		return false;
	for (unsigned int i = 0; i < pages; i++) {
		vt_check(pread(core, buf, page, at + i * page) == (ssize_t)page, "core: page %u",
			 i);
		vt_check(i < written ? check_page(buf, 1, i) : check_zero(buf, page),
			 "page %u in the core", i);
	}
	free(buf);
	return true;
}

/* A child dumps core with the space mapped; the last quarter is never touched. */
static bool dump(uint64_t pages, const char *dir)
{
	struct vt_space s = vt_space_new(pages * vt_page_size());
	unsigned int written = pages - pages / 4;
	char path[256];
	int status, core;
	pid_t pid;

	fill_range(s.mem, written, 1, 0);
	vt_check(vt_evict_range(s.fd, 0, s.length / 2), "not evicted");
	pid = vt_fork();
	if (!pid)
		die_with_core();
	vt_need(waitpid(pid, &status, 0) == pid, "waitpid: %s", strerror(errno));
	vt_check(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "the child's status is %#x",
		 status);
	vt_check(WCOREDUMP(status), "no core was dumped");
	snprintf(path, sizeof(path), "%s/vmdev-core.%d", dir, (int)pid);
	core = open(path, O_RDONLY | O_CLOEXEC);
	vt_check(core >= 0, "%s: %s", path, strerror(errno));
	unlink(path);
	vt_check(check_core(core, &s, written), "the core");
	close(core);
	vt_check(check_range(s.mem, written, 1, 0), "the space after the dump");
	vt_space_free(&s);
	return true;
}

static bool dump_with_pattern(uint64_t pages)
{
	const char *mnt = getenv("VMDEV_MNT");
	char old[256] = "", new[256];
	int fd = open(PATTERN, O_RDONLY | O_CLOEXEC);
	bool ok;

	if (!mnt)
		mnt = "/tmp";
	vt_need(fd >= 0 && read(fd, old, sizeof(old) - 1) > 0, "%s: %s", PATTERN, strerror(errno));
	close(fd);
	snprintf(new, sizeof(new), "%s/vmdev-core.%%p", mnt);
	write_file(PATTERN, new);
	ok = dump(pages, mnt);
	write_file(PATTERN, old);
	return ok;
}

static bool half_evicted(void)
{
	return dump_with_pattern(64);
}

static bool beyond_pool(void)
{
	vt_set_pool_frames(FRAMES);
	return dump_with_pattern(8 * FRAMES);
}

static const struct vt_test tests[] = {
	{ "a mapping half evicted", half_evicted },
	{ "a mapping of 8 times the pool", beyond_pool },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
