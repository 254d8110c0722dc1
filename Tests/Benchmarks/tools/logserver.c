// A log server: as much of a Kafka broker as one consumer group of one member and a producer need, with the logs in
// memory and served as they were produced, so that what is measured is the client. It is there because the embedded
// cluster keeps 5 MB of a partition. It checks nothing, forgets everything when it ends, and is no broker.
//
// usage: logserver [--port N] [--partitions N] [--repeat N]
//   --repeat   serve each log so many times, one after the other, as if it had been produced so often
//
// Sources: the Kafka protocol guide (kafka.apache.org/protocol), one version of each request.

#include "groups.h"
#include "server.h"
#include "store.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { Produce = 0, Fetch = 1, ListOffsets = 2, Metadata = 3, OffsetCommit = 8, OffsetFetch = 9, FindCoordinator = 10 };
enum { JoinGroup = 11, Heartbeat = 12, LeaveGroup = 13, SyncGroup = 14, ApiVersions = 18 };

static const int16_t versions[][2] = {
    {Produce, 3}, {Fetch, 4}, {ListOffsets, 1}, {Metadata, 1}, {OffsetCommit, 2}, {OffsetFetch, 1},
    {FindCoordinator, 0}, {JoinGroup, 0}, {Heartbeat, 0}, {LeaveGroup, 0}, {SyncGroup, 0}, {ApiVersions, 0},
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t produced = PTHREAD_COND_INITIALIZER;
static uint16_t port;
static const span host = {(const uint8_t *)"127.0.0.1", 9};

/// One answer: the written part, cut into pieces where record batches come in between.
typedef struct {
    writer head;
    struct iovec *pieces;
    size_t count, capacity;
    /// How much of `head` stands in `pieces` already; offsets stand in for addresses until it has stopped growing.
    size_t covered;
} answer;

static void add_piece(answer *out, void *base, size_t length) {
    if (length == 0) { return; }
    if (out->count == out->capacity) {
        out->capacity = out->capacity == 0 ? 64 : out->capacity * 2;
        out->pieces = realloc(out->pieces, out->capacity * sizeof *out->pieces);
        if (out->pieces == NULL) { abort(); }
    }
    out->pieces[out->count++] = (struct iovec){base, length};
}

/// What was written since the last time becomes a piece; a null base means the next bytes of `head`.
static void cover_head(answer *out) {
    add_piece(out, NULL, out->head.count - out->covered);
    out->covered = out->head.count;
}

static bool send_all(int client, answer *out) {
    uint8_t *next = out->head.bytes;
    for (size_t i = 0; i < out->count; i++) {
        if (out->pieces[i].iov_base == NULL) {
            out->pieces[i].iov_base = next;
            next += out->pieces[i].iov_len;
        }
    }
    struct iovec *piece = out->pieces, *end = out->pieces + out->count;
    while (piece < end) {
        ssize_t sent = writev(client, piece, (int)(end - piece < 1024 ? end - piece : 1024));
        if (sent < 0) { return false; }
        while (piece < end && (size_t)sent >= piece->iov_len) { sent -= (ssize_t)(piece++)->iov_len; }
        if (piece < end) {
            piece->iov_base = (uint8_t *)piece->iov_base + sent;
            piece->iov_len -= (size_t)sent;
        }
    }
    return true;
}

// MARK: - Logs

static void produce_one(reader *in, writer *out, span topic, const void *unused) {
    (void)unused;
    int32_t number = read_int32(in);
    span records = read_blob(in);
    find_topic(topic, true);
    partition_log *log = find_log(topic, number);
    int64_t base = log == NULL ? -1 : append(log, records);
    write_int32(out, number);
    write_int16(out, log == NULL ? UNKNOWN_TOPIC : base < 0 ? NOT_MAGIC_2 : 0);
    write_int64(out, base);
    write_int64(out, -1);
}

static void produce(reader *in, writer *out) {
    read_string(in);
    read_int16(in);
    read_int32(in);
    for_each_partition(in, out, produce_one, NULL);
    write_int32(out, 0);
    pthread_cond_broadcast(&produced);
}

static void add_batches(answer *out, partition_log *log, int64_t offset, int64_t room, int64_t *total) {
    size_t length_at = out->head.count;
    int64_t length = 0;
    write_int32(&out->head, 0);
    while (offset < end_of(log)) {
        int64_t shift = offset / log->length * log->length;
        const batch *next = &log->batches[batch_at(log, offset - shift)];
        // At least one batch goes out, whatever its size; so says the protocol.
        if (*total > 0 && (length + next->length > room)) { break; }
        // The offset of its first record is the one thing in a batch that the broker decides; no checksum covers it.
        write_int64(&out->head, shift + next->first);
        cover_head(out);
        add_piece(out, (void *)(next->bytes + 8), next->length - 8);
        length += next->length;
        *total += next->length;
        offset = shift + next->first + next->records;
    }
    patch_int32(&out->head, length_at, (int32_t)length);
}

static void deadline_in(struct timespec *time, int32_t milliseconds) {
    clock_gettime(CLOCK_REALTIME, time);
    time->tv_sec += milliseconds / 1000;
    time->tv_nsec += milliseconds % 1000 * 1000000L;
    if (time->tv_nsec >= 1000000000L) { time->tv_sec++; time->tv_nsec -= 1000000000L; }
}

/// Whether any of the partitions asked for has a record.
static bool has_records(reader in) {
    int32_t topics = read_int32(&in);
    for (int32_t t = 0; t < topics && !in.broken; t++) {
        span name = read_string(&in);
        int32_t partitions = read_int32(&in);
        for (int32_t p = 0; p < partitions && !in.broken; p++) {
            partition_log *log = find_log(name, read_int32(&in));
            int64_t offset = read_int64(&in);
            read_int32(&in);
            if (log == NULL || offset < 0 || offset < end_of(log)) { return true; }
        }
    }
    return false;
}

static void fetch(reader *in, answer *out) {
    read_int32(in);
    int32_t wait = read_int32(in);
    read_int32(in);
    int64_t room = read_int32(in);
    read_int8(in);
    struct timespec deadline;
    deadline_in(&deadline, wait);
    while (!has_records(*in) && pthread_cond_timedwait(&produced, &lock, &deadline) == 0) {}

    int64_t total = 0;
    write_int32(&out->head, 0);
    int32_t topics = read_int32(in);
    write_int32(&out->head, topics);
    for (int32_t t = 0; t < topics && !in->broken; t++) {
        span name = read_string(in);
        int32_t partitions = read_int32(in);
        write_string(&out->head, name);
        write_int32(&out->head, partitions);
        for (int32_t p = 0; p < partitions && !in->broken; p++) {
            int32_t number = read_int32(in);
            int64_t offset = read_int64(in);
            int64_t most = read_int32(in);
            partition_log *log = find_log(name, number);
            bool is_inside = log != NULL && offset >= 0 && offset <= end_of(log);
            write_int32(&out->head, number);
            write_int16(&out->head, log == NULL ? UNKNOWN_TOPIC : is_inside ? 0 : OUT_OF_RANGE);
            write_int64(&out->head, log == NULL ? -1 : end_of(log));
            write_int64(&out->head, log == NULL ? -1 : end_of(log));
            write_int32(&out->head, 0);
            if (is_inside) {
                add_batches(out, log, offset, most < room - total ? most : room - total, &total);
            } else {
                write_int32(&out->head, 0);
            }
        }
    }
}

static void list_one_offset(reader *in, writer *out, span topic, const void *unused) {
    (void)unused;
    int32_t number = read_int32(in);
    int64_t time = read_int64(in);
    partition_log *log = find_log(topic, number);
    write_int32(out, number);
    write_int16(out, log == NULL ? UNKNOWN_TOPIC : 0);
    write_int64(out, -1);
    // The earliest is -2, the latest -1; a search by time finds the beginning.
    write_int64(out, log != NULL && time == -1 ? end_of(log) : 0);
}

static void list_offsets(reader *in, writer *out) {
    read_int32(in);
    for_each_partition(in, out, list_one_offset, NULL);
}

static void metadata(reader *in, writer *out) {
    write_int32(out, 1);
    write_int32(out, 1);
    write_string(out, host);
    write_int32(out, port);
    write_int16(out, -1);
    write_int32(out, 1);
    int32_t count = read_int32(in);
    write_int32(out, count < 0 ? 0 : count);
    for (int32_t t = 0; t < count && !in->broken; t++) {
        span name = read_string(in);
        topic *found = find_topic(name, true);
        write_int16(out, found == NULL ? UNKNOWN_TOPIC : 0);
        write_string(out, name);
        write_int8(out, 0);
        write_int32(out, found == NULL ? 0 : partitions_per_topic);
        for (int32_t p = 0; found != NULL && p < partitions_per_topic; p++) {
            write_int16(out, 0);
            write_int32(out, p);
            write_int32(out, 1);
            for (int list = 0; list < 2; list++) {
                write_int32(out, 1);
                write_int32(out, 1);
            }
        }
    }
}

// MARK: - Groups

static void find_coordinator(writer *out) {
    write_int16(out, 0);
    write_int32(out, 1);
    write_string(out, host);
    write_int32(out, port);
}

// MARK: - Connections

static void api_versions(int16_t version, writer *out) {
    // A client that asks in a newer version is told which there are, in the oldest, and asks again.
    write_int16(out, version == 0 ? 0 : UNSUPPORTED_VERSION);
    int32_t count = sizeof versions / sizeof *versions;
    write_int32(out, count);
    for (int32_t i = 0; i < count; i++) {
        write_int16(out, versions[i][0]);
        // From 0 on, or librdkafka would not compress; it asks in the newest version that both know.
        write_int16(out, 0);
        write_int16(out, versions[i][1]);
    }
}

/// Returns false where the request is none of ours: then the connection ends.
static bool respond(reader *in, answer *out) {
    int16_t key = read_int16(in);
    int16_t version = read_int16(in);
    int32_t correlation = read_int32(in);
    read_string(in);
    write_int32(&out->head, 0);
    write_int32(&out->head, correlation);
    switch (key) {
        case Produce: produce(in, &out->head); break;
        case Fetch: fetch(in, out); break;
        case ListOffsets: list_offsets(in, &out->head); break;
        case Metadata: metadata(in, &out->head); break;
        case OffsetCommit: commit_offsets(in, &out->head); break;
        case OffsetFetch: fetch_offsets(in, &out->head); break;
        case FindCoordinator: find_coordinator(&out->head); break;
        case JoinGroup: join_group(in, &out->head); break;
        case SyncGroup: sync_group(in, &out->head); break;
        case Heartbeat: heartbeat(in, &out->head); break;
        case LeaveGroup: write_int16(&out->head, 0); break;
        case ApiVersions: api_versions(version, &out->head); break;
        default: fprintf(stderr, "logserver: request %d is not known\n", key); return false;
    }
    if (in->broken) {
        fprintf(stderr, "logserver: request %d version %d cannot be read\n", key, version);
        return false;
    }
    cover_head(out);
    size_t length = 0;
    for (size_t i = 0; i < out->count; i++) { length += out->pieces[i].iov_len; }
    patch_int32(&out->head, 0, (int32_t)(length - 4));
    return true;
}

static bool receive_all(int client, void *bytes, size_t count) {
    return count == 0 || recv(client, bytes, count, MSG_WAITALL) == (ssize_t)count;
}

static void *serve(void *argument) {
    int client = (int)(intptr_t)argument;
    uint8_t *request = NULL;
    answer out = {0};
    uint32_t length;
    while (receive_all(client, &length, 4)) {
        length = be32toh(length);
        if (length > 256u << 20) { break; }
        request = realloc(request, length);
        if (request == NULL || !receive_all(client, request, length)) { break; }
        reader in = {request, request + length, false};
        out.head.count = out.count = out.covered = 0;
        pthread_mutex_lock(&lock);
        bool is_answered = respond(&in, &out);
        pthread_mutex_unlock(&lock);
        if (!is_answered || !send_all(client, &out)) { break; }
    }
    free(request);
    free(out.head.bytes);
    free(out.pieces);
    close(client);
    return NULL;
}

int main(int count, char **arguments) {
    uint16_t wanted = 0;
    for (int i = 1; i + 1 < count; i += 2) {
        long value = atol(arguments[i + 1]);
        if (strcmp(arguments[i], "--port") == 0) { wanted = (uint16_t)value; }
        else if (strcmp(arguments[i], "--partitions") == 0 && value > 0) { partitions_per_topic = (int32_t)value; }
        else if (strcmp(arguments[i], "--repeat") == 0 && value > 0) { repeat = value; }
        else { fprintf(stderr, "usage: logserver [--port N] [--partitions N] [--repeat N]\n"); return 64; }
    }
    int server = listen_on_loopback("logserver", wanted, &port);
    printf("bootstrap.servers=127.0.0.1:%u\n", port);
    fflush(stdout);
    accept_for_ever(server, serve);
}
