/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of `load` that `reload` has, too, and that unit tests reach without a kernel. */
#ifndef VMDEVCTL_LOAD_H
#define VMDEVCTL_LOAD_H

#include "ctl.h"
#include "kmsg.h"
#include "params.h"

/* What is to be loaded, as on the command line. */
struct load_request {
	struct params params;
	const char *path;	/* of vmdev.ko, NULL for the installed one */
	bool force, json;
};

/* The module's own defaults. */
#define LOAD_STORE	"/var/tmp"
#define LOAD_STORE_SIZE	"1G"

/* The defaults are for load alone: what reload isn't given stays as it is. */
#define LOAD_DEFAULT(text)	" (" text ")"
#define LOAD_NO_DEFAULT(text)	""

#define LOAD_HELP_OPTIONS(by_default)						\
"  -p, --pool SIZE          memory for resident pages, whole mebibytes"		\
by_default("64M") "\n"								\
"  -s, --store PATH         directory, regular file or block device that takes the\n"	\
"                           pages that don't fit the pool"			\
by_default(LOAD_STORE) "\n"							\
"  -S, --store-size SIZE    size of the store, whole mebibytes; 0 is all of an\n"	\
"                           existing file or device"				\
by_default(LOAD_STORE_SIZE) "\n"						\
"  -P, --policy NAME        replacement policy: s3fifo, clock, clock-refault\n"	\
"                           or fifo"						\
by_default("s3fifo") "\n"							\
"  -o, --overcommit on|off  accept mappings that pool and store can't back"	\
by_default("off") "\n"								\
"  -r, --readahead PAGES    pages read ahead at most for one fault, 0 is off"	\
by_default("64") "\n"								\
"  -c, --checksum on|off    verify every page read back from the store"		\
by_default("on") "\n"								\
"  -f, --force              overwrite what the store's file or device holds\n"	\
"  -m, --module PATH        load this vmdev.ko, not the installed one\n"		\
"  -j, --json               say the result in JSON\n"				\
CTL_HELP_OPTIONS								\
"\n"										\
"SIZE is a number of bytes, or of powers of 1024 with K, M, G or T behind it, or as\n"	\
"50% a part of this machine's memory.\n"

/* Returns false with the exit status where the command ends here. */
bool load_read_options(const struct ctl_command *command, int argc, char **argv,
		       struct load_request *request, int *status);

/* Bytes of memory in this machine. */
uint64_t load_ram(void);

/* Nobody's data is overwritten by mistake. Returns 0, or CTL_FAILED with a message. */
int load_check_content(const struct load_request *request, struct ctl_result *result);

/*
 * Will the kernel write a file of the store's size first, which takes its time? Then
 * @text is what to say of it. @ram is the machine's memory in bytes.
 */
bool load_writes(const struct params *params, uint64_t ram, char *text, size_t size);

/*
 * Load it with @options, the text from params_build(). @kmsg gets what the kernel said
 * meanwhile. Returns 0, or CTL_FAILED with a message.
 */
int load_module(const struct load_request *request, const char *options, struct kmsg *kmsg,
		struct ctl_result *result);

/* Say on standard output what is loaded now. */
void load_say(void);

/* The kernel's lines as a member of the open object. */
void load_json_kernel(struct json *json, const struct kmsg *kmsg);

/* Print how a load ended. */
void load_say_json(const struct ctl_result *result, const struct kmsg *kmsg);

/* Note the failed load, with the kernel's reason if there is one. */
int load_explain(struct ctl_result *result, int error, const struct kmsg *kmsg);

#endif /* VMDEVCTL_LOAD_H */
