// SPDX-License-Identifier: GPL-2.0
/*
 * Looks through /proc for the holders of a file. Knows /proc's formats and not
 * what the file is. Everything in /proc can vanish between two calls, so what
 * can't be read is passed over.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "holders.h"
#include "json.h"
#include "maps.h"

static void count_descriptors(struct holder *holder, const char *path)
{
	char dir_name[32], link_name[sizeof(dir_name) + NAME_MAX + 1];
	char target[PATH_MAX];
	struct dirent *entry;
	ssize_t length;
	DIR *dir;

	snprintf(dir_name, sizeof(dir_name), "/proc/%d/fd", holder->pid);
	dir = opendir(dir_name);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		snprintf(link_name, sizeof(link_name), "%s/%s", dir_name, entry->d_name);
		length = readlink(link_name, target, sizeof(target) - 1);
		if (length < 0)
			continue;
		target[length] = '\0';
		if (maps_names(target, path))
			holder->descriptors++;
	}
	closedir(dir);
}

static void count_mapping(struct holder *holder, const char *line, const char *path)
{
	struct vma vma;

	if (!maps_parse(line, &vma) || !maps_names(vma.name, path))
		return;
	holder->mappings++;
	holder->mapped_bytes += vma.end - vma.start;
}

static void count_mappings(struct holder *holder, const char *path)
{
	char name[32];
	char *line = NULL;
	size_t size = 0;
	FILE *maps;

	snprintf(name, sizeof(name), "/proc/%d/maps", holder->pid);
	maps = fopen(name, "re");
	if (!maps)
		return;
	while (getline(&line, &size, maps) > 0) {
		line[strcspn(line, "\n")] = '\0';
		count_mapping(holder, line, path);
	}
	free(line);
	fclose(maps);
}

void process_name(pid_t pid, char name[PROCESS_NAME])
{
	char path[32];
	FILE *file;

	strcpy(name, "?");
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(name, PROCESS_NAME, file))
		name[strcspn(name, "\n")] = '\0';
	make_printable(name);
	fclose(file);
}

static int add_holder(struct holder **list, size_t *count, const struct holder *holder)
{
	struct holder *larger = realloc(*list, (*count + 1) * sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	*list = larger;
	larger[(*count)++] = *holder;
	return 0;
}

static int compare_pid(const void *left, const void *right)
{
	const struct holder *a = left, *b = right;

	return (a->pid > b->pid) - (a->pid < b->pid);
}

ssize_t holders_find(const char *path, struct holder **list)
{
	struct dirent *entry;
	size_t count = 0;
	int err = 0;
	DIR *proc;

	*list = NULL;
	proc = opendir("/proc");
	if (!proc)
		return -errno;
	while (!err && (entry = readdir(proc))) {
		struct holder holder = { 0 };

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		holder.pid = (pid_t)strtol(entry->d_name, NULL, 10);
		count_descriptors(&holder, path);
		count_mappings(&holder, path);
		if (!holder.descriptors && !holder.mappings)
			continue;
		process_name(holder.pid, holder.comm);
		err = add_holder(list, &count, &holder);
	}
	closedir(proc);
	if (err) {
		free(*list);
		*list = NULL;
		return err;
	}
	if (count)
		qsort(*list, count, sizeof(**list), compare_pid);
	return (ssize_t)count;
}
