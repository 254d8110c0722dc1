#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Bytes that are asked for at most: what comes behind them the processor foresees.
enum { cprefetch_most = 1024 };

/// Asks for the lines of the caches that hold these bytes; `is_written` is a constant where it is called.
static inline void cprefetch_lines(const void *start, size_t count, bool is_written) {
    uintptr_t end = (uintptr_t)start + (count < cprefetch_most ? count : cprefetch_most);
    for (uintptr_t address = (uintptr_t)start & ~(uintptr_t)63; address < end; address += 64) {
        const char *line = (const char *)address;
        if (!is_written) {
            __builtin_prefetch(line, 0, 3);
            continue;
        }
#if defined(__x86_64__)
        // (For the oldest of these processors the compiler would ask for reading only. Those that cannot do it pass it over.)
        __asm__ volatile("prefetchw %0" : : "m"(*line));
#else
        __builtin_prefetch(line, 1, 3);
#endif
    }
}

/// Asks the processor to fetch memory that is going to be written before long, and goes on at once. Only a hint: nothing need
/// be there.
/// @param count bytes from `start` on; of many only the first are asked for.
static inline void cprefetch_for_writing(const void *start, size_t count) { cprefetch_lines(start, count, true); }

/// The same of memory that is going to be read.
/// @param count bytes from `start` on; of many only the first are asked for.
static inline void cprefetch_for_reading(const void *start, size_t count) { cprefetch_lines(start, count, false); }
