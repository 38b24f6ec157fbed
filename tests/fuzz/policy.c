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
/* Of the last look at s3fifo's last queue: how many it took, and how many of all stayed since. */
static unsigned int taken, stayed;
static bool idle;

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

/* Does s3fifo let it into its last queue at once? */
static bool known(unsigned long since, bool ahead)
{
	if (since == VMDEV_SINCE_NEVER)
		return false;
	/* a quarter is for others; when in doubt, while that queue isn't used */
	return policy.nr_in[2] < nr_in - nr_in / 4 ||
	       (since <= nr_in && (!ahead || idle));
}

/* Half of those that come back come soon. */
static void insert(unsigned int i, bool refault, bool ahead)
{
	unsigned long since = refault ? nr_in / 2 + i : VMDEV_SINCE_NEVER;
	bool last = ops == &vmdev_policy_s3fifo && known(since, ahead);

	if (place[i] != AWAY)
		return;
	ops->insert(&policy, &node[i], since, ahead);
	put(i, last ? 2 : 0);
}

/* Where a node goes that came out of queue @in and stays. */
static unsigned int next_place(unsigned int in)
{
	if (ops == &vmdev_policy_fifo)
		return 0;
	if (ops == &vmdev_policy_s3fifo)
		return in ? 2 : 1;
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

static void isolate(unsigned int max)
{
	struct vmdev_node *got[NODES + 1];
	unsigned int want = max < nr_in ? max : nr_in, n;

	idle = 4 * stayed < taken;
	got[max] = (void *)&policy;
	n = ops->isolate(&policy, got, max);
	EXPECT(got[max] == (void *)&policy, "%s: wrote behind the array", ops->name);
	EXPECT(n <= max, "%s: %u isolated of %u", ops->name, n, max);
	/* a batch of one hand may be short, but not empty */
	EXPECT(n || !want, "%s: nothing isolated of %u", ops->name, nr_in);
	for (unsigned int k = 0; k < n; k++) {
		unsigned int i = number(got[k]);

		EXPECT(place[i] < OUT, "%s: isolated %u, which is %u", ops->name, i, place[i]);
		check_oldest(i);
		if (place[i] == 2) {
			taken = k ? taken + 1 : 1;
			stayed = 0;
		}
		from[i] = place[i];
		place[i] = OUT;
		nr_in--;
		out[nr_out++] = i;
	}
}

static void put_back(unsigned int i, bool accessed)
{
	ops->putback(&policy, &node[i], accessed);
	if (from[i] == 2)
		stayed++;
	put(i, next_place(from[i]));
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
	taken = 0;
	stayed = 0;
	idle = false;
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
		default:
			for (n = next_byte(&in) % 64; n-- && nr_out;)
				finish(next_byte(&in), op & 32, op & 64);
		}
		check();
	}
	nobody_starves();
	return 0;
}
