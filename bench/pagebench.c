// SPDX-License-Identifier: GPL-2.0
/*
 * pagebench: runs access patterns, one after the other, on one kind of memory
 * with one number of threads and prints a CSV row for each. Every page that is
 * read is checked to the last word, and what was written last once more at the end. What
 * bounds the memory (the pool, a cgroup) is set up by whoever starts it. This
 * file owns the options, the threads and the clock.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "counters.h"
#include "memory.h"
#include "pattern.h"

#define THREADS_MAX	64
#define PATTERNS_MAX	16

static struct options {
	const struct memory_kind *kind;
	const struct pattern *patterns[PATTERNS_MAX];
	size_t pattern_count;
	size_t threads;
	size_t pages;
	size_t accesses;
	size_t warm;
	uint64_t seed;
	unsigned long round;
	const char *disk;
	const char *control;
	bool header;
} options = {
	.threads = 1,
	.pages = 65536,
	.accesses = 16384,
	.seed = 1,
};

struct worker {
	pthread_t thread;
	struct share share;
	const struct pattern *pattern;
	size_t accesses;
	bool good;
};

static struct bench {
	unsigned char *base;
	uint8_t *generation;
	bool written;
	bool unchecked;
	struct worker workers[THREADS_MAX];
	pthread_barrier_t start;
} bench;

static const char usage_text[] =
	"usage: pagebench -k KIND [options]\n"
	"  -k KIND      vmdev, or anon (anonymous memory; its limit is the caller's)\n"
	"  -p LIST      patterns, run in this order, of %s\n"
	"               (all of them by default)\n"
	"  -t N         threads, each with its own equal part of the pages (1)\n"
	"  -n N         pages of memory (65536)\n"
	"  -a N         accesses of a random pattern, all threads together (16384)\n"
	"  -w N         accesses of a random writing pattern before the clock starts:\n"
	"               until what it displaces are pages that it wrote (0)\n"
	"  -s N         seed of contents and order (1)\n"
	"  -r N         what the column round says (0)\n"
	"  -d DISK      count the I/O of /sys/block/DISK\n"
	"  -c FIFO      write enable and disable there around what is timed, as\n"
	"               perf record -D -1 --control=fifo:FIFO wants it\n"
	"  -H           print the CSV header first; alone: only that\n";

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

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

	pthread_barrier_wait(&bench.start);
	worker->good = pattern_run(worker->pattern, &worker->share,
				   worker->accesses);
	return NULL;
}

/* Start the threads up to the barrier. */
static void start(const struct pattern *pattern, size_t accesses)
{
	int error = pthread_barrier_init(&bench.start, NULL,
					 options.threads + 1);

	if (error)
		errx(1, "pthread_barrier_init: %s", strerror(error));
	for (size_t i = 0; i < options.threads; i++) {
		struct worker *worker = &bench.workers[i];

		worker->pattern = pattern;
		worker->accesses = pattern->one_pass ? worker->share.count :
				   accesses / options.threads;
		error = pthread_create(&worker->thread, NULL, work, worker);
		if (error)
			errx(1, "pthread_create: %s", strerror(error));
	}
}

/* Let the threads go and wait for them; the accesses they made. */
static size_t finish(void)
{
	size_t accesses = 0;
	bool good = true;

	pthread_barrier_wait(&bench.start);
	for (size_t i = 0; i < options.threads; i++) {
		pthread_join(bench.workers[i].thread, NULL);
		accesses += bench.workers[i].accesses;
		good &= bench.workers[i].good;
	}
	pthread_barrier_destroy(&bench.start);
	if (!good)
		errx(1, "%s: wrong content", options.kind->name);
	return accesses;
}

static void run_untimed(const struct pattern *pattern, size_t accesses)
{
	start(pattern, accesses);
	finish();
}

static void renew_memory(void)
{
	size_t bytes = options.pages * PAGE_BYTES;

	if (bench.base)
		munmap(bench.base, bytes);
	bench.base = options.kind->map(bytes);
	if (!bench.base)
		err(1, "%s: %zu pages", options.kind->name, options.pages);
	for (size_t i = 0; i < options.threads; i++)
		bench.workers[i].share.base = bench.base;
}

/*
 * Bring the memory to what the pattern starts from, so that a row says the same
 * alone and after others: untouched for the fresh ones; in RAM, for random
 * reads only clean pages, for random writes only pages dirtied at random.
 */
static void prepare(const struct pattern *pattern)
{
	if (pattern->fresh && bench.unchecked)
		run_untimed(pattern_find("seqread"), 0);
	if (pattern->fresh || !bench.base)
		renew_memory();
	if (pattern->fresh)
		return;
	if (!bench.written) {
		run_untimed(pattern_find("seqwrite"), 0);
		bench.written = true;
		bench.unchecked = true;
	}
	if (pattern->one_pass)
		return;
	if (pattern->write)
		run_untimed(pattern, options.warm);
	else if (bench.unchecked)
		run_untimed(pattern_find("seqread"), 0);
}

static void run(const struct pattern *pattern)
{
	struct counters before, after;
	double begin, seconds;
	size_t accesses;

	prepare(pattern);
	start(pattern, options.accesses);
	control("enable");
	counters_read(&before);
	begin = now();
	accesses = finish();
	seconds = now() - begin;
	counters_read(&after);
	control("disable");
	printf("%s,%s,%zu,%zu,%lu,%zu,%.6f,%.1f", options.kind->name,
	       pattern->name, options.threads, options.pages, options.round,
	       accesses, seconds, accesses / seconds);
	counters_print(&before, &after);
	putchar('\n');
	fflush(stdout);
	bench.written |= pattern->write;
	bench.unchecked = pattern->write;
}

static void print_header(void)
{
	printf("kind,pattern,threads,pages,round,accesses,seconds,pages_per_s");
	counters_print_names();
	putchar('\n');
}

static void set_up_shares(void)
{
	size_t each = options.pages / options.threads;

	bench.generation = calloc(options.pages, 1);
	if (!bench.generation)
		err(1, "calloc");
	for (size_t i = 0; i < options.threads; i++) {
		struct share *share = &bench.workers[i].share;

		share->first = i * each;
		share->count = each;
		share->generation = bench.generation;
		share->seed = options.seed;
		share_seed(share, i);
	}
}

static size_t number(char option, const char *text, size_t lowest)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value < lowest)
		errx(2, "-%c %s: not %zu or more", option,
		     text, lowest);
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

static void parse_option(int option)
{
	switch (option) {
	case 'k':
		options.kind = memory_find(optarg);
		if (!options.kind)
			errx(2, "-k %s: no such kind of memory", optarg);
		break;
	case 'p':
		parse_patterns(optarg);
		break;
	case 't':
		options.threads = number(option, optarg, 1);
		if (options.threads > THREADS_MAX)
			errx(2, "-t %s: %d at most", optarg, THREADS_MAX);
		break;
	case 'n':
		options.pages = number(option, optarg, 1);
		break;
	case 'a':
		options.accesses = number(option, optarg, 1);
		break;
	case 'w':
		options.warm = number(option, optarg, 0);
		break;
	case 's':
		options.seed = number(option, optarg, 0);
		break;
	case 'r':
		options.round = number(option, optarg, 0);
		break;
	case 'd':
		options.disk = optarg;
		break;
	case 'c':
		options.control = optarg;
		break;
	case 'H':
		options.header = true;
		break;
	case 'h':
		printf(usage_text, pattern_names());
		exit(0);
	default:
		fprintf(stderr, usage_text, pattern_names());
		exit(2);
	}
}

int main(int argc, char **argv)
{
	int option;

	parse_patterns(strdup(pattern_names()));
	while ((option = getopt(argc, argv, "k:p:t:n:a:w:s:r:d:c:Hh")) != -1)
		parse_option(option);
	if (optind < argc)
		errx(2, "%s: no argument expected", argv[optind]);
	if (!options.kind && !options.header)
		errx(2, "-k is needed");
	if (options.pages < options.threads)
		errx(2, "-n: fewer pages than threads");
	if (sysconf(_SC_PAGESIZE) != PAGE_BYTES)
		errx(1, "pages of %lu bytes are needed", PAGE_BYTES);

	if (options.header)
		print_header();
	if (!options.kind)
		return 0;
	counters_select(options.kind->name, options.disk);
	set_up_shares();
	for (size_t i = 0; i < options.pattern_count; i++)
		run(options.patterns[i]);
	if (bench.unchecked)
		run_untimed(pattern_find("seqread"), 0);
	return 0;
}
