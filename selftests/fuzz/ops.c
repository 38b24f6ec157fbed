// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations over the whole interface against a model (fuzz.h says how).
 * First one process, in rounds: a round that fails is printed as a seed and a
 * number of operations, and is repeated with
 *
 *	VMDEV_FUZZ_SEED=0x... VMDEV_FUZZ_OPS=N
 *
 * which runs that round alone. Then several processes at once, some of them
 * killed. By hand, for an hour:
 *
 *	selftests/vm/run --tests fuzz/ops --env VMDEV_FUZZ_SECONDS=3600 \
 *		--time-scale 10 --timeout 4500
 *
 *	VMDEV_FUZZ_SECONDS	for both together (300)
 *	VMDEV_FUZZ_SEED		of one round to repeat, and with VMDEV_FUZZ_SECONDS of a
 *				crowd to start again; without, the time
 *	VMDEV_FUZZ_OPS		operations of a round (4000)
 *
 * step.c has what makes a failing sequence shorter.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#define SPACES	6

static uint64_t seed;
static double seconds = 300;
static uint64_t round_ops = 4000;
static bool repeat;

/* As it was when the module was loaded, so that a round doesn't depend on others. */
static bool put_back(uint64_t frames)
{
	int ret = vt_try_pool_frames(frames);

	vt_check(!ret, "pool/frames: %s", strerror(-ret));
	vt_check(!vt_sysfs_write("policy/current", "s3fifo"), "policy/current");
	vt_check(vt_nothing_left(), "after a round");
	return true;
}

static bool run_round(uint64_t round_seed, double end, uint64_t *done)
{
	struct fz_flight *flight = fz_shared(FZ_PAGE);
	struct fz *f = fz_new(round_seed, flight, done);
	bool ok = true;

	f->alone = true;
	while (f->spaces < SPACES)
		fz_add_space(f);
	while (ok && f->number < round_ops && (repeat || vt_now() < end))
		ok = fz_step(f);
	ok = ok && fz_verify_all(f);
	if (!ok)
		vt_msg("repeat with VMDEV_FUZZ_SEED=%#" PRIx64 " VMDEV_FUZZ_OPS=%" PRIu64,
		       round_seed, f->number);
	else
		fz_free(f);
	munmap(flight, FZ_PAGE);
	return ok;
}

/* Without eviction nothing was tested. */
static bool was_pressed(void)
{
	uint64_t out = vt_sysfs_u64("stats/evictions"), in = vt_sysfs_u64("stats/faults_major");

	vt_msg("%" PRIu64 " pages evicted, %" PRIu64 " of them without a write, %" PRIu64
	       " major faults", out, vt_sysfs_u64("stats/evictions_clean"), in);
	vt_check(repeat || (out && in), "the pool was never short of frames");
	return true;
}

static bool test_alone(void)
{
	uint64_t *done = fz_shared(fz_nr_kinds * sizeof(*done)), rounds = 0, rnd = seed;
	uint64_t frames = vt_pool_frames();
	double end = vt_now() + seconds / 2;
	bool ok = true;

	do {
		ok = run_round(repeat ? seed : vt_random(&rnd), end, done) && put_back(frames);
		rounds++;
	} while (ok && !repeat && vt_now() < end);
	fz_print_done(done);
	vt_msg("%" PRIu64 " rounds", rounds);
	return ok && was_pressed();
}

static bool test_crowd(void)
{
	uint64_t *done = fz_shared(fz_nr_kinds * sizeof(*done));
	uint64_t frames = vt_pool_frames();
	bool ok;

	/* of a crowd's seed only the operations are the same: ask for it by time */
	if (repeat && !getenv("VMDEV_FUZZ_SECONDS"))
		return vt_skip("one round is repeated");
	ok = fz_crowd(seed, seconds / 2, done);
	fz_print_done(done);
	return ok && was_pressed() && put_back(frames);
}

static const struct vt_test tests[] = {
	{ "random operations of one process", test_alone },
	{ "random operations of several processes, some killed", test_crowd },
};

int main(void)
{
	const char *value = getenv("VMDEV_FUZZ_SECONDS");

	if (value)
		seconds = strtod(value, NULL);
	value = getenv("VMDEV_FUZZ_OPS");
	if (value)
		round_ops = strtoull(value, NULL, 0);
	value = getenv("VMDEV_FUZZ_SEED");
	repeat = value;
	seed = value ? strtoull(value, NULL, 0) : (uint64_t)time(NULL);
	vt_timeout = seconds + 300;
	return vt_run(tests, ARRAY_SIZE(tests));
}
