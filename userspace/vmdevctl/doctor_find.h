/* SPDX-License-Identifier: GPL-2.0 */
/* How the checks of `doctor` say what they found. */
#ifndef VMDEVCTL_DOCTOR_FIND_H
#define VMDEVCTL_DOCTOR_FIND_H

#include <stdarg.h>

#include "doctor.h"

/* Add a finding. */
void find(struct doctor *doctor, const char *name, enum verdict verdict, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* What to do about the finding added last. */
void remedy(struct doctor *doctor, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* VMDEVCTL_DOCTOR_FIND_H */
