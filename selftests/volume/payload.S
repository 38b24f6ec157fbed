/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine's whole firmware, 64 KiB below 4 GiB: enters protected mode, checks what
 * it finds in memory, writes its own over it, checks that, and ends the machine.
 */
#include "payload.h"

	.set	BASE, 0xffff0000

	.code16
start:
	cli
	lgdtl	%cs:gdt_pointer - start
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$8, $BASE + protected - start

	.code32
protected:
	movw	$16, %ax
	movw	%ax, %ds
	inb	$0x92, %al		/* address line 20 */
	orb	$2, %al
	andb	$0xfe, %al
	outb	%al, $0x92

	movl	$PAYLOAD_FIRST, %edi
1:	imull	$PAYLOAD_MULTIPLIER, %edi, %eax
	addl	$PAYLOAD_FROM_HOST, %eax
	movb	$PAYLOAD_BAD_FROM_HOST, %bl
	cmpl	%eax, (%edi)
	jne	end
	addl	$PAYLOAD_FROM_GUEST - PAYLOAD_FROM_HOST, %eax
	movl	%eax, (%edi)
	addl	$PAYLOAD_STRIDE, %edi
	cmpl	$PAYLOAD_BYTES, %edi
	jb	1b

	movl	$PAYLOAD_FIRST, %edi
1:	imull	$PAYLOAD_MULTIPLIER, %edi, %eax
	addl	$PAYLOAD_FROM_GUEST, %eax
	movb	$PAYLOAD_BAD_FROM_GUEST, %bl
	cmpl	%eax, (%edi)
	jne	end
	addl	$PAYLOAD_STRIDE, %edi
	cmpl	$PAYLOAD_BYTES, %edi
	jb	1b
	movb	$PAYLOAD_GOOD, %bl
end:
	movb	%bl, %al
	outb	%al, $PAYLOAD_PORT
1:	hlt
	jmp	1b

	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9a000000ffff	/* code, all of memory */
	.quad	0x00cf92000000ffff	/* data */
gdt_pointer:
	.word	gdt_pointer - gdt - 1
	.long	BASE + gdt - start

	/* where the processor begins */
	.org	0xfff0
	.code16
	jmp	start
	.org	0x10000
	.section .note.GNU-stack, "", @progbits
