// What the log server keeps: logs of record batches as they were produced, and what groups have committed.
#pragma once

#include "wire.h"

/// One record batch (magic 2) as its producer made it, compression and all.
typedef struct {
    int64_t first;
    int32_t records;
    uint32_t length;
    const uint8_t *bytes;
} batch;

typedef struct {
    batch *batches;
    size_t count;
    size_t capacity;
    /// Records that were produced; what a consumer sees is this times `repeat`.
    int64_t length;
} partition_log;

typedef struct {
    span name;
    partition_log *logs;
} topic;

typedef struct {
    span group;
    span topic;
    int32_t partition;
    int64_t offset;
    span metadata;
} committed_offset;

/// A group of one member: who joins later takes its place.
typedef struct {
    span name;
    int32_t generation;
    span assignment;
} group;

extern int32_t partitions_per_topic;
/// How many times each log is served, one after the other.
extern int64_t repeat;

/// Every function here is called with the store's lock held.
topic *find_topic(span name, bool make);
group *find_group(span name);
committed_offset *find_offset(span group, span topic, int32_t partition, bool make);
partition_log *find_log(span topic, int32_t partition);
/// Takes a copy of the batches. Returns the first record's offset, or -1 where they are not of magic 2.
int64_t append(partition_log *log, span batches);
/// The position of the batch that holds a (not repeated) offset below the log's length.
size_t batch_at(const partition_log *log, int64_t offset);
static inline int64_t end_of(const partition_log *log) { return log->length * repeat; }
