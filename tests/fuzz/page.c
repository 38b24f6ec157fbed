// SPDX-License-Identifier: GPL-2.0
/*
 * Page entries: vmdev_page.c as it is in the module, against a plain structure a
 * page that has the same things in fields of their own, and against a list of the
 * legal changes that was written from the meaning of the states.
 */
#include <vmdev/page.h>
#include <vmdev/space.h>

#include "fuzz.h"

#define PAGES	(SHIM_XA_SLOTS * VMDEV_LEAF_PAGES)

bool shim_no_memory;
unsigned int shim_warnings, shim_wakes;

void shim_stuck(const char *what)
{
	EXPECT(0, "waits for %s that nobody ends", what);
}

struct model {
	unsigned int state, frame, slot;
	bool locked, ra;
	u64 fill;
	bool filled;		/* its word can be asked for */
};

static struct model model[PAGES];
static struct vmdev_space space;

/* Which state may follow which, as letters of the states in the header's order. */
static const char *const next[VMDEV_PAGE_STATES] = {
	[VMDEV_PAGE_ABSENT]	= "cd",
	[VMDEV_PAGE_ZERO]	= "cda",
	[VMDEV_PAGE_CLEAN]	= "dszab",
	[VMDEV_PAGE_DIRTY]	= "wzab",
	[VMDEV_PAGE_READING]	= "csb",
	[VMDEV_PAGE_WRITING]	= "scdb",
	[VMDEV_PAGE_SWAPPED]	= "ra",
	[VMDEV_PAGE_BAD]	= "a",
};

static bool legal(unsigned int from, unsigned int to)
{
	return strchr(next[from], "azcdrwsb"[to]);
}

static bool in_io(unsigned int state)
{
	return state == VMDEV_PAGE_READING || state == VMDEV_PAGE_WRITING;
}

static bool has_frame(unsigned int state)
{
	return in_io(state) || state == VMDEV_PAGE_CLEAN || state == VMDEV_PAGE_DIRTY;
}

/* Is the entry what the model says, bit by bit? */
static void check(unsigned int i)
{
	const unsigned long *e = vmdev_page_find(&space, i);
	const struct model *m = &model[i];

	if (!e) {
		EXPECT(!m->state && !m->locked, "page %u has no entry", i);
		return;
	}
	EXPECT(vmdev_page_state(e) == m->state, "page %u: state %u, not %u", i,
	       vmdev_page_state(e), m->state);
	EXPECT(vmdev_page_frame(e) == m->frame, "page %u: frame %u, not %u", i,
	       vmdev_page_frame(e), m->frame);
	EXPECT(vmdev_page_slot(e) == m->slot, "page %u: slot %u, not %u", i, vmdev_page_slot(e),
	       m->slot);
	EXPECT(!!(*e & BIT(VMDEV_ENTRY_LOCK)) == m->locked, "page %u: locked", i);
	EXPECT(!!(*e & BIT(VMDEV_ENTRY_BUSY)) == in_io(m->state), "page %u: busy", i);
	EXPECT(!!(*e & BIT(VMDEV_ENTRY_RA)) == m->ra, "page %u: read ahead", i);
	EXPECT(!!vmdev_page_resident(e) == has_frame(m->state), "page %u: resident", i);
	if (m->filled)
		EXPECT(vmdev_page_fill(e, i) == m->fill, "page %u: word %llx, not %llx", i,
		       (unsigned long long)vmdev_page_fill(e, i), (unsigned long long)m->fill);
}

static void change(struct input *in, unsigned long *e, struct model *m, bool any)
{
	unsigned int to = next_byte(in) % VMDEV_PAGE_STATES, old = m->state;
	u32 frame = next_word(in) << 12 | next_word(in), slot = next_word(in) << 12 | next_word(in);
	unsigned int warnings = shim_warnings, wakes = shim_wakes;

	/* the module's own callers keep to the table, mostly */
	if (!any && !legal(old, to))
		to = strchr("azcdrwsb", next[old][0]) - "azcdrwsb";
	frame &= VMDEV_FRAME_NONE;
	slot &= VMDEV_SLOT_NONE;
	vmdev_page_set(&space, e, m - model, to, frame, slot);
	EXPECT((shim_warnings != warnings) == !legal(old, to), "%u to %u: %s", old, to,
	       legal(old, to) ? "a warning" : "no warning");
	EXPECT((shim_wakes != wakes) == (in_io(old) && !in_io(to)), "%u to %u: waiters", old, to);
	m->state = to;
	/* of an evicted page: its age */
	m->frame = has_frame(to) || to == VMDEV_PAGE_SWAPPED || to == VMDEV_PAGE_ZERO ? frame : 0;
	m->slot = to == VMDEV_PAGE_ABSENT || to == VMDEV_PAGE_ZERO ? 0 : slot;
}

static void fill(struct input *in, unsigned long *e, unsigned int i)
{
	/* often zero, which needs no memory as long as there was no other */
	u64 word = next_byte(in) % 3 ? next_word(in) * 0x1000100010001ULL : 0;
	bool done = vmdev_page_fill_set(e, i, word);

	EXPECT(done || (shim_no_memory && word), "page %u: a word was not kept", i);
	if (done)
		model[i].fill = word;
	model[i].filled = true;
}

static void lock(unsigned int op, unsigned long *e, struct model *m)
{
	if (m->locked) {
		EXPECT(!vmdev_page_trylock(e), "locked twice");
		if (op & 8)
			vmdev_page_unlock(e);
		else
			vmdev_page_untry(e);
		m->locked = false;
		return;
	}
	if (op & 8)
		vmdev_page_lock(e);
	else if (op & 16)
		EXPECT(!vmdev_page_lock_killable(e), "not locked");
	else
		EXPECT(vmdev_page_trylock(e), "not locked");
	m->locked = true;
}

static void step(struct input *in, unsigned int op)
{
	unsigned int i = next_word(in) % PAGES;
	bool there = vmdev_page_find(&space, i);
	unsigned long *e;

	shim_no_memory = op >> 5 == 7;
	e = vmdev_page_make(&space, i);
	EXPECT(e ? e == vmdev_page_find(&space, i) : !there && shim_no_memory, "page %u: made", i);
	if (!e)
		return;
	switch (op % 8) {
	case 0:
		lock(op, e, &model[i]);
		break;
	case 1:
		fill(in, e, i);
		break;
	case 2:
		*e ^= BIT(VMDEV_ENTRY_RA);
		model[i].ra = !model[i].ra;
		break;
	case 3:
		if (!in_io(model[i].state)) {
			vmdev_page_wait(e);
			EXPECT(!vmdev_page_wait_killable(e), "not waited");
		}
		break;
	default:
		change(in, e, &model[i], op % 8 == 4);
	}
	check(i);
	check((i + 1) % PAGES);
	check((i + PAGES - 1) % PAGES);
}

/* All entries, and the space's sums over them. */
static void check_all(void)
{
	long sum[VMDEV_PAGE_STATES] = { 0 };

	for (unsigned int i = 0; i < PAGES; i++) {
		check(i);
		sum[model[i].state]++;
	}
	for (unsigned int s = 0; s < VMDEV_PAGE_STATES; s++)
		if (s != VMDEV_PAGE_ABSENT)
			EXPECT(space.pages[s].counter == sum[s], "state %u: %ld pages, not %ld", s,
			       space.pages[s].counter, sum[s]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	memset(&space, 0, sizeof(space));
	memset(model, 0, sizeof(model));
	EXPECT(!vmdev_page_init(), "no cache");
	while (in.size)
		step(&in, next_byte(&in));
	check_all();
	/* what is not freed the leak check finds */
	vmdev_page_free_all(&space);
	vmdev_page_exit();
	for (unsigned int from = 0; from < 16; from++)
		for (unsigned int to = 0; to < 16; to++)
			EXPECT(!!vmdev_page_may(from, to) ==
			       (from < VMDEV_PAGE_STATES && to < VMDEV_PAGE_STATES &&
				legal(from, to)), "%u to %u", from, to);
	return 0;
}
