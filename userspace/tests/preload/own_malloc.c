// SPDX-License-Identifier: GPL-2.0
/*
 * A program with an allocator of its own, as some bring one: it takes what it needs by
 * mmap(2) and never gives anything back. Its memory must be on the space all the same,
 * and its child have its own. Exits with 0 if so.
 */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK	(8UL << 20)

static char *next, *end;

void *malloc(size_t size)
{
	char *memory;

	size = (size + 31) & ~15UL;
	if (size > CHUNK)
		return NULL;
	if (!next || size > (size_t)(end - next)) {
		next = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
		if (next == MAP_FAILED)
			abort();
		end = next + CHUNK;
	}
	memory = next + 16;
	*(size_t *)next = size - 16;
	next += size;
	return memory;
}

void free(void *memory)
{
	(void)memory;
}

void *calloc(size_t count, size_t size)
{
	return malloc(count * size);
}

size_t malloc_usable_size(void *memory)
{
	return *(size_t *)((char *)memory - 16);
}

void *realloc(void *memory, size_t size)
{
	void *moved = malloc(size);

	if (memory)
		memcpy(moved, memory, malloc_usable_size(memory) < size ?
					      malloc_usable_size(memory) : size);
	return moved;
}

static int is_on_space(const void *address)
{
	unsigned long start, stop;
	char line[512];
	int found = 0;
	FILE *maps = fopen("/proc/self/maps", "re");

	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx", &start, &stop) == 2 && (uintptr_t)address >= start &&
		    (uintptr_t)address < stop)
			found = !!strstr(line, "vmdev");
	}
	return found;
}

int main(void)
{
	char *text = strdup("parent");
	int status = -1;
	pid_t pid;

	if (!is_on_space(text))
		return 1;
	pid = fork();
	if (!pid) {
		if (strcmp(text, "parent") || !is_on_space(text))
			_exit(2);
		strcpy(text, "child");
		_exit(42);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 42)
		return 3;
	return strcmp(text, "parent") ? 4 : 0;
}
