// Reading and writing Kafka's wire format: big-endian integers, strings behind a 16-bit length, bytes behind a 32-bit one.
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/// A request that is being read. Past its end everything reads as zero and `broken` is set.
typedef struct {
    const uint8_t *at;
    const uint8_t *end;
    bool broken;
} reader;

/// A string or a run of bytes inside a request; `length` is -1 for null.
typedef struct {
    const uint8_t *bytes;
    int32_t length;
} span;

static inline const uint8_t *read_bytes(reader *in, size_t count) {
    static const uint8_t zeros[8];
    if (in->broken || (size_t)(in->end - in->at) < count) {
        in->broken = true;
        return count <= sizeof zeros ? zeros : NULL;
    }
    const uint8_t *bytes = in->at;
    in->at += count;
    return bytes;
}

static inline int8_t read_int8(reader *in) { return (int8_t)*read_bytes(in, 1); }

static inline int16_t read_int16(reader *in) {
    uint16_t value;
    memcpy(&value, read_bytes(in, 2), 2);
    return (int16_t)be16toh(value);
}

static inline int32_t read_int32(reader *in) {
    uint32_t value;
    memcpy(&value, read_bytes(in, 4), 4);
    return (int32_t)be32toh(value);
}

static inline int64_t read_int64(reader *in) {
    uint64_t value;
    memcpy(&value, read_bytes(in, 8), 8);
    return (int64_t)be64toh(value);
}

static inline span read_span(reader *in, int32_t length) {
    if (length < 0) { return (span){NULL, -1}; }
    const uint8_t *bytes = read_bytes(in, (size_t)length);
    return in->broken ? (span){NULL, 0} : (span){bytes, length};
}

static inline span read_string(reader *in) { return read_span(in, read_int16(in)); }
static inline span read_blob(reader *in) { return read_span(in, read_int32(in)); }

static inline bool equals(span a, span b) {
    return a.length == b.length && (a.length <= 0 || memcmp(a.bytes, b.bytes, (size_t)a.length) == 0);
}

/// A copy that outlives the request.
static inline span keep(span text) {
    if (text.length <= 0) { return (span){NULL, text.length}; }
    uint8_t *bytes = malloc((size_t)text.length);
    if (bytes == NULL) { abort(); }
    memcpy(bytes, text.bytes, (size_t)text.length);
    return (span){bytes, text.length};
}

/// A response that is being written.
typedef struct {
    uint8_t *bytes;
    size_t count;
    size_t capacity;
} writer;

static inline uint8_t *grow(writer *out, size_t count) {
    if (out->capacity - out->count < count) {
        out->capacity = (out->count + count) * 2;
        out->bytes = realloc(out->bytes, out->capacity);
        if (out->bytes == NULL) { abort(); }
    }
    uint8_t *at = out->bytes + out->count;
    out->count += count;
    return at;
}

static inline void write_int8(writer *out, int8_t value) { *grow(out, 1) = (uint8_t)value; }

static inline void write_int16(writer *out, int16_t value) {
    uint16_t big = htobe16((uint16_t)value);
    memcpy(grow(out, 2), &big, 2);
}

static inline void write_int32(writer *out, int32_t value) {
    uint32_t big = htobe32((uint32_t)value);
    memcpy(grow(out, 4), &big, 4);
}

static inline void write_int64(writer *out, int64_t value) {
    uint64_t big = htobe64((uint64_t)value);
    memcpy(grow(out, 8), &big, 8);
}

static inline void write_string(writer *out, span text) {
    write_int16(out, (int16_t)text.length);
    if (text.length > 0) { memcpy(grow(out, (size_t)text.length), text.bytes, (size_t)text.length); }
}

static inline void write_blob(writer *out, span blob) {
    write_int32(out, blob.length);
    if (blob.length > 0) { memcpy(grow(out, (size_t)blob.length), blob.bytes, (size_t)blob.length); }
}

/// Fills in a 32-bit count whose place was kept.
static inline void patch_int32(writer *out, size_t at, int32_t value) {
    uint32_t big = htobe32((uint32_t)value);
    memcpy(out->bytes + at, &big, 4);
}

/// Answers a request that names topics, each with its partitions: `answer` reads what is asked of one partition, and writes
/// what is said of it.
static inline void for_each_partition(
    reader *in, writer *out, void (*answer)(reader *, writer *, span topic, const void *), const void *context) {
    int32_t topics = read_int32(in);
    write_int32(out, topics);
    for (int32_t t = 0; t < topics && !in->broken; t++) {
        span topic = read_string(in);
        int32_t partitions = read_int32(in);
        write_string(out, topic);
        write_int32(out, partitions);
        for (int32_t p = 0; p < partitions && !in->broken; p++) { answer(in, out, topic, context); }
    }
}
