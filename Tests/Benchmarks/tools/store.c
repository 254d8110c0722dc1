#include "store.h"

int32_t partitions_per_topic = 12;
int64_t repeat = 1;

static topic *topics[64];
static size_t topic_count;
static group groups[4096];
static size_t group_count;
static committed_offset *offsets;
static size_t offset_count, offset_capacity;

topic *find_topic(span name, bool make) {
    for (size_t i = 0; i < topic_count; i++) {
        if (equals(topics[i]->name, name)) { return topics[i]; }
    }
    if (!make || topic_count == sizeof topics / sizeof *topics) { return NULL; }
    topic *new = malloc(sizeof *new);
    if (new == NULL) { abort(); }
    *new = (topic){keep(name), calloc((size_t)partitions_per_topic, sizeof(partition_log))};
    if (new->logs == NULL) { abort(); }
    topics[topic_count++] = new;
    return new;
}

group *find_group(span name) {
    for (size_t i = 0; i < group_count; i++) {
        if (equals(groups[i].name, name)) { return &groups[i]; }
    }
    if (group_count == sizeof groups / sizeof *groups) { return NULL; }
    groups[group_count] = (group){.name = keep(name)};
    return &groups[group_count++];
}

committed_offset *find_offset(span group, span topic, int32_t partition, bool make) {
    for (size_t i = 0; i < offset_count; i++) {
        committed_offset *entry = &offsets[i];
        if (entry->partition == partition && equals(entry->group, group) && equals(entry->topic, topic)) {
            return entry;
        }
    }
    if (!make) { return NULL; }
    if (offset_count == offset_capacity) {
        offset_capacity = offset_capacity == 0 ? 64 : offset_capacity * 2;
        offsets = realloc(offsets, offset_capacity * sizeof *offsets);
        if (offsets == NULL) { abort(); }
    }
    offsets[offset_count] = (committed_offset){keep(group), keep(topic), partition, -1, {NULL, 0}};
    return &offsets[offset_count++];
}

partition_log *find_log(span name, int32_t partition) {
    topic *found = find_topic(name, false);
    if (found == NULL || partition < 0 || partition >= partitions_per_topic) { return NULL; }
    return &found->logs[partition];
}

int64_t append(partition_log *log, span batches) {
    int64_t base = log->length;
    reader in = {batches.bytes, batches.bytes + (batches.length < 0 ? 0 : batches.length), false};
    while (in.at < in.end) {
        const uint8_t *start = in.at;
        read_int64(&in);
        int32_t length = read_int32(&in);
        if (length < 49 || in.end - in.at < length) { return -1; }
        reader header = {in.at, in.at + length, false};
        read_int32(&header);
        if (read_int8(&header) != 2) { return -1; }
        header.at = in.at + 45;
        int32_t records = read_int32(&header);
        if (log->count == log->capacity) {
            log->capacity = log->capacity == 0 ? 64 : log->capacity * 2;
            log->batches = realloc(log->batches, log->capacity * sizeof *log->batches);
            if (log->batches == NULL) { abort(); }
        }
        span copy = keep((span){start, 12 + length});
        log->batches[log->count++] = (batch){log->length, records, (uint32_t)copy.length, copy.bytes};
        log->length += records;
        in.at += length;
    }
    return base;
}

size_t batch_at(const partition_log *log, int64_t offset) {
    size_t low = 0, high = log->count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (log->batches[middle].first <= offset) { low = middle; } else { high = middle; }
    }
    return low;
}
