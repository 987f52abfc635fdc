/* Stubs, for the assembler: `lazy_library NAME` once in a file, then `lazy FUNCTION` for each. Each
 * stub is a section of its own, so that the linker can drop it. */
#ifdef __CET__
#include <cet.h>
#else
#define _CET_ENDBR
#endif

.macro lazy_library name
    .section .rodata.lazy, "a", @progbits
.Llibrary:
    .string "\name"
.endm

.macro lazy name
    .section .text.lazy.\name, "ax", @progbits
    .globl \name
    .type \name, @function
\name:
    .cfi_startproc
    _CET_ENDBR
    mov .Lfunction.\name(%rip), %r11
    test %r11, %r11
    je 1f
    jmp *%r11
1:
    lea .Lfunction.\name(%rip), %r11
    jmp lazy_enter
    .cfi_endproc
    .size \name, . - \name

    .section .rodata.lazy.\name, "a", @progbits
.Lname.\name:
    .string "\name"

    .section .data.lazy.\name, "aw", @progbits
    .balign 8
.Lfunction.\name:
    .quad 0
    .long .Lname.\name - .
    .long .Llibrary - .
.endm

    .section .note.GNU-stack, "", @progbits
