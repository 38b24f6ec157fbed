/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One random ioctl of our type and what must come of it: the errno that the header
 * <linux/vmdev.h> promises, outputs without a trace of the kernel, and not a byte
 * changed beside them. Compiled into a 64-bit program with a C library and into a
 * 32-bit one without, which both give it uc_ioctl() and uc_complain(); so it uses no
 * library and no 64-bit division.
 */
#ifndef UAPI_CASE_H
#define UAPI_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <asm/errno.h>
#include <linux/vmdev.h>

#define UC_PAGE		4096U
#define UC_MOST		64U	/* pages of the space */
#define UC_GUARD	0x5a
#define UC_VOLUMES	3U	/* that come and go: "a" and so on */
#define UC_BYTES(m, i)	(((unsigned char *)(m))[i])

/* What the program provides: 0 or -errno; why a case is wrong. */
static int uc_ioctl(int fd, unsigned int request, uintptr_t arg);
static void uc_complain(const char *what, unsigned int request, int got, int want);

/* Memory for arguments: pages to write, not to touch, and to read only. */
struct uc {
	int fd;
	uint64_t rnd;
	uint64_t size;			/* of the space */
	uint64_t half;			/* of the pool's frames */
	unsigned char *rw;		/* a page, and behind it one that can't be touched */
	unsigned char *ro;		/* a page */
	struct vmdev_map_entry *entries;	/* a page: UC_MOST + 1, the last is a guard */
	bool volume[UC_VOLUMES];	/* those that are there */
	unsigned long good, refused;
};

union uc_arg {
	struct vmdev_info info;
	struct vmdev_stats stats;
	struct vmdev_size size;
	struct vmdev_limit limit;
	struct vmdev_range range;
	struct vmdev_map map;
	struct vmdev_volume volume;
	struct vmdev_volume_list list;
	uint64_t word[32];
};

/* The argument of one call. */
struct uc_call {
	unsigned int request;
	unsigned int bytes;		/* what the call may read and write */
	uintptr_t at;
	bool readable, writable;
	bool entries_ok;		/* GET_MAP, VOLUME_LIST */
	union uc_arg in;
};

static inline uint64_t uc_random(struct uc *u)
{
	uint64_t x = (u->rnd += 0x9e3779b97f4a7c15ULL);

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static inline unsigned int uc_below(struct uc *u, unsigned int n)
{
	return (unsigned int)uc_random(u) % n;
}

/* Mostly at some edge. */
static inline uint64_t uc_value(struct uc *u)
{
	switch (uc_below(u, 12)) {
	case 0: return 0;
	case 1: return uc_below(u, 20);
	case 2: return UC_PAGE - 1 + uc_below(u, 3);
	case 3: return 1ULL << uc_below(u, 64);
	case 4: return (1ULL << uc_below(u, 64)) - 1;
	case 5: return -(1ULL << uc_below(u, 64));
	case 6: return 0 - (uint64_t)UC_PAGE;
	case 7: return 0xffff888000000000ULL + uc_below(u, 1 << 30);
	case 8: return uc_random(u);
	default: return (uint64_t)uc_below(u, 80) * UC_PAGE;
	}
}

static inline void uc_fill(void *to, unsigned char byte, unsigned int n)
{
	for (volatile unsigned char *p = to; n--;)
		*p++ = byte;
}

static inline void uc_move(void *to, const void *from, unsigned int n)
{
	const unsigned char *f = from;

	for (volatile unsigned char *p = to; n--;)
		*p++ = *f++;
}

static inline bool uc_all(const void *p, unsigned char byte, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (UC_BYTES(p, i) != byte)
			return false;
	return true;
}

static inline bool uc_equal(const void *a, const void *b, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (UC_BYTES(a, i) != UC_BYTES(b, i))
			return false;
	return true;
}

/* Requests that there are, with their sizes. */
static const unsigned int uc_known[] = {
	VMDEV_IOC_GET_INFO, VMDEV_IOC_GET_STATS, VMDEV_IOC_SET_SIZE, VMDEV_IOC_SET_LIMIT,
	VMDEV_IOC_DISCARD, VMDEV_IOC_EVICT, VMDEV_IOC_GET_MAP, VMDEV_IOC_VOLUME_CREATE,
	VMDEV_IOC_VOLUME_REMOVE, VMDEV_IOC_VOLUME_LIST,
};

#define UC_KNOWN	(sizeof(uc_known) / sizeof(uc_known[0]))

static inline bool uc_is_known(unsigned int request)
{
	for (unsigned int i = 0; i < UC_KNOWN; i++)
		if (request == uc_known[i])
			return true;
	return false;
}

/* ---- making a call ---- */

/* One that could be there: of ours, or some name. */
static inline void uc_volume(struct uc *u, struct vmdev_volume *v)
{
	uc_fill(v, 0, sizeof(*v));
	if (uc_below(u, 2))
		v->name[0] = 'a' + uc_below(u, UC_VOLUMES);
	else
		for (unsigned int i = 0; i <= uc_below(u, VMDEV_VOLUME_NAME_SIZE - 1); i++)
			v->name[i] = 'a' + uc_below(u, 26);
}

/* Which of ours it names, or UC_VOLUMES. */
static inline unsigned int uc_ours(const struct vmdev_volume *v)
{
	unsigned int i = (unsigned char)v->name[0] - 'a';

	return i < UC_VOLUMES && uc_all(v->name + 1, 0, VMDEV_VOLUME_NAME_SIZE - 1) ? i :
										      UC_VOLUMES;
}

static inline unsigned int uc_volumes(const struct uc *u)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < UC_VOLUMES; i++)
		n += u->volume[i];
	return n;
}

/* A volume to be made, of few pages and ours, or one that can't be. */
static inline void uc_new_volume(struct uc *u, struct vmdev_volume *v)
{
	uint64_t size = v->size;

	if (uc_below(u, 4))
		uc_volume(u, v);
	if (uc_ours(v) == UC_VOLUMES) {
		v->reserved[0] |= 1;
		return;
	}
	/* as with SET_SIZE */
	v->size = size > UC_MOST * UC_PAGE && size < 1ULL << 40 ? UC_PAGE : size;
	v->mode = uc_below(u, 01200);
	v->gid = uc_below(u, 8) ? uc_below(u, 1000) : 0xffffffffU;
	if (!uc_below(u, 8))
		v->minor = 1;
}

/* Where entries go: to ours, or to where nothing can be written. */
static inline uint64_t uc_entries(struct uc *u, struct uc_call *c)
{
	c->entries_ok = uc_below(u, 4);
	if (c->entries_ok)
		return (uintptr_t)u->entries;
	if (uc_below(u, 2))
		return (uintptr_t)(u->rw + UC_PAGE);
	return uc_below(u, 2) ? uc_below(u, UC_PAGE) : 0xffff888000000000ULL;
}

static inline void uc_fields(struct uc *u, struct uc_call *c)
{
	for (unsigned int i = 0; i < 32; i++)
		c->in.word[i] = uc_value(u);
	c->entries_ok = true;
	/* mostly what gets past the first checks */
	switch (c->request) {
	case VMDEV_IOC_SET_SIZE:
		if (uc_below(u, 4))
			c->in.size.reserved = 0;
		/* what would fit but is too much for us is left out */
		if (c->in.size.size > UC_MOST * UC_PAGE && c->in.size.size < 1ULL << 40)
			c->in.size.size = uc_below(u, UC_MOST * UC_PAGE + 1);
		break;
	case VMDEV_IOC_SET_LIMIT:
		if (uc_below(u, 4))
			c->in.limit.reserved[0] = 0;
		if (uc_below(u, 4))
			c->in.limit.reserved[1] = 0;
		break;
	case VMDEV_IOC_DISCARD:
	case VMDEV_IOC_EVICT:
		if (uc_below(u, 4))
			c->in.range.reserved = 0;
		break;
	case VMDEV_IOC_GET_MAP:
		if (uc_below(u, 4))
			c->in.map.reserved = 0;
		if (uc_below(u, 2))
			c->in.map.count = uc_below(u, UC_MOST + 9);
		c->in.map.entries = uc_entries(u, c);
		break;
	case VMDEV_IOC_VOLUME_CREATE:
		uc_new_volume(u, &c->in.volume);
		break;
	case VMDEV_IOC_VOLUME_REMOVE:
		if (uc_below(u, 2))
			uc_volume(u, &c->in.volume);
		break;
	case VMDEV_IOC_VOLUME_LIST:
		if (uc_below(u, 4))
			uc_fill(c->in.list.reserved, 0, sizeof(c->in.list.reserved));
		if (uc_below(u, 2))
			c->in.list.count = uc_below(u, 2 * UC_VOLUMES);
		c->in.list.volumes = uc_entries(u, c);
		break;
	}
}

/* Where nothing is, was or may be. */
static inline uintptr_t uc_nowhere(struct uc *u)
{
	static const uint64_t bad[] = {
		0, 1, 8, 0xffffffffffffffffULL, 0xfffffffffffff000ULL, 0xffff888000001000ULL,
		0xffffffff81000000ULL, 0x8000000000000000ULL, 0x00007ffffffff000ULL,
		/* 32 bits of the vsyscall page would be where the stack may grow to */
		sizeof(uintptr_t) == 4 ? 0x1000 : 0xffffffffff600000ULL,
	};

	return (uintptr_t)bad[uc_below(u, sizeof(bad) / sizeof(bad[0]))];
}

/* Put the argument somewhere. */
static inline void uc_place(struct uc *u, struct uc_call *c)
{
	unsigned int most = UC_PAGE - c->bytes;
	unsigned char *at = NULL;

	c->readable = true;
	c->writable = true;
	switch (uc_below(u, 8)) {
	case 0:		/* up to the edge */
		at = u->rw + most;
		break;
	case 1:		/* over the edge */
		if (c->bytes) {
			c->at = (uintptr_t)u->rw + most + 1 + uc_below(u, c->bytes);
			c->readable = false;
			c->writable = false;
			return;
		}
		at = u->rw;
		break;
	case 2:
		c->at = uc_nowhere(u);
		c->readable = false;
		c->writable = false;
		return;
	case 3:		/* its page was filled before it became read-only */
		if (c->request != VMDEV_IOC_SET_SIZE && c->request != VMDEV_IOC_VOLUME_CREATE) {
			c->at = (uintptr_t)u->ro + uc_below(u, most + 1);
			uc_move(c->in.word, (void *)c->at, c->bytes);
			c->writable = false;
			c->entries_ok = false;
			return;
		}
		/* a size and a volume have to be of ours */
		at = u->rw + uc_below(u, most + 1);
		break;
	default:
		at = u->rw + uc_below(u, most + 1);
		break;
	}
	c->at = (uintptr_t)at;
	uc_move(at, c->in.word, c->bytes);
}

/* ---- what must come of it ---- */

static inline int uc_want_range(const struct uc_call *c, uint64_t offset, uint64_t length)
{
	if (offset % UC_PAGE || length % UC_PAGE || offset + length < offset)
		return -EINVAL;
	return c->writable ? 0 : -EFAULT;
}

static inline uint64_t uc_pages(const struct uc *u)
{
	return (u->size + UC_PAGE - 1) / UC_PAGE;
}

/* Pages of a good range that are in the space. */
static inline uint64_t uc_inside(const struct uc *u, uint64_t offset, uint64_t length)
{
	uint64_t first = offset / UC_PAGE, end = (offset + length) / UC_PAGE;

	end = end < uc_pages(u) ? end : uc_pages(u);
	return end > first ? end - first : 0;
}

static inline int uc_want_map(const struct uc *u, const struct uc_call *c)
{
	const struct vmdev_map *m = &c->in.map;
	int err;

	if (m->reserved || m->count > UINT64_MAX / UC_PAGE)
		return -EINVAL;
	err = uc_want_range(c, m->offset, m->count * UC_PAGE);
	if (err == -EINVAL)
		return err;
	return uc_inside(u, m->offset, m->count * UC_PAGE) && !c->entries_ok ? -EFAULT : err;
}

static inline int uc_want_create(const struct uc *u, const struct vmdev_volume *v)
{
	if (!uc_all(&v->major, 0, sizeof(*v) - offsetof(struct vmdev_volume, major)) ||
	    !v->size || v->size % UC_PAGE || v->mode > 0777 || v->gid == 0xffffffffU)
		return -EINVAL;
	if (v->size > 1ULL << 52)
		return -EFBIG;
	if (u->volume[uc_ours(v)])
		return -EEXIST;
	return v->size >= 1ULL << 40 ? -ENOSPC : 0;
}

static inline int uc_want_remove(const struct uc *u, const struct vmdev_volume *v)
{
	unsigned int n = 0;

	if (!uc_all(&v->size, 0, sizeof(*v) - offsetof(struct vmdev_volume, size)))
		return -EINVAL;
	/* what can come of random words, with a first letter or digit, is a name */
	for (; n < VMDEV_VOLUME_NAME_SIZE && v->name[n]; n++) {
		char c = v->name[n];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9');

		if (!word && (!n || (c != '.' && c != '_' && c != '-')))
			return -EINVAL;
	}
	if (!n || n == VMDEV_VOLUME_NAME_SIZE ||
	    !uc_all(v->name + n, 0, VMDEV_VOLUME_NAME_SIZE - n))
		return -EINVAL;
	return uc_ours(v) < UC_VOLUMES && u->volume[uc_ours(v)] ? 0 : -ENOENT;
}

static inline int uc_want_list(const struct uc *u, const struct uc_call *c)
{
	const struct vmdev_volume_list *list = &c->in.list;

	if (!uc_all(list->reserved, 0, sizeof(list->reserved)))
		return -EINVAL;
	if (list->count && uc_volumes(u) && !c->entries_ok)
		return -EFAULT;
	return c->writable ? 0 : -EFAULT;
}

static inline int uc_want(const struct uc *u, const struct uc_call *c)
{
	if (!uc_is_known(c->request))
		return -ENOTTY;
	if (c->request == VMDEV_IOC_GET_INFO || c->request == VMDEV_IOC_GET_STATS)
		return c->writable ? 0 : -EFAULT;
	if (!c->readable)
		return -EFAULT;
	switch (c->request) {
	case VMDEV_IOC_SET_SIZE:
		if (c->in.size.reserved)
			return -EINVAL;
		if (c->in.size.size > 1ULL << 52)
			return -EFBIG;
		return c->in.size.size >= 1ULL << 40 ? -ENOSPC : 0;
	case VMDEV_IOC_SET_LIMIT:
		if (c->in.limit.reserved[0] || c->in.limit.reserved[1])
			return -EINVAL;
		if ((c->in.limit.max_frames && c->in.limit.max_frames < VMDEV_LIMIT_MIN) ||
		    (c->in.limit.max_frames && c->in.limit.min_frames > c->in.limit.max_frames) ||
		    c->in.limit.max_frames >> 63)
			return -EINVAL;
		return c->in.limit.min_frames > u->half ? -ENOSPC : 0;
	case VMDEV_IOC_GET_MAP:
		return uc_want_map(u, c);
	case VMDEV_IOC_VOLUME_CREATE:
		return uc_want_create(u, &c->in.volume);
	case VMDEV_IOC_VOLUME_REMOVE:
		return uc_want_remove(u, &c->in.volume);
	case VMDEV_IOC_VOLUME_LIST:
		return uc_want_list(u, c);
	default:
		return c->in.range.reserved ? -EINVAL :
			uc_want_range(c, c->in.range.offset, c->in.range.length);
	}
}

/* Nothing in what comes back may be, or look like, an address. */
static inline bool uc_clean(const void *p, unsigned int bytes)
{
	uint64_t word;

	for (unsigned int i = 0; i < bytes; i += 8) {
		uc_move(&word, (const char *)p + i, 8);
		if (word >> 63)
			return false;
	}
	return true;
}

/* Is what a list of volumes gave out as it should be? */
static inline bool uc_list_ok(const struct uc *u, const struct uc_call *c,
			      const struct vmdev_volume_list *out)
{
	const struct vmdev_volume *v = (const void *)u->entries;
	unsigned int n = uc_volumes(u);

	if (out->count != n || out->volumes != c->in.list.volumes ||
	    !uc_all(out->reserved, 0, sizeof(out->reserved)))
		return false;
	if (c->in.list.count < n)
		n = c->in.list.count;
	for (unsigned int i = 0; i < n; i++)
		if (uc_ours(v + i) == UC_VOLUMES || !u->volume[uc_ours(v + i)] ||
		    v[i].size > UC_MOST * UC_PAGE || v[i].mode > 0777 ||
		    !uc_all(v[i].reserved, 0, sizeof(v[i].reserved)) ||
		    !uc_clean(v + i, sizeof(*v)))
			return false;
	return uc_all(v + n, UC_GUARD, (UC_VOLUMES + 1 - n) * sizeof(*v));
}

/* Is what a call gave out as it should be? @out is a copy of its argument. */
static inline const char *uc_output(struct uc *u, const struct uc_call *c, const union uc_arg *out)
{
	uint64_t n;

	switch (c->request) {
	case VMDEV_IOC_GET_INFO:
		if (!uc_all(out->info.reserved, 0, sizeof(out->info.reserved)) ||
		    out->info.page_size != UC_PAGE || !uc_clean(out, c->bytes))
			return "GET_INFO's output";
		return NULL;
	case VMDEV_IOC_GET_STATS:
		if (!uc_all(out->stats.reserved, 0, sizeof(out->stats.reserved)) ||
		    out->stats.size != u->size || !uc_clean(out, c->bytes))
			return "GET_STATS' output";
		return NULL;
	case VMDEV_IOC_VOLUME_LIST:
		return uc_list_ok(u, c, &out->list) ? NULL : "VOLUME_LIST's output";
	case VMDEV_IOC_VOLUME_CREATE:
	case VMDEV_IOC_VOLUME_REMOVE:
	case VMDEV_IOC_SET_SIZE:
	case VMDEV_IOC_SET_LIMIT:
		return uc_equal(out, &c->in, c->bytes) ? NULL : "an input was changed";
	case VMDEV_IOC_GET_MAP:
		n = uc_inside(u, c->in.map.offset, c->in.map.count * UC_PAGE);
		if (out->map.count != n || out->map.offset != c->in.map.offset ||
		    out->map.entries != c->in.map.entries || out->map.reserved)
			return "GET_MAP's output";
		for (unsigned int i = 0; i < n; i++)
			if (u->entries[i].state > VMDEV_MAP_BAD || u->entries[i].reserved ||
			    (u->entries[i].frame >> 28 && u->entries[i].frame != VMDEV_MAP_NONE))
				return "an entry of GET_MAP";
		return uc_all(u->entries + n, UC_GUARD, (UC_MOST + 1 - n) * sizeof(*u->entries)) ?
			NULL : "GET_MAP wrote behind its entries";
	default:
		n = uc_inside(u, c->in.range.offset, c->in.range.length);
		if (out->range.offset != c->in.range.offset || out->range.reserved ||
		    out->range.length != c->in.range.length || out->range.pages > n)
			return "a range's output";
		return NULL;
	}
}

/* What is wrong with memory after the call, or NULL. */
static inline const char *uc_after(struct uc *u, const struct uc_call *c, int ret)
{
	unsigned int from = c->at - (uintptr_t)u->rw, to = from + c->bytes;
	union uc_arg out;

	if (c->at < (uintptr_t)u->rw || c->at >= (uintptr_t)u->rw + UC_PAGE)
		from = UC_PAGE;
	/* of one that ends where nothing is, the beginning may have been written */
	if (from == UC_PAGE || to > UC_PAGE)
		return uc_all(u->rw, UC_GUARD, from) ? NULL : "memory was written elsewhere";
	if (!uc_all(u->rw, UC_GUARD, from) || !uc_all(u->rw + to, UC_GUARD, UC_PAGE - to))
		return "memory beside the argument was written";
	uc_move(&out, u->rw + from, c->bytes);
	if (ret)
		return uc_equal(&out, &c->in, c->bytes) ? NULL :
			"a failed call changed its argument";
	return uc_output(u, c, &out);
}

/* One known or unknown request, somewhere, with anything in it. */
static inline bool uc_case(struct uc *u)
{
	struct uc_call c;
	const char *wrong;
	int ret, want;

	c.request = uc_known[uc_below(u, UC_KNOWN)];
	if (!uc_below(u, 3))
		c.request = _IOC(uc_below(u, 4), VMDEV_IOC_MAGIC, uc_below(u, 256),
				 uc_below(u, 2) ? uc_below(u, 256) : _IOC_SIZE(c.request));
	c.bytes = uc_is_known(c.request) ? _IOC_SIZE(c.request) : uc_below(u, 200);
	uc_fill(u->rw, UC_GUARD, UC_PAGE);
	uc_fill(u->entries, UC_GUARD, (UC_MOST + 1) * sizeof(*u->entries));
	uc_fields(u, &c);
	uc_place(u, &c);
	want = uc_want(u, &c);
	ret = uc_ioctl(u->fd, c.request, c.at);
	if (!ret && c.request == VMDEV_IOC_SET_SIZE)
		u->size = c.in.size.size;
	if (!ret && c.request == VMDEV_IOC_VOLUME_CREATE)
		u->volume[uc_ours(&c.in.volume)] = true;
	if (!ret && c.request == VMDEV_IOC_VOLUME_REMOVE)
		u->volume[uc_ours(&c.in.volume)] = false;
	wrong = ret != want ? "the result" : uc_after(u, &c, ret);
	if (wrong) {
		uc_complain(wrong, c.request, ret, want);
		return false;
	}
	u->good += !ret;
	u->refused += !!ret;
	return true;
}

/* Remove the volumes that are left. */
static inline void uc_end(struct uc *u)
{
	struct vmdev_volume v;

	for (unsigned int i = 0; i < UC_VOLUMES; i++) {
		uc_fill(&v, 0, sizeof(v));
		v.name[0] = 'a' + i;
		if (u->volume[i])
			uc_ioctl(u->fd, VMDEV_IOC_VOLUME_REMOVE, (uintptr_t)&v);
		u->volume[i] = false;
	}
}

/* Every number, direction and a choice of sizes of a type: all but ours are refused. */
static inline bool uc_every(struct uc *u, unsigned int type)
{
	static const unsigned int size[] = {
		0, 1, 4, 8, 12, 15, 16, 17, 24, 28, 31, 32, 33, 40, 56, 64, 72, 104, 184, 192, 200,
		0x1000, 0x3fff,
	};

	uc_fill(u->rw, UC_GUARD, UC_PAGE);
	for (unsigned int i = 0; i < 256 * 4 * (sizeof(size) / sizeof(size[0])); i++) {
		unsigned int request = _IOC(i / 256 % 4, type, i % 256, size[i / 1024]);
		int ret;

		if (uc_is_known(request))
			continue;
		ret = uc_ioctl(u->fd, request, (uintptr_t)u->rw);
		if (ret != -ENOTTY || !uc_all(u->rw, UC_GUARD, 256)) {
			uc_complain("an unknown request", request, ret, -ENOTTY);
			return false;
		}
		u->refused++;
	}
	return true;
}

#endif /* UAPI_CASE_H */
