/* Where a stub goes on the first call: keeps the arguments of the call that is under way, whatever
 * they are, and goes on to the function. */
#ifdef __CET__
#include <cet.h>
#endif

    .text
    .globl lazy_enter
    .hidden lazy_enter
    .type lazy_enter, @function
/* r11: the struct lazy_function. At the stub's first instruction the stack is 8 bytes off a
 * multiple of 16, as always when a function begins. */
lazy_enter:
    .cfi_startproc
    push %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    mov %rsp, %rbp
    .cfi_def_cfa_register %rbp
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %r8
    push %r9
    push %rax /* how many vector registers a function with "..." was given */
    push %r10
    sub $128, %rsp
    movaps %xmm0, 0(%rsp)
    movaps %xmm1, 16(%rsp)
    movaps %xmm2, 32(%rsp)
    movaps %xmm3, 48(%rsp)
    movaps %xmm4, 64(%rsp)
    movaps %xmm5, 80(%rsp)
    movaps %xmm6, 96(%rsp)
    movaps %xmm7, 112(%rsp)
    mov %r11, %rdi
    call lazy_find
    mov %rax, %r11
    movaps 0(%rsp), %xmm0
    movaps 16(%rsp), %xmm1
    movaps 32(%rsp), %xmm2
    movaps 48(%rsp), %xmm3
    movaps 64(%rsp), %xmm4
    movaps 80(%rsp), %xmm5
    movaps 96(%rsp), %xmm6
    movaps 112(%rsp), %xmm7
    add $128, %rsp
    pop %r10
    pop %rax
    pop %r9
    pop %r8
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
    pop %rbp
    .cfi_def_cfa %rsp, 8
    jmp *%r11
    .cfi_endproc
    .size lazy_enter, . - lazy_enter

    .section .note.GNU-stack, "", @progbits
