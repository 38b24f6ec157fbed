/* SPDX-License-Identifier: GPL-2.0 */
/* What is in a file or block device before it becomes a store. */
#ifndef VMDEVCTL_CONTENT_H
#define VMDEVCTL_CONTENT_H

/*
 * What a store in @path would overwrite, as "swap space", or NULL if nothing is
 * there, or nothing that this can see: then it is for the kernel to say why.
 */
const char *content_find(const char *path);

/* Note on the file @path that it is a store: what it holds is nobody's data. */
void content_mark(const char *path);

#endif /* VMDEVCTL_CONTENT_H */
