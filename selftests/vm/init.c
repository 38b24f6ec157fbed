// SPDX-License-Identifier: GPL-2.0
/*
 * PID 1 of the test VM. It makes a bare kernel into a place where programs run
 * (mounts, device links, modules, disks), starts /vm/main on the second serial
 * line, and tells the host on the third how that ended. It knows nothing of
 * vmdev and nothing of tests but one file, /run/vm/current, which says what is
 * running and until when: what runs longer hangs, and is reported so.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define CONSOLE_TTY	"/dev/ttyS1"
#define CONTROL_TTY	"/dev/ttyS2"
#define CURRENT_FILE	"/run/vm/current"
#define ENV_FILE	"/vm/env"

#define FINISH_SECONDS	120
#define ALIVE_SECONDS	20

struct mount_entry {
	const char *type;
	const char *dir;
	const char *options;
};

static const struct mount_entry mounts[] = {
	{ "proc",	"/proc",		NULL },
	{ "sysfs",	"/sys",			NULL },
	{ "devtmpfs",	"/dev",			NULL },
	{ "devpts",	"/dev/pts",		"mode=0620,ptmxmode=0666" },
	{ "tmpfs",	"/dev/shm",		NULL },
	{ "tmpfs",	"/run",			NULL },
	{ "tmpfs",	"/tmp",			"mode=1777" },
	{ "debugfs",	"/sys/kernel/debug",	NULL },
	{ "tracefs",	"/sys/kernel/tracing",	NULL },
	{ "cgroup2",	"/sys/fs/cgroup",	NULL },
};

static const char * const links[][2] = {
	{ "/proc/self/fd",	"/dev/fd" },
	{ "/proc/self/fd/0",	"/dev/stdin" },
	{ "/proc/self/fd/1",	"/dev/stdout" },
	{ "/proc/self/fd/2",	"/dev/stderr" },
};

static const char * const settings[][2] = {
	{ "/proc/sys/kernel/core_pattern",		"/tmp/core.%p" },
	{ "/proc/sys/kernel/sysrq",			"1" },
	{ "/proc/sys/kernel/hung_task_timeout_secs",	"180" },
	{ "/proc/sys/kernel/hung_task_panic",		"1" },
};

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		fprintf(stderr, "init: %s: %m\n", path);
	if (isatty(fd))
		tcdrain(fd);
	close(fd);
}

/* One line to the host: "ready", "alive", "hang NAME", "exit STATUS". */
__attribute__((format(printf, 1, 2)))
static void tell_host(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	write_file(CONTROL_TTY, line);
}

/* At once: nothing is written back, so nothing that is stuck can hold it up. */
static void reset_now(void)
{
	write_file("/proc/sysrq-trigger", "b");
	reboot(LINUX_REBOOT_CMD_RESTART);
	_exit(1);
}

static void on_alarm(int sig)
{
	(void)sig;
	reset_now();
}

__attribute__((noreturn, format(printf, 1, 2)))
static void die(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	fprintf(stderr, "init: %s\n", line);
	tell_host("fail %s\n", line);
	reset_now();
	exit(1);
}

static void make_dirs(char *path)
{
	char *slash = path;

	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	mkdir(path, 0755);
}

static void mount_all(void)
{
	char dir[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mounts); i++) {
		snprintf(dir, sizeof(dir), "%s", mounts[i].dir);
		make_dirs(dir);
		if (mount(mounts[i].type, dir, mounts[i].type, 0, mounts[i].options))
			fprintf(stderr, "init: mount %s: %m\n", dir);
	}
	for (i = 0; i < ARRAY_SIZE(links); i++) {
		if (symlink(links[i][0], links[i][1]) && errno != EEXIST)
			fprintf(stderr, "init: link %s: %m\n", links[i][1]);
	}
	mkdir("/run/vm", 0755);
	for (i = 0; i < ARRAY_SIZE(settings); i++)
		write_file(settings[i][0], settings[i][1]);
}

/* The environment of everything below: KEY=VALUE lines, written by the host. */
static void load_env(void)
{
	FILE *file = fopen(ENV_FILE, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	if (!file)
		return;
	while ((length = getline(&line, &size, file)) > 0) {
		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		if (strchr(line, '='))
			putenv(strdup(line));
	}
	free(line);
	fclose(file);
}

/* Runs a command to its end; the exit status, or 128 + signal. */
static int run(char * const argv[])
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return 127;
	if (!pid) {
		execvp(argv[0], argv);
		fprintf(stderr, "init: %s: %m\n", argv[0]);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return 127;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Finds the disk the host gave a serial number: names depend on probe order. */
static bool find_disk(const char *serial, char *path, size_t size)
{
	char file[280], text[32];
	struct dirent *entry;
	bool found = false;
	DIR *dir = opendir("/sys/block");

	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		ssize_t length;
		int fd;

		snprintf(file, sizeof(file), "/sys/block/%s/serial", entry->d_name);
		fd = open(file, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		length = read(fd, text, sizeof(text) - 1);
		close(fd);
		text[length > 0 ? length : 0] = '\0';
		if (!strcmp(text, serial)) {
			snprintf(path, size, "/dev/%s", entry->d_name);
			found = true;
		}
	}
	closedir(dir);
	return found;
}

static void mount_disk(const char *serial, const char *dir, unsigned long flags)
{
	char disk[280];

	if (!find_disk(serial, disk, sizeof(disk)))
		return;
	mkdir(dir, 0755);
	if (mount(disk, dir, "ext4", flags, NULL))
		die("mount %s on %s: %s", disk, dir, strerror(errno));
}

static void set_up_disks(void)
{
	char * const modprobe[] = { "modprobe", "-a", "virtio_pci", "virtio_blk", "ext4", NULL };

	if (run(modprobe))
		fprintf(stderr, "init: modprobe of the disk drivers failed\n");
	mount_disk("vmdev-store", "/mnt", MS_NOATIME);
	mount_disk("vmdev-data", "/data", MS_RDONLY);
	mkdir("/mnt/tmp", 01777);
	chmod("/mnt/tmp", 01777);
}

/* The line programs talk on: as the host's terminal, or untouched bytes. */
static void set_up_console(int fd)
{
	const char *columns = getenv("COLUMNS"), *rows = getenv("LINES");
	struct winsize window = {
		.ws_col = columns ? atoi(columns) : 80,
		.ws_row = rows ? atoi(rows) : 24,
	};
	struct termios tio;

	if (tcgetattr(fd, &tio))
		die("%s: %s", CONSOLE_TTY, strerror(errno));
	cfsetspeed(&tio, B115200);
	if (getenv("VM_CONSOLE_RAW"))
		tio.c_oflag &= ~OPOST;
	tcsetattr(fd, TCSANOW, &tio);
	ioctl(fd, TIOCSWINSZ, &window);
}

static pid_t start_main(void)
{
	pid_t pid = fork();
	sigset_t none;
	int fd;

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid)
		return pid;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	fd = open(CONSOLE_TTY, O_RDWR);
	if (fd < 0)
		die("%s: %s", CONSOLE_TTY, strerror(errno));
	ioctl(fd, TIOCSCTTY, 1);
	set_up_console(fd);
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
	if (chdir("/root"))
		die("/root: %s", strerror(errno));
	execl("/vm/main", "/vm/main", NULL);
	fprintf(stderr, "/vm/main: %m\n");
	_exit(127);
}

/* Is what CURRENT_FILE names past its time? "DEADLINE NAME", seconds since boot. */
static bool is_hung(char *name, size_t size)
{
	struct timespec now;
	long long deadline;
	char line[256];
	FILE *file = fopen(CURRENT_FILE, "re");
	bool hung = false;

	if (!file)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (fgets(line, sizeof(line), file)) {
		char *space = strchr(line, ' ');

		deadline = atoll(line);
		hung = space && deadline && now.tv_sec > deadline;
		if (space)
			snprintf(name, size, "%.*s", (int)strcspn(space + 1, "\n"), space + 1);
	}
	fclose(file);
	return hung;
}

static void report_hang(const char *name)
{
	/* Nothing more may be reported: what follows takes long on a busy machine. */
	kill(-1, SIGSTOP);
	tell_host("hang %s\n", name);
	/* Where everything stands: blocked tasks, then what the CPUs do. */
	write_file("/proc/sysrq-trigger", "w");
	write_file("/proc/sysrq-trigger", "l");
	sleep(2);
	reset_now();
}

static int wait_for_main(pid_t main_pid)
{
	const struct timespec second = { .tv_sec = 1 };
	time_t told = time(NULL);
	char name[256];
	sigset_t set;
	int status;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (;;) {
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			if (pid != main_pid)
				continue;
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		}
		sigtimedwait(&set, NULL, &second);
		if (is_hung(name, sizeof(name)))
			report_hang(name);
		if (time(NULL) >= told + ALIVE_SECONDS) {
			tell_host("alive\n");
			told = time(NULL);
		}
	}
}

/* Files the host wants back go out as a tar archive on a disk of their own. */
static int send_files(void)
{
	char disk[280], script[512];
	char * const tar[] = { "sh", "-c", script, NULL };

	if (access("/vm/out", R_OK) || !find_disk("vmdev-out", disk, sizeof(disk)))
		return 0;
	snprintf(script, sizeof(script), "cd / && xargs tar -c -f %s < /vm/out", disk);
	return run(tar);
}

static void finish(int status)
{
	signal(SIGALRM, on_alarm);
	alarm(FINISH_SECONDS);
	if (send_files())
		fprintf(stderr, "init: not every file asked for could be sent\n");
	tell_host("exit %d\n", status);
	umount("/data");
	umount("/mnt");
	sync();
	reboot(LINUX_REBOOT_CMD_POWER_OFF);
	reset_now();
}

int main(void)
{
	sigset_t set;

	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	/* No udev here: dmsetup makes its own device nodes. */
	setenv("DM_DISABLE_UDEV", "1", 1);
	if (getpid() != 1)
		die("this is PID 1 of a virtual machine");
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	umask(022);

	mount_all();
	load_env();
	set_up_disks();
	tell_host("ready\n");
	finish(wait_for_main(start_main()));
	return 0;
}
