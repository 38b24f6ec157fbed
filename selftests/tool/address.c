// SPDX-License-Identifier: GPL-2.0
/*
 * vmdevctl translate and map against pages whose state is known: what they say is
 * compared with GET_MAP, GET_STATS, the page tables and the bytes on the disk.
 */
#define _GNU_SOURCE
#include <sys/stat.h>

#include "tool.h"
#include "vmdev_volume.h"

#define PAGES	64

/* A page of each kind that stays as it is; the others are untouched. */
enum { ABSENT, DIRTY, SWAPPED, ZERO, CLEAN, DISCARDED, FIRST_UNUSED };

static char *page_of(const struct vt_space *v, unsigned int index)
{
	return v->mem + index * vt_page_size();
}

/* Load with the whole disk as store, so that slots can be found on it. */
static bool load_on_disk(void)
{
	struct output output;

	tool(&output, "load", "-f", "-m", (char *)vl_env("VMDEV_KO"), "-p", "4M", "-s",
	     (char *)vl_disk(), "-S", "64M", "-r", "0");
	return check_good(&output);
}

static struct vt_space known_space(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());

	for (unsigned int i = SWAPPED; i < FIRST_UNUSED; i++) {
		if (i == ZERO)
			memset(page_of(&v, i), 0, vt_page_size());
		else
			fill_page(page_of(&v, i), 1, i);
	}
	vt_need(vt_evict_all(&v), "pages stayed");
	vt_need(check_page(page_of(&v, CLEAN), 1, CLEAN), "content");
	fill_page(page_of(&v, DIRTY), 1, DIRTY);
	vt_need(vt_discard(v.fd, DISCARDED * vt_page_size(), vt_page_size()) == 1, "DISCARD");
	return v;
}

static bool in_page_tables(const void *address)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry;

	vt_need(fd >= 0 && pread(fd, &entry, sizeof(entry), (uintptr_t)address / vt_page_size() *
				 sizeof(entry)) == sizeof(entry), "pagemap: %s", strerror(errno));
	close(fd);
	return entry >> 63;
}

static void translate(struct output *output, pid_t pid, const void *address, char *option)
{
	char number[16], where[24];

	snprintf(number, sizeof(number), "%d", pid);
	snprintf(where, sizeof(where), "%" PRIxPTR, (uintptr_t)address);
	tool(output, "translate", "--json", number, where, option);
}

static bool check_place(const struct output *output, const char *path, uint32_t place)
{
	return place == VMDEV_MAP_NONE ? check_json(output, path, "null") :
					 check_json_number(output, path, place);
}

/* All that is said about page @index against what the kernel says of it. */
static bool check_page_json(const struct output *output, const struct vt_space *v,
			    unsigned int index, const char *state, const char *touch)
{
	struct vmdev_map_entry e = vt_page_state(v->fd, index * vt_page_size());
	struct vmdev_stats stats = vt_stats_now(v->fd);
	char quoted[32];

	snprintf(quoted, sizeof(quoted), "\"%s\"", state);
	vt_check(check_json(output, "page.state", quoted) &&
		 check_place(output, "page.frame", e.frame) &&
		 check_place(output, "page.slot", e.slot), "page %u", index);
	if (e.slot != VMDEV_MAP_NONE)
		vt_check(check_json_number(output, "page.store_offset", e.slot * vt_page_size()),
			 "page %u", index);
	snprintf(quoted, sizeof(quoted), "\"%s\"", touch);
	vt_check(check_json(output, "touch", quoted) &&
		 check_json_number(output, "space.page", index) &&
		 check_json_number(output, "space.size", stats.size) &&
		 check_json_number(output, "page.faults_minor", stats.faults_minor) &&
		 check_json_number(output, "page.faults_major", stats.faults_major) &&
		 check_json_number(output, "page.faults_zero", stats.faults_zero), "page %u",
		 index);
	return true;
}

/* The parts of the address put together again. */
static bool check_parts(const struct output *output, const void *address)
{
	char path[32], index[32], shift[32];
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "levels.%u.index", i);
		if (!json_find(output->out, path, index, sizeof(index)))
			break;
		snprintf(path, sizeof(path), "levels.%u.shift", i);
		vt_check(json_find(output->out, path, shift, sizeof(shift)), "no %s", path);
		sum += strtoull(index, NULL, 10) << atoi(shift);
	}
	vt_check(i >= 4, "%u levels", i);
	vt_check(json_find(output->out, "offset", index, sizeof(index)), "no offset");
	sum += strtoull(index, NULL, 10);
	vt_check(sum == (uintptr_t)address, "%#" PRIx64 " is not %p", sum, address);
	/* what is known of the last table is what pagemap says */
	snprintf(path, sizeof(path), "levels.%u.present", i - 1);
	return check_json(output, path, in_page_tables(address) ? "true" : "false");
}

static bool test_states(void)
{
	static const struct {
		unsigned int page;
		const char *state, *touch;
	} pages[] = {
		{ ABSENT, "absent", "zero" },	{ DIRTY, "dirty", "none" },
		{ SWAPPED, "swapped", "major" },	{ ZERO, "zero", "zero" },
		{ CLEAN, "clean", "none" },	{ DISCARDED, "absent", "zero" },
		{ PAGES - 1, "absent", "zero" },
	};
	struct output output;
	struct vmdev_info info;
	struct vt_space v;

	vt_check(load_on_disk(), "load");
	v = known_space();
	vt_check(!vt_info(v.fd, &info), "GET_INFO");
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		const char *at = page_of(&v, pages[i].page) + 100 * i;

		translate(&output, getpid(), at, NULL);
		vt_check(check_good(&output) && check_json(&output, "ok", "true") &&
			 check_json_number(&output, "pid", getpid()) &&
			 check_json_number(&output, "space.id", info.space_id) &&
			 check_json(&output, "space.assumed", "false") &&
			 check_json(&output, "mapping.perms", "\"rw-s\"") &&
			 check_json(&output, "mapping.name", "\"" VT_DEVICE "\"") &&
			 check_parts(&output, at) &&
			 check_page_json(&output, &v, pages[i].page, pages[i].state,
					 pages[i].touch), "page %u", pages[i].page);
	}
	vt_space_free(&v);
	return true;
}

/* The slot is where it is said to be. */
static bool test_store_offset(void)
{
	char text[32], path[64];
	struct output output;
	struct vt_space v;
	void *page;
	int fd;

	vt_check(load_on_disk(), "load");
	v = known_space();
	translate(&output, getpid(), page_of(&v, SWAPPED), NULL);
	vt_check(check_good(&output) &&
		 json_find(output.out, "page.store_offset", text, sizeof(text)), "translate");
	snprintf(path, sizeof(path), "\"%s\"", vl_disk());
	vt_check(check_json(&output, "store", path), "store");
	vt_need(!posix_memalign(&page, vt_page_size(), vt_page_size()), "memory");
	fd = open(vl_disk(), O_RDONLY | O_DIRECT | O_CLOEXEC);
	vt_need(fd >= 0 && pread(fd, page, vt_page_size(), strtoll(text, NULL, 10)) ==
		(ssize_t)vt_page_size(), "%s: %s", vl_disk(), strerror(errno));
	close(fd);
	vt_check(check_page(page, 1, SWAPPED), "another page is at byte %s", text);
	free(page);
	vt_space_free(&v);
	return true;
}

/* ---- Other processes ---- */

/*
 * A process with the same mapping, nothing of it in its page tables, and no
 * descriptor of it.
 */
static pid_t start_other(const struct vt_space *v)
{
	pid_t pid = vt_fork();

	if (!pid) {
		close(v->fd);
		for (;;)
			pause();
	}
	return pid;
}

static void stop_other(pid_t pid)
{
	vt_need(!kill(pid, SIGKILL) && waitpid(pid, NULL, 0) == pid, "kill: %s", strerror(errno));
}

/* Touch page @index of another process: these counters rise by one, no other does. */
static bool check_touch(const struct vt_space *v, pid_t pid, unsigned int index, const char *kind,
			const char *state)
{
	struct vmdev_stats a = vt_stats_now(v->fd), b;
	struct output output;
	char quoted[32];

	translate(&output, pid, page_of(v, index), "--touch");
	b = vt_stats_now(v->fd);
	snprintf(quoted, sizeof(quoted), "\"%s\"", kind);
	vt_check(check_good(&output) && check_json(&output, "touch", quoted), "touch");
	snprintf(quoted, sizeof(quoted), "\"%s\"", state);
	vt_check(check_json(&output, "touched.errno", "null") &&
		 check_json(&output, "touched.page.state", quoted) &&
		 check_json(&output, "touched.page.present", "true") &&
		 check_json_number(&output, "page.faults_minor", a.faults_minor) &&
		 check_json_number(&output, "touched.page.faults_minor", b.faults_minor) &&
		 check_json_number(&output, "page.faults_major", a.faults_major) &&
		 check_json_number(&output, "touched.page.faults_major", b.faults_major) &&
		 check_json_number(&output, "page.faults_zero", a.faults_zero) &&
		 check_json_number(&output, "touched.page.faults_zero", b.faults_zero), "page %u",
		 index);
	vt_check(b.faults_minor - a.faults_minor == !strcmp(kind, "minor") &&
		 b.faults_major - a.faults_major == !strcmp(kind, "major") &&
		 b.faults_zero - a.faults_zero == !strcmp(kind, "zero"),
		 "page %u: a touch that is %s made %llu minor, %llu major, %llu zero faults", index,
		 kind, b.faults_minor - a.faults_minor, b.faults_major - a.faults_major,
		 b.faults_zero - a.faults_zero);
	return check_json_number(&output, "touched.store_read_pages", !strcmp(kind, "major"));
}

static bool test_touch(void)
{
	struct vt_space v;
	pid_t pid;

	vt_check(load_on_disk(), "load");
	v = known_space();
	pid = start_other(&v);
	vt_check(check_touch(&v, pid, SWAPPED, "major", "clean"), "swapped");
	vt_check(check_touch(&v, pid, SWAPPED, "none", "clean"), "again");
	vt_check(check_touch(&v, pid, ZERO, "zero", "clean"), "zero");
	vt_check(check_touch(&v, pid, PAGES - 20, "zero", "clean"), "absent");
	vt_check(vt_evict_range(v.fd, 0, PAGES * vt_page_size()), "pages stayed");
	fill_page(page_of(&v, PAGES - 1), 1, PAGES - 1);
	vt_check(check_touch(&v, pid, PAGES - 1, "minor", "dirty"), "dirty");
	vt_check(check_page(page_of(&v, SWAPPED), 1, SWAPPED), "content");
	stop_other(pid);
	vt_space_free(&v);
	return true;
}

/* One byte of a slot is changed on the disk. */
static void spoil(uint32_t slot)
{
	int fd = open(vl_disk(), O_RDWR | O_DIRECT | O_CLOEXEC);
	off_t at = (off_t)slot * vt_page_size();
	ssize_t size = vt_page_size();
	char *page;

	vt_need(!posix_memalign((void **)&page, size, size), "memory");
	vt_need(fd >= 0 && pread(fd, page, size, at) == size, "%s: %s", vl_disk(), strerror(errno));
	page[77] ^= 1;
	vt_need(pwrite(fd, page, size, at) == size, "%s: %s", vl_disk(), strerror(errno));
	close(fd);
	free(page);
}

/* What must not be touched: the process would die of it, and doesn't here. */
static bool test_touch_signals(void)
{
	struct output output;
	struct vt_space v;
	pid_t pid;

	vt_check(load_on_disk(), "load");
	v = known_space();
	pid = start_other(&v);
	spoil(vt_page_state(v.fd, SWAPPED * vt_page_size()).slot);
	translate(&output, pid, page_of(&v, SWAPPED), "--touch");
	vt_check(check_good(&output) && check_json(&output, "touch", "\"major\"") &&
		 check_json(&output, "touched.errno", "\"EFAULT\"") &&
		 check_json(&output, "touched.page.state", "\"bad\""), "a page that goes bad");
	translate(&output, pid, page_of(&v, SWAPPED), "--touch");
	vt_check(check_good(&output) && check_page_json(&output, &v, SWAPPED, "bad", "SIGBUS") &&
		 check_json(&output, "touched.errno", "\"EFAULT\""), "a bad page");
	vt_check(!vt_set_size(v.fd, (PAGES - 1) * vt_page_size()), "SET_SIZE");
	translate(&output, pid, page_of(&v, PAGES - 1), "--touch");
	vt_check(check_good(&output) && check_json(&output, "page.state", "null") &&
		 check_json(&output, "touch", "\"SIGBUS\"") &&
		 check_json(&output, "touched.errno", "\"EFAULT\""), "past the end");
	vt_check(!kill(pid, 0), "the process ended");
	stop_other(pid);
	vt_check(!mprotect(v.mem, vt_page_size(), PROT_NONE), "mprotect: %m");
	translate(&output, getpid(), v.mem, "--touch");
	vt_check(check_good(&output) && check_json(&output, "touch", "\"SIGSEGV\"") &&
		 check_json(&output, "mapping.perms", "\"---s\""), "no access");
	vt_space_free(&v);
	return true;
}

/* In words. */
static bool test_words(void)
{
	static const char *const steps[] = {
		"1. The address in parts\n", " into the PTE table\n", "2. The mapping (VMA)\n",
		"so it is page 2 of space ", "3. The page tables of the process\n",
		": not present\n", "4. The page\n     state swapped: ", "at byte ",
		"5. A touch now\n     A major fault: ", "6. Touched\n     one byte was read in ",
		"     state                         swapped        clean\n",
		"its major faults ", "  +1\n",
	};
	char number[16], where[24], *at;
	struct output output;
	struct vt_space v;

	vt_check(load_on_disk(), "load");
	v = known_space();
	snprintf(number, sizeof(number), "%d", getpid());
	snprintf(where, sizeof(where), "%p", page_of(&v, SWAPPED));
	tool(&output, "translate", "-t", number, where);
	vt_check(check_good(&output), "translate");
	at = output.out;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		at = strstr(at, steps[i]);
		vt_check(at, "no \"%s\" where it should be: %s", steps[i], output.out);
	}
	vt_space_free(&v);
	return true;
}

static bool test_wrong_address(void)
{
	static char mine[16];
	char number[16], where[24];
	struct output output;
	struct vt_space v;

	vt_check(load_on_disk(), "load");
	v = known_space();
	snprintf(number, sizeof(number), "%d", getpid());
	translate(&output, getpid(), mine, NULL);
	vt_check(check_error(&output, 1, " belongs to ", ", not to vmdev; see /proc/") &&
		 check_json(&output, "errno", "\"EINVAL\""), "another mapping");
	snprintf(where, sizeof(where), "%p", v.mem);
	vt_space_free(&v);
	tool(&output, "translate", number, where);
	vt_check(check_error(&output, 1, "is in no mapping of process ", number), "no mapping");
	tool(&output, "translate", "2147483647", where);
	vt_check(check_error(&output, 1, "there is no process 2147483647", "vmdevctl status"),
		 "no process");
	tool(&output, "map", number);
	vt_check(check_error(&output, 1, "maps nothing of vmdev", "vmdevctl status"),
		 "nothing mapped");
	tool(&output, "map", "space:99");
	vt_check(check_error(&output, 1, "there is no space 99", "vmdevctl status"), "no space");
	return true;
}

/* ---- Without privilege ---- */

/*
 * A process of nobody with a mapping of a space and @fds descriptors of spaces, the
 * first of them that one. It says where the mapping is.
 */
static pid_t start_nobody(unsigned int fds, char **mem)
{
	int up[2];
	pid_t pid;

	vt_need(!pipe2(up, O_CLOEXEC), "pipe: %s", strerror(errno));
	pid = vt_fork();
	if (!pid) {
		struct vt_space v;

		vt_become(VT_NOBODY, VT_NOBODY);
		prctl(PR_SET_DUMPABLE, 1);
		v = vt_space_new(PAGES * vt_page_size());
		fill_page(v.mem, 1, 0);
		for (unsigned int i = 1; i < fds; i++)
			vt_open();
		if (!fds)
			close(v.fd);
		vt_need(write(up[1], &v.mem, sizeof(v.mem)) == sizeof(v.mem), "pipe");
		for (;;)
			pause();
	}
	vt_need(read(up[0], mem, sizeof(*mem)) == sizeof(*mem), "the process of nobody ended");
	close(up[0]);
	close(up[1]);
	return pid;
}

struct asking {
	pid_t pid;
	char *mem;
	struct output output;
};

static bool ask_as_nobody(void *arg)
{
	struct asking *asking = arg;

	vt_become(VT_NOBODY, VT_NOBODY);
	translate(&asking->output, asking->pid, asking->mem, "--touch");
	return true;
}

static bool ask_nobody(struct asking *asking, unsigned int fds)
{
	asking->pid = start_nobody(fds, &asking->mem);
	vt_check(vt_in_child(ask_as_nobody, asking), "as nobody");
	/* what root sees doesn't depend on descriptors */
	if (!fds) {
		struct output output;

		translate(&output, asking->pid, asking->mem, NULL);
		vt_check(check_good(&output) && check_json(&output, "page.state", "\"dirty\"") &&
			 check_json(&output, "space.assumed", "false"), "as root");
	}
	kill(asking->pid, SIGKILL);
	vt_need(waitpid(asking->pid, NULL, 0) == asking->pid, "waitpid: %s", strerror(errno));
	return true;
}

static bool test_unprivileged(void)
{
	struct asking *asking = mmap(NULL, sizeof(*asking), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	vt_need(asking != MAP_FAILED, "mmap: %s", strerror(errno));
	vt_check(load_on_disk() && !chmod(VT_DEVICE, 0666), "load");
	vt_check(ask_nobody(asking, 1) && check_good(&asking->output) &&
		 check_json(&asking->output, "space.assumed", "true") &&
		 check_json(&asking->output, "page.state", "\"dirty\"") &&
		 check_json(&asking->output, "page.present", "true") &&
		 check_json(&asking->output, "touched.errno", "null"), "with its descriptor");
	vt_check(ask_nobody(asking, 0) &&
		 check_error(&asking->output, 1, "has no descriptor of vmdev", "run it as root"),
		 "without its descriptor");
	vt_check(ask_nobody(asking, 3) &&
		 check_error(&asking->output, 1, "descriptors of several spaces", "run it as root"),
		 "with other descriptors");
	asking->pid = getpid();
	asking->mem = vt_space_new(vt_page_size()).mem;
	vt_check(vt_in_child(ask_as_nobody, asking) &&
		 check_error(&asking->output, 1, "cannot read the mappings of process",
			     "run it as root"), "a process of root's");
	return true;
}

/* ---- Pictures ---- */

/* The letters of the picture in @text, without the addresses in front. */
static bool letters_of(const char *text, char letters[PAGES + 1])
{
	unsigned int used = 0;
	const char *line = strchr(text, '\n');

	while (line && used < PAGES) {
		size_t length = strcspn(line + 1, "\n");

		vt_check(length > 13 && used + length - 13 <= PAGES, "a row: %s", line);
		memcpy(letters + used, line + 14, length - 13);
		used += length - 13;
		line = strchr(line + 1, '\n');
	}
	letters[used] = '\0';
	return used == PAGES;
}

static char letter_of(uint32_t state)
{
	static const char letters[] = ".0cD~~s?!";

	return letters[state];
}

static bool test_map_text(void)
{
	char number[32], want[PAGES + 1] = "", got[PAGES + 1];
	struct output output, other;
	struct vmdev_info info;
	struct vt_space v;

	vt_check(load_on_disk(), "load");
	v = known_space();
	spoil(vt_page_state(v.fd, SWAPPED * vt_page_size()).slot);
	fill_page(page_of(&v, PAGES - 1), 1, PAGES - 1);
	vt_check(vt_evict_range(v.fd, (PAGES - 1) * vt_page_size(), vt_page_size()),
		 "a page stayed");
	vt_check(vt_touch_sigbus(page_of(&v, SWAPPED), false, NULL), "no SIGBUS");
	for (unsigned int i = 0; i < PAGES; i++)
		want[i] = letter_of(vt_page_state(v.fd, i * vt_page_size()).state);
	vt_check(!strncmp(want, ".D!0c.", 6) && want[PAGES - 1] == 's', "prepared: %s", want);
	snprintf(number, sizeof(number), "%d", getpid());
	tool(&output, "map", number);
	vt_check(check_good(&output) && letters_of(output.out, got), "map PID: %s", output.out);
	vt_check(!strcmp(got, want), "the picture is %s, not %s", got, want);
	vt_check(strstr(output.out, "  ! bad                   1 ") &&
		 strstr(output.out, "  D dirty                 1 ") &&
		 strstr(output.out, "  . untouched            59 "), "legend: %s", output.out);
	vt_check(!vt_info(v.fd, &info), "GET_INFO");
	snprintf(number, sizeof(number), "space:%llu", info.space_id);
	tool(&other, "map", number);
	vt_check(check_good(&other) && letters_of(other.out, got) && !strcmp(got, want),
		 "map space:ID: %s", other.out);
	vt_space_free(&v);
	return true;
}

/* The first runs of JSON, page by page. */
static bool check_runs(const struct output *output, const char *range, const char *want)
{
	char path[64], text[32], kind;
	unsigned int page = 0;

	for (unsigned int run = 0; page < strlen(want); run++) {
		snprintf(path, sizeof(path), "%s.runs.%u.page", range, run);
		vt_check(check_json_number(output, path, page), "run %u", run);
		snprintf(path, sizeof(path), "%s.runs.%u.kind", range, run);
		vt_check(json_find(output->out, path, text, sizeof(text)), "no %s", path);
		kind = !strcmp(text, "\"untouched\"") ? '.' : !strcmp(text, "\"zero\"") ? '0' :
		       text[1];
		snprintf(path, sizeof(path), "%s.runs.%u.pages", range, run);
		vt_check(json_find(output->out, path, text, sizeof(text)), "no %s", path);
		for (int n = atoi(text); n > 0 && want[page]; n--, page++)
			vt_check(want[page] == kind, "page %u is %c, not %c", page, kind,
				 want[page]);
	}
	return true;
}

static bool test_map_json(void)
{
	char number[16], start[32];
	struct output output;
	struct vt_space v;
	char *second;

	vt_check(load_on_disk(), "load");
	v = known_space();
	second = vt_map(v.fd, 4 * vt_page_size(), 2 * vt_page_size());
	snprintf(number, sizeof(number), "%d", getpid());
	tool(&output, "map", "-j", number);
	vt_check(check_good(&output) &&
		 check_runs(&output, second < v.mem ? "ranges.1" : "ranges.0", ".ds0c."),
		 "the whole space");
	vt_check(check_runs(&output, second < v.mem ? "ranges.0" : "ranges.1", "s0c."),
		 "a mapping of a part of it");
	snprintf(start, sizeof(start), "\"%p\"", second);
	vt_check(check_json(&output, second < v.mem ? "ranges.0.start" : "ranges.1.start", start) &&
		 check_json_number(&output, second < v.mem ? "ranges.0.offset" : "ranges.1.offset",
				   2 * vt_page_size()), "where it is");
	vt_check(!json_find(output.out, "ranges.2", start, sizeof(start)), "a third: %s",
		 output.out);
	vt_check(!munmap(second, 4 * vt_page_size()), "munmap: %m");
	vt_space_free(&v);
	return true;
}

static bool file_has(const char *path, const char *bytes, size_t size, off_t at)
{
	char got[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	vt_check(fd >= 0 && pread(fd, got, size, at) == (ssize_t)size, "%s: %m", path);
	close(fd);
	return !memcmp(got, bytes, size);
}

static bool test_map_images(void)
{
	char number[16], svg[] = "/tmp/map.svg", png[] = "/tmp/map.png";
	struct output output;
	struct vt_space v;

	vt_check(load_on_disk(), "load");
	v = known_space();
	snprintf(number, sizeof(number), "%d", getpid());
	tool(&output, "map", "--svg", svg, "--png", png, number);
	vt_check(check_good(&output) && !output.out[0], "said: %s", output.out);
	vt_check(file_has(svg, "<svg ", 5, 0), "not SVG");
	vt_check(vl_run_command("grep -qE 'x=.8. y=.16. width=.8. height=.8. fill=.#ff8c1a./' %s",
				svg), "no dirty page in the second cell");
	vt_check(file_has(png, "\x89PNG\r\n\x1a\n", 8, 0) &&
		 file_has(png, "IHDR\0\0\2\0\0\0\0\4", 12, 12), "not PNG of 512 by 4");
	tool(&output, "map", "-s", "/none/such", number);
	vt_check(check_error(&output, 1, "cannot write /none/such", "another file"), "a bad name");
	unlink(svg);
	unlink(png);
	vt_space_free(&v);
	return true;
}

/* Pictures come until the process ends; then so does the tool, and well. */
static bool test_map_follow(void)
{
	char line[256], command[64];
	unsigned int pictures = 0;
	struct vt_space v;
	bool swapped = false;
	pid_t pid;
	FILE *map;

	vt_check(load_on_disk(), "load");
	v = known_space();
	pid = start_other(&v);
	snprintf(command, sizeof(command), "exec vmdevctl map --follow %d", pid);
	map = popen(command, "re");
	vt_need(map, "popen: %s", strerror(errno));
	while (fgets(line, sizeof(line), map)) {
		if (strncmp(line, "  D dirty ", 10))
			continue;
		swapped = atoi(line + 10) == 0;
		if (++pictures == 1)
			vt_check(!swapped && vt_evict_all(&v), "the first picture: %s", line);
		if (pictures == 3)
			stop_other(pid);
	}
	vt_check(pictures >= 3 && swapped, "%u pictures, dirty: %d", pictures, !swapped);
	vt_check(!pclose(map), "exit status");
	vt_space_free(&v);
	return true;
}

/* ---- Volumes by their names ---- */

static bool map_as_nobody(void *arg)
{
	struct output output;

	(void)arg;
	vt_become(VT_NOBODY, VT_NOBODY);
	tool(&output, "map", "open");
	vt_check(check_good(&output) && strstr(output.out, "volume open (space "), "open: %s",
		 output.out);
	tool(&output, "map", "readable");
	vt_check(check_error(&output, 1, "cannot open " VV_PREFIX "readable: Permission denied",
			     "run it as root"), "one that is only readable");
	return true;
}

static bool test_map_volume(void)
{
	struct vt_space v = { .length = PAGES * vt_page_size() };
	char got[PAGES + 1], title[64];
	struct output output;
	struct vmdev_info info;

	tool(&output, "map", "none");
	vt_check(check_error(&output, 1, "vmdev isn't loaded", "vmdevctl load"), "not loaded");
	vt_check(load_on_disk(), "load");
	vv_must_create("pictured", v.length);
	v.fd = vv_open("pictured");
	v.mem = vt_map(v.fd, v.length, 0);
	fill_range(v.mem, 4, 1, 0);
	vt_check(vt_evict_range(v.fd, 0, 2 * vt_page_size()), "pages stayed");
	vt_check(!vt_info(v.fd, &info), "GET_INFO");
	snprintf(title, sizeof(title), "volume pictured (space %llu), 256 KiB,", info.space_id);
	tool(&output, "map", "pictured");
	vt_check(check_good(&output) && letters_of(output.out, got) && !strncmp(got, "ssDD..", 6) &&
		 !strncmp(output.out, title, strlen(title)), "by name: %s", output.out);
	tool(&output, "map", "--json", VV_PREFIX "pictured");
	vt_check(check_good(&output) && check_runs(&output, "ranges.0", "ssdd..") &&
		 check_json(&output, "ranges.0.volume", "\"pictured\"") &&
		 check_json_number(&output, "ranges.0.space", info.space_id), "by path");
	vt_space_free(&v);
	vv_must_create("5000000", vt_page_size());
	tool(&output, "map", "5000000");
	vt_check(check_error(&output, 1, "there is no process 5000000", "vmdevctl status"),
		 "a name that is a number");
	tool(&output, "map", VV_PREFIX "5000000");
	vt_check(check_good(&output) && !strncmp(output.out, "volume 5000000 (", 16), "by path: %s",
		 output.out);
	tool(&output, "map", "-j", "none");
	vt_check(check_error(&output, 1, "there is no volume none", "vmdevctl volume list") &&
		 check_json(&output, "errno", "\"ENOENT\"") && check_json(&output, "ranges", "[]"),
		 "no volume");
	vt_need(!vv_create("open", vt_page_size(), 0666, 0) &&
		!vv_create("readable", vt_page_size(), 0644, 0), "CREATE");
	return vt_in_child(map_as_nobody, NULL);
}

/* Until it is removed. */
static bool test_map_volume_follow(void)
{
	unsigned int pictures = 0;
	char line[256];
	FILE *map;

	vt_check(load_on_disk(), "load");
	vv_must_create("short", vt_page_size());
	map = popen("exec vmdevctl map --follow short 2>&1", "re");
	vt_need(map, "popen: %s", strerror(errno));
	while (fgets(line, sizeof(line), map)) {
		vt_check(strncmp(line, "vmdevctl:", 9), "said: %s", line);
		if (!strncmp(line, "volume short ", 13) && ++pictures == 2)
			vt_check(vv_gone("short"), "REMOVE");
	}
	vt_check(pictures >= 2, "%u pictures", pictures);
	vt_check(!pclose(map), "exit status");
	return true;
}

static const struct vt_test tests[] = {
	{ "pages in every state", test_states },
	{ "the slot is where it is said to be", test_store_offset },
	{ "a touch makes the fault that was foretold", test_touch },
	{ "a touch that a process would die of", test_touch_signals },
	{ "the steps in words", test_words },
	{ "wrong addresses", test_wrong_address },
	{ "without privilege", test_unprivileged },
	{ "a picture in text", test_map_text },
	{ "a picture in JSON", test_map_json },
	{ "a picture in SVG and PNG", test_map_images },
	{ "a picture that follows", test_map_follow },
	{ "a picture of a volume", test_map_volume },
	{ "a picture of a volume that follows", test_map_volume_follow },
};

int main(void)
{
	const struct vl_suite suite = { .tests = tests, .count = ARRAY_SIZE(tests) };

	return vl_run(&suite);
}
