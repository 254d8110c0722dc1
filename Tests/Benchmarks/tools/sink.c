// A dataset API that answers at once: every update is accepted and has been applied by the time anyone asks. It counts
// what it is sent, without decoding it: a payload of n lines has n - 1 line feeds, so the bytes of all payloads and the
// number of updates together say whether all lines came. One thread serves all connections: on a machine that it shares with
// the worker, one for each would cost more by waking up than by answering.
//
// usage: sink [--port N]
//
//   PATCH …/entries   202, UPDATE_COMPLETE for who prefers to wait, for others UPDATE_IN_PROGRESS; counted once for each
//                     client token
//   GET …/train       200, UPDATE_COMPLETE and the token of the dataset's last update
//   GET /counts       {"updates": N, "bytes": N, "repeats": N, "describes": N, "full": false}, bytes before base64; full:
//                     there was more than it can keep apart, and the counts are not to be believed
//   POST /reset       all counts to zero

#include "server.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    datasets_capacity = 1 << 16,
    tokens_capacity = 1 << 22,
    token_length = 64,
    header_room = 16384,
    /// Bytes of a head that are read at a time: what comes of the body with them is copied.
    head_step = 1024,
    ends = 16
};

typedef struct {
    uint64_t hash;
    char token[token_length + 1];
} dataset;

static dataset datasets[datasets_capacity];
/// Hashes of the tokens seen; 0 is free.
static uint64_t tokens[tokens_capacity];
static int64_t updates, bytes, repeats, describes;
static size_t dataset_count, token_count;
/// There were more datasets or tokens than can be told from each other.
static bool is_full;

static uint64_t hash(const char *text, size_t length) {
    uint64_t value = 0xcbf29ce484222325u;
    for (size_t i = 0; i < length; i++) { value = (value ^ (uint8_t)text[i]) * 0x100000001b3u; }
    return value == 0 ? 1 : value;
}

/// Whether a table has room for one more. (One that was full would be searched for ever.)
static bool has_room(size_t *taken, size_t capacity) {
    if (*taken < capacity / 4 * 3) {
        ++*taken;
        return true;
    }
    is_full = true;
    return false;
}

static dataset *find_dataset(const char *path, size_t length) {
    uint64_t wanted = hash(path, length);
    size_t slot = wanted % datasets_capacity;
    while (datasets[slot].hash != 0 && datasets[slot].hash != wanted) { slot = (slot + 1) % datasets_capacity; }
    if (datasets[slot].hash == wanted || has_room(&dataset_count, datasets_capacity)) { datasets[slot].hash = wanted; }
    return &datasets[slot];
}

static bool is_new(const char *token) {
    uint64_t wanted = hash(token, strlen(token));
    size_t slot = wanted % tokens_capacity;
    while (tokens[slot] != 0) {
        if (tokens[slot] == wanted) { return false; }
        slot = (slot + 1) % tokens_capacity;
    }
    if (has_room(&token_count, tokens_capacity)) { tokens[slot] = wanted; }
    return true;
}

static bool send_all(int client, const char *data, size_t length) {
    while (length > 0) {
        ssize_t sent = send(client, data, length, 0);
        if (sent < 0) { return false; }
        data += sent;
        length -= (size_t)sent;
    }
    return true;
}

static bool answer(int client, const char *status, const char *headers, const char *body) {
    char out[1024];
    int length = snprintf(
        out, sizeof out, "HTTP/1.1 %s\r\nContent-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n%s", status,
        headers, strlen(body), body);
    return send_all(client, out, (size_t)length);
}

/// One connection and the request that comes over it.
typedef struct {
    int client;
    /// The head, and what came with it.
    char buffer[header_room];
    size_t count;
    /// Bytes of the head; 0 until it is there whole.
    size_t head;
    /// In the head; empty where it has none.
    const char *token, *preference, *expectation;
    /// Bytes of the body in all and as far as they were read, and its first and last ones.
    int64_t length, position;
    char first[ends], last[ends];
} connection;

/// What came of looking at a connection.
typedef enum { ready, waiting, gone } progress;

static progress receive(int client, char *target, size_t room, int flags, ssize_t *count) {
    *count = recv(client, target, room, flags | MSG_DONTWAIT);
    if (*count > 0) { return ready; }
    return *count < 0 && (errno == EAGAIN || errno == EINTR) ? waiting : gone;
}

/// Of a request's head: the value of the header, in place, if `line` is it; NULL otherwise.
static char *value_of(char *line, const char *name) {
    size_t length = strlen(name);
    if (strncasecmp(line, name, length) != 0 || line[length] != ':') { return NULL; }
    char *value = line + length + 1;
    while (*value == ' ') { value++; }
    return value;
}

/// Reads what the head says, and ends each of its lines with a zero.
static void understand(connection *in) {
    in->length = 0;
    in->token = in->preference = in->expectation = "";
    char *end;
    for (char *line = in->buffer; (end = strchr(line, '\r')) != NULL; line = end + 2) {
        *end = 0;
        char *value;
        if ((value = value_of(line, "Content-Length")) != NULL) {
            in->length = atoll(value);
        } else if ((value = value_of(line, "X-Amzn-Client-Token")) != NULL) {
            in->token = value;
        } else if ((value = value_of(line, "Prefer")) != NULL) {
            in->preference = value;
        } else if ((value = value_of(line, "Expect")) != NULL) {
            in->expectation = value;
        }
    }
}

static progress read_head(connection *in) {
    while (true) {
        char *end = memmem(in->buffer, in->count, "\r\n\r\n", 4);
        if (end != NULL) {
            in->head = (size_t)(end - in->buffer) + 4;
            end[2] = 0;
            understand(in);
            if (in->length < 0) { return gone; }
            in->position = 0;
            return *in->expectation == 0 || send_all(in->client, "HTTP/1.1 100 Continue\r\n\r\n", 25) ? ready : gone;
        }
        if (in->count == sizeof in->buffer) { return gone; }
        ssize_t count;
        size_t room = sizeof in->buffer - in->count;
        progress next = receive(in->client, in->buffer + in->count, room < head_step ? room : head_step, 0, &count);
        if (next != ready) { return next; }
        in->count += (size_t)count;
    }
}

/// Takes note of bytes of the body: of its ends.
static void note(connection *in, const char *bytes, ssize_t count) {
    for (ssize_t i = 0; i < count && in->position + i < ends; i++) { in->first[in->position + i] = bytes[i]; }
    for (ssize_t i = count - 1; i >= 0 && in->position + i >= in->length - ends; i--) {
        in->last[in->position + i - (in->length - ends)] = bytes[i];
    }
}

/// Reads the body; what lies between its first and last bytes is thrown away by the system without being copied. Leaves in
/// the buffer what follows the body.
static progress read_body(connection *in) {
    if (in->position == 0 && in->head < in->count) {
        ssize_t count = (ssize_t)(in->count - in->head);
        if (count > in->length) { count = in->length; }
        note(in, in->buffer + in->head, count);
        in->position = count;
        // (The head stays where it is, behind it what belongs to the next request.)
        in->count -= (size_t)count;
        memmove(in->buffer + in->head, in->buffer + in->head + count, in->count - in->head);
    }
    while (in->position < in->length) {
        int64_t rest = in->length - in->position;
        char edge[ends];
        ssize_t count;
        progress next;
        if (in->position >= ends && rest > ends) {
            next = receive(in->client, NULL, (size_t)(rest - ends), MSG_TRUNC, &count);
        } else {
            int64_t wanted = in->position < ends && rest > ends ? ends - in->position : rest;
            if (wanted > ends) { wanted = ends; }
            next = receive(in->client, edge, (size_t)wanted, 0, &count);
            if (next == ready) { note(in, edge, count); }
        }
        if (next != ready) { return next; }
        in->position += count;
    }
    return ready;
}

/// How many bytes the body's base64 stands for.
static int64_t payload_bytes(const connection *in) {
    if (in->length < 18) { return 0; }
    // {"Changes":"…"} or {"Changes": "…"}
    int64_t around = in->first[11] == '"' ? 14 : 15;
    int64_t padding = in->last[ends - 3] != '=' ? 0 : in->last[ends - 4] != '=' ? 1 : 2;
    return (in->length - around) / 4 * 3 - padding;
}

/// Answers the request that was read.
static bool answer_request(connection *in) {
    char method[16] = "", path[1024] = "";
    sscanf(in->buffer, "%15s %1023s", method, path);
    char headers[256] = "", body[256];
    const char *status = "200 OK";
    if (strcmp(method, "PATCH") == 0) {
        size_t length = strlen(path);
        if (length > 8 && strcmp(path + length - 8, "/entries") == 0) { length -= 8; }
        snprintf(find_dataset(path, length)->token, token_length + 1, "%s", in->token);
        if (is_new(in->token)) {
            updates++;
            bytes += payload_bytes(in);
        } else {
            repeats++;
        }
        status = "202 Accepted";
        bool waits = strncmp(in->preference, "wait=", 5) == 0;
        snprintf(body, sizeof body, "{\"Status\":\"UPDATE_%s\"}", waits ? "COMPLETE" : "IN_PROGRESS");
    } else if (strcmp(path, "/counts") == 0) {
        snprintf(
            body, sizeof body,
            "{\"updates\": %" PRId64 ", \"bytes\": %" PRId64 ", \"repeats\": %" PRId64 ", \"describes\": %" PRId64
            ", \"full\": %s}",
            updates, bytes, repeats, describes, is_full ? "true" : "false");
    } else if (strcmp(path, "/reset") == 0) {
        updates = bytes = repeats = describes = 0;
        dataset_count = token_count = 0;
        is_full = false;
        memset(tokens, 0, sizeof tokens);
        memset(datasets, 0, sizeof datasets);
        strcpy(body, "{}");
    } else {
        describes++;
        const char *latest = find_dataset(path, strlen(path))->token;
        snprintf(headers, sizeof headers, "x-linefeed-latest-update-token: %s\r\n", latest);
        strcpy(body, "{\"DatasetDescription\":{\"Status\":\"UPDATE_COMPLETE\",\"StatusMessage\":\"\"}}");
    }
    return answer(in->client, status, headers, body);
}

/// Does all that can be done without waiting.
static progress serve(connection *in) {
    while (true) {
        progress next = in->head == 0 ? read_head(in) : ready;
        if (next == ready) { next = read_body(in); }
        if (next != ready) { return next; }
        if (!answer_request(in)) { return gone; }
        in->count -= in->head;
        memmove(in->buffer, in->buffer + in->head, in->count);
        in->head = 0;
        // Nearly nobody sends the next request before the answer is there; who does is looked at again.
        if (in->count == 0) { return waiting; }
    }
}

static void watch(int poll, int file, void *who) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = who};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, file, &event) != 0) {
        perror("sink");
        exit(1);
    }
}

static void welcome(int poll, int client) {
    if (client < 0) { return; }
    connection *in = calloc(1, sizeof *in);
    if (in == NULL) {
        close(client);
        return;
    }
    in->client = client;
    watch(poll, client, in);
}

int main(int count, char **arguments) {
    uint16_t wanted = count == 3 && strcmp(arguments[1], "--port") == 0 ? (uint16_t)atoi(arguments[2]) : 0;
    uint16_t port;
    int server = listen_on_loopback("sink", wanted, &port);
    printf("http://127.0.0.1:%u\n", port);
    fflush(stdout);
    int poll = epoll_create1(0);
    watch(poll, server, NULL);
    while (true) {
        struct epoll_event events[64];
        int count = epoll_wait(poll, events, 64, -1);
        for (int i = 0; i < count; i++) {
            connection *in = events[i].data.ptr;
            if (in == NULL) {
                welcome(poll, accept_one(server));
            } else if (serve(in) == gone) {
                close(in->client);
                free(in);
            }
        }
    }
}
