// SPDX-License-Identifier: GPL-2.0
/*
 * Makes the tracepoints of vmdev_trace.h.
 */
#define CREATE_TRACE_POINTS
#include "vmdev_trace.h"
