"""Whether a program was built with the address sanitizer, under which bounds of memory say nothing."""


def is_sanitized(program):
    """program: a path, /proc/PID/exe too. gcc names the sanitizer's library, clang has it inside."""
    with open(program, "rb") as f:
        return b"__asan_init" in f.read()
