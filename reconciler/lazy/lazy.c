/* Finds a function when it is first called. */
#include "lazy/lazy.h"

#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

enum { EXIT_NOT_LOADED = 127 }; /* what the dynamic linker itself ends with */

static const char *text_at(const int32_t *distance)
{
    return (const char *)distance + *distance;
}

void *lazy_find(struct lazy_function *function)
{
    /* Never closed: what it gave away stays in use. Opening it again costs nothing. */
    void *library = dlopen(text_at(&function->library), RTLD_NOW);
    void *address = library == NULL ? NULL : dlsym(library, text_at(&function->name));
    if (address == NULL) {
        (void)fprintf(stderr, "error while loading shared libraries: %s\n", dlerror());
        _exit(EXIT_NOT_LOADED);
    }
    /* Another thread may do the same at the same time, with the same result. */
    __atomic_store_n(&function->address, address, __ATOMIC_RELAXED);
    return address;
}
