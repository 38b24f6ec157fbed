// SPDX-License-Identifier: GPL-2.0
/*
 * pagebench: runs access patterns, one after the other, on one system's memory
 * with one number of threads and prints a CSV row for each. Every page that is
 * read is checked to the last word. What bounds the memory (the pool, a cgroup) is
 * set up by whoever starts it. This file owns the options, the threads and the
 * order of things.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "array.h"
#include "counters.h"
#include "memory.h"
#include "pattern.h"

#define THREADS_MAX	64
#define PATTERNS_MAX	16
#define NO_LIMIT	((size_t)-1)
#define MEET_MS		10
#define ROUND_MOST	4	/* times as long as asked for, for a whole round */

static struct options {
	const struct memory_system *system;
	const struct pattern *patterns[PATTERNS_MAX];
	size_t pattern_count;
	size_t threads;
	size_t pages;
	size_t ram_pages;
	size_t span;
	size_t spaces;
	size_t warm_ms;
	size_t timed_ms;
	size_t seed;
	const char *path;
	const char *label;
	const char *prefix;
	const char *latencies;
	const char *control;
	struct counters_where where;
	bool header;
	bool pair;
	bool verify;
} options = {
	.threads = 1,
	.pages = 65536,
	.ram_pages = 16384,
	.spaces = 1,
	.warm_ms = 500,
	.timed_ms = 1500,
	.seed = 1,
	.path = "pagebench.data",
	.label = "",
	.prefix = "",
};

struct worker {
	pthread_t thread;
	struct share share;
	const struct pattern *pattern;
	size_t limit;
	uint64_t ms;
	bool whole;
	size_t accesses;
	struct hist hist;
};

/* How many of the two have filled their memory, are warm, have been timed. */
struct pair {
	atomic_int filled;
	atomic_int warm;
	atomic_int timed;
};

static struct bench {
	struct layout layout;
	size_t space_bytes;
	uint8_t *generation;
	bool filled;
	/* What is in RAM was just written, and has not been anywhere else. */
	bool dirty;
	struct worker workers[THREADS_MAX];
	pthread_barrier_t start;
	/* Threads whose rounds are not whole yet. */
	atomic_uint going;
	/* Shared by the two programs of a pair. */
	struct pair *pair;
} bench;

static const char usage_text[] =
	"usage: pagebench -k SYSTEM [options]\n"
	"  -k SYSTEM    vmdev, nosum, swap, zswap, file, uffd or ram; what swap, zswap and file\n"
	"               may have of RAM is up to the caller\n"
	"  -p LIST      patterns, run in this order, of %s\n"
	"               (all of them by default)\n"
	"  -t N         threads, each with its own equal part of the pages (1)\n"
	"  -n N         pages of memory (65536)\n"
	"  -m N         pages of it that fit into RAM; uffd has so many (16384)\n"
	"  -f FILE      file, uffd: what to page to; for uffd, one that is big enough\n"
	"  -S N         spread the pages evenly over N, 64 neighbours at a time\n"
	"  -M N         have N spaces, each with its equal part of the pages (1)\n"
	"  -W MS        run a pattern so long before the clock starts (500)\n"
	"  -T MS        time it so long (1500), seqread and stride to the end of a round, four\n"
	"               times as long at most; seqwrite is one pass however long it takes\n"
	"  -2           two programs, each with half of the memory and, under uffd, half\n"
	"               of the RAM: one with pattern hot, one with seqread\n"
	"  -V           at the end check every page once more\n"
	"  -s N         seed of contents and order (1)\n"
	"  -l TEXT      first columns of each row; with -H, their names\n"
	"  -d DISK      count the I/O of /sys/block/DISK\n"
	"  -g DIR       count what the memory cgroup DIR says\n"
	"  -L FILE      append each row's fault times: row's first columns, ns:count ...\n"
	"  -c FIFO      write enable and disable there around what is timed, as\n"
	"               perf record -D -1 --control=fifo:FIFO wants it\n"
	"  -H           only print the CSV header\n";

static void control(const char *command)
{
	FILE *fifo;

	if (!options.control)
		return;
	fifo = fopen(options.control, "w");
	if (!fifo || fprintf(fifo, "%s\n", command) < 0 || fclose(fifo))
		err(1, "%s", options.control);
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct stop stop = {
		.accesses = worker->limit, .deadline = UINT64_MAX, .latest = UINT64_MAX,
		.round = 1,
	};

	pthread_barrier_wait(&bench.start);
	if (worker->ms) {
		stop.deadline = now_ns() + worker->ms * 1000000;
		stop.latest = stop.deadline;
	}
	/* what is in RAM may be all at one end of a round: these are whole, if that can be */
	if (worker->whole) {
		stop.round = worker->share.count;
		stop.latest += (ROUND_MOST - 1) * worker->ms * 1000000;
		stop.going = &bench.going;
	}
	worker->accesses = pattern_run(worker->pattern, &worker->share, &stop, &worker->hist);
	return NULL;
}

/*
 * Start the threads up to the barrier: for so many accesses each, or so long, and to the
 * end of a @whole round.
 */
static void start(const struct pattern *pattern, size_t accesses, size_t ms, bool whole)
{
	int error = pthread_barrier_init(&bench.start, NULL, options.threads + 1);

	atomic_store(&bench.going, options.threads);
	if (error)
		errx(1, "pthread_barrier_init: %s", strerror(error));
	for (size_t i = 0; i < options.threads; i++) {
		struct worker *worker = &bench.workers[i];

		worker->pattern = pattern;
		worker->limit = accesses;
		worker->ms = ms;
		worker->whole = whole;
		memset(&worker->hist, 0, sizeof(worker->hist));
		error = pthread_create(&worker->thread, NULL, work, worker);
		if (error)
			errx(1, "pthread_create: %s", strerror(error));
	}
}

/* Let the threads go and wait for them; the accesses they made. */
static size_t finish(void)
{
	size_t accesses = 0;

	pthread_barrier_wait(&bench.start);
	for (size_t i = 0; i < options.threads; i++) {
		pthread_join(bench.workers[i].thread, NULL);
		accesses += bench.workers[i].accesses;
	}
	pthread_barrier_destroy(&bench.start);
	return accesses;
}

static void run_untimed(const struct pattern *pattern, size_t accesses, size_t ms)
{
	start(pattern, accesses, ms, false);
	finish();
}

/* One pass over each share. */
static size_t pass(void)
{
	return bench.workers[0].share.count;
}

/* For each thread, more than its part of what fits into RAM. */
static size_t ramful(void)
{
	return options.ram_pages * 5 / 4 / options.threads;
}

static void seed_shares(void)
{
	for (size_t i = 0; i < options.threads; i++)
		share_seed(&bench.workers[i].share, i);
}

/* Go through the shares in order, with @name, from their beginning; and again from there. */
static void go_through(const char *name, size_t accesses)
{
	seed_shares();
	run_untimed(pattern_find(name), accesses, 0);
	seed_shares();
}

static void drop_memory(void)
{
	for (size_t i = 0; i < options.spaces; i++)
		if (bench.layout.bases[i])
			options.system->unmap(bench.layout.bases[i], bench.space_bytes);
}

static void renew_memory(void)
{
	struct memory_wish wish = {
		.bytes = bench.space_bytes,
		.ram_pages = options.ram_pages,
		.path = options.path,
		.sparse = options.span > options.pages || options.spaces > 1,
	};

	drop_memory();
	for (size_t i = 0; i < options.spaces; i++) {
		bench.layout.bases[i] = options.system->map(&wish);
		if (!bench.layout.bases[i])
			err(1, "%s: %zu pages", options.system->name, wish.bytes / PAGE_BYTES);
	}
}

/* Wait for the other of a pair to come as far as this, and go on with @pattern meanwhile. */
static void meet(atomic_int *here, const struct pattern *pattern)
{
	atomic_fetch_add(here, 1);
	while (atomic_load(here) < 2) {
		if (pattern)
			run_untimed(pattern, NO_LIMIT, MEET_MS);
		else
			usleep(MEET_MS * 1000);
	}
}

/* What is in memory when the clock starts is what @pattern would have there in the end. */
static void warm_up(const struct pattern *pattern)
{
	/*
	 * Who only reads must not be measured writing what was written before: more than
	 * fits is read first, and what follows goes on from there. Who only writes must
	 * find nothing clean to take.
	 */
	if (bench.dirty && !pattern->write_percent)
		run_untimed(pattern_find("seqread"), ramful(), 0);
	else if (pattern->write_percent == 100)
		run_untimed(pattern_find("seqwrite"), ramful(), 0);
	bench.dirty = pattern->write_percent;
	/*
	 * A hot set is in memory when it is measured how well it stays there, whatever was
	 * in memory before: fetched in order, and once more.
	 */
	for (int i = 0; i < 2 && pattern->hot; i++)
		go_through("seqread", pass() / 10 + 1);
	run_untimed(pattern, NO_LIMIT, options.warm_ms);
}

/* Fresh memory for who wants it, filled memory for the others. */
static void prepare(const struct pattern *pattern)
{
	if (pattern->fresh || !bench.filled)
		renew_memory();
	if (!pattern->fresh && !bench.filled) {
		go_through("seqwrite", pass());
		bench.dirty = true;
	}
	bench.filled = true;
	if (bench.pair)
		meet(&bench.pair->filled, NULL);
	seed_shares();
	if (!pattern->fresh && options.warm_ms)
		warm_up(pattern);
	else
		bench.dirty = true;
	if (bench.pair)
		meet(&bench.pair->warm, pattern);
}

static void print_latencies(const char *name, const struct hist *hist)
{
	FILE *file;

	if (!options.latencies)
		return;
	file = fopen(options.latencies, "a");
	if (!file)
		err(1, "%s", options.latencies);
	fprintf(file, "%s%s,%s,%zu,", options.prefix, options.system->name, name,
		options.threads);
	hist_print(hist, file);
	fputc('\n', file);
	if (fclose(file))
		err(1, "%s", options.latencies);
}

/* The times of all touches since start(). */
static void collect_times(struct hist *all)
{
	memset(all, 0, sizeof(*all));
	for (size_t i = 0; i < options.threads; i++)
		hist_merge(all, &bench.workers[i].hist);
}

/*
 * Which touches were faults nobody tells; but how many were is known, and they are
 * the ones that took longest.
 */
static void print_faults(const char *name, struct hist *all, uint64_t faults)
{
	hist_keep_longest(all, faults);
	printf(",%llu,%llu,%llu,%llu", (unsigned long long)hist_quantile(all, 500),
	       (unsigned long long)hist_quantile(all, 990),
	       (unsigned long long)hist_quantile(all, 999),
	       (unsigned long long)(faults ? all->worst : 0));
	print_latencies(name, all);
}

static void run(const struct pattern *pattern)
{
	const char *name = *options.label ? options.label : pattern->name;
	struct counters before, after;
	struct hist times;
	double seconds;
	uint64_t begin;
	size_t accesses;

	prepare(pattern);
	if (pattern->fresh)
		start(pattern, pass(), 0, false);
	else
		start(pattern, NO_LIMIT, options.timed_ms, pattern->round);
	control("enable");
	counters_read(&before);
	begin = now_ns();
	accesses = finish();
	seconds = (now_ns() - begin) / 1e9;
	counters_read(&after);
	control("disable");
	collect_times(&times);
	/* The other one is not to be timed alone. */
	if (bench.pair)
		meet(&bench.pair->timed, pattern);
	printf("%s%s,%s,%zu,%zu,%zu,%zu,%zu,%.6f,%.1f", options.prefix, options.system->name,
	       name, options.threads, options.pages, options.span, options.spaces, accesses,
	       seconds, accesses / seconds);
	print_faults(name, &times, counters_faults(&before, &after));
	counters_print(&before, &after);
	putchar('\n');
	fflush(stdout);
}

static void print_header(void)
{
	printf("%ssystem,pattern,threads,pages,span,spaces,accesses,seconds,ops_per_s",
	       options.prefix);
	printf(",p50_ns,p99_ns,p999_ns,worst_ns");
	counters_print_names();
	putchar('\n');
}

static void set_up_shares(void)
{
	size_t each = options.pages / options.threads;

	bench.layout.each = (options.pages + options.spaces - 1) / options.spaces;
	bench.layout.gap = options.span / options.spaces * SPREAD_PAGES / bench.layout.each;
	if (options.span <= options.pages)
		bench.layout.gap = SPREAD_PAGES;
	bench.space_bytes = (bench.layout.each + SPREAD_PAGES - 1) / SPREAD_PAGES *
			    bench.layout.gap * PAGE_BYTES;
	bench.layout.bases = calloc(options.spaces, sizeof(*bench.layout.bases));
	bench.generation = calloc(options.pages, 1);
	if (!bench.layout.bases || !bench.generation)
		err(1, "calloc");
	/* What the benchmark keeps must not be paged itself. */
	if (mlock(bench.generation, options.pages))
		err(1, "mlock");
	for (size_t i = 0; i < options.threads; i++) {
		struct share *share = &bench.workers[i].share;

		share->layout = &bench.layout;
		share->first = i * each;
		share->count = each;
		share->generation = bench.generation;
		share->seed = options.seed;
	}
}

/* Who is left alone would wait for the other for ever. */
static void on_child(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	if (info->si_code != CLD_EXITED || info->si_status)
		_exit(1);
}

/* From here on there are two of us. */
static pid_t become_pair(void)
{
	struct sigaction action = { .sa_sigaction = on_child, .sa_flags = SA_SIGINFO };
	pid_t child;
	char *path;

	bench.pair = mmap(NULL, sizeof(*bench.pair), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (bench.pair == MAP_FAILED)
		err(1, "mmap");
	sigaction(SIGCHLD, &action, NULL);
	child = fork();
	if (child < 0)
		err(1, "fork");
	if (!child)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	options.pages /= 2;
	options.ram_pages /= 2;
	options.pattern_count = 1;
	options.patterns[0] = pattern_find(child ? "hot" : "seqread");
	options.label = child ? "pair-hot" : "pair-scan";
	if (!child && asprintf(&path, "%s.2", options.path) < 0)
		err(1, "asprintf");
	if (!child)
		options.path = path;
	return child;
}

static int end_pair(pid_t child)
{
	int status;

	if (!child)
		return 0;
	if (waitpid(child, &status, 0) != child)
		err(1, "waitpid");
	return status ? 1 : 0;
}

static size_t number(char option, const char *text, size_t lowest)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value < lowest)
		errx(2, "-%c %s: not %zu or more", option, text, lowest);
	return value;
}

static void parse_patterns(char *list)
{
	options.pattern_count = 0;
	for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
		const struct pattern *pattern = pattern_find(name);

		if (!pattern)
			errx(2, "-p %s: not one of %s", name, pattern_names());
		if (options.pattern_count == PATTERNS_MAX)
			errx(2, "-p: more than %d patterns", PATTERNS_MAX);
		options.patterns[options.pattern_count++] = pattern;
	}
}

static const struct {
	char letter;
	enum { NUMBER, TEXT, FLAG } kind;
	void *value;
	size_t lowest;
} simple_options[] = {
	{ 't', NUMBER, &options.threads, 1 },
	{ 'n', NUMBER, &options.pages, 1 },
	{ 'm', NUMBER, &options.ram_pages, 128 },
	{ 'S', NUMBER, &options.span, 1 },
	{ 'M', NUMBER, &options.spaces, 1 },
	{ 'W', NUMBER, &options.warm_ms, 0 },
	{ 'T', NUMBER, &options.timed_ms, 1 },
	{ 's', NUMBER, &options.seed, 0 },
	{ 'k', TEXT, &options.where.system, 0 },
	{ 'f', TEXT, &options.path, 0 },
	{ 'l', TEXT, &options.prefix, 0 },
	{ 'd', TEXT, &options.where.disk, 0 },
	{ 'g', TEXT, &options.where.group, 0 },
	{ 'L', TEXT, &options.latencies, 0 },
	{ 'c', TEXT, &options.control, 0 },
	{ 'H', FLAG, &options.header, 0 },
	{ '2', FLAG, &options.pair, 0 },
	{ 'V', FLAG, &options.verify, 0 },
};

static bool parse_simple(int option)
{
	for (size_t i = 0; i < ARRAY_SIZE(simple_options); i++) {
		void *value = simple_options[i].value;

		if (option != simple_options[i].letter)
			continue;
		if (simple_options[i].kind == NUMBER)
			*(size_t *)value = number(option, optarg, simple_options[i].lowest);
		else if (simple_options[i].kind == TEXT)
			*(const char **)value = optarg;
		else
			*(bool *)value = true;
		return true;
	}
	return false;
}

static void parse_options(int argc, char **argv)
{
	int option;

	parse_patterns(pattern_names());
	while ((option = getopt(argc, argv, "k:p:t:n:m:f:S:M:W:T:2Vs:l:d:g:L:c:Hh")) != -1) {
		if (option == 'p') {
			parse_patterns(optarg);
		} else if (!parse_simple(option)) {
			fprintf(option == 'h' ? stdout : stderr, usage_text, pattern_names());
			exit(option == 'h' ? 0 : 2);
		}
	}
}

static void check_options(int argc, char **argv)
{
	if (optind < argc)
		errx(2, "%s: no argument expected", argv[optind]);
	options.system = memory_find(options.where.system ?: "");
	if (!options.system)
		errx(2, "-k is needed: vmdev, nosum, swap, zswap, file, uffd or ram");
	if (options.threads > THREADS_MAX)
		errx(2, "-t: %d at most", THREADS_MAX);
	if (options.pages < options.threads || options.pages < options.spaces)
		errx(2, "-n: fewer pages than threads or spaces");
	if (options.spaces > 1 && (!strcmp(options.system->name, "uffd") ||
				   !strcmp(options.system->name, "file")))
		errx(2, "-M: not with uffd or file");
	if (sysconf(_SC_PAGESIZE) != PAGE_BYTES)
		errx(1, "pages of %lu bytes are needed", PAGE_BYTES);
}

int main(int argc, char **argv)
{
	pid_t child = 0;

	parse_options(argc, argv);
	if (options.header) {
		print_header();
		return 0;
	}
	check_options(argc, argv);
	counters_select(&options.where);
	if (options.pair)
		child = become_pair();
	if (!options.span)
		options.span = options.pages;
	set_up_shares();
	for (size_t i = 0; i < options.pattern_count; i++)
		run(options.patterns[i]);
	if (options.verify) {
		seed_shares();
		run_untimed(pattern_find("seqread"), pass(), 0);
	}
	drop_memory();
	return end_pair(child);
}
