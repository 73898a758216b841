/* What the fuzz targets share. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* The target: returns 0, or ends the process by fuzz_broken or a sanitizer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the target, which libFuzzer takes for a crash: a property does not hold. format and its arguments say which. */
void fuzz_broken(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* A text that reaches a terminal has to be what str_add_printable would make of it; lines: it may have several. */
void fuzz_printable(const char *what, const char *text);
/* The bytes as a file, for what reads files; its path, the same each time. Gone when the target ends. */
const char *fuzz_file(const void *data, size_t size);

#endif
