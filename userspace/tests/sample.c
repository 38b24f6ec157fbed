// SPDX-License-Identifier: GPL-2.0
/* What is worked out of samples: histogram, rises, rates, intervals. */
#include <errno.h>
#include <stdlib.h>

#include "../vmdevctl/sample.h"
#include "../vmdevctl/stat.h"
#include "tap.h"

#define HEAD	"# ns_at_least faults\n"

static int read_latency(const char *text, struct latency *latency)
{
	FILE *file = fmemopen((void *)text, strlen(text), "r");
	int err = latency_read(file, latency);

	fclose(file);
	return err;
}

static void check_latency(void)
{
	static const char *const bad[] = {
		"\n", "1 2\n", HEAD "1 x\n", HEAD "2 0\n", HEAD "1 0\n3 0\n", HEAD "1 0\n4 0\n",
		HEAD "1 0\n2\n",
	};
	struct latency latency;
	size_t i;

	ok(!read_latency(HEAD "1 0\n2 5\n4 18446744073709551615\n", &latency) &&
	   latency.buckets == 3 && latency.faults[0] == 0 && latency.faults[1] == 5 &&
	   latency.faults[2] == UINT64_MAX, "a histogram");
	ok(!read_latency(HEAD, &latency) && !latency.buckets, "one without lines");
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ok(read_latency(bad[i], &latency) == -EPROTO && !latency.buckets,
		   "no histogram, %zu", i);
}

static void check_numbers(void)
{
	ok(counter_rise(7, 5) == 2 && counter_rise(5, 5) == 0, "a rise");
	ok(counter_rise(3, 5) == 3, "a counter that began anew");
	ok(counter_rise(VMDEV_UNKNOWN, 5) == VMDEV_UNKNOWN &&
	   counter_rise(5, VMDEV_UNKNOWN) == VMDEV_UNKNOWN, "a rise that isn't known");
	ok(rate(10, 500000000) == 20 && rate(0, 1) == 0, "a rate");
	ok(rate(10, 0) == 0 && rate(VMDEV_UNKNOWN, 1000) == 0, "no rate");
}

static void check_interval(void)
{
	static const char *const bad[] = {
		"", ".", "-1", "1s", "1e1", "nan", "0x1", "1.2.3", " 1",
	};
	static const char *const far[] = { "0", "0.009", "86400.1", "99999999999999999999" };
	uint64_t ns = 0;
	size_t i;

	ok(!stat_interval("1", &ns) && ns == 1000000000, "a second");
	ok(!stat_interval("0.01", &ns) && ns == 10000000, "the shortest");
	ok(!stat_interval("86400", &ns) && ns == 86400000000000, "the longest");
	ok(!stat_interval(".5", &ns) && ns == 500000000, "half a second");
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ok(stat_interval(bad[i], &ns) == -EINVAL, "no interval: '%s'", bad[i]);
	for (i = 0; i < ARRAY_SIZE(far); i++)
		ok(stat_interval(far[i], &ns) == -ERANGE, "out of range: %s", far[i]);
}

int main(void)
{
	check_latency();
	check_numbers();
	check_interval();
	return tap_end();
}
