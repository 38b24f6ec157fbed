// SPDX-License-Identifier: GPL-2.0
/*
 * The replacement policies, driven the way the evictor does it.
 */
#include <stdbool.h>
#include <string.h>

#include <vmdev/policy.h>

#include "tap.h"

#define NODES	64

static const struct vmdev_policy_ops *const all[] = {
	&vmdev_policy_fifo, &vmdev_policy_clock, &vmdev_policy_clock_refault,
	&vmdev_policy_s3fifo,
};

static struct vmdev_policy policy;
static struct vmdev_node node[NODES];
static unsigned char used[NODES], on[NODES];
static const struct vmdev_policy_ops *ops;

static void start(const struct vmdev_policy_ops *o)
{
	memset(used, 0, sizeof(used));
	memset(on, 0, sizeof(on));
	memset(node, 0, sizeof(node));
	ops = o;
	policy.ops = o;
	ops->init(&policy);
}

static void insert_since(unsigned int i, unsigned long since)
{
	ops->insert(&policy, &node[i], since, false);
	on[i] = 1;
}

static void insert(unsigned int i)
{
	insert_since(i, VMDEV_SINCE_NEVER);
}

static unsigned int tries;	/* nodes that the last evict() put back */

/* Evict one node as the evictor would. Return: which. */
static unsigned int evict(void)
{
	struct vmdev_node *n;
	unsigned int i;

	tries = 0;
	while (ops->isolate(&policy, &n, 1) == 1) {
		i = n - node;
		CHECK(i < NODES && on[i], "isolated a node that isn't there");
		if (ops->access == VMDEV_ACCESS_NONE || !used[i]) {
			on[i] = 0;
			return i;
		}
		used[i] = 0;
		ops->putback(&policy, n, true);
		CHECK(++tries <= 2 * NODES, "goes round and round");
	}
	return NODES;
}

static void fifo_order(void)
{
	unsigned int i;

	start(&vmdev_policy_fifo);
	for (i = 0; i < NODES; i++)
		insert(i);
	used[0] = 1;
	used[1] = 1;
	for (i = 0; i < NODES; i++)
		CHECK(evict() == i, "not in the order of arrival at %u", i);
	CHECK(evict() == NODES, "evicted from an empty queue");
}

static void clock_second_chance(void)
{
	static const unsigned int order[] = { 1, 3, 4, 0, 5, 2, 6, 7 };
	unsigned int i;

	start(&vmdev_policy_clock);
	for (i = 0; i < 8; i++)
		insert(i);
	used[0] = 1;
	used[2] = 1;
	/* half of what is left stands behind the front hand before that is taken */
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		unsigned int next = evict();

		CHECK(next == order[i], "%u left, expected %u", next, order[i]);
	}
}

/* All new nodes count as used; the hot ones are used again now and then only. */
static void clock_gives_time(void)
{
	unsigned int i, scan, next;

	start(&vmdev_policy_clock);
	for (i = 0; i < NODES; i++) {
		insert(i);
		used[i] = 1;
	}
	for (scan = 0; scan < 1000; scan++) {
		if (scan % (NODES / 4) == 0)
			for (i = NODES - 8; i < NODES; i++)
				used[i] = 1;
		next = evict();
		CHECK(next < NODES - 8, "hot node %u evicted at %u", next, scan);
		insert(next);
		used[next] = 1;
	}
}

/* Every page is used when it comes; the first 40 are used between scans that never end. */
static void s3fifo_stands_scans(void)
{
	unsigned int i, step, next;

	start(&vmdev_policy_s3fifo);
	for (i = 0; i < NODES; i++) {
		insert(i);
		used[i] = 1;
	}
	for (step = 0; step < 1000; step++) {
		if (step % 2 == 0)
			for (i = 0; i < 40; i++)
				used[i] = 1;
		next = evict();
		/* while it fills up there is no time between two looks */
		CHECK(next >= 40 || step < NODES, "node %u, in use, was evicted at %u", next,
		      step);
		insert_since(next, next < 40 ? 0 : VMDEV_SINCE_NEVER);
		used[next] = 1;
	}
}

/* What comes back soon outlives what is new, what comes back late doesn't. */
static void s3fifo_remembers(void)
{
	const unsigned int most = NODES * 3 / 4;
	unsigned int i, next;

	start(&vmdev_policy_s3fifo);
	for (i = 0; i < NODES - 2; i++)
		insert_since(i, i < most ? 0 : VMDEV_SINCE_NEVER);
	insert_since(NODES - 2, NODES - 2);
	insert_since(NODES - 1, NODES);
	CHECK(policy.nr_in[2] == most + 1, "%lu nodes on the main queue, expected %u",
	      policy.nr_in[2], most + 1);
	for (i = 0; i < NODES - 2; i++) {
		memset(used, 1, most);
		next = evict();
		CHECK(next != NODES - 2, "came back soon and left at %u", i);
		CHECK(next >= most, "%u, in use, was evicted at %u", next, i);
		insert(next);
		used[NODES - 2] = i % 16 == 0;
	}
}

/* All of the main queue is in use or can't leave: what is new leaves, little as it is. */
static void s3fifo_finds_the_few(void)
{
	unsigned int i, next;

	start(&vmdev_policy_s3fifo);
	for (i = 0; i < NODES; i++)
		insert_since(i, i < 2 ? VMDEV_SINCE_NEVER : 0);
	for (i = 0; i < 2; i++) {
		memset(used + 2, 1, NODES - 2);
		next = evict();
		CHECK(next == i, "%u left, expected %u", next, i);
	}
}

/* All of the main queue is in use: that is found out little by little. */
static void s3fifo_leaves_meanwhile(void)
{
	unsigned int i, next;

	start(&vmdev_policy_s3fifo);
	for (i = 0; i < NODES; i++)
		insert_since(i, i < 12 ? VMDEV_SINCE_NEVER : 0);
	/* arrival is a use */
	memset(used, 1, 12);
	for (i = 0; i < 10; i++) {
		memset(used + 12, 1, NODES - 12);
		next = evict();
		CHECK(next < 12, "node %u, in use, was evicted", next);
		CHECK(tries <= 8, "%u looks until something left", tries);
	}
}

/* What is read ahead goes to the main queue while that leaves a quarter to others. */
static void s3fifo_bounds_what_is_ahead(void)
{
	static const unsigned long since[] = { 0, 10 * NODES };
	unsigned int i, k;

	for (k = 0; k < ARRAY_SIZE(since); k++) {
		start(&vmdev_policy_s3fifo);
		for (i = 0; i < NODES; i++)
			ops->insert(&policy, &node[i], since[k], true);
		CHECK(policy.nr_in[2] >= NODES * 3 / 4 - 1 && policy.nr_in[2] <= NODES * 3 / 4 + 1,
		      "%lu of %u nodes on the main queue", policy.nr_in[2], NODES);
	}
	/* nor does what is new */
	start(&vmdev_policy_s3fifo);
	for (i = 0; i < NODES; i++)
		ops->insert(&policy, &node[i], VMDEV_SINCE_NEVER, true);
	CHECK(!policy.nr_in[2], "%lu new nodes on the main queue", policy.nr_in[2]);
}

/* A main queue of pages nobody uses makes way once the small one is small. */
static void s3fifo_forgets(void)
{
	unsigned int i, next;

	start(&vmdev_policy_s3fifo);
	for (i = 0; i < NODES; i++)
		insert_since(i, 0);
	for (i = 0; i < NODES; i++) {
		next = evict();
		CHECK(next == i, "%u left, expected %u", next, i);
	}
}

/* ---- pages that come and go in a pool of FRAMES ---- */

#define FRAMES	1024
#define PAGES	(4 * FRAMES)
#define BATCH	64
#define AHEAD	32

static struct vmdev_node frame[FRAMES];
static unsigned int holds[FRAMES], free_frames[FRAMES], nr_free;
static int frame_of[PAGES];
static bool touched[PAGES], unasked[PAGES];
static unsigned long left_at[PAGES], evicted, reads;

static void start_pages(void)
{
	unsigned int i;

	start(&vmdev_policy_s3fifo);
	nr_free = 0;
	for (i = 0; i < FRAMES; i++)
		free_frames[nr_free++] = i;
	for (i = 0; i < PAGES; i++) {
		frame_of[i] = -1;
		left_at[i] = VMDEV_SINCE_NEVER;
		touched[i] = false;
		unasked[i] = false;
	}
	evicted = 0;
	reads = 0;
}

static void make_room(void)
{
	struct vmdev_node *batch[BATCH];
	unsigned int i, n;

	while (nr_free < BATCH) {
		n = ops->isolate(&policy, batch, BATCH);
		for (i = 0; i < n; i++) {
			unsigned int f = batch[i] - frame, page = holds[f];

			if (touched[page]) {
				touched[page] = false;
				ops->putback(&policy, batch[i], true);
				continue;
			}
			frame_of[page] = -1;
			evicted++;
			left_at[page] = unasked[page] ? VMDEV_SINCE_NEVER : evicted;
			free_frames[nr_free++] = f;
		}
	}
}

static void bring_in(unsigned int page, bool ahead)
{
	unsigned long left = left_at[page];

	if (!nr_free)
		make_room();
	frame_of[page] = free_frames[--nr_free];
	holds[frame_of[page]] = page;
	unasked[page] = ahead;
	ops->insert(&policy, &frame[frame_of[page]],
		    left == VMDEV_SINCE_NEVER ? left : evicted - left, ahead);
	reads++;
}

static void touch(unsigned int page)
{
	if (frame_of[page] < 0)
		bring_in(page, false);
	touched[page] = true;
	unasked[page] = false;
}

/* A program whose pages are @first to @first + @nr - 1 goes round them. */
static void go_round(unsigned int first, unsigned int nr)
{
	unsigned int i, k;

	for (i = 0; i < nr; i++) {
		if (frame_of[first + i] < 0) {
			bring_in(first + i, false);
			for (k = 1; k < AHEAD; k++)
				if (frame_of[first + (i + k) % nr] < 0)
					bring_in(first + (i + k) % nr, true);
		}
		touch(first + i);
	}
}

/* Round and round more than there is room for: part of it stays. */
static void s3fifo_keeps_part_of_a_loop(void)
{
	static const struct {
		unsigned int nr, most;	/* pages, reads of 100 accesses */
	} loop[] = { { FRAMES * 103 / 100, 35 }, { FRAMES * 3 / 2, 60 }, { 2 * FRAMES, 75 } };
	unsigned int i, round;

	for (i = 0; i < ARRAY_SIZE(loop); i++) {
		start_pages();
		for (round = 0; round < 12; round++) {
			if (round == 8)
				reads = 0;
			go_round(0, loop[i].nr);
		}
		CHECK(reads <= 4UL * loop[i].nr * loop[i].most / 100,
		      "%u pages: %lu reads in four rounds", loop[i].nr, reads);
		CHECK(reads >= 4UL * (loop[i].nr - FRAMES),
		      "%u pages: %lu reads: more stayed than there is room for", loop[i].nr,
		      reads);
	}
}

/* A page that nobody has seen, of those from FRAMES on; @ahead: it is read before that. */
static void touch_new(bool ahead)
{
	static unsigned int page;

	page = (page + 1) % (PAGES - FRAMES);
	left_at[FRAMES + page] = VMDEV_SINCE_NEVER;
	if (ahead && frame_of[FRAMES + page] < 0)
		bring_in(FRAMES + page, true);
	touch(FRAMES + page);
	reads--;
}

/* The first @nr pages come back all at once. */
static void come_back(unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		left_at[i] = evicted;
		touch(i);
	}
	reads = 0;
}

/*
 * Half of the pool is used once while three pools of new pages pass by, whatever was before.
 * Where those are read ahead, a few of the others are taken for a sample.
 */
static void s3fifo_keeps_what_is_used_slowly(void)
{
	const unsigned int slow = FRAMES / 2, each = 3 * FRAMES / slow;
	unsigned int i, k, before, ahead;

	for (ahead = 0; ahead <= 1; ahead++)
		for (before = 0; before <= 40; before += 40) {
			start_pages();
			for (i = 0; i < before * FRAMES; i++)
				touch_new(ahead);
			come_back(slow);
			for (i = 0; i < 8 * slow; i++) {
				touch(i % slow);
				for (k = 0; k < each; k++)
					touch_new(ahead);
			}
			CHECK(reads <= slow / 10, "%lu reads of %u pages that are used",
			      reads, slow);
		}
}

/* Most of the main queue is idle: what is used now and then among it stays. */
static void s3fifo_keeps_few_among_idle(void)
{
	const unsigned int nr = FRAMES * 7 / 8, each = 8;
	unsigned int i, k;

	start_pages();
	come_back(nr);
	for (i = 0; i < 64 * FRAMES; i++) {
		touch_new(false);
		/* all of them while two pools pass */
		if (i % (2 * FRAMES) == 0)
			for (k = 0; k < nr; k += each)
				touch(k);
	}
	CHECK(!reads, "%lu reads of %u pages that are used", reads, nr / each);
}

/* A program that was busy sleeps: another gets its frames, and all it needs, before long. */
static void s3fifo_wakes_from_idle(void)
{
	const unsigned int other = 2 * FRAMES, nr = FRAMES * 4 / 5;
	unsigned int i, round;

	start_pages();
	for (i = 0; i < FRAMES; i++) {
		/* most are known, as many new as there should be */
		if (i < FRAMES * 6 / 7)
			left_at[i] = evicted;
		touch(i);
	}
	for (round = 0; round < 16; round++) {
		if (round == 8)
			CHECK(reads < FRAMES + 8UL * nr * 50 / 100,
			      "%lu reads in 8 rounds of %u pages", reads - FRAMES, nr);
		if (round == 15)
			reads = 0;
		go_round(other, nr);
	}
	CHECK(!reads, "%lu reads in a round that there is room for", reads);
}

/* @nr pages used in any order, from @first on, @times times. Return: how many were read. */
static unsigned long use_at_random(unsigned int first, unsigned int nr, unsigned int times)
{
	unsigned long long seed = 1234567890123ULL;
	unsigned long before = reads;

	while (times--)
		touch(first + (tap_random(&seed) >> 8) % nr);
	return reads - before;
}

/* @nr pages are read ahead, or asked for, that nobody needs. */
static void pass_by(unsigned int nr, bool ahead)
{
	static struct vmdev_node passing;

	while (nr--) {
		ops->insert(&policy, &passing, VMDEV_SINCE_NEVER, ahead);
		ops->remove(&policy, &passing);
	}
}

/*
 * What is due is looked at and stays, but what is of the sample and not in use: another page
 * has its frame then. Return: how many were of the sample.
 */
static unsigned int look(bool sample_used)
{
	struct vmdev_node *got[BATCH];
	unsigned int i, n, of_sample;

	n = ops->isolate(&policy, got, BATCH);
	of_sample = n && got[0]->in == 3 ? n : 0;
	for (i = 0; i < n; i++) {
		if (of_sample && !sample_used)
			ops->insert(&policy, got[i], VMDEV_SINCE_NEVER, false);
		else
			ops->putback(&policy, got[i], true);
	}
	return of_sample;
}

/* May a page that is read ahead and comes back come in? */
static bool let_in(void)
{
	struct vmdev_node node = { 0 };
	bool in;

	ops->insert(&policy, &node, 1, true);
	in = node.in == 2;
	ops->remove(&policy, &node);
	return in;
}

/* All of the pool is in the main queue. */
static void fill_main(void)
{
	unsigned int i;

	start(&vmdev_policy_s3fifo);
	for (i = 0; i < FRAMES; i++)
		ops->insert(&policy, &frame[i], 0, false);
}

#define STEP	(FRAMES / 8)	/* pages that are read ahead between two looks at the sample */

/* All of the pool is in the main queue, and some of it in the sample. */
static void fill_sample(void)
{
	unsigned int i;

	fill_main();
	/* one a step comes to it, and nothing leaves it before a pool has come */
	for (i = 0; i < 8; i++) {
		CHECK(!look(true), "looked at the sample after %u steps", i);
		CHECK(policy.nr_in[3] == i + 1, "%lu in the sample after %u steps",
		      policy.nr_in[3], i);
		pass_by(i < 7 ? STEP : STEP - 1, true);
	}
	CHECK(!look(true), "looked at the sample too early");
	pass_by(1, true);
}

/* Four looks at the sample, of which @nr_used find a page in use. */
static void look_four_times(unsigned int nr_used)
{
	unsigned int looks;

	for (looks = 0; looks < 4; looks++) {
		CHECK(look(looks < nr_used) == 1, "no look, or more, after %u", looks);
		pass_by(STEP, true);
	}
	look(true);
}

/* Four looks tell: let in if fewer than two found a page in use, no more otherwise. */
static void s3fifo_judges_by_a_sample(void)
{
	unsigned int before, after, i;

	for (before = 0; before <= 4; before++) {
		fill_sample();
		CHECK(!let_in(), "let in before the first look");
		look_four_times(before);
		CHECK(let_in() == (before < 2), "%u of 4 were used, let in: %u", before, let_in());
	}
	for (after = 0; after <= 4; after++) {
		fill_sample();
		look_four_times(0);
		/* looks don't count until what was let in has had time */
		for (i = 0; i < 22; i++) {
			pass_by(STEP, true);
			look(true);
			CHECK(let_in(), "not let in any more after %u steps", i);
		}
		pass_by(STEP, true);
		look_four_times(after);
		CHECK(let_in() == (after < 2), "then %u of 4 were used, let in: %u", after,
		      let_in());
	}
}

/* So many may come in that are read ahead, and do. */
static void let_a_pool_in(unsigned int pool)
{
	unsigned int i;

	for (i = 0; i <= FRAMES && let_in(); i++)
		;
	CHECK(i == pool, "%u were let in", i);
}

/* Hardly any look at the main queue finds a page in use: there is no sample, nor need for it. */
static void s3fifo_sees_an_idle_queue(void)
{
	struct vmdev_node *got[BATCH];
	unsigned int i, n, nr_used, looked;

	for (nr_used = 0; nr_used <= BATCH; nr_used += BATCH / 4) {
		fill_main();
		for (looked = 0; looked <= FRAMES / 16 + 128;) {
			CHECK(!let_in(), "let in after %u looks", looked);
			pass_by(BATCH, true);
			n = ops->isolate(&policy, got, BATCH);
			CHECK(n, "nothing comes after %u looks", looked);
			looked += got[0]->in == 2 ? n : 0;
			/* what leaves makes room for what is not known */
			for (i = 0; i < n; i++)
				if (got[i]->in == 2 && i < nr_used)
					ops->putback(&policy, got[i], true);
				else
					ops->insert(&policy, got[i], VMDEV_SINCE_NEVER, false);
		}
		pass_by(STEP, true);
		CHECK(ops->isolate(&policy, got, 1) == 1, "nothing comes");
		ops->putback(&policy, got[0], true);
		CHECK(let_in() == !nr_used, "%u of %u in use, let in: %u", nr_used, BATCH,
		      let_in());
	}
}

/* Pages that are held, but not used, are no sign that the others are idle. */
static void s3fifo_sees_no_idleness_in_pins(void)
{
	struct vmdev_node *got[BATCH];
	unsigned int i, k, n;

	fill_main();
	for (k = 0; k < 8; k++) {
		CHECK(!let_in(), "let in after %u batches", k);
		pass_by(STEP, true);
		n = ops->isolate(&policy, got, BATCH);
		for (i = 0; i < n; i++)
			ops->putback(&policy, got[i], false);
	}
}

/* A page of the sample that can't leave tells nothing, whatever others told before. */
static void s3fifo_learns_nothing_of_pins(void)
{
	struct vmdev_node *got[BATCH];
	unsigned int i, used;

	for (used = 0; used <= 3; used++) {
		fill_sample();
		for (i = 0; i < 3; i++) {
			CHECK(look(i < used), "no look");
			pass_by(STEP, true);
		}
		for (i = 0; i < 3; i++) {
			CHECK(ops->isolate(&policy, got, BATCH) == 1 && got[0]->in == 3, "no look");
			ops->putback(&policy, got[0], false);
			pass_by(STEP, true);
			CHECK(!let_in(), "let in after three looks");
		}
		CHECK(look(false), "no look");
		pass_by(STEP, true);
		look(true);
		CHECK(let_in() == (used < 2), "%u of 4 were used, let in: %u", used, let_in());
	}
}

/* Nor does one of it that was taken for another reason. */
static void s3fifo_learns_nothing_of_detours(void)
{
	struct vmdev_node *other;
	unsigned int i;

	fill_sample();
	for (i = 0; i < 4; i++) {
		CHECK(look(false), "no look");
		other = list_last_entry(&policy.queue[3], struct vmdev_node, link);
		ops->remove(&policy, other);
		ops->putback(&policy, other, true);
		pass_by(STEP, true);
	}
	look(true);
	CHECK(let_in(), "not let in, though no look found a page in use");
}

/* All of the main queue is in use or can't leave: the few others leave before the sample. */
static void s3fifo_spares_the_sample(void)
{
	static struct vmdev_node few[2];
	struct vmdev_node *got[BATCH];
	unsigned int i, n, left = ARRAY_SIZE(few), rounds = 0;

	fill_sample();
	/* the look that is due */
	look(true);
	for (i = 0; i < left; i++)
		ops->insert(&policy, &few[i], VMDEV_SINCE_NEVER, false);
	while (left && rounds++ < 4 * FRAMES / BATCH) {
		n = ops->isolate(&policy, got, BATCH);
		CHECK(n, "nothing comes");
		for (i = 0; i < n; i++) {
			CHECK(got[i]->in != 3, "one of the sample comes before %u others", left);
			if (got[i] == &few[0] || got[i] == &few[1])
				left--;
			else
				ops->putback(&policy, got[i], true);
		}
	}
	CHECK(!left, "%u never come", left);
	/* it comes at last, too */
	for (rounds = 0; rounds < 4 * FRAMES / BATCH; rounds++)
		if (look(true) > 1)
			break;
	CHECK(rounds < 4 * FRAMES / BATCH, "the sample never comes");
}

/* No more than a pool at a time is let in. */
static void s3fifo_lets_in_a_pool(void)
{
	fill_sample();
	look_four_times(0);
	let_a_pool_in(FRAMES);
}

/* What is seen of the main queue while what was let in has its time doesn't count. */
static void s3fifo_sees_nothing_on_hold(void)
{
	struct vmdev_node *got[BATCH];
	unsigned int i, k, n;

	fill_sample();
	look_four_times(0);
	let_a_pool_in(FRAMES);
	for (i = 0; i < 26; i++) {
		/* nothing is learned, but from batches of which nothing is in use, and a few */
		unsigned int idle = i < 18 || i > 21 ? 0 : i < 21 ? BATCH : 8;

		pass_by(STEP, true);
		n = ops->isolate(&policy, got, idle ?: 1);
		for (k = 0; k < n; k++)
			if (got[k]->in == 2 && idle)
				ops->insert(&policy, got[k], VMDEV_SINCE_NEVER, false);
			else
				ops->putback(&policy, got[k], i >= 22);
		CHECK(!let_in(), "let in again after %u steps", i);
	}
}

/* A look at the sample doesn't take the turn that others have after one at the main queue. */
static void s3fifo_keeps_its_turn(void)
{
	static struct vmdev_node fresh[FRAMES / 32];
	struct vmdev_node *got[BATCH];
	unsigned int i, n;

	fill_sample();
	CHECK(look(true), "no look");
	for (i = 0; i < ARRAY_SIZE(fresh); i++)
		ops->insert(&policy, &fresh[i], VMDEV_SINCE_NEVER, false);
	n = ops->isolate(&policy, got, BATCH);
	CHECK(n && got[0]->in == 0, "%u of queue %u", n, n ? got[0]->in : 9);
}

/* What is let in while the main queue has room for all doesn't count. */
static void s3fifo_counts_what_it_lets_in(void)
{
	static struct vmdev_node more[FRAMES / 8];
	unsigned int i;

	fill_sample();
	look_four_times(0);
	for (i = 0; i < FRAMES / 2; i++) {
		ops->remove(&policy, &frame[i]);
		ops->insert(&policy, &frame[i], VMDEV_SINCE_NEVER, false);
	}
	for (i = 0; i < ARRAY_SIZE(more); i++)
		ops->insert(&policy, &more[i], 10 * FRAMES, true);
	for (i = 0; i < FRAMES / 2; i++) {
		ops->remove(&policy, &frame[i]);
		ops->insert(&policy, &frame[i], 0, false);
	}
	let_a_pool_in(FRAMES);
}

/* What can't leave, but isn't used, is no sample; nor are neighbours. */
static void s3fifo_picks_from_all_over(void)
{
	struct vmdev_node *got[BATCH];
	unsigned int i, k, n, last = 0, picked = 0;

	fill_main();
	for (k = 0; k < 4; k++) {
		pass_by(STEP, true);
		n = ops->isolate(&policy, got, BATCH);
		CHECK(n == BATCH, "%u at once", n);
		for (i = 0; i < n; i++)
			ops->putback(&policy, got[i], k == 3);
		CHECK(k == 3 || !policy.nr_in[3], "picked though not used");
	}
	/* several were wanted by now */
	for (i = 0; i < n; i++) {
		if (got[i]->in != 3)
			continue;
		CHECK(!picked || i >= last + 12, "neighbours: %u and %u", last, i);
		last = i;
		picked++;
	}
	CHECK(picked > 1, "%u picked", picked);
}

/* What is in the sample is looked at even if nobody reads ahead, and counts as little. */
static void s3fifo_looks_at_the_sample_at_last(void)
{
	unsigned int i, looks;

	fill_main();
	look(true);
	CHECK(policy.nr_in[3], "none in the sample");
	for (i = 0, looks = 0; i < 5 * 8; i++) {
		pass_by(STEP, false);
		looks += look(true);
		CHECK(!looks || i >= 31, "looked at after %u pages", i * STEP);
	}
	CHECK(looks, "not looked at after 5 pools");
}

/* A loop left what it used; then others are used, which were read ahead before that. */
static void s3fifo_takes_in_a_new_working_set(void)
{
	const unsigned int loop = 2 * FRAMES, nr = FRAMES * 4 / 5;
	unsigned int i, round;
	unsigned long n;

	start_pages();
	for (i = 0; i < PAGES; i++)
		touch(i);
	for (round = 0; round < 3; round++)
		go_round(0, loop);
	for (round = 0; round < 3; round++)
		go_round(loop, nr);
	n = use_at_random(loop, nr, FRAMES);
	CHECK(n < FRAMES / 4, "%lu reads of %u accesses", n, FRAMES);
}

/* The same for programs that will never find room: the grants end, and part of it stays. */
static void s3fifo_keeps_part_of_a_new_loop(void)
{
	static const struct {
		unsigned int nr, most;	/* pages, reads of 100 accesses */
	} loop[] = { { FRAMES * 103 / 100, 30 }, { FRAMES * 3 / 2, 46 } };
	const unsigned int other = 2 * FRAMES;
	unsigned int i, k, round;

	for (i = 0; i < ARRAY_SIZE(loop); i++) {
		start_pages();
		come_back(FRAMES * 6 / 7);
		for (k = FRAMES * 6 / 7; k < FRAMES; k++)
			touch(k);
		for (round = 0; round < 24; round++) {
			if (round == 12)
				reads = 0;
			go_round(other, loop[i].nr);
		}
		CHECK(reads <= 12UL * loop[i].nr * loop[i].most / 100,
		      "%lu reads in 12 rounds of %u pages", reads, loop[i].nr);
	}
}

static void batches(void)
{
	struct vmdev_node *n[NODES];
	unsigned int p, got;

	for (p = 0; p < ARRAY_SIZE(all); p++) {
		start(all[p]);
		CHECK(ops->isolate(&policy, n, NODES) == 0, "%s: isolated from nothing", ops->name);
		for (got = 0; got < 10; got++)
			insert(got);
		CHECK(ops->isolate(&policy, n, 4) == 4, "%s: not 4 of 10", ops->name);
		CHECK(ops->isolate(&policy, n, NODES) == 6, "%s: not the other 6", ops->name);
		CHECK(policy.nr == 0, "%s: %lu left of none", ops->name, policy.nr);
	}
}

static void at_random(void)
{
	unsigned long long seed = 1234567890123ULL;
	unsigned int p, i, step, count;

	for (p = 0; p < ARRAY_SIZE(all); p++) {
		start(all[p]);
		for (step = 0; step < 100000; step++) {
			unsigned long long r = tap_random(&seed);

			i = (r >> 8) % NODES;
			if (r % 4 == 0) {
				evict();
			} else if (!on[i]) {
				ops->insert(&policy, &node[i],
					    r & (1 << 20) ? 0 : VMDEV_SINCE_NEVER, r & (1 << 21));
				on[i] = 1;
			} else if (r % 4 == 1) {
				ops->remove(&policy, &node[i]);
				on[i] = 0;
			} else {
				used[i] = 1;
			}
			for (count = 0, i = 0; i < NODES; i++)
				count += on[i];
			CHECK(policy.nr == count, "%s: says %lu, has %u", ops->name, policy.nr,
			      count);
		}
		/* none is lost */
		for (count = 0, i = 0; i < NODES; i++)
			count += on[i];
		for (; count; count--)
			CHECK(evict() < NODES, "%s: %u nodes are lost", ops->name, count);
		CHECK(evict() == NODES, "%s: more came out than went in", ops->name);
	}
}

int main(void)
{
	tap_run("policy: fifo goes by arrival alone", fifo_order);
	tap_run("policy: clock gives a second chance", clock_second_chance);
	tap_run("policy: clock gives a page in use time to show it", clock_gives_time);
	tap_run("policy: s3fifo keeps what is used when a scan passes", s3fifo_stands_scans);
	tap_run("policy: s3fifo keeps what comes back soon", s3fifo_remembers);
	tap_run("policy: s3fifo finds the few that can leave", s3fifo_finds_the_few);
	tap_run("policy: s3fifo lets the main queue go too", s3fifo_forgets);
	tap_run("policy: s3fifo lets others leave while it looks", s3fifo_leaves_meanwhile);
	tap_run("policy: s3fifo bounds what is read ahead", s3fifo_bounds_what_is_ahead);
	tap_run("policy: s3fifo keeps part of a loop", s3fifo_keeps_part_of_a_loop);
	tap_run("policy: s3fifo keeps what is used slowly", s3fifo_keeps_what_is_used_slowly);
	tap_run("policy: s3fifo keeps what is used among idle pages", s3fifo_keeps_few_among_idle);
	tap_run("policy: s3fifo lets an idle program's pages go", s3fifo_wakes_from_idle);
	tap_run("policy: s3fifo judges by a sample", s3fifo_judges_by_a_sample);
	tap_run("policy: s3fifo sees an idle queue", s3fifo_sees_an_idle_queue);
	tap_run("policy: s3fifo sees no idleness in pins", s3fifo_sees_no_idleness_in_pins);
	tap_run("policy: s3fifo learns nothing of what is pinned", s3fifo_learns_nothing_of_pins);
	tap_run("policy: s3fifo learns nothing of detours", s3fifo_learns_nothing_of_detours);
	tap_run("policy: s3fifo spares the sample", s3fifo_spares_the_sample);
	tap_run("policy: s3fifo lets in a pool", s3fifo_lets_in_a_pool);
	tap_run("policy: s3fifo counts what it lets in", s3fifo_counts_what_it_lets_in);
	tap_run("policy: s3fifo sees nothing on hold", s3fifo_sees_nothing_on_hold);
	tap_run("policy: s3fifo keeps its turn", s3fifo_keeps_its_turn);
	tap_run("policy: s3fifo picks from all over", s3fifo_picks_from_all_over);
	tap_run("policy: s3fifo looks at the sample at last", s3fifo_looks_at_the_sample_at_last);
	tap_run("policy: s3fifo takes in a new working set", s3fifo_takes_in_a_new_working_set);
	tap_run("policy: s3fifo keeps part of a new loop", s3fifo_keeps_part_of_a_new_loop);
	tap_run("policy: isolating in batches", batches);
	tap_run("policy: random operations lose no node", at_random);
	return tap_done();
}
