#pragma once
#include <stddef.h>
#include <stdint.h>

/// Asks the processor to fetch memory that is going to be written before long, and goes on at once. Only a hint: nothing need
/// be there.
/// @param count bytes from `start` on.
static inline void cprefetch_for_writing(const void *start, size_t count) {
    uintptr_t end = (uintptr_t)start + count;
    for (uintptr_t address = (uintptr_t)start & ~(uintptr_t)63; address < end; address += 64) {
        const char *line = (const char *)address;
#if defined(__x86_64__)
        // (For the oldest of these processors the compiler would ask for reading only. Those that cannot do it pass it over.)
        __asm__ volatile("prefetchw %0" : : "m"(*line));
#else
        __builtin_prefetch(line, 1, 3);
#endif
    }
}

/// The same of memory that is going to be read.
/// @param count bytes from `start` on.
static inline void cprefetch_for_reading(const void *start, size_t count) {
    uintptr_t end = (uintptr_t)start + count;
    for (uintptr_t address = (uintptr_t)start & ~(uintptr_t)63; address < end; address += 64) {
        __builtin_prefetch((const char *)address, 0, 3);
    }
}
