/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the payload does to its machine's memory: from FIRST to BYTES, at every STRIDE,
 * it expects a 32-bit word and puts another there. A word is its address times
 * MULTIPLIER plus a number that tells who wrote it. For assembler and C.
 */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#define PAYLOAD_BYTES		0x2000000	/* 32 MiB */
#define PAYLOAD_FIRST		0x100000	/* below it there are holes */
#define PAYLOAD_STRIDE		64
#define PAYLOAD_MULTIPLIER	0x9e3779b1
#define PAYLOAD_FROM_HOST	0x1234567
#define PAYLOAD_FROM_GUEST	0x7654321

/* Written to PAYLOAD_PORT to end the machine: its exit status is 2 * this + 1. */
#define PAYLOAD_PORT		0xf4
#define PAYLOAD_GOOD		0x10
#define PAYLOAD_BAD_FROM_HOST	0x11
#define PAYLOAD_BAD_FROM_GUEST	0x12

#endif /* PAYLOAD_H */
