// SPDX-License-Identifier: GPL-2.0
/* Which programs `run` takes: by what their files say, on files made here. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../vmdevctl/program.h"
#include "tap.h"

static char directory[64];

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static const char *make(const char *name, const void *content, size_t length, mode_t mode)
{
	const char *path = path_of(name);
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0700);

	if (fd < 0 || write(fd, content, length) != (ssize_t)length || fchmod(fd, mode))
		printf("# %s can't be written\n", path);
	close(fd);
	return path;
}

/* An ELF file with one program header. */
static const char *make_elf(const char *name, unsigned char class, int machine, uint32_t type)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr program;
	} elf = {
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, class },
			.e_machine = (Elf64_Half)machine,
			.e_phoff = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1,
		},
		.program = { .p_type = type },
	};

	return make(name, &elf, sizeof(elf), 0755);
}

static void accepts(const char *path, const char *what)
{
	struct ctl_result result = { 0 };

	if (!ok(program_check(path, &result) == CTL_OK, "%s is taken", what))
		printf("# %s\n", result.message);
}

static void refuses(const char *path, const char *why, const char *what)
{
	struct ctl_result result = { 0 };

	if (!ok(program_check(path, &result) == CTL_FAILED && strstr(result.message, why),
		"%s is refused", what))
		printf("# %s\n", result.message);
}

static void test_check(void)
{
	char script[300];

	accepts(make_elf("dynamic", ELFCLASS64, EM_X86_64, PT_INTERP), "a dynamic program");
	refuses(make_elf("static", ELFCLASS64, EM_X86_64, PT_LOAD), "statically",
		"a static program");
	refuses(make_elf("arm", ELFCLASS64, EM_AARCH64, PT_INTERP), "is not a program for x86-64",
		"another machine's program");
	refuses(make_elf("old", ELFCLASS32, EM_386, PT_INTERP), "is not a program for x86-64",
		"a 32-bit program");
	snprintf(script, sizeof(script), "#! %s -x\necho\n", path_of("static"));
	refuses(make("script", script, strlen(script), 0755), "statically",
		"a script of a static interpreter");
	snprintf(script, sizeof(script), "#!%s\n", path_of("script"));
	refuses(make("script2", script, strlen(script), 0755), "statically",
		"a script of such a script");
	snprintf(script, sizeof(script), "#!%s\n", path_of("loop"));
	accepts(make("loop", script, strlen(script), 0755), "a script of itself");
	accepts(make("text", "echo\n", 5, 0755), "a text");
	accepts(make("empty", "", 0, 0755), "an empty file");
	accepts(make("bare", "#!", 2, 0755), "a script of nothing");
	accepts(path_of("none"), "a file that isn't there");
}

/* Only root can make a file of another's. */
static void test_setuid(void)
{
	const char *path = make_elf("setuid", ELFCLASS64, EM_X86_64, PT_INTERP);

	if (geteuid()) {
		chmod(path, 04755);
		accepts(path, "a setuid program of one's own");
		return;
	}
	if (chown(path, 65534, 65534) || chmod(path, 04755))
		printf("# %s can't be made setuid\n", path);
	refuses(path, "changes its user or privileges", "a setuid program");
	chmod(path, 02755);
	refuses(path, "setgid", "a setgid program");
	chmod(path, 0755);
	accepts(path, "the same without the bits");
}

static void test_find(void)
{
	char found[PATH_MAX], search[600];

	make("plain", "", 0, 0644);
	snprintf(search, sizeof(search), "/none-such:%s", directory);
	setenv("PATH", search, 1);
	ok(!program_find("dynamic", found) && !strcmp(found, path_of("dynamic")), "found on PATH");
	ok(program_find("none", found) == -ENOENT, "not on PATH");
	ok(program_find("plain", found) == -EACCES, "on PATH but not executable");
	ok(program_find("", found) == -ENOENT, "no name at all");
	ok(!program_find(path_of("dynamic"), found), "by its path");
	ok(program_find("/none/such", found) == -ENOENT, "no such path");
	ok(program_find("/tmp", found) == -EACCES, "a directory");
	setenv("PATH", "", 1);
	if (!chdir(directory))
		ok(!program_find("dynamic", found) && !strcmp(found, "./dynamic"),
		   "an empty PATH is the current directory");
	unsetenv("PATH");
	ok(!program_find("sh", found), "without PATH");
}

int main(void)
{
	char command[300];

	strcpy(directory, "/tmp/vmdev-program-XXXXXX");
	if (!mkdtemp(directory))
		return 2;
	test_check();
	test_setuid();
	test_find();
	snprintf(command, sizeof(command), "rm -r %s", directory);
	if (system(command))
		return 2;
	return tap_end();
}
