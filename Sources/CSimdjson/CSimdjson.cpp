#include "CSimdjson.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <simdjson.h>
#include <string>

// The library's first stage alone. It is the part that is worth having SIMD for, and of the library's interfaces the
// only one that is compiled for every processor and chosen at run time, gives positions in the text, and needs no
// padding: the document model forgets positions, and the on-demand interface is compiled for one processor only and
// checks what one touches.

namespace {
// Most records need far less; the index takes four bytes for each byte of it.
constexpr size_t smallestCapacity = size_t(64) << 10;
// A larger index is not kept beyond a recycling.
constexpr size_t keptCapacity = size_t(1) << 20;
}  // namespace

struct csimdjson_indexer {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
    // The SIMD implementations copy the last, partial block of a text before they look at it. The one for processors
    // that have none of their instructions does not: where a text ends amid a character it reads on. It gets a copy
    // with padding; nobody who cares for speed runs it.
    std::unique_ptr<uint8_t[]> padded;
    const bool needsPadding = simdjson::get_active_implementation()->name() == "fallback";

    simdjson::error_code fit(size_t length) noexcept {
        if (stage && length <= stage->capacity()) { return simdjson::SUCCESS; }
        size_t capacity = smallestCapacity;
        while (capacity < length) { capacity *= 2; }
        stage.reset();
        if (needsPadding) {
            padded.reset(new (std::nothrow) uint8_t[capacity + simdjson::SIMDJSON_PADDING]);
            if (!padded) { return simdjson::MEMALLOC; }
        }
        // The depth is for the second stage, which is not run.
        return simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, 1, stage);
    }

    void recycle() noexcept {
        if (stage && stage->capacity() > keptCapacity) {
            stage.reset();
            padded.reset();
        }
    }

    simdjson::error_code index(const uint8_t *bytes, size_t length) noexcept {
        if (simdjson::error_code error = fit(length)) { return error; }
        if (needsPadding) {
            std::memcpy(padded.get(), bytes, length);
            std::memset(padded.get() + length, ' ', simdjson::SIMDJSON_PADDING);
            bytes = padded.get();
        }
        return stage->stage1(bytes, length, simdjson::stage1_mode::regular);
    }
};

extern "C" csimdjson_indexer *csimdjson_indexer_create(void) {
    return new (std::nothrow) csimdjson_indexer();
}

extern "C" void csimdjson_indexer_destroy(csimdjson_indexer *indexer) {
    delete indexer;
}

extern "C" void csimdjson_indexer_recycle(csimdjson_indexer *indexer) {
    indexer->recycle();
}

extern "C" csimdjson_status csimdjson_index(csimdjson_indexer *indexer, const uint8_t *bytes, size_t length,
                                            csimdjson_tokens *tokens) {
    *tokens = {nullptr, 0, false, false};
    if (length == 0) { return CSIMDJSON_EMPTY; }
    switch (indexer->index(bytes, length)) {
        case simdjson::SUCCESS: break;
        case simdjson::EMPTY: return CSIMDJSON_EMPTY;
        case simdjson::UTF8_ERROR: return CSIMDJSON_INVALID_UTF8;
        case simdjson::UNESCAPED_CHARS: return CSIMDJSON_CONTROL_CHARACTER;
        case simdjson::UNCLOSED_STRING: return CSIMDJSON_UNCLOSED_STRING;
        case simdjson::MEMALLOC: return CSIMDJSON_OUT_OF_MEMORY;
        default: return CSIMDJSON_OTHER;
    }
    tokens->starts = indexer->stage->structural_indexes.get();
    tokens->count = indexer->stage->n_structural_indexes;
    tokens->has_escapes = std::memchr(bytes, '\\', length) != nullptr;
    // In a form that compilers make many bytes at a time of.
    uint8_t lowest = 0xff;
    for (size_t position = 0; position < length; position++) { lowest = std::min(lowest, bytes[position]); }
    tokens->has_blanks = lowest <= ' ';
    return CSIMDJSON_OK;
}

extern "C" const char *csimdjson_implementation(void) {
    // The object lives as long as the program, and so does the name that it holds.
    static const std::string name = simdjson::get_active_implementation()->name();
    return name.c_str();
}
