// SPDX-License-Identifier: GPL-2.0
/*
 * Looking at a program before it is run: where it is, and whether the dynamic linker
 * will take a preload library for it. Reads ELF headers and "#!" lines.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "program.h"

/* Scripts whose interpreter is a script: as many as the kernel follows. */
#define SCRIPTS_MAX	4

static int try_path(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno == EACCES ? -EACCES : -ENOENT;
	if (!S_ISREG(st.st_mode) || access(path, X_OK))
		return -EACCES;
	return 0;
}

int program_find(const char *name, char path[PATH_MAX])
{
	const char *search = getenv("PATH"), *end;
	int error = -ENOENT, got;

	if (strchr(name, '/')) {
		if (snprintf(path, PATH_MAX, "%s", name) >= PATH_MAX)
			return -ENAMETOOLONG;
		return try_path(path);
	}
	if (!search)
		search = "/bin:/usr/bin";
	for (; *name; search = end + 1) {
		int length;

		end = strchrnul(search, ':');
		length = (int)(end - search);
		/* an empty part is the current directory */
		got = snprintf(path, PATH_MAX, "%.*s/%s", length ? length : 1,
			       length ? search : ".", name);
		if (got < PATH_MAX) {
			got = try_path(path);
			if (!got)
				return 0;
			if (got == -EACCES)
				error = got;
		}
		if (!*end)
			break;
	}
	return error;
}

static bool gains_privileges(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return false;
	return ((st.st_mode & S_ISUID) && st.st_uid != geteuid()) ||
	       ((st.st_mode & S_ISGID) && st.st_gid != getegid()) ||
	       (geteuid() && getxattr(path, "security.capability", NULL, 0) > 0) ||
	       getuid() != geteuid() || getgid() != getegid();
}

/* Has the ELF file of @fd an interpreter, which is the dynamic linker? */
static bool is_dynamic(int fd, const Elf64_Ehdr *header)
{
	Elf64_Phdr program;
	unsigned int i;

	for (i = 0; i < header->e_phnum; i++) {
		off_t at = (off_t)(header->e_phoff + i * header->e_phentsize);

		if (pread(fd, &program, sizeof(program), at) != sizeof(program))
			return false;
		if (program.p_type == PT_INTERP)
			return true;
	}
	return false;
}

/* The interpreter that a "#!" line names, in place. NULL if there is none. */
static char *interpreter(char *line)
{
	char *name = line + 2 + strspn(line + 2, " \t");

	name[strcspn(name, " \t\r\n")] = '\0';
	return *name ? name : NULL;
}

static int check_elf(int fd, const char *path, const Elf64_Ehdr *header,
		     struct ctl_result *result)
{
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != EM_X86_64)
		return ctl_fail(result, ENOEXEC,
				"%s is not a program for x86-64; run can't put it on vmdev", path);
	if (!is_dynamic(fd, header))
		return ctl_fail(result, ENOEXEC,
				"%s is linked statically; run can't put it on vmdev", path);
	return CTL_OK;
}

int program_check(const char *path, struct ctl_result *result)
{
	union {
		Elf64_Ehdr header;
		char line[PATH_MAX];
	} start;
	char name[PATH_MAX];
	int depth, fd, status;
	ssize_t got;

	snprintf(name, sizeof(name), "%s", path);
	for (depth = 0; depth <= SCRIPTS_MAX; depth++) {
		if (gains_privileges(name))
			return ctl_fail(result, EPERM,
					"%s changes its user or privileges (setuid, setgid, capabilities); run can't put it on vmdev",
					name);
		fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return CTL_OK;
		memset(&start, 0, sizeof(start));
		got = read(fd, &start, sizeof(start) - 1);
		if (got >= (ssize_t)sizeof(start.header) &&
		    !memcmp(start.header.e_ident, ELFMAG, SELFMAG)) {
			status = check_elf(fd, name, &start.header, result);
			close(fd);
			return status;
		}
		close(fd);
		if (got < 2 || memcmp(start.line, "#!", 2) || !interpreter(start.line))
			return CTL_OK;
		snprintf(name, sizeof(name), "%s", interpreter(start.line));
	}
	return CTL_OK;
}
