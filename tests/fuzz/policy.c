// SPDX-License-Identifier: GPL-2.0
/*
 * The replacement policies against their contract in include/vmdev/policy.h, driven
 * as an evictor might: any order of insert, remove, isolate and putback that the
 * contract allows. Of each policy it is known which queue a node goes to; of each
 * queue, that nodes leave it in the order they came, and that nobody starves.
 */
#include <vmdev/policy.h>

#include "fuzz.h"

#define NODES	96U

enum place { OUT = VMDEV_POLICY_QUEUES, AWAY };	/* or a queue; OUT: isolated */

static const struct vmdev_policy_ops *const all[] = {
	&vmdev_policy_fifo, &vmdev_policy_clock, &vmdev_policy_clock_refault,
	&vmdev_policy_s3fifo,
};

static const struct vmdev_policy_ops *ops;
static struct vmdev_policy policy;
static struct vmdev_node node[NODES];

/* What the oracle knows of each node: where it is and since when. */
static unsigned int place[NODES], from[NODES];
static unsigned long since[NODES], now;
static unsigned int out[NODES], nr_out, nr_in;
/*
 * Of s3fifo's sample: what came since the last step, what is read ahead counting for four;
 * the number of the step, and that in which each node came; how many more are wanted, and how
 * many of the main queue were in use since one was taken; looks since the last verdict, those
 * that found a node in use, and the node of the last, until it is back; nodes taken for a look
 * at the main queue in that time, and those that were found in use; steps to come at which
 * looks don't count; and how many may come to the main queue for that.
 */
enum { MAIN = 2, SAMPLE = 3 };
static unsigned int ticks, step, came[NODES], picks, gap, looks, used, looked, seen, found;
static unsigned int hold, grant;

static unsigned int number(const struct vmdev_node *n)
{
	EXPECT(n >= node && n < node + NODES, "a node from nowhere");
	return n - node;
}

static void put(unsigned int i, unsigned int where)
{
	place[i] = where;
	since[i] = ++now;
	nr_in++;
}

/* No node of the same queue has been waiting longer than @i. */
static void check_oldest(unsigned int i)
{
	for (unsigned int k = 0; k < NODES; k++)
		EXPECT(place[k] != place[i] || since[k] >= since[i],
		       "%s: %u was taken before %u, which is older", ops->name, i, k);
}

/* Has s3fifo's main queue less than it may have whatever comes? A quarter is for others. */
static bool main_has_room(void)
{
	return policy.nr_in[MAIN] < nr_in - nr_in / 4;
}

/* Does s3fifo let it into its main queue at once? */
static bool known(unsigned long since, bool ahead)
{
	if (since == VMDEV_SINCE_NEVER)
		return false;
	/* when in doubt, as many as were granted */
	return main_has_room() || (since <= nr_in && (!ahead || grant));
}

/* Half of those that come back come soon. */
static void insert(unsigned int i, bool refault, bool ahead)
{
	unsigned long since = refault ? nr_in / 2 + i : VMDEV_SINCE_NEVER;
	bool main = ops == &vmdev_policy_s3fifo && known(since, ahead);
	bool granted = main && ahead && !main_has_room();

	if (place[i] != AWAY)
		return;
	ops->insert(&policy, &node[i], since, ahead);
	ticks += ahead ? 4 : 1;
	grant -= granted;
	put(i, main ? MAIN : 0);
}

/* Where a node goes that came out of queue @in and stays. */
static unsigned int next_place(unsigned int in)
{
	if (ops == &vmdev_policy_fifo)
		return 0;
	if (ops == &vmdev_policy_s3fifo)
		return in ? MAIN : 1;
	/* a clock's node goes from one hand to the other */
	return !in;
}

static void removal(unsigned int i)
{
	if (place[i] >= OUT)
		return;
	ops->remove(&policy, &node[i]);
	place[i] = AWAY;
	nr_in--;
}

/* Are pages that are read ahead let in from now on? */
static void judge(void)
{
	bool few = seen > nr_in / 16 + 128 && 8 * found < seen;

	if (hold)
		return;
	if (few || looks == 4) {
		bool idle = few || used < 2;

		grant = idle ? nr_in : 0;
		hold = idle ? 24 : 0;
		looks = 0;
		seen = 0;
		found = 0;
	}
}

/* Is s3fifo to look at its sample? Then at the oldest in it alone. */
static bool sample_due(void)
{
	unsigned int oldest = NODES;

	if (ops != &vmdev_policy_s3fifo || ticks < 4 * 64)
		return false;
	ticks = 0;
	step++;
	looked = NODES;
	judge();
	if (hold) {
		hold--;
		seen = 0;
		found = 0;
	}
	picks += hold <= 8 && picks < 3;
	for (unsigned int i = 0; i < NODES; i++)
		if (place[i] == SAMPLE && (oldest == NODES || since[i] < since[oldest]))
			oldest = i;
	if (oldest == NODES || (step - came[oldest]) % 256 < 8)
		return false;
	if (!hold) {
		if (++looks == 1)
			used = 0;
		looked = oldest;
	}
	return true;
}

/* Does node @i, which stays in the main queue and is in use, go to the sample? */
static bool picked(unsigned int i)
{
	unsigned int in_sample = 0;

	for (unsigned int k = 0; k < NODES; k++)
		in_sample += place[k] == SAMPLE;
	if (++gap < nr_in / 64 || !picks || in_sample > nr_in / 64)
		return false;
	picks--;
	gap = 0;
	came[i] = step;
	return true;
}

static void isolate(unsigned int max)
{
	struct vmdev_node *got[NODES + 1];
	unsigned int want = max < nr_in ? max : nr_in, n;
	bool sample = sample_due();

	got[max] = (void *)&policy;
	n = ops->isolate(&policy, got, max);
	EXPECT(got[max] == (void *)&policy, "%s: wrote behind the array", ops->name);
	EXPECT(n <= max, "%s: %u isolated of %u", ops->name, n, max);
	EXPECT(!sample || n <= 1, "%u of the sample at once", n);
	/* a batch of one hand may be short, but not empty */
	EXPECT(n || !want, "%s: nothing isolated of %u", ops->name, nr_in);
	for (unsigned int k = 0; k < n; k++) {
		unsigned int i = number(got[k]);

		EXPECT(place[i] < OUT, "%s: isolated %u, which is %u", ops->name, i, place[i]);
		EXPECT(!sample || place[i] == SAMPLE, "%u is from queue %u, not the sample", i,
		       place[i]);
		check_oldest(i);
		from[i] = place[i];
		seen += from[i] == MAIN;
		place[i] = OUT;
		nr_in--;
		out[nr_out++] = i;
	}
}

static void put_back(unsigned int i, bool accessed)
{
	unsigned int where = next_place(from[i]);

	if (from[i] == MAIN) {
		found += accessed;
		seen -= !accessed && seen;
	}
	if (ops == &vmdev_policy_s3fifo && from[i] == MAIN && accessed && picked(i))
		where = SAMPLE;
	if (i == looked && from[i] == SAMPLE) {
		used += accessed;
		looks -= !accessed;
		looked = NODES;
	}
	ops->putback(&policy, &node[i], accessed);
	put(i, where);
}

/* One that is out goes back, or for good. */
static void finish(unsigned int k, bool evict, bool accessed)
{
	unsigned int i;

	if (!nr_out)
		return;
	k %= nr_out;
	i = out[k];
	out[k] = out[--nr_out];
	place[i] = AWAY;
	if (evict)
		return;
	put_back(i, accessed);
}

/* One is taken out on purpose, and stays after all. */
static void detour(unsigned int i, bool accessed)
{
	if (place[i] >= OUT)
		return;
	from[i] = place[i];
	removal(i);
	put_back(i, accessed);
}

static unsigned long length(const struct list_head *head)
{
	unsigned long n = 0;

	for (const struct list_head *p = head->next; p != head; p = p->next) {
		EXPECT(p->next->prev == p && p->prev->next == p, "a list is torn");
		EXPECT(++n <= NODES, "a list goes round");
	}
	return n;
}

static void check(void)
{
	unsigned long in[AWAY + 1] = { 0 };

	for (unsigned int i = 0; i < NODES; i++)
		in[place[i]]++;
	EXPECT(policy.nr == nr_in, "%s: says %lu nodes, has %u", ops->name, policy.nr, nr_in);
	for (unsigned int q = 0; q < VMDEV_POLICY_QUEUES; q++)
		EXPECT(length(&policy.queue[q]) == in[q] && policy.nr_in[q] == in[q],
		       "%s: queue %u: says %lu, %lu on the list, not %lu", ops->name, q,
		       policy.nr_in[q], length(&policy.queue[q]), in[q]);
}

/* However the instance stands, looking at so many nodes comes by all of them. */
static void nobody_starves(void)
{
	unsigned char seen[NODES] = { 0 };
	unsigned int before = nr_in;

	while (nr_out)
		finish(0, true, false);
	for (unsigned int n = 0; n < 4 * NODES && before; n++) {
		isolate(1);
		seen[out[0]] = 1;
		finish(0, false, n % 2);
	}
	for (unsigned int i = 0; i < NODES; i++)
		EXPECT(place[i] == AWAY || seen[i], "%s: %u of %u never came", ops->name, i,
		       before);
	while (nr_in)
		isolate(7);
	EXPECT(nr_out == before, "%s: %u came out of %u", ops->name, nr_out, before);
	isolate(3);
	check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	unsigned int op, n;

	for (unsigned int i = 0; i < NODES; i++)
		place[i] = AWAY;
	memset(node, 0, sizeof(node));
	memset(&policy, 0xa5, sizeof(policy));
	nr_out = 0;
	nr_in = 0;
	ticks = 0;
	step = 0;
	picks = 0;
	gap = 0;
	looks = 0;
	used = 0;
	looked = NODES;
	seen = 0;
	found = 0;
	hold = 0;
	grant = 0;
	ops = all[next_byte(&in) % ARRAY_SIZE(all)];
	policy.ops = ops;
	ops->init(&policy);
	check();
	while (in.size) {
		op = next_byte(&in);
		switch (op % 8) {
		case 0:
			insert(next_byte(&in) % NODES, op & 64, op & 128);
			break;
		case 1:		/* a run, as read-ahead does it */
			n = next_byte(&in);
			for (unsigned int i = 0; i < n % 64; i++)
				insert((n + i) % NODES, op & 64, i);
			break;
		case 2:
			removal(next_byte(&in) % NODES);
			break;
		case 3:
		case 4:
			isolate(1 + next_byte(&in) % 64);
			break;
		case 5:
			detour(next_byte(&in) % NODES, op & 64);
			break;
		case 6:
			while (nr_out)
				finish(0, op & 32, op & 64);
			break;
		default:
			for (n = next_byte(&in) % 64; n-- && nr_out;)
				finish(next_byte(&in), op & 32, op & 64);
		}
		check();
	}
	nobody_starves();
	return 0;
}
