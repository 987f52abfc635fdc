/* A stub of a library that no machine has. */
#include "lazy/stub_x86_64.S"
lazy_library libnobody-has-this.so.0
lazy nobody_has_this
