// SPDX-License-Identifier: GPL-2.0
/*
 * What `doctor` looks at of the kernel, the module and the device, each with its
 * remedy. The store has a file of its own, doctor_store.c. Nothing here changes
 * anything.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <zlib.h>

#include "ctl.h"
#include "doctor_find.h"
#include "size.h"
#include "volume.h"

/* Longest path looked at below a root. */
#define PATH_TEXT	512

void find(struct doctor *doctor, const char *name, enum verdict verdict, const char *format, ...)
{
	struct finding *finding = &doctor->findings[doctor->count];
	va_list args;

	if (doctor->count == FINDINGS_MAX)
		return;
	doctor->count++;
	*finding = (struct finding){ .name = name, .verdict = verdict };
	va_start(args, format);
	vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
}

void remedy(struct doctor *doctor, const char *format, ...)
{
	struct finding *finding = &doctor->findings[doctor->count - 1];
	va_list args;

	va_start(args, format);
	vsnprintf(finding->remedy, sizeof(finding->remedy), format, args);
	va_end(args);
}

/* The first line of a file, of /proc or /sys mostly; false if it can't be read. */
static bool read_line(const struct doctor *doctor, const char *name, char *line, size_t size)
{
	char path[PATH_TEXT];
	FILE *file;
	bool good;

	snprintf(path, sizeof(path), "%s%s", doctor->root, name);
	file = fopen(path, "re");
	if (!file)
		return false;
	good = fgets(line, (int)size, file);
	fclose(file);
	if (good)
		line[strcspn(line, "\n")] = '\0';
	return good;
}

/* ---- the kernel ---- */

void doctor_kernel(struct doctor *doctor)
{
	unsigned int major = 0, minor = 0;
	char disabled[16] = "";

	if (sscanf(doctor->release, "%u.%u", &major, &minor) != 2)
		major = 0;
	if (strcmp(doctor->machine, "x86_64")) {
		find(doctor, "kernel", VERDICT_WARN, "%s on %s: tested on x86_64 alone",
		     doctor->release, doctor->machine);
		remedy(doctor, "run make check there; use is found out about by faults alone");
	} else if (major < 6 || (major == 6 && minor < 1)) {
		find(doctor, "kernel", VERDICT_FAIL, "%s is older than 6.1", doctor->release);
		remedy(doctor, "boot kernel 6.1, which Debian 12 has, or a newer one");
	} else if (major > 6 || minor > 1) {
		find(doctor, "kernel", VERDICT_WARN, "%s: tested on 6.1 alone", doctor->release);
		remedy(doctor, "if the module doesn't build or load, boot kernel 6.1");
	} else {
		find(doctor, "kernel", VERDICT_OK, "%s on %s", doctor->release, doctor->machine);
	}
	if (read_line(doctor, "/proc/sys/kernel/modules_disabled", disabled, sizeof(disabled)) &&
	    !strcmp(disabled, "1")) {
		find(doctor, "modules", VERDICT_FAIL, "loading modules has been switched off");
		remedy(doctor, "reboot, and leave kernel.modules_disabled at 0");
	}
}

static const struct option_wanted {
	const char *name;
	enum verdict without;
	const char *remedy;
} wanted[] = {
	{ "CONFIG_MODULES", VERDICT_FAIL, "boot a kernel that can load modules" },
	{ "CONFIG_MODULE_UNLOAD", VERDICT_WARN, "the module stays loaded until a reboot" },
	{ "CONFIG_64BIT", VERDICT_FAIL, "boot a 64-bit kernel" },
	{ "CONFIG_BLOCK", VERDICT_FAIL, "boot a kernel with block devices" },
	{ "CONFIG_SYSFS", VERDICT_FAIL, "boot a kernel with sysfs" },
	{ "CONFIG_DEBUG_FS", VERDICT_WARN,
	  "status shows no spaces, and map and translate work on one's own processes alone" },
	{ "CONFIG_PROC_PAGE_MONITOR", VERDICT_WARN, "translate can't see page tables" },
	{ "CONFIG_CROSS_MEMORY_ATTACH", VERDICT_WARN, "translate --touch can't touch" },
};

#define WANTED	(sizeof(wanted) / sizeof(wanted[0]))

/* The configuration, packed or not; NULL if this kernel doesn't show it. */
static gzFile open_config(const struct doctor *doctor)
{
	char path[PATH_TEXT];
	gzFile file;

	snprintf(path, sizeof(path), "%s/proc/config.gz", doctor->root);
	file = gzopen(path, "re");
	if (file)
		return file;
	snprintf(path, sizeof(path), "%s/boot/config-%s", doctor->root, doctor->release);
	return gzopen(path, "re");
}

void doctor_config(struct doctor *doctor)
{
	bool seen[WANTED] = { 0 };
	size_t missing = 0, i;
	char line[1024];
	gzFile file = open_config(doctor);

	if (!file) {
		find(doctor, "config", VERDICT_WARN, "this kernel's configuration can't be read");
		remedy(doctor, "install it as /boot/config-%s, or try whether the module loads",
		       doctor->release);
		return;
	}
	while (gzgets(file, line, sizeof(line))) {
		size_t length = strcspn(line, "=");

		for (i = 0; i < WANTED; i++) {
			if (strlen(wanted[i].name) == length &&
			    !strncmp(line, wanted[i].name, length))
				seen[i] = line[length] == '=' && strchr("ym", line[length + 1]);
		}
	}
	gzclose(file);
	for (i = 0; i < WANTED; i++) {
		if (seen[i])
			continue;
		missing++;
		find(doctor, "config", wanted[i].without, "%s isn't set", wanted[i].name);
		remedy(doctor, "%s", wanted[i].remedy);
	}
	if (!missing)
		find(doctor, "config", VERDICT_OK, "all %zu options that vmdev uses are set",
		     WANTED);
}

void doctor_headers(struct doctor *doctor)
{
	char path[PATH_TEXT];

	snprintf(path, sizeof(path), "%s/lib/modules/%s/build/Makefile", doctor->root,
		 doctor->release);
	if (!access(path, R_OK)) {
		find(doctor, "headers", VERDICT_OK, "of %s are installed", doctor->release);
		return;
	}
	find(doctor, "headers", VERDICT_WARN, "of %s aren't installed: no module can be built",
	     doctor->release);
	remedy(doctor, "apt-get install linux-headers-%s", doctor->release);
}

/* ---- the module ---- */

void doctor_module(struct doctor *doctor, const struct module_file *module)
{
	if (!module->path) {
		find(doctor, "module", VERDICT_FAIL, "isn't installed for %s", doctor->release);
		remedy(doctor, "make module && make install, or give --module");
	} else if (strcmp(module->vermagic, doctor->release)) {
		find(doctor, "module", VERDICT_FAIL, "%s is built for kernel %s, not %s",
		     module->path, module->vermagic[0] ? module->vermagic : "?", doctor->release);
		remedy(doctor, "make clean && make module && make install");
	} else {
		find(doctor, "module", VERDICT_OK, "%s, for this kernel", module->path);
	}
}

#define SIGN_FILE	"sign-file sha256 KEY CERTIFICATE"
#define SECURE_BOOT	"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

/* Four bytes of attributes, then 1 if it is on. */
static bool secure_boot(const struct doctor *doctor)
{
	char path[PATH_TEXT];
	unsigned char bytes[5] = { 0 };
	FILE *file;

	snprintf(path, sizeof(path), "%s" SECURE_BOOT, doctor->root);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fread(bytes, 1, sizeof(bytes), file) != sizeof(bytes))
		bytes[4] = 0;
	fclose(file);
	return bytes[4] == 1;
}

void doctor_signature(struct doctor *doctor, const struct module_file *module)
{
	const char *boot = secure_boot(doctor) ? "Secure Boot is on" : "Secure Boot is off";
	char lockdown[128] = "", enforce[16] = "";
	bool required;

	read_line(doctor, "/sys/kernel/security/lockdown", lockdown, sizeof(lockdown));
	read_line(doctor, "/sys/module/module/parameters/sig_enforce", enforce, sizeof(enforce));
	/* the one in force stands in brackets */
	required = enforce[0] == 'Y' || strstr(lockdown, "[integrity]") ||
		   strstr(lockdown, "[confidentiality]");
	if (!required) {
		find(doctor, "signature", VERDICT_OK, "%s, modules need no signature", boot);
	} else if (module->path && !module->signer[0]) {
		find(doctor, "signature", VERDICT_FAIL,
		     "%s, modules must be signed, and this one isn't", boot);
		remedy(doctor,
		       "enrol a key with mokutil --import and sign: /lib/modules/%s/build/scripts/"
		       SIGN_FILE " %s", doctor->release, module->path);
	} else if (module->path) {
		find(doctor, "signature", VERDICT_OK, "%s, modules must be signed; signed by %s",
		     boot, module->signer);
		remedy(doctor, "where it is refused: mokutil --list-enrolled shows the keys known");
	} else {
		find(doctor, "signature", VERDICT_WARN, "%s, modules must be signed", boot);
		remedy(doctor, "make a key, enrol it with mokutil, sign the module with it");
	}
}

/* ---- its files ---- */

void doctor_device(struct doctor *doctor)
{
	char path[PATH_TEXT];
	struct stat st;

	snprintf(path, sizeof(path), "%s/sys/module/vmdev", doctor->root);
	if (access(path, F_OK)) {
		find(doctor, "device", VERDICT_OK, "none: vmdev isn't loaded");
		return;
	}
	snprintf(path, sizeof(path), "%s/dev/vmdev", doctor->root);
	if (stat(path, &st)) {
		find(doctor, "device", VERDICT_FAIL, "vmdev is loaded, but %s isn't there", path);
		remedy(doctor, "mount devtmpfs on /dev, or give the container the device");
	} else if (st.st_mode & 0006) {
		find(doctor, "device", VERDICT_WARN,
		     "%s has mode %04o: everybody can reserve the whole store", path,
		     st.st_mode & 07777);
		remedy(doctor, "chmod 660 %s, and chgrp it to those who are to use it", path);
	} else if (access(path, R_OK | W_OK)) {
		find(doctor, "device", VERDICT_WARN,
		     "%s isn't for this user: mode %04o, owner %u, group %u", path,
		     st.st_mode & 07777, st.st_uid, st.st_gid);
		remedy(doctor, "as root: chgrp to a group of the user's, chmod 660");
	} else {
		find(doctor, "device", VERDICT_OK, "%s, mode %04o", path, st.st_mode & 07777);
	}
}

static bool is_node_of(const struct vmdev_volume *volume, const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISCHR(st.st_mode) &&
	       st.st_rdev == makedev(volume->major, volume->minor);
}

void doctor_volumes(struct doctor *doctor, const struct vmdev_volume *volumes, size_t count)
{
	char path[PATH_TEXT], first[PATH_TEXT], size[SIZE_TEXT];
	const struct vmdev_volume *bad = NULL;
	uint64_t bytes = 0;
	size_t wrong = 0, i;

	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s" VOLUME_NODE "%s", doctor->root, volumes[i].name);
		bytes += volumes[i].size;
		if (is_node_of(&volumes[i], path) || wrong++)
			continue;
		bad = &volumes[i];
		strcpy(first, path);
	}
	if (bad) {
		find(doctor, "volumes", VERDICT_WARN, "%zu of %zu can't be opened: %s %s", wrong,
		     count, first, access(first, F_OK) ? "isn't there" : "is another file");
		remedy(doctor, "mount devtmpfs on /dev, or mknod %s c %u %u", first, bad->major,
		       bad->minor);
	} else if (count) {
		find(doctor, "volumes", VERDICT_OK, "%zu, %s in all", count,
		     size_format(bytes, size));
	}
}

void doctor_debugfs(struct doctor *doctor)
{
	char line[1024], path[PATH_TEXT];
	bool mounted = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/self/mounts", doctor->root);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		mounted |= !!strstr(line, " /sys/kernel/debug debugfs ");
	if (file)
		fclose(file);
	if (mounted) {
		find(doctor, "debugfs", VERDICT_OK, "is mounted");
		return;
	}
	find(doctor, "debugfs", VERDICT_WARN,
	     "isn't mounted: spaces and mappings of others can't be seen");
	remedy(doctor, "mount -t debugfs none /sys/kernel/debug");
}

void doctor_pool(struct doctor *doctor, uint64_t size)
{
	char line[128], path[PATH_TEXT], want[SIZE_TEXT], have[SIZE_TEXT];
	uint64_t available = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/meminfo", doctor->root);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "MemAvailable: %" SCNu64, &available) == 1)
			break;
	}
	if (file)
		fclose(file);
	size_format(size, want);
	size_format(available * 1024, have);
	if (doctor->loaded) {
		find(doctor, "pool", VERDICT_OK, "%s, taken already", want);
	} else if (size > available * 1024) {
		find(doctor, "pool", VERDICT_FAIL, "%s is more than the %s that are available",
		     want, have);
		remedy(doctor, "end a program, or use a smaller --pool");
	} else if (size > available * 512) {
		find(doctor, "pool", VERDICT_WARN,
		     "%s is more than half of the %s that are available", want, have);
		remedy(doctor, "use a smaller --pool: what it takes, nobody else has");
	} else {
		find(doctor, "pool", VERDICT_OK, "%s of %s that are available", want, have);
	}
}
