/* A library that is loaded when one of its functions is first called. Each library that comes here
 * costs every start of the program its share whether or not it is used: libcurl 2.7 ms, libgit2
 * 1.4 ms, OpenSSL 0.5 ms (the whole run over 1,000 sites that has nothing to do: 4 ms).
 *
 * reconcile_load_lazily() in CMakeLists.txt makes a stub for each function that a library exports,
 * under the function's own name: callers include the library's header and call it as always, and
 * the linker drops the stubs of what nobody calls. The stub jumps to the function, which it has the
 * dynamic linker find on the first call. A library that is not there ends the program as it would
 * have at its start, with 127. On other processors than x86-64 the library is linked as usual. */
#pragma once

#include <stdint.h>

/* What lazy/stub_x86_64.S lays down for each function. Names are distances from their own fields,
 * so that nothing is to be relocated at start. */
struct lazy_function {
    void *address;   /* NULL until it was found */
    int32_t name;    /* to its text */
    int32_t library; /* to the text of the library's name, as the dynamic linker knows it */
};

/* Called by the stubs: loads the library and fills the address, which it returns. */
void *lazy_find(struct lazy_function *function);
