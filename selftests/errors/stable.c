// SPDX-License-Identifier: GPL-2.0
/*
 * A device that asks for stable pages (queue/stable_writes) gets each page as it was
 * when its write began, however it is changed meanwhile: who changes it waits. One
 * that doesn't ask gets what is there when it looks, and nobody waits.
 */
#define _GNU_SOURCE
#include <sys/uio.h>

#include "dm_store.h"

#define DELAY_MS	1000
#define FIRST		4U	/* the pages before it stay in the pool */
#define WAYS		4U
#define PAGES		(FIRST + WAYS)

struct change {
	uint32_t slot;		/* the page was being written to it */
	double seconds;		/* the change took */
	bool writing;		/* it still was after the change */
};

struct round {
	struct vt_space space;
	struct change change[WAYS];
};

/* ---- Ways to write seed 2 into a page ---- */

static void by_mapping(const struct vt_space *v, unsigned int index)
{
	fill_page(v->mem + index * vt_page_size(), 2, index);
}

/* The kernel maps what is around a page that is read, for writing too. */
static void by_fault_around(const struct vt_space *v, unsigned int index)
{
	char *mem = vt_map(v->fd, v->length, 0);

	vt_need(check_page(mem, 1, 0), "page 0");
	fill_page(mem + index * vt_page_size(), 2, index);
	vt_need(!munmap(mem, v->length), "munmap");
}

static void by_pwrite(const struct vt_space *v, unsigned int index)
{
	char *buf = disk_buffer(vt_page_size());

	fill_page(buf, 2, index);
	vt_need(pwrite(v->fd, buf, vt_page_size(), index * vt_page_size()) ==
		(ssize_t)vt_page_size(), "pwrite: %s", strerror(errno));
	free(buf);
}

/* The kernel writes to it without faulting: it holds a reference. */
static void by_process_vm(const struct vt_space *v, unsigned int index)
{
	char *buf = disk_buffer(vt_page_size());
	struct iovec local = { buf, vt_page_size() };
	struct iovec remote = { v->mem + index * vt_page_size(), vt_page_size() };

	fill_page(buf, 2, index);
	vt_need(process_vm_writev(getpid(), &local, 1, &remote, 1, 0) ==
		(ssize_t)vt_page_size(), "process_vm_writev: %s", strerror(errno));
	free(buf);
}

static const struct {
	const char *name;
	void (*change)(const struct vt_space *v, unsigned int index);
} ways[WAYS] = {
	{ "by a mapping", by_mapping },
	{ "by fault-around", by_fault_around },
	{ "by pwrite", by_pwrite },
	{ "by process_vm_writev", by_process_vm },
};

/* One thread a way, and one that has them all written. */
static bool change_or_evict(struct vt_crew *crew, unsigned int id)
{
	struct round *r = crew->arg;
	unsigned int index = FIRST + id;
	struct vmdev_map_entry entry;
	double start;

	if (id == WAYS) {
		int64_t n = vt_evict(r->space.fd, FIRST * vt_page_size(), WAYS * vt_page_size());

		vt_check(n >= 0, "EVICT: %s", strerror(-n));
		return true;
	}
	entry = vt_page_state(r->space.fd, index * vt_page_size());
	while (entry.state != VMDEV_MAP_WRITING) {
		vt_sleep_ms(1);
		entry = vt_page_state(r->space.fd, index * vt_page_size());
	}
	r->change[id].slot = entry.slot;
	start = vt_now();
	ways[id].change(&r->space, index);
	r->change[id].seconds = vt_now() - start;
	entry = vt_page_state(r->space.fd, index * vt_page_size());
	r->change[id].writing = entry.state == VMDEV_MAP_WRITING;
	return true;
}

/* What the device was given, and when the change was made. */
static bool judge(const struct change *c, bool stable, unsigned int index)
{
	char *page = disk_buffer(vt_page_size());

	disk_read_page(c->slot * PAGE_SECTORS, page);
	vt_check(check_page(page, stable ? 1 : 2, index), "%s",
		 stable ? "changed while it was written" : "not changed: this proves nothing");
	vt_check(c->writing == !stable, "%s before its write was over", stable ? "done" : "not");
	vt_check(!stable || c->seconds > DELAY_MS / 4000.0, "no wait: %.2f s", c->seconds);
	free(page);
	return true;
}

static bool changed_while_written(bool stable)
{
	struct round r = { 0 };
	struct vt_space *v = &r.space;
	struct vt_crew crew;

	dm_load(1, "readahead=0");
	dm_slow_writes(DELAY_MS);
	if (stable && !dm_wants_stable_pages())
		return vt_skip("no queue/stable_writes");
	*v = vt_space_new(PAGES * vt_page_size());
	fill_range(v->mem, PAGES, 1, 0);
	vt_crew_start(&crew, WAYS + 1, change_or_evict, &r);
	vt_check(vt_crew_join(&crew), "in a thread");
	while (vt_count_states(v->fd, 0, PAGES, VT_STATE(WRITING)))
		vt_sleep_ms(5);
	for (unsigned int i = 0; i < WAYS; i++) {
		vt_msg("%s: %.2f s", ways[i].name, r.change[i].seconds);
		vt_check(judge(&r.change[i], stable, FIRST + i), "%s", ways[i].name);
	}
	/* the change is what counts, in the pool and from the store */
	for (int i = 0; i < 2; i++) {
		vt_check(check_range(v->mem, FIRST, 1, 0), "pages that were not written");
		vt_check(check_range(v->mem + FIRST * vt_page_size(), WAYS, 2, FIRST),
			 "a change was lost");
		vt_check(vt_evict_all(v), "pages stayed");
	}
	vt_check(vt_sysfs_u64("store/checksum_errors") == 0, "checksum errors");
	vt_space_free(v);
	return true;
}

static bool test_stable(void)
{
	return changed_while_written(true);
}

static bool test_not_stable(void)
{
	return changed_while_written(false);
}

static const struct vt_test tests[] = {
	{ "a page isn't changed while it is written", test_stable },
	{ "where the device doesn't ask for that, it is", test_not_stable },
};

int main(void)
{
	return dm_run(tests, ARRAY_SIZE(tests), 60);
}
