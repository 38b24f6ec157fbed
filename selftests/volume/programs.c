// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that open a path and know nothing of vmdev, on volumes of four times the
 * pool: fio's mmap engine with verification, memtester, numpy.memmap, and QEMU with its
 * machine's memory in a volume. What they wrote lasts until the next of them, and
 * where something is wrong with it they say so.
 */
#define _GNU_SOURCE
#include "payload.h"
#include "vmdev_load.h"
#include "vmdev_volume.h"

#define BYTES		PAYLOAD_BYTES
#define NAME		"programs"
#define PATH		VV_PREFIX NAME
#define OUTPUT		"/tmp/volume.out"

static void load(void)
{
	vl_must_load("pool_mb=%d store=%s store_mb=64", BYTES >> 22, vl_disk());
	vv_must_create(NAME, BYTES);
}

/* The exit status of a command whose output goes to OUTPUT. */
static int run(const char *command)
{
	char line[1024];
	int status;

	vt_need(snprintf(line, sizeof(line), "{ %s; } > " OUTPUT " 2>&1", command) <
		(int)sizeof(line), "command too long");
	fflush(stdout);
	status = system(line);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void show_output(void)
{
	FILE *f = fopen(OUTPUT, "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\r\n")] = '\0';
		vt_msg("| %s", line);
	}
	if (f)
		fclose(f);
}

static bool runs(int want, const char *command)
{
	int status = run(command);

	if (status != want)
		show_output();
	vt_check(status == want, "exit status %d, not %d: %s", status, want, command);
	return true;
}

/* More left the pool and came back than it holds: then the program did swap. */
static bool swapped(void)
{
	uint64_t pool = vt_pool_frames();
	uint64_t out = vt_sysfs_u64("store/written_pages"), in = vt_sysfs_u64("store/read_pages");

	vt_check(out > pool && in > pool, "%" PRIu64 " pages written, %" PRIu64
		 " read, %" PRIu64 " frames", out, in, pool);
	vt_check(!vt_sysfs_u64("store/checksum_errors") && !vt_sysfs_u64("store/read_errors"),
		 "errors of the store");
	return true;
}

/* Change one byte of the volume. */
static void damage(off_t at)
{
	int fd = vv_open(NAME);
	unsigned char byte;

	vt_need(pread(fd, &byte, 1, at) == 1, "pread: %s", strerror(errno));
	byte ^= 0x10;
	vt_need(pwrite(fd, &byte, 1, at) == 1, "pwrite: %s", strerror(errno));
	close(fd);
}

/* ---- fio ---- */

#define FIO	"fio --name=v --filename=" PATH " --ioengine=mmap --size=32M --bs=4k --thread" \
		" --verify=crc32c --verify_fatal=1 --verify_state_save=0 "

static bool test_fio(void)
{
	load();
	vt_check(runs(0, FIO "--rw=randwrite"), "random writes, each verified");
	vt_check(swapped(), "fio");
	vt_check(runs(0, FIO "--rw=randwrite --verify_only"), "verified by another process");
	damage(BYTES / 2 + 77);
	vt_check(run(FIO "--rw=randwrite --verify_only"), "a wrong byte isn't noticed");
	vt_check(runs(0, FIO "--rw=randrw --direct=1 --fsync=64"), "reads among writes");
	vt_check(runs(0, FIO "--rw=write --bs=64k"), "in order");
	vt_check(run("fio --name=v --filename=" PATH " --ioengine=mmap --size=33M --rw=write"),
		 "more than the volume has");
	return vv_gone(NAME);
}

/* ---- memtester ---- */

/* The tests that pass over memory a few times; those with 64 passes are left out. */
#define MEMTESTER	"MEMTESTER_TEST_MASK=0xff memtester -p 0 -d " PATH " "

static bool test_memtester(void)
{
	load();
	vt_check(runs(0, MEMTESTER "32M 1"), "memtester");
	vt_check(swapped(), "memtester");
	vt_check(run(MEMTESTER "33M 1"), "more than the volume has");
	vt_check(vv_gone(NAME), "REMOVE");
	vt_check(run(MEMTESTER "32M 1"), "no volume");
	return true;
}

/* ---- numpy ---- */

#define NUMPY	"PYTHONHOME=$PWD/python PYTHONPATH=$PWD/python/lib/python3/dist-packages" \
		" /usr/bin/python3 -S -B memmap.py "

static bool test_numpy(void)
{
	load();
	vt_check(runs(0, NUMPY "write " PATH " 33554432"), "writing");
	vt_check(swapped(), "numpy");
	vt_check(runs(0, NUMPY "check " PATH " 33554432"), "another process");
	damage(BYTES - 1);
	vt_check(runs(1, NUMPY "check " PATH " 33554432"), "a wrong byte isn't noticed");
	return vv_gone(NAME);
}

/* ---- QEMU ---- */

#define QEMU	"QEMU_MODULE_DIR=$PWD qemu-system-x86_64 -M pc,memory-backend=mem -m 32M" \
		" -object memory-backend-file,id=mem,share=on,mem-path=" PATH ",size=32M" \
		" -bios payload.bin -accel tcg,tb-size=16 -display none -vga none -nodefaults" \
		" -no-user-config -no-reboot -device isa-debug-exit,iobase=0xf4,iosize=4"

static bool check_words(const char *mem, uint32_t from)
{
	for (uint32_t at = PAYLOAD_FIRST; at < BYTES; at += PAYLOAD_STRIDE) {
		uint32_t word;

		memcpy(&word, mem + at, sizeof(word));
		vt_check(word == at * PAYLOAD_MULTIPLIER + from, "at %#x: %#x, not %#x", at, word,
			 (uint32_t)(at * PAYLOAD_MULTIPLIER + from));
	}
	return true;
}

static void write_words(char *mem, uint32_t from)
{
	for (uint32_t at = PAYLOAD_FIRST; at < BYTES; at += PAYLOAD_STRIDE) {
		uint32_t word = at * PAYLOAD_MULTIPLIER + from;

		memcpy(mem + at, &word, sizeof(word));
	}
}

/* What a payload that ends with @code makes QEMU's exit status. */
static int exit_of(int code)
{
	return 2 * code + 1;
}

static bool test_qemu(void)
{
	char *mem;

	load();
	mem = vt_map(vv_open(NAME), BYTES, 0);
	vt_check(runs(exit_of(PAYLOAD_BAD_FROM_HOST), QEMU), "a volume of zeroes");
	write_words(mem, PAYLOAD_FROM_HOST);
	vt_check(runs(exit_of(PAYLOAD_GOOD), QEMU), "the guest");
	vt_check(swapped(), "QEMU");
	vt_check(check_words(mem, PAYLOAD_FROM_GUEST), "what the guest wrote");
	write_words(mem, PAYLOAD_FROM_HOST);
	damage(PAYLOAD_FIRST + 1000 * PAYLOAD_STRIDE);
	vt_check(runs(exit_of(PAYLOAD_BAD_FROM_HOST), QEMU), "a wrong byte isn't noticed");
	munmap(mem, BYTES);
	return vv_gone(NAME);
}

static const struct vt_test tests[] = {
	{ "fio's mmap engine", test_fio },
	{ "memtester", test_memtester },
	{ "numpy.memmap", test_numpy },
	{ "memory of a QEMU machine", test_qemu },
};

int main(void)
{
	const struct vl_suite suite = {
		.tests = tests,
		.count = ARRAY_SIZE(tests),
		.seconds = 180,
	};

	return vl_run(&suite);
}
