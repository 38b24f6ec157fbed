// SPDX-License-Identifier: GPL-2.0
/*
 * Lines of `stat` for programs: all statistics, called as their files, as CSV or as a
 * JSON object each.
 */
#include <inttypes.h>
#include <string.h>

#include "../libvmdev/internal.h"
#include "stat.h"

#define COLUMN_NAME	64

/* "store/used" is store_used, and a counter's rise a second store_x_per_s. */
static const char *column_name(const struct form *form, const struct vmdev_number_file *file,
			       char name[COLUMN_NAME])
{
	snprintf(name, COLUMN_NAME, "%s%s", file->path,
		 file->counter && !form->totals ? "_per_s" : "");
	name[strcspn(name, "/")] = '_';
	return name;
}

/* As it is or, of a counter, its rise. */
static uint64_t file_value(const struct vmdev_number_file *file, const struct sample *now,
			   const struct sample *before)
{
	uint64_t value = sample_number(now, file->member);

	return file->counter ? counter_rise(value, sample_number(before, file->member)) : value;
}

void record_csv_head(const struct form *form)
{
	char name[COLUMN_NAME];
	size_t i;

	fputs("time,interval", form->out);
	for (i = 0; i < vmdev_number_files_count; i++)
		fprintf(form->out, ",%s", column_name(form, &vmdev_number_files[i], name));
	fputc('\n', form->out);
}

/* What isn't known is an empty field. */
void record_csv(const struct form *form, const struct sample *now, const struct sample *before,
		double wall)
{
	uint64_t ns = now->time_ns - before->time_ns;
	size_t i;

	fprintf(form->out, "%.3f,", wall);
	if (!form->totals)
		fprintf(form->out, "%.6f", (double)ns / 1e9);
	for (i = 0; i < vmdev_number_files_count; i++) {
		const struct vmdev_number_file *file = &vmdev_number_files[i];
		uint64_t value = file_value(file, now, before);

		if (value == VMDEV_UNKNOWN)
			fputc(',', form->out);
		else if (file->counter && !form->totals)
			fprintf(form->out, ",%.3f", rate(value, ns));
		else
			fprintf(form->out, ",%" PRIu64, value);
	}
	fputc('\n', form->out);
}

/* What isn't known is null. */
void record_json(const struct form *form, const struct sample *now, const struct sample *before,
		 double wall)
{
	static const struct ctl_result good;
	uint64_t ns = now->time_ns - before->time_ns;
	char name[COLUMN_NAME];
	struct json json;
	size_t i;

	ctl_json_begin_line(&json, &good);
	json_decimal(&json, "time", wall, 3);
	if (form->totals)
		json_string(&json, "interval", NULL);
	else
		json_decimal(&json, "interval", (double)ns / 1e9, 6);
	for (i = 0; i < vmdev_number_files_count; i++) {
		const struct vmdev_number_file *file = &vmdev_number_files[i];
		uint64_t value = file_value(file, now, before);

		column_name(form, file, name);
		if (value == VMDEV_UNKNOWN)
			json_string(&json, name, NULL);
		else if (file->counter && !form->totals)
			json_decimal(&json, name, rate(value, ns), 3);
		else
			json_number(&json, name, value);
	}
	json_end_object(&json);
}

void record_json_failure(const struct ctl_result *result)
{
	struct json json;

	ctl_json_begin_line(&json, result);
	json_end_object(&json);
}
