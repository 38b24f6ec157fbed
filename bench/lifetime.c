// SPDX-License-Identifier: GPL-2.0
/*
 * lifetime: how long mmap, munmap and close of a vmdev space take by its size and
 * by how much of it was touched. Prints CSV rows: label, what was called, mapped MiB,
 * touched pages, microseconds. Knows nothing of paging: what is touched fits.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "array.h"
#include "pattern.h"

/* In MiB. */
static const size_t sizes[] = { 256, 65536 };
static const char *label;

static void print(const char *call, size_t mib, size_t touched, uint64_t begin)
{
	uint64_t end = now_ns();

	printf("%s%s,%zu,%zu,%.1f\n", label, call, mib, touched, (end - begin) / 1e3);
}

/* The same pages whatever the size, spread over the smallest. */
static void measure(size_t mib, size_t touched)
{
	size_t bytes = mib << 20, gap = (sizes[0] << 20) / (touched + 1) & ~(PAGE_BYTES - 1);
	unsigned char *base;
	uint64_t begin;
	int fd = open("/dev/vmdev", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		err(1, "/dev/vmdev");
	begin = now_ns();
	base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (base == MAP_FAILED)
		err(1, "mmap of %zu MiB", mib);
	print("mmap", mib, touched, begin);
	for (size_t i = 0; i < touched; i++)
		base[i * gap] = i + 1;
	begin = now_ns();
	if (munmap(base, bytes))
		err(1, "munmap");
	print("munmap", mib, touched, begin);
	begin = now_ns();
	close(fd);
	print("close", mib, touched, begin);
}

int main(int argc, char **argv)
{
	static const size_t touched[] = { 0, 256, 1024, 4096 };

	if (argc != 3)
		errx(2, "usage: lifetime LABEL ROUNDS");
	label = argv[1];
	for (int round = atoi(argv[2]); round > 0; round--)
		for (size_t i = 0; i < ARRAY_SIZE(touched); i++)
			for (size_t j = 0; j < ARRAY_SIZE(sizes); j++)
				measure(sizes[j], touched[i]);
	return 0;
}
