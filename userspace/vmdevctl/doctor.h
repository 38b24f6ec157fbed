/* SPDX-License-Identifier: GPL-2.0 */
/* The checks of `doctor`, which unit tests point at made-up machines. */
#ifndef VMDEVCTL_DOCTOR_H
#define VMDEVCTL_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/vmdev.h>

#include "json.h"

enum verdict {
	VERDICT_OK,
	VERDICT_WARN,		/* it works, but not well, or not all of it */
	VERDICT_FAIL,		/* it doesn't work */
	VERDICTS,
};

#define FINDING_TEXT	512

struct finding {
	const char *name;
	enum verdict verdict;
	char text[FINDING_TEXT];	/* what was found */
	char remedy[FINDING_TEXT];	/* what to do; empty where all is well */
};

#define FINDINGS_MAX	32

/* Where to look, and what was found. */
struct doctor {
	const char *root;	/* in front of paths; empty but in tests */
	const char *release;	/* of the kernel */
	const char *machine;
	bool loaded;		/* with the store that is looked at */
	size_t count;
	struct finding findings[FINDINGS_MAX];
};

/* The module file, as libkmod knows it. */
struct module_file {
	const char *path;	/* NULL: there is none */
	char vermagic[64];	/* its first word: a kernel release */
	char signer[128];	/* empty: not signed */
};

void doctor_kernel(struct doctor *doctor);
void doctor_config(struct doctor *doctor);
void doctor_headers(struct doctor *doctor);
void doctor_module(struct doctor *doctor, const struct module_file *module);
void doctor_signature(struct doctor *doctor, const struct module_file *module);
void doctor_device(struct doctor *doctor);
/* Whether programs that open a volume's node get the volume. */
void doctor_volumes(struct doctor *doctor, const struct vmdev_volume *volumes, size_t count);
void doctor_debugfs(struct doctor *doctor);
void doctor_pool(struct doctor *doctor, uint64_t size);

/* The store at @path, @size bytes of it; 0: all there is. */
void doctor_store(struct doctor *doctor, const char *path, uint64_t size);

/* What a file system of this statfs(2) type is good for, part of doctor_store(). */
void doctor_file_system(struct doctor *doctor, const char *path, uint64_t type, bool no_cow);

/* Findings with this verdict. */
unsigned int doctor_number(const struct doctor *doctor, enum verdict verdict);

void doctor_show(const struct doctor *doctor, bool colour, FILE *out);

/* As members of the open object. */
void doctor_json(const struct doctor *doctor, struct json *json);

#endif /* VMDEVCTL_DOCTOR_H */
