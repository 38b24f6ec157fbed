// SPDX-License-Identifier: GPL-2.0
/*
 * The checks of `doctor` on made-up machines: each verdict of each check, and that
 * what isn't well has a remedy.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "../vmdevctl/doctor.h"
#include "tap.h"

static char root[32] = "/tmp/vmdev-doctor-XXXXXX";
static struct doctor doctor;

static void reset(const char *release, const char *machine)
{
	doctor = (struct doctor){ .root = root, .release = release, .machine = machine };
}

static const char *path_of(const char *name)
{
	static char path[512];
	char *at;

	snprintf(path, sizeof(path), "%s%s", root, name);
	for (at = path + sizeof("/tmp/"); (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(path, 0700);
		*at = '/';
	}
	return path;
}

static void write_bytes(const char *name, const char *bytes, size_t size)
{
	FILE *file = fopen(path_of(name), "w");

	if (file) {
		fwrite(bytes, 1, size, file);
		fclose(file);
	}
}

static void write_file(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

/* The last finding. */
static void found(enum verdict verdict, const char *text, const char *remedy)
{
	const struct finding *f = &doctor.findings[doctor.count - 1];

	if (!ok(doctor.count && f->verdict == verdict && strstr(f->text, text) &&
		strstr(f->remedy, remedy) && (verdict == VERDICT_OK || f->remedy[0]), "%s", text))
		printf("# %d: %s -> %s\n", f->verdict, f->text, f->remedy);
}

static void check_kernel(void)
{
	reset("6.1.0-56-amd64", "x86_64");
	doctor_kernel(&doctor);
	found(VERDICT_OK, "6.1.0-56-amd64 on x86_64", "");
	reset("5.10.0-1-amd64", "x86_64");
	doctor_kernel(&doctor);
	found(VERDICT_FAIL, "is older than 6.1", "boot kernel 6.1");
	reset("6.12.1", "x86_64");
	doctor_kernel(&doctor);
	found(VERDICT_WARN, "tested on 6.1 alone", "boot kernel 6.1");
	reset("6.1.0", "aarch64");
	doctor_kernel(&doctor);
	found(VERDICT_WARN, "tested on x86_64 alone", "make check");
	write_file("/proc/sys/kernel/modules_disabled", "1\n");
	reset("6.1.0", "x86_64");
	doctor_kernel(&doctor);
	found(VERDICT_FAIL, "has been switched off", "reboot");
	write_file("/proc/sys/kernel/modules_disabled", "0\n");
}

#define CONFIG	"CONFIG_MODULES=y\nCONFIG_MODULE_UNLOAD=y\nCONFIG_64BIT=y\nCONFIG_BLOCK=y\n" \
		"CONFIG_SYSFS=y\nCONFIG_PROC_PAGE_MONITOR=y\nCONFIG_CROSS_MEMORY_ATTACH=y\n"

static void check_config(void)
{
	gzFile packed;

	reset("6.1.0", "x86_64");
	doctor_config(&doctor);
	found(VERDICT_WARN, "configuration can't be read", "/boot/config-6.1.0");
	write_file("/boot/config-6.1.0", CONFIG "# CONFIG_DEBUG_FS is not set\n");
	doctor_config(&doctor);
	found(VERDICT_WARN, "CONFIG_DEBUG_FS isn't set", "map and translate");
	write_file("/boot/config-6.1.0", CONFIG "CONFIG_DEBUG_FS=y\n");
	doctor_config(&doctor);
	found(VERDICT_OK, "all 8 options", "");
	/* the running kernel's own goes first */
	packed = gzopen(path_of("/proc/config.gz"), "w");
	gzputs(packed, CONFIG "CONFIG_DEBUG_FS=y\nCONFIG_MODULES=n\n");
	gzclose(packed);
	reset("6.1.0", "x86_64");
	doctor_config(&doctor);
	ok(doctor_number(&doctor, VERDICT_FAIL) == 1 &&
	   strstr(doctor.findings[0].text, "CONFIG_MODULES isn't set"), "a packed configuration");
}

static void check_module(void)
{
	struct module_file module = { .vermagic = "6.1.0" };

	reset("6.1.0", "x86_64");
	doctor_headers(&doctor);
	found(VERDICT_WARN, "of 6.1.0 aren't installed", "linux-headers-6.1.0");
	write_file("/lib/modules/6.1.0/build/Makefile", "");
	doctor_headers(&doctor);
	found(VERDICT_OK, "of 6.1.0 are installed", "");
	doctor_module(&doctor, &module);
	found(VERDICT_FAIL, "isn't installed for 6.1.0", "make install");
	module.path = "/x/vmdev.ko";
	doctor_module(&doctor, &module);
	found(VERDICT_OK, "/x/vmdev.ko, for this kernel", "");
	strcpy(module.vermagic, "5.0");
	doctor_module(&doctor, &module);
	found(VERDICT_FAIL, "is built for kernel 5.0, not 6.1.0", "make module");
}

static void check_signature(void)
{
	static const char secure[] =
		"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
	struct module_file module = { .path = "/x/vmdev.ko" }, none = { 0 };

	reset("6.1.0", "x86_64");
	doctor_signature(&doctor, &module);
	found(VERDICT_OK, "Secure Boot is off, modules need no signature", "");
	write_bytes(secure, "\6\0\0\0\1", 5);
	write_file("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	doctor_signature(&doctor, &module);
	found(VERDICT_FAIL, "Secure Boot is on, modules must be signed, and this one isn't",
	      "/lib/modules/6.1.0/build/scripts/sign-file sha256 KEY CERTIFICATE /x/vmdev.ko");
	doctor_signature(&doctor, &none);
	found(VERDICT_WARN, "modules must be signed", "mokutil");
	strcpy(module.signer, "me");
	doctor_signature(&doctor, &module);
	found(VERDICT_OK, "signed by me", "mokutil --list-enrolled");
	write_bytes(secure, "\6\0\0\0\0", 5);
	write_file("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	write_file("/sys/module/module/parameters/sig_enforce", "N\n");
	doctor_signature(&doctor, &module);
	found(VERDICT_OK, "modules need no signature", "");
	write_file("/sys/module/module/parameters/sig_enforce", "Y\n");
	doctor_signature(&doctor, &module);
	found(VERDICT_OK, "Secure Boot is off, modules must be signed; signed by me", "");
}

static void check_files(void)
{
	static const struct vmdev_volume volumes[] = {
		{ .name = "a", .major = 511, .minor = 3 },
		{ .name = "b", .major = 511, .minor = 4 },
	};

	reset("6.1.0", "x86_64");
	doctor_device(&doctor);
	found(VERDICT_OK, "none: vmdev isn't loaded", "");
	mkdir(path_of("/sys/module/vmdev"), 0700);
	doctor_device(&doctor);
	found(VERDICT_FAIL, "/dev/vmdev isn't there", "devtmpfs");
	write_file("/dev/vmdev", "");
	chmod(path_of("/dev/vmdev"), 0666);
	doctor_device(&doctor);
	found(VERDICT_WARN, "mode 0666: everybody", "chmod 660");
	chmod(path_of("/dev/vmdev"), 0600);
	doctor_device(&doctor);
	found(VERDICT_OK, "/dev/vmdev, mode 0600", "");
	doctor_volumes(&doctor, NULL, 0);
	found(VERDICT_OK, "/dev/vmdev, mode 0600", "");
	doctor_volumes(&doctor, volumes, 2);
	found(VERDICT_WARN, "2 of 2 can't be opened: ", "mount devtmpfs on /dev, or mknod ");
	found(VERDICT_WARN, "/dev/vmdev-a isn't there", "/dev/vmdev-a c 511 3");
	write_file("/dev/vmdev-a", "");
	doctor_volumes(&doctor, volumes, 1);
	found(VERDICT_WARN, "1 of 1 can't be opened: ", "c 511 3");
	found(VERDICT_WARN, "/dev/vmdev-a is another file", "");
	doctor_debugfs(&doctor);
	found(VERDICT_WARN, "isn't mounted", "mount -t debugfs");
	write_file("/proc/self/mounts", "none /sys/kernel/debug debugfs rw 0 0\n");
	doctor_debugfs(&doctor);
	found(VERDICT_OK, "is mounted", "");
	write_file("/proc/meminfo", "MemTotal: 9999999 kB\nMemAvailable:   1048576 kB\n");
	doctor_pool(&doctor, 64 << 20);
	found(VERDICT_OK, "64 MiB of 1 GiB", "");
	doctor_pool(&doctor, 600 << 20);
	found(VERDICT_WARN, "600 MiB is more than half of the 1 GiB", "--pool");
	doctor_pool(&doctor, 2048ULL << 20);
	found(VERDICT_FAIL, "2 GiB is more than the 1 GiB", "--pool");
	doctor.loaded = true;
	doctor_pool(&doctor, 2048ULL << 20);
	found(VERDICT_OK, "taken already", "");
}

static void check_file_systems(void)
{
	static const struct {
		uint64_t type;
		bool no_cow;
		enum verdict verdict;
		const char *text, *remedy;
	} types[] = {
		{ 0xef53, false, VERDICT_OK, "on ext4: pages go to its blocks", "" },
		{ 0x58465342, false, VERDICT_OK, "on XFS: pages go to its blocks", "" },
		{ 0x9123683e, false, VERDICT_WARN, "on btrfs: copy-on-write", "chattr +C" },
		{ 0x9123683e, true, VERDICT_OK, "on btrfs, without copy-on-write", "" },
		{ 0x2fc12fc1, false, VERDICT_WARN, "on ZFS: copy-on-write", "block device" },
		{ 0xca451a4e, false, VERDICT_WARN, "on bcachefs: copy-on-write", "block device" },
		{ 0x01021994, false, VERDICT_WARN, "on tmpfs: that is memory", "/var/tmp" },
		{ 0x6969, false, VERDICT_WARN, "on NFS: pages are needed", "local disk" },
		{ 0xff534d42, false, VERDICT_WARN, "on CIFS: pages are needed", "local disk" },
		{ 0x794c7630, false, VERDICT_WARN, "on overlayfs: in a container", "volume" },
		{ 0x12345678, false, VERDICT_WARN, "isn't known here: pages go through the file",
		  "ext4, XFS" },
	};
	size_t i;

	reset("6.1.0", "x86_64");
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		doctor_file_system(&doctor, "/p", types[i].type, types[i].no_cow);
		found(types[i].verdict, types[i].text, types[i].remedy);
	}
}

static void check_store(void)
{
	reset("6.1.0", "x86_64");
	doctor_store(&doctor, root, 1 << 20);
	found(VERDICT_OK, "free; 1 MiB are needed", "");
	doctor_store(&doctor, root, 1ULL << 55);
	found(VERDICT_FAIL, "32 PiB more are needed", "--store-size");
	/* what is allocated already needs no more room */
	write_file("/store", "data");
	doctor_store(&doctor, path_of("/store"), 4096);
	found(VERDICT_OK, "free; 0 B are needed", "");
	chmod(path_of("/store"), 0666);
	reset("6.1.0", "x86_64");
	doctor_store(&doctor, path_of("/store"), 4096);
	ok(doctor_number(&doctor, VERDICT_FAIL) == 1 &&
	   strstr(doctor.findings[1].text, "others may write to ") &&
	   strstr(doctor.findings[1].remedy, "chmod 600"), "a file that others may write");
	doctor_store(&doctor, "/none/such/file", 4096);
	found(VERDICT_FAIL, "/none/such: No such file or directory", "make the directory");
	doctor_store(&doctor, "/dev/null", 4096);
	found(VERDICT_FAIL, "/dev/null is no directory", "--store");
	doctor_store(&doctor, "/proc", 4096);
	ok(doctor_number(&doctor, VERDICT_FAIL) >= 3, "a directory that takes no files");
}

static void check_output(void)
{
	struct json json = { 0 };
	char *text = NULL;
	size_t size;

	reset("5.0", "x86_64");
	doctor_kernel(&doctor);
	doctor_headers(&doctor);
	doctor_debugfs(&doctor);
	json.out = open_memstream(&text, &size);
	doctor_show(&doctor, false, json.out);
	fclose(json.out);
	is(text,
	   "FAIL  kernel     5.0 is older than 6.1\n"
	   "                 -> boot kernel 6.1, which Debian 12 has, or a newer one\n"
	   "warn  headers    of 5.0 aren't installed: no module can be built\n"
	   "                 -> apt-get install linux-headers-5.0\n"
	   "ok    debugfs    is mounted\n"
	   "1 good, 1 to be aware of, 1 failed\n", "for people");
	free(text);
	json.out = open_memstream(&text, &size);
	json_begin_object(&json, NULL);
	doctor_json(&doctor, &json);
	json_end_object(&json);
	fclose(json.out);
	ok(strstr(text, "\"name\": \"debugfs\",\n      \"verdict\": \"ok\",\n"
			"      \"text\": \"is mounted\",\n      \"remedy\": null\n") &&
	   strstr(text, "\"verdict\": \"fail\",\n      \"text\": \"5.0 is older"), "in JSON");
	free(text);
}

int main(void)
{
	char command[64];

	if (!mkdtemp(root)) {
		perror("mkdtemp");
		return 1;
	}
	check_kernel();
	check_config();
	check_module();
	check_signature();
	check_files();
	check_file_systems();
	check_store();
	check_output();
	snprintf(command, sizeof(command), "rm -r %s", root);
	ok(!system(command), "clean up");
	return tap_end();
}
