// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints of the system "vmdev": all that are promised exist, fire when
 * enabled and only then, and tell the truth about a load whose numbers are known.
 */
#define _GNU_SOURCE
#include <sys/stat.h>

#include "vmdev_test.h"

#define TRACEFS		"/sys/kernel/tracing"
#define INSTANCE	TRACEFS "/instances/vmdev_test"
#define PAGES		300

static const char *const events[] = {
	"vmdev_fault", "vmdev_evict", "vmdev_swap_out", "vmdev_swap_in", "vmdev_readahead",
	"vmdev_page",
};

static uint64_t space_id(int fd)
{
	struct vmdev_info info;

	vt_need(!vt_info(fd, &info), "GET_INFO");
	return info.space_id;
}

static bool write_trace_file(const char *name, const char *value)
{
	char path[256];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), INSTANCE "/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC | (strcmp(name, "trace") ? 0 : O_TRUNC));
	vt_check(fd >= 0, "%s: %s", path, strerror(errno));
	n = write(fd, value, strlen(value));
	close(fd);
	vt_check(n == (ssize_t)strlen(value), "%s: %s", path, strerror(errno));
	return true;
}

static bool enable(bool on)
{
	char name[128];

	for (unsigned int i = 0; i < ARRAY_SIZE(events); i++) {
		snprintf(name, sizeof(name), "events/vmdev/%s/enable", events[i]);
		vt_check(write_trace_file(name, on ? "1" : "0"), "event %s", events[i]);
	}
	return true;
}

/* What a trace says, by event. */
struct seen {
	uint64_t lines[ARRAY_SIZE(events)];
	uint64_t faults[3];		/* of the space: minor, major, zero */
	uint64_t evicted, evicted_clean;
	uint64_t pages_out, pages_in, pages_ahead;
	unsigned char zero_fault[PAGES], evict[PAGES];
	unsigned char made[PAGES], read[PAGES];	/* changes of state */
	bool wrong;
};

/* "name=123" in a line; UINT64_MAX if it isn't there. */
static uint64_t number(const char *line, const char *name)
{
	char key[32];
	const char *at;

	snprintf(key, sizeof(key), " %s=", name);
	at = strstr(line, key);
	return at ? strtoull(at + strlen(key), NULL, 10) : UINT64_MAX;
}

static bool see_fault(struct seen *s, const char *line, uint64_t id)
{
	static const char *const kinds[] = { "kind=minor", "kind=major", "kind=zero" };
	uint64_t page = number(line, "page");

	if (number(line, "space") != id)
		return true;
	vt_check(page < PAGES, "fault on page %" PRIu64, page);
	vt_check(number(line, "write") <= 1, "write=%" PRIu64, number(line, "write"));
	for (unsigned int k = 0; k < ARRAY_SIZE(kinds); k++) {
		if (!strstr(line, kinds[k]))
			continue;
		s->faults[k]++;
		if (k == 2)
			s->zero_fault[page]++;
		return true;
	}
	vt_check(false, "unknown kind in %s", line);
}

static bool see_evict(struct seen *s, const char *line, uint64_t id)
{
	uint64_t page = number(line, "page");

	if (number(line, "space") != id)
		return true;
	vt_check(page < PAGES, "eviction of page %" PRIu64, page);
	vt_check(number(line, "frame") < vt_pool_frames(), "frame %" PRIu64, number(line, "frame"));
	vt_check(number(line, "clean") <= 1, "clean=%" PRIu64, number(line, "clean"));
	s->evicted++;
	s->evicted_clean += number(line, "clean");
	s->evict[page]++;
	return true;
}

static bool see_io(uint64_t *pages, const char *line, uint64_t id)
{
	uint64_t slots = vt_sysfs_u64("store/slots"), slot = number(line, "slot");
	uint64_t count = number(line, "pages"), page = number(line, "page");

	/* Nobody else pages here. */
	vt_check(number(line, "space") == id && page < PAGES, "page %" PRIu64 " of space %" PRIu64,
		 page, number(line, "space"));
	vt_check(count > 0 && slot < slots && slot + count <= slots,
		 "slot %" PRIu64 " pages %" PRIu64, slot, count);
	vt_check(number(line, "error") == 0, "error=%" PRId64, (int64_t)number(line, "error"));
	*pages += count;
	return true;
}

/* " name=want " is in a line. */
static bool has_word(const char *line, const char *name, const char *want)
{
	char key[32];

	snprintf(key, sizeof(key), " %s=%s ", name, want);
	return strstr(line, key);
}

static bool see_change(struct seen *s, const char *line, uint64_t id)
{
	static const char *const states[] = {
		"absent", "zero", "clean", "dirty", "reading", "writing", "swapped", "bad",
	};
	unsigned int known = 0;
	uint64_t page = number(line, "page");

	if (number(line, "space") != id)
		return true;
	vt_check(page < PAGES, "change of page %" PRIu64, page);
	for (unsigned int i = 0; i < ARRAY_SIZE(states); i++)
		known += has_word(line, "from", states[i]) + has_word(line, "to", states[i]);
	vt_check(known == 2, "states without a name");
	s->made[page] += has_word(line, "from", "absent");
	s->read[page] += has_word(line, "from", "swapped") && has_word(line, "to", "reading");
	return true;
}

static bool see_line(struct seen *s, const char *line, uint64_t id)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(events); i++) {
		char key[32];
		const char *at;

		snprintf(key, sizeof(key), " %s: ", events[i]);
		at = strstr(line, key);
		if (!at)
			continue;
		at += strlen(key) - 1;
		s->lines[i]++;
		switch (i) {
		case 0: return see_fault(s, at, id);
		case 1: return see_evict(s, at, id);
		case 2: return see_io(&s->pages_out, at, id);
		case 3: return see_io(&s->pages_in, at, id);
		case 5: return see_change(s, at, id);
		default:
			if (number(at, "space") == id)
				s->pages_ahead += number(at, "pages");
			return true;
		}
	}
	return true;
}

static bool see_trace(struct seen *s, uint64_t id)
{
	FILE *f = fopen(INSTANCE "/trace", "re");
	char line[512];
	bool ok = true;

	vt_check(f, INSTANCE "/trace: %s", strerror(errno));
	memset(s, 0, sizeof(*s));
	while (ok && fgets(line, sizeof(line), f)) {
		vt_check(!strstr(line, "LOST"), "events were lost");
		ok = line[0] == '#' || see_line(s, line, id);
		if (!ok)
			vt_msg("in the trace line %s", line);
	}
	fclose(f);
	return ok;
}

static bool test_exist(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(events); i++) {
		char path[256], text[4096];
		size_t n;
		FILE *f;

		snprintf(path, sizeof(path), TRACEFS "/events/vmdev/%s/format", events[i]);
		f = fopen(path, "re");
		vt_check(f, "%s: %s", path, strerror(errno));
		n = fread(text, 1, sizeof(text) - 1, f);
		text[n] = '\0';
		fclose(f);
		vt_check(strstr(text, "print fmt:"), "%s has no print format", path);
		vt_check(!strstr(text, "%p") && !strstr(text, "*"), "%s shows a pointer", path);
	}
	return true;
}

/* Fill, a fault a page; evict, read in order, evict clean. */
static bool known_load(struct vt_space *v)
{
	vt_need(!posix_fadvise(v->fd, 0, 0, POSIX_FADV_RANDOM), "posix_fadvise");
	fill_range(v->mem, PAGES, 1, 0);
	vt_need(!posix_fadvise(v->fd, 0, 0, POSIX_FADV_NORMAL), "posix_fadvise");
	vt_check(vt_evict_all(v), "pages stayed");
	vt_check(check_range(v->mem, PAGES, 1, 0), "content lost");
	vt_check(vt_evict_all(v), "pages stayed");
	return true;
}

static bool compare(const struct seen *seen, const struct vmdev_stats *s)
{
	vt_check(seen->faults[0] == s->faults_minor && seen->faults[1] == s->faults_major &&
		 seen->faults[2] == s->faults_zero, "%" PRIu64 " minor, %" PRIu64 " major, %" PRIu64
		 " zero traced; %llu, %llu, %llu counted", seen->faults[0], seen->faults[1],
		 seen->faults[2], s->faults_minor, s->faults_major, s->faults_zero);
	vt_check(seen->evicted == s->evictions, "%" PRIu64 " evictions traced, %llu counted",
		 seen->evicted, s->evictions);
	vt_check(seen->evicted_clean == PAGES, "%" PRIu64 " clean evictions of %d",
		 seen->evicted_clean, PAGES);
	vt_check(seen->pages_out == s->written_pages, "%" PRIu64 " pages traced out, %llu written",
		 seen->pages_out, s->written_pages);
	vt_check(seen->pages_in == s->read_pages, "%" PRIu64 " pages traced in, %llu read",
		 seen->pages_in, s->read_pages);
	vt_check(seen->pages_ahead == s->readahead, "%" PRIu64 " pages traced ahead, %llu counted",
		 seen->pages_ahead, s->readahead);
	for (int i = 0; i < PAGES; i++) {
		vt_check(seen->zero_fault[i] == 1, "page %d: %d zero-fill faults", i,
			 seen->zero_fault[i]);
		vt_check(seen->made[i] == 1 && seen->read[i] == 1,
			 "page %d: made %d times, read %d times", i, seen->made[i], seen->read[i]);
		vt_check(seen->evict[i] == 2, "page %d: %d evictions", i, seen->evict[i]);
	}
	return true;
}

static bool test_fire(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	uint64_t id = space_id(v.fd);
	struct vmdev_stats s;
	struct seen seen;

	vt_check(write_trace_file("buffer_size_kb", "4096"), "buffer");
	vt_check(enable(true), "enabling");
	vt_check(known_load(&v), "the load");
	s = vt_stats_now(v.fd);
	vt_check(enable(false), "disabling");
	vt_check(see_trace(&seen, id), "reading the trace");
	vt_check(compare(&seen, &s), "trace and counters");
	vt_space_free(&v);
	return true;
}

static bool test_silent(void)
{
	struct vt_space v = vt_space_new(PAGES * vt_page_size());
	struct seen seen;

	vt_check(write_trace_file("trace", "\n"), "clearing");
	vt_check(known_load(&v), "the load");
	vt_check(see_trace(&seen, 0), "reading the trace");
	for (unsigned int i = 0; i < ARRAY_SIZE(events); i++)
		vt_check(!seen.lines[i], "%s fired while disabled", events[i]);
	vt_space_free(&v);
	return true;
}

static const struct vt_test tests[] = {
	{ "every tracepoint exists", test_exist },
	{ "they tell what happened", test_fire },
	{ "silent when disabled", test_silent },
};

static void remove_instance(void)
{
	if (getpid() == vt_main_pid)
		rmdir(INSTANCE);
}

int main(void)
{
	if (access(TRACEFS "/instances", W_OK))
		ksft_exit_skip("no tracefs with instances\n");
	if (mkdir(INSTANCE, 0700) && errno != EEXIST)
		ksft_exit_fail_msg(INSTANCE ": %s\n", strerror(errno));
	atexit(remove_instance);
	return vt_run(tests, ARRAY_SIZE(tests));
}
