// SPDX-License-Identifier: GPL-2.0
/*
 * vmdevctl translate: follows one address of a process through its mapping, its page
 * tables and the space to a frame or a slot, and touches it if asked to. Looks things
 * up; how they are shown is in translate_show.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "target.h"
#include "translate.h"

static const char help[] =
"Usage: vmdevctl translate [OPTION]... PID ADDRESS\n"
"Follow an address of process PID through the page tables to a frame of the pool or\n"
"a slot of the store, and say what a touch of it would do. ADDRESS is hexadecimal.\n"
"\n"
"  -t, --touch              read a byte there and show what that changed\n"
"  -j, --json               the same in JSON\n"
CTL_HELP_OPTIONS
"\n"
"Root sees everything, others what a process that they may trace still has a\n"
"descriptor of.\n"
"Exit status: 0 shown, 1 failed, 2 a wrong option or argument.\n";

static const struct option long_options[] = {
	{ "touch",	no_argument,	   NULL, 't' },
	{ "json",	no_argument,	   NULL, 'j' },
	CTL_LONG_OPTIONS
};

struct request {
	pid_t pid;
	uint64_t address;
	bool touch, json;
};

/* Of a hole in a mapping, or where it can't be read, 0: not present. */
#define PAGEMAP_PRESENT		(1ULL << 63)
#define PAGEMAP_CHUNK		4096

static bool address_parse(const char *text, uint64_t *address)
{
	char *end;

	/* strtoull() takes signs and blanks */
	if (!*text || text[strspn(text, "0123456789abcdefABCDEFxX")])
		return false;
	errno = 0;
	*address = strtoull(text, &end, 16);
	return !errno && !*end;
}

/* Is a page of @first to @end - 1 (page numbers) in the page tables? */
static bool any_present(int pagemap, uint64_t first, uint64_t end)
{
	static uint64_t entries[PAGEMAP_CHUNK];
	ssize_t got, i;

	for (; first < end; first += (uint64_t)got) {
		size_t want = end - first < PAGEMAP_CHUNK ? end - first : PAGEMAP_CHUNK;

		got = pread(pagemap, entries, want * sizeof(*entries),
			    (off_t)(first * sizeof(*entries)));
		got /= (ssize_t)sizeof(*entries);
		if (got <= 0)
			return false;
		for (i = 0; i < got; i++) {
			if (entries[i] & PAGEMAP_PRESENT)
				return true;
		}
	}
	return false;
}

#ifdef __x86_64__
/* Four, or five if the processor has them and the kernel uses them. */
static unsigned int page_levels(void)
{
	FILE *cpuinfo = fopen("/proc/cpuinfo", "re");
	unsigned int levels = 4;
	char *line = NULL;
	size_t size = 0;

	while (cpuinfo && getline(&line, &size, cpuinfo) > 0) {
		if (strncmp(line, "flags", 5))
			continue;
		if (strstr(line, " la57"))
			levels = 5;
		break;
	}
	free(line);
	if (cpuinfo)
		fclose(cpuinfo);
	return levels;
}
#else
static unsigned int page_levels(void)
{
	return 0;
}
#endif

/* Present entries tell of the tables above them. */
static int read_tables(struct translation *t, struct ctl_result *result)
{
	uint64_t number = t->address / t->page_size;
	unsigned int above;
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/pagemap", t->pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ctl_fail(result, errno, "cannot read %s: %s; run it as root", name,
				strerror(errno));
	t->present = any_present(fd, number, number + 1);
	t->tables = 0;
	/* what hangs below a PMD entry, then below a PUD entry */
	for (above = 1; above <= 2 && !t->tables && t->levels; above++) {
		uint64_t pages = 1ULL << (9 * above);
		uint64_t first = number & ~(pages - 1);

		if (any_present(fd, first, first + pages))
			t->tables = t->levels - above;
	}
	close(fd);
	return CTL_OK;
}

/* What moves: page tables, page, counters. */
static int look(struct translation *t, const struct target *target, struct ctl_result *result)
{
	ssize_t got = target_pages(target, t->page, &t->entry, 1);
	int err = target_look(target, &t->space);

	if (got < 0 || err)
		return ctl_fail(result, got < 0 ? (int)-got : -err,
				"cannot look at space %" PRIu64 ": %s; it may have ended just now",
				target->space, strerror(got < 0 ? (int)-got : -err));
	t->beyond = !got;
	if (t->beyond)
		t->entry = (struct vmdev_map_entry){ .frame = VMDEV_MAP_NONE,
						     .slot = VMDEV_MAP_NONE };
	return read_tables(t, result);
}

/* Read a byte in the process, by the way its own touch would take. */
static void touch_page(const struct translation *t, struct touch *touch)
{
	struct iovec there = { .iov_base = (void *)(uintptr_t)t->address, .iov_len = 1 };
	struct timespec start, end;
	char byte;
	struct iovec here = { .iov_base = &byte, .iov_len = 1 };

	touch->error = 0;
	clock_gettime(CLOCK_MONOTONIC, &start);
	if (process_vm_readv(t->pid, &here, 1, &there, 1, 0) != 1)
		touch->error = errno;
	clock_gettime(CLOCK_MONOTONIC, &end);
	touch->ns = (uint64_t)((end.tv_sec - start.tv_sec) * 1000000000 + end.tv_nsec -
			       start.tv_nsec);
}

static int do_touch(struct touch *touch, const struct target *target, struct ctl_result *result)
{
	if (vmdev_get_module_stats(&touch->stats_before, sizeof(touch->stats_before)))
		return ctl_fail(result, errno, "cannot read " VMDEV_SYSFS ": %s; is sysfs mounted?",
				strerror(errno));
	touch_page(&touch->before, touch);
	if (touch->error && touch->error != EFAULT)
		return ctl_fail(result, touch->error,
				"cannot touch memory of process %d: %s; run it as root",
				touch->before.pid, strerror(touch->error));
	vmdev_get_module_stats(&touch->stats_after, sizeof(touch->stats_after));
	touch->after = touch->before;
	return look(&touch->after, target, result);
}

/* The mapping with the address, as it is in /proc. */
static int find_vma(struct translation *t, char **line, struct ctl_result *result)
{
	char name[32];
	bool found;
	FILE *maps;
	int err;

	snprintf(name, sizeof(name), "/proc/%d/maps", t->pid);
	maps = fopen(name, "re");
	if (!maps) {
		err = errno;
		return ctl_fail(result, err == ENOENT ? ESRCH : err,
				err == ENOENT ? "there is no process %d; see 'vmdevctl status'" :
						"cannot read the mappings of process %d; run it as root",
				t->pid);
	}
	found = maps_find(maps, t->address, &t->vma, line);
	fclose(maps);
	if (!found)
		return ctl_fail(result, EFAULT,
				"address 0x%" PRIx64 " is in no mapping of process %d; see %s",
				t->address, t->pid, name);
	return CTL_OK;
}

/* Which of vmdev's mappings that is. */
static int find_space(struct translation *t, struct target *target, struct ctl_result *result)
{
	struct mapping *list;
	ssize_t count = target_mappings(t->pid, &list, result);
	int status = CTL_FAILED;
	ssize_t i;

	for (i = 0; i < count; i++) {
		if (t->address < list[i].start || t->address >= list[i].end)
			continue;
		t->page = (t->address - list[i].start + list[i].offset) / t->page_size;
		status = target_open(target, &list[i], result);
		t->assumed = target->assumed;
		break;
	}
	if (count >= 0 && i == count)
		ctl_fail(result, EINVAL,
			 "address 0x%" PRIx64 " belongs to %s, not to vmdev; see /proc/%d/maps",
			 t->address,
			 t->vma.name[0] ? t->vma.name : "anonymous memory", t->pid);
	free(list);
	return status;
}

static int translate(struct translation *t, struct target *target, char **line,
		     struct ctl_result *result)
{
	struct vmdev_module_stats stats;

	if (target_check_loaded(result) || find_vma(t, line, result) ||
	    find_space(t, target, result))
		return CTL_FAILED;
	process_name(t->pid, t->comm);
	if (!vmdev_get_module_stats(&stats, sizeof(stats)))
		strcpy(t->store, stats.store_path);
	return look(t, target, result);
}

/* Returns false with the exit status where the command ends here. */
static bool read_arguments(const struct ctl_command *command, int argc, char **argv,
			   struct request *request, int *status)
{
	int got;

	while ((got = ctl_getopt(command, argc, argv, ":tjhV", long_options, status)) >= 0) {
		if (got == 't')
			request->touch = true;
		else
			request->json = true;
	}
	if (got != -1)
		return false;
	if (argc - optind < command->operands)
		*status = ctl_usage(command, "PID and ADDRESS are needed");
	else if (!pid_parse(argv[optind], &request->pid))
		*status = ctl_usage(command, "PID %s: must be the number of a process",
				    argv[optind]);
	else if (!address_parse(argv[optind + 1], &request->address))
		*status = ctl_usage(command, "ADDRESS %s: must be hexadecimal, as 7f0123456000",
				    argv[optind + 1]);
	else
		return true;
	return false;
}

static int run(const struct ctl_command *command, int argc, char **argv)
{
	struct touch touch = { 0 };
	struct translation *t = &touch.before;
	struct target target = { .fd = -1 };
	struct request request = { 0 };
	struct ctl_result result = { 0 };
	struct json json;
	char *line = NULL;
	int status;

	if (!read_arguments(command, argc, argv, &request, &status))
		return status;
	t->pid = request.pid;
	t->address = request.address;
	t->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	t->levels = page_levels();
	status = translate(t, &target, &line, &result);
	if (!status && request.touch)
		status = do_touch(&touch, &target, &result);
	if (request.json)
		ctl_json_begin(&json, &result);
	if (!status && request.json) {
		translate_json(&json, t);
		if (request.touch)
			translate_json_touch(&json, &touch);
	} else if (!status) {
		translate_show(t, stdout);
		if (request.touch)
			translate_show_touch(&touch, stdout);
	}
	if (request.json)
		json_end_object(&json);
	target_close(&target);
	free(line);
	return ctl_finish(&result);
}

const struct ctl_command ctl_translate = {
	.name = "translate",
	.summary = "follow an address to its frame or slot",
	.help = help,
	.operands = 2,
	.run = run,
};
