#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Finds where the tokens of a JSON text begin, with the SIMD code that suits the processor it runs on.
/// Keeps its index from call to call. Not thread-safe.
typedef struct csimdjson_indexer csimdjson_indexer;

typedef enum {
    CSIMDJSON_OK = 0,
    /// Nothing but white space.
    CSIMDJSON_EMPTY,
    CSIMDJSON_INVALID_UTF8,
    /// A string with a control character in it that is not escaped.
    CSIMDJSON_CONTROL_CHARACTER,
    CSIMDJSON_UNCLOSED_STRING,
    CSIMDJSON_OUT_OF_MEMORY,
    CSIMDJSON_OTHER,
} csimdjson_status;

/// The tokens of one text.
typedef struct {
    /// Offsets of the first byte of every token, ascending: each of `{ } [ ] : ,`, each string at its opening quote
    /// and each run of anything else. Between a token and the next there is only white space.
    /// Owned by the indexer, valid until its next call.
    const uint32_t *_Nullable starts;
    size_t count;
    /// Whether there is a backslash anywhere.
    bool has_escapes;
    /// Whether there is a space or a control character anywhere, be it between tokens or in a string.
    bool has_blanks;
} csimdjson_tokens;

/// NULL when there is no memory.
csimdjson_indexer *_Nullable csimdjson_indexer_create(void);
void csimdjson_indexer_destroy(csimdjson_indexer *_Nullable indexer);

/// Gives back what a giant text needed.
void csimdjson_indexer_recycle(csimdjson_indexer *_Nonnull indexer);

/// Indexes `length` bytes. Reads not a byte more than that: the text needs no padding.
///
/// Having returned `CSIMDJSON_OK` it vouches for this much: the text is UTF-8, every string is closed, and none holds a
/// bare control character. Grammar, escapes, numbers and literals are left to the caller.
csimdjson_status csimdjson_index(csimdjson_indexer *_Nonnull indexer, const uint8_t *_Nonnull bytes, size_t length,
                                 csimdjson_tokens *_Nonnull tokens);

/// What the processor was found to be: "icelake", "haswell", "westmere", "arm64", "fallback", ….
const char *_Nonnull csimdjson_implementation(void);

#ifdef __cplusplus
}
#endif
