// SPDX-License-Identifier: GPL-2.0
/*
 * What vmdevctl shows of a running module, against sysfs: stat's totals and its lines,
 * metrics, top and map in a terminal, and what they do when there is nothing left to show.
 */
#define _GNU_SOURCE
#include "tool.h"

#define CSV_COLUMNS	64

/* A line of CSV, cut at its commas. */
struct csv {
	char text[4096];
	unsigned int count;
	char *fields[CSV_COLUMNS];
};

static bool cut_csv(struct csv *csv)
{
	char *rest = csv->text;

	csv->count = 0;
	csv->text[strcspn(csv->text, "\n")] = '\0';
	while (rest && csv->count < CSV_COLUMNS)
		csv->fields[csv->count++] = strsep(&rest, ",");
	return !rest;
}

static bool read_csv(FILE *file, struct csv *csv)
{
	vt_check(fgets(csv->text, sizeof(csv->text), file), "no line");
	vt_check(cut_csv(csv), "too many columns");
	return true;
}

static double csv_value(const struct csv *head, const struct csv *line, const char *name)
{
	for (unsigned int i = 0; i < head->count && i < line->count; i++) {
		if (!strcmp(head->fields[i], name))
			return atof(line->fields[i]);
	}
	vt_die("no column %s", name);
	return 0;
}

/* Load, and use a space of twice the pool until all of it is in the store. */
static bool load_and_use(struct vt_space *space)
{
	struct output output;
	uint64_t pages;

	tool_load(&output, "-p", "4M");
	if (!check_good(&output))
		return false;
	pages = 2 * vt_pool_frames();
	*space = vt_space_new(pages * vt_page_size());
	fill_range(space->mem, pages, 1, 0);
	vt_check(check_range(space->mem, pages, 1, 0), "content");
	vt_check(vt_evict_all(space), "pages stayed");
	/* Now nothing moves, and every number can be compared. */
	vt_sleep_ms(200);
	return true;
}

/* ---- stat ---- */

/* "store_read_pages" is store/read_pages. */
static bool check_total(const char *column, const char *value)
{
	char path[64], want[64];

	snprintf(path, sizeof(path), "%s", column);
	*strchr(path, '_') = '/';
	vt_check(!vt_sysfs_read(path, want, sizeof(want)), "%s: %m", path);
	vt_check(!strcmp(value, want), "%s is %s, not %s", path, value, want);
	return true;
}

static bool test_stat_totals(void)
{
	struct output output;
	struct vt_space space;
	struct csv head, line;
	char *end;

	vt_check(load_and_use(&space), "use");
	tool(&output, "stat", "--csv");
	end = strchr(output.out, '\n');
	vt_check(check_good(&output) && end, "CSV: %s", output.out);
	strcpy(line.text, end + 1);
	end[1] = '\0';
	strcpy(head.text, output.out);
	vt_check(cut_csv(&head) && cut_csv(&line) && head.count == line.count, "%u and %u columns",
		 head.count, line.count);
	vt_check(!strcmp(head.fields[0], "time") && !strcmp(head.fields[1], "interval") &&
		 head.count >= 32, "columns: %u", head.count);
	for (unsigned int i = 2; i < head.count; i++)
		vt_check(check_total(head.fields[i], line.fields[i]), "%s", head.fields[i]);
	tool(&output, "stat", "--json");
	vt_check(check_good(&output) && check_json(&output, "ok", "true") &&
		 check_json(&output, "interval", "null") &&
		 strchr(output.out, '\n') == output.out + strlen(output.out) - 1, "JSON: %s",
		 output.out);
	for (unsigned int i = 2; i < head.count; i++)
		vt_check(check_json(&output, head.fields[i], line.fields[i]), "JSON");
	vt_check(csv_value(&head, &line, "stats_faults_zero") > 0 &&
		 csv_value(&head, &line, "store_written_pages") > 0, "there was nothing to show");
	vt_space_free(&space);
	return true;
}

/* Sums over the lines of what was counted, against sysfs before and after. */
static bool check_lines(FILE *stat, const struct vt_space *space)
{
	static const char *const names[] = {
		"stats/faults_major", "stats/faults", "stats/refaults", "store/read_pages",
		"store/read_ios",
	};
	uint64_t before[ARRAY_SIZE(names)];
	double sums[ARRAY_SIZE(names)] = { 0 };
	struct csv head, line;
	struct timespec done;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		before[i] = vt_sysfs_u64(names[i]);
	vt_check(read_csv(stat, &head) && read_csv(stat, &line), "the first line");
	vt_check(csv_value(&head, &line, "stats_faults_per_s") == 0, "faults at first");
	vt_check(check_range(space->mem, space->length / vt_page_size(), 1, 0), "content");
	clock_gettime(CLOCK_REALTIME, &done);
	/* The last of them is about a time when nothing happens any more. */
	do {
		vt_check(read_csv(stat, &line), "a line");
		for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
			char column[64];

			snprintf(column, sizeof(column), "%s_per_s", names[i]);
			*strchr(column, '/') = '_';
			sums[i] += csv_value(&head, &line, column) *
				   csv_value(&head, &line, "interval");
		}
	} while (csv_value(&head, &line, "time") < done.tv_sec + 2);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		double rose = vt_sysfs_u64(names[i]) - before[i];

		vt_check(rose > 0, "%s didn't rise", names[i]);
		vt_check(sums[i] > rose - 1 && sums[i] < rose + 1, "%s: %f in lines, %f in sysfs",
			 names[i], sums[i], rose);
	}
	return true;
}

static bool test_stat_lines(void)
{
	struct vt_space space;
	FILE *stat;

	vt_check(load_and_use(&space), "use");
	stat = popen("exec vmdevctl stat --csv 0.5", "re");
	vt_need(stat, "popen: %s", strerror(errno));
	vt_check(check_lines(stat, &space), "lines");
	/* It ends when nobody reads it any more. */
	pclose(stat);
	vt_space_free(&space);
	return true;
}

static bool test_stat_unloaded(void)
{
	struct vt_space space;
	char line[4096];
	FILE *stat;
	int status;

	vt_check(load_and_use(&space), "use");
	vt_space_free(&space);
	stat = popen("exec vmdevctl stat 0.1 2>&1", "re");
	vt_need(stat, "popen: %s", strerror(errno));
	for (unsigned int i = 0; i < 4; i++)
		vt_check(fgets(line, sizeof(line), stat), "line %u", i);
	vt_check(!vl_unload_patiently(10), "unload");
	while (fgets(line, sizeof(line), stat))
		;
	status = pclose(stat);
	vt_check(WIFEXITED(status) && WEXITSTATUS(status) == 1, "status %x", status);
	vt_check(!strcmp(line, "vmdevctl: vmdev isn't loaded; run 'vmdevctl load'\n"), "said: %s",
		 line);
	return true;
}

/* ---- metrics ---- */

/* The value on the line that begins with @name, which has its labels, if any. */
static bool check_metric(const char *text, const char *name, uint64_t want)
{
	const char *line = text;
	size_t length = strlen(name);

	while (line && (strncmp(line, name, length) || line[length] != ' ')) {
		line = strchr(line, '\n');
		line += !!line;
	}
	vt_check(line, "no %s: %s", name, text);
	vt_check(strtoull(line + length, NULL, 10) == want, "%s is %.40s, not %" PRIu64, name,
		 line + length, want);
	return true;
}

static bool check_space_metric(const char *text, const char *name, const char *more, uint64_t want)
{
	char full[128];

	snprintf(full, sizeof(full), "vmdev_space_%s{space=\"1\",pid=\"%d\",comm=\"look\"%s}", name,
		 getpid(), more);
	return check_metric(text, full, want);
}

static bool check_metrics(const char *text, const struct vt_space *space)
{
	struct vmdev_stats stats = vt_stats_now(space->fd);
	size_t page = vt_page_size();

	return check_metric(text, "vmdev_loaded", 1) && check_metric(text, "vmdev_spaces", 1) &&
	       check_metric(text, "vmdev_pool_size_bytes", vt_pool_frames() * page) &&
	       check_metric(text, "vmdev_pool_free_bytes", vt_sysfs_u64("pool/free") * page) &&
	       check_metric(text, "vmdev_store_used_bytes", vt_sysfs_u64("store/used") * page) &&
	       check_metric(text, "vmdev_store_writes_total", vt_sysfs_u64("store/written_ios")) &&
	       check_metric(text, "vmdev_faults_total{kind=\"zero\"}",
			    vt_sysfs_u64("stats/faults_zero")) &&
	       check_metric(text, "vmdev_fault_duration_seconds_count",
			    vt_sysfs_u64("stats/faults")) &&
	       check_metric(text, "vmdev_fault_duration_seconds_bucket{le=\"+Inf\"}",
			    vt_sysfs_u64("stats/faults")) &&
	       check_space_metric(text, "size_bytes", "", space->length) &&
	       check_space_metric(text, "swapped_bytes", "", space->length) &&
	       check_space_metric(text, "refaults_total", "", stats.refaults) &&
	       check_space_metric(text, "read_bytes_total", "", stats.read_pages * page) &&
	       check_space_metric(text, "written_bytes_total", "", stats.written_pages * page) &&
	       check_space_metric(text, "faults_total", ",kind=\"major\"", stats.faults_major);
}

/* The sum can't be less than what the lower bounds of the kernel's buckets add up to. */
static bool check_fault_time(const char *text)
{
	FILE *file = fopen("/sys/kernel/debug/vmdev/latency", "re");
	const char *at = strstr(text, "\nvmdev_fault_duration_seconds_sum ");
	unsigned long long bound, faults, least = 0;
	char line[128];
	double sum;

	vt_check(file && at, "no histogram");
	sum = atof(strchr(at, ' '));
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llu %llu", &bound, &faults) == 2)
			least += bound * faults;
	}
	fclose(file);
	vt_check(least && sum * 1e9 >= least - 1. && sum * 1e9 <= 2. * least + 1,
		 "faults took %f s, by the histogram %llu ns and up to twice that", sum, least);
	return true;
}

static bool test_metrics(void)
{
	static const char file[] = "/tmp/vmdev.prom";
	char text[16384];
	struct output output;
	struct vt_space space;
	FILE *in;

	vt_check(load_and_use(&space), "use");
	tool(&output, "metrics", "--spaces");
	vt_check(check_good(&output) && check_metrics(output.out, &space) &&
		 check_fault_time(output.out), "on standard output");
	tool(&output, "metrics", "--spaces", "--textfile", "/tmp");
	vt_check(check_good(&output) && !output.out[0], "--textfile: %s", output.out);
	in = fopen(file, "re");
	vt_check(in, "%s: %m", file);
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	fclose(in);
	vt_check(check_metrics(text, &space), "in the file");
	vt_space_free(&space);
	vt_check(!vl_unload_patiently(10), "unload");
	tool(&output, "metrics");
	vt_check(check_good(&output) && check_metric(output.out, "vmdev_loaded", 0) &&
		 !strstr(output.out, "vmdev_spaces"), "not loaded: %s", output.out);
	return true;
}

/* ---- in a terminal ---- */

#define TMUX	"tmux -S /tmp/look.tmux -f /dev/null "

/* In a terminal of this size; its exit status comes after it on the screen. */
static bool start(const char *command)
{
	vt_check(vl_run_command(TMUX "new-session -d -x 100 -y 30 'export LC_ALL=C.UTF-8; "
				"%s; echo ended $?; exec sleep 1000'", command), "tmux");
	return true;
}

static bool press(const char *keys)
{
	vt_check(vl_run_command(TMUX "send-keys %s", keys), "tmux");
	return true;
}

/* As text alone, or as what makes its colours, too. */
static bool read_screen(bool colours, char *screen, size_t size)
{
	FILE *file = popen(colours ? TMUX "capture-pane -p -e" : TMUX "capture-pane -p", "re");

	vt_need(file, "popen: %s", strerror(errno));
	screen[fread(screen, 1, size - 1, file)] = '\0';
	vt_check(!pclose(file), "tmux");
	return true;
}

/* @text comes, or goes where @there is false. */
static bool check_shown(bool colours, const char *text, bool there)
{
	double end = vt_now() + 20 * vt_time_scale();
	char screen[16384];

	do {
		vt_check(read_screen(colours, screen, sizeof(screen)), "screen");
		if (!!strstr(screen, text) == there)
			return true;
		vt_sleep_ms(100);
	} while (vt_now() < end);
	vt_check(false, "\"%s\" is %son the screen:\n%s", text, there ? "not " : "", screen);
}

static bool check_screen(const char *text, bool there)
{
	return check_shown(false, text, there);
}

/* ---- top ---- */

struct row {
	char resident[16], swapped[16], reads[16], writes[16], size[16];
	double faults, refaults;
};

/* The line of this process's space. */
static bool read_row(struct row *row)
{
	char screen[16384], begin[64];
	char *line;

	snprintf(begin, sizeof(begin), "    1%8d look             ", getpid());
	vt_check(read_screen(false, screen, sizeof(screen)), "screen");
	line = strstr(screen, begin);
	vt_check(line, "no \"%s\" on the screen:\n%s", begin, screen);
	vt_check(sscanf(line + strlen(begin), "%15s %15s %lf %lf %15s %15s %15s", row->resident,
			row->swapped, &row->faults, &row->refaults, row->reads, row->writes,
			row->size) == 7, "a line cut off: %s", line);
	return true;
}

static bool check_row(struct vt_space *space)
{
	uint64_t pages = space->length / vt_page_size();
	double end = vt_now() + 20 * vt_time_scale();
	char size[16];
	struct row row;

	snprintf(size, sizeof(size), "%zuM", space->length >> 20);
	vt_check(read_row(&row), "in the store");
	vt_check(!strcmp(row.resident, "0") && !strcmp(row.swapped, size) &&
		 !strcmp(row.size, size), "resident %s, swapped %s, size %s", row.resident,
		 row.swapped, row.size);
	do {
		vt_check(check_range(space->mem, pages, 1, 0), "content");
		vt_check(read_row(&row), "in use");
	} while ((row.faults < 1 || row.refaults < 1 || !strcmp(row.reads, "0")) && vt_now() < end);
	vt_check(row.faults >= 1 && row.refaults >= 1 && strcmp(row.reads, "0"),
		 "%f faults, %f refaults, %s read", row.faults, row.refaults, row.reads);
	vt_check(check_screen("\u2588", true), "bars");
	return true;
}

static bool check_top(struct vt_space *space)
{
	vt_check(check_screen("Pool     [", true) && check_screen(" of 4 MiB, dirty ", true) &&
		 check_screen(", policy s3fifo, 1 space\n", true) && check_row(space), "at work");
	vt_check(press("h") && check_screen("vmdevctl top: keys\n", true), "help");
	vt_check(press("x") && check_screen("Pool     [", true), "after help");
	vt_check(press("p") && check_screen(" paused", true), "paused");
	vt_space_free(space);
	vt_sleep_ms(1000);
	vt_check(check_screen(", 1 space", true), "changed while paused");
	vt_check(press("Space") && check_screen(", 0 spaces", true), "not going on");
	vt_check(!vl_unload_patiently(10), "top holds the module");
	vt_check(check_screen("vmdev isn't loaded; run 'vmdevctl load'; waiting for it", true) &&
		 check_screen("Pool", false), "after the unload");
	vl_must_load("pool_mb=8 store=%s store_mb=64", vl_mnt());
	vt_check(check_screen(" of 8 MiB, dirty ", true) && check_screen("isn't loaded", false),
		 "after another load");
	vt_check(press("q") && check_screen("ended 0\n", true), "its end");
	return true;
}

static bool test_top(void)
{
	struct vt_space space;
	bool good;

	vt_check(load_and_use(&space), "use");
	good = start("vmdevctl top -d 0.3") && check_top(&space);
	vl_run_command(TMUX "kill-server");
	return good;
}

/* ---- map ---- */

/* Behind what is swapped, of 256 colours. */
#define MAP_COLOUR	"48;5;25m"

/* Drawn over the picture before, as large as the terminal has become. */
static bool check_follow(const struct vt_space *space)
{
	vt_check(check_screen("space 1, 8 MiB, a cell is 2 pages (8 KiB)\n", true) &&
		 check_screen("  s swapped            2048        8 MiB\n", true) &&
		 check_shown(true, MAP_COLOUR, true), "the first picture");
	vt_check(vt_discard(space->fd, 0, 16 * vt_page_size()) == 16, "DISCARD");
	vt_check(check_screen("  . untouched            16       64 KiB\n", true) &&
		 check_screen("\nspace 1, ", false), "drawn again");
	vt_check(vl_run_command(TMUX "resize-window -x 60 -y 20") &&
		 check_screen("space 1, 8 MiB, a cell is 8 pages (32 KiB)\n", true), "a resize");
	vt_check(press("C-c") && check_screen("ended 130\n", true), "an interrupt");
	return true;
}

/* Ends well when the space does. */
static bool check_follow_again(struct vt_space *space)
{
	vt_check(press("Enter") && check_screen("ended", false) && check_screen("! bad ", true) &&
		 check_shown(true, "\033", false), "with NO_COLOR");
	vt_space_free(space);
	vt_check(check_screen("ended 0\n", true), "its end");
	return true;
}

static bool test_map_follow(void)
{
	struct vt_space space;
	bool good;

	vt_check(load_and_use(&space), "use");
	/* a shell with a trap outlives the interrupt */
	good = start("trap : INT; unset NO_COLOR; vmdevctl map --follow space:1; "
		     "echo ended $?; read line; NO_COLOR=1 vmdevctl map --follow space:1") &&
	       check_follow(&space) && check_follow_again(&space);
	vl_run_command(TMUX "kill-server");
	return good;
}

static const struct vt_test tests[] = {
	{ "stat: totals", test_stat_totals },
	{ "stat: lines add up", test_stat_lines },
	{ "stat ends with the module", test_stat_unloaded },
	{ "metrics", test_metrics },
	{ "top", test_top },
	{ "map --follow", test_map_follow },
};

int main(void)
{
	const struct vl_suite suite = { .tests = tests, .count = ARRAY_SIZE(tests) };

	return vl_run(&suite);
}
