// SPDX-License-Identifier: GPL-2.0
/* The table of ranges, see ranges.h. */
#include <string.h>

#include "ranges.h"

/* Index of the first range that ends behind @address. */
static size_t find(const struct ranges *ranges, uintptr_t address)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->table[middle].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Room for one range before @index. The caller has seen to it that there is any. */
static struct range *open_gap(struct ranges *ranges, size_t index)
{
	struct range *range = &ranges->table[index];

	memmove(range + 1, range, (ranges->count - index) * sizeof(*range));
	ranges->count++;
	return range;
}

static void close_gap(struct ranges *ranges, size_t index, size_t length)
{
	struct range *range = &ranges->table[index];

	memmove(range, range + length, (ranges->count - index - length) * sizeof(*range));
	ranges->count -= length;
}

bool ranges_remove(struct ranges *ranges, uintptr_t start, uintptr_t end)
{
	size_t first = find(ranges, start), last;
	struct range *range = &ranges->table[first];

	if (start >= end || first == ranges->count || range->start >= end)
		return true;
	if (range->start < start && range->end > end) {
		if (ranges->count == RANGES_MAX)
			return false;
		range = open_gap(ranges, first);
		range[0].end = start;
		range[1].start = end;
		return true;
	}
	if (range->start < start) {
		range->end = start;
		first++;
	}
	for (last = first; last < ranges->count && ranges->table[last].end <= end; last++)
		;
	if (last < ranges->count && ranges->table[last].start < end)
		ranges->table[last].start = end;
	close_gap(ranges, first, last - first);
	return true;
}

bool ranges_add(struct ranges *ranges, uintptr_t start, uintptr_t end, int prot)
{
	struct range *range;
	size_t index;

	if (start >= end)
		return true;
	/* one for the new range, one for what a hole would split */
	if (ranges->count + 2 > RANGES_MAX)
		return false;
	ranges_remove(ranges, start, end);
	index = find(ranges, start);
	range = &ranges->table[index];
	if (index && range[-1].end == start && range[-1].prot == prot) {
		range[-1].end = end;
		if (index < ranges->count && range->start == end && range->prot == prot) {
			range[-1].end = range->end;
			close_gap(ranges, index, 1);
		}
	} else if (index < ranges->count && range->start == end && range->prot == prot) {
		range->start = start;
	} else {
		*open_gap(ranges, index) = (struct range){ start, end, prot };
	}
	return true;
}

bool ranges_protect(struct ranges *ranges, uintptr_t start, uintptr_t end, int prot)
{
	struct range part;

	while (ranges_next(ranges, start, end, &part)) {
		if (part.prot != prot && !ranges_add(ranges, part.start, part.end, prot))
			return false;
		start = part.end;
	}
	return true;
}

bool ranges_next(const struct ranges *ranges, uintptr_t start, uintptr_t end,
		 struct range *part)
{
	size_t index = find(ranges, start);

	if (start >= end || index == ranges->count || ranges->table[index].start >= end)
		return false;
	*part = ranges->table[index];
	if (part->start < start)
		part->start = start;
	if (part->end > end)
		part->end = end;
	return true;
}

bool ranges_cover(const struct ranges *ranges, uintptr_t start, uintptr_t end)
{
	struct range part;

	while (start < end) {
		if (!ranges_next(ranges, start, end, &part) || part.start != start)
			return false;
		start = part.end;
	}
	return true;
}
