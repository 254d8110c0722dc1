#include "groups.h"

#include "store.h"

/// Whoever joins is the only member and its leader.
void join_group(reader *in, writer *out) {
    static const span member = {(const uint8_t *)"member", 6};
    group *joined = find_group(read_string(in));
    if (joined == NULL) { in->broken = true; return; }
    read_int32(in);
    read_string(in);
    read_string(in);
    read_int32(in);
    span protocol = read_string(in);
    span subscription = read_blob(in);
    joined->generation++;
    write_int16(out, 0);
    write_int32(out, joined->generation);
    write_string(out, protocol);
    write_string(out, member);
    write_string(out, member);
    write_int32(out, 1);
    write_string(out, member);
    write_blob(out, subscription);
}

void sync_group(reader *in, writer *out) {
    group *joined = find_group(read_string(in));
    int32_t generation = read_int32(in);
    read_string(in);
    span assignment = {NULL, 0};
    for (int32_t count = read_int32(in); count > 0 && !in->broken; count--) {
        read_string(in);
        assignment = read_blob(in);
    }
    bool is_stale = joined == NULL || joined->generation != generation;
    write_int16(out, is_stale ? ILLEGAL_GENERATION : 0);
    write_blob(out, is_stale ? (span){NULL, 0} : assignment);
}

void heartbeat(reader *in, writer *out) {
    group *joined = find_group(read_string(in));
    write_int16(out, joined == NULL || joined->generation != read_int32(in) ? ILLEGAL_GENERATION : 0);
}

/// Whose offsets are asked for or given.
typedef struct {
    span group;
    bool is_stale;
} offsets_of;

static void commit_one_offset(reader *in, writer *out, span topic, const void *context) {
    const offsets_of *commit = context;
    int32_t number = read_int32(in);
    int64_t offset = read_int64(in);
    span text = read_string(in);
    if (!commit->is_stale && !in->broken) {
        committed_offset *entry = find_offset(commit->group, topic, number, true);
        free((void *)entry->metadata.bytes);
        entry->offset = offset;
        entry->metadata = keep(text);
    }
    write_int32(out, number);
    write_int16(out, commit->is_stale ? ILLEGAL_GENERATION : 0);
}

void commit_offsets(reader *in, writer *out) {
    offsets_of commit = {read_string(in), false};
    group *joined = find_group(commit.group);
    commit.is_stale = joined == NULL || joined->generation != read_int32(in);
    read_string(in);
    read_int64(in);
    for_each_partition(in, out, commit_one_offset, &commit);
}

static void fetch_one_offset(reader *in, writer *out, span topic, const void *context) {
    const offsets_of *asked = context;
    int32_t number = read_int32(in);
    const committed_offset *entry = find_offset(asked->group, topic, number, false);
    write_int32(out, number);
    write_int64(out, entry == NULL ? -1 : entry->offset);
    write_string(out, entry == NULL ? (span){NULL, 0} : entry->metadata);
    write_int16(out, 0);
}

void fetch_offsets(reader *in, writer *out) {
    offsets_of asked = {read_string(in), false};
    for_each_partition(in, out, fetch_one_offset, &asked);
}
