// A dataset API that answers at once: every update is accepted and has been applied by the time anyone asks. It counts
// what it is sent, without decoding it: a payload of n lines has n - 1 line feeds, so the bytes of all payloads and the
// number of updates together say whether all lines came.
//
// usage: sink [--port N]
//
//   PATCH …/entries   202, UPDATE_COMPLETE for who prefers to wait, for others UPDATE_IN_PROGRESS; counted once for each
//                     client token
//   GET …/train       200, UPDATE_COMPLETE and the token of the dataset's last update
//   GET /counts       {"updates": N, "bytes": N, "repeats": N, "describes": N}, bytes before base64
//   POST /reset       all counts to zero

#include "server.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { datasets_capacity = 1 << 16, tokens_capacity = 1 << 23, token_length = 64, header_room = 16384 };

typedef struct {
    uint64_t hash;
    char token[token_length + 1];
} dataset;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static dataset datasets[datasets_capacity];
/// Hashes of the tokens seen; 0 is free.
static uint64_t tokens[tokens_capacity];
static int64_t updates, bytes, repeats, describes;

static uint64_t hash(const char *text, size_t length) {
    uint64_t value = 0xcbf29ce484222325u;
    for (size_t i = 0; i < length; i++) { value = (value ^ (uint8_t)text[i]) * 0x100000001b3u; }
    return value == 0 ? 1 : value;
}

static dataset *find_dataset(const char *path, size_t length) {
    uint64_t wanted = hash(path, length);
    size_t slot = wanted % datasets_capacity;
    while (datasets[slot].hash != 0 && datasets[slot].hash != wanted) { slot = (slot + 1) % datasets_capacity; }
    datasets[slot].hash = wanted;
    return &datasets[slot];
}

static bool is_new(const char *token) {
    uint64_t wanted = hash(token, strlen(token));
    size_t slot = wanted % tokens_capacity;
    while (tokens[slot] != 0) {
        if (tokens[slot] == wanted) { return false; }
        slot = (slot + 1) % tokens_capacity;
    }
    tokens[slot] = wanted;
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

/// One request: its head in a buffer, and what of the body came with it.
typedef struct {
    char head[header_room];
    size_t count;
    size_t head_length;
} request;

static bool read_head(int client, request *in) {
    while (true) {
        char *end = memmem(in->head, in->count, "\r\n\r\n", 4);
        if (end != NULL) {
            in->head_length = (size_t)(end - in->head) + 4;
            *end = 0;
            return true;
        }
        if (in->count == sizeof in->head) { return false; }
        ssize_t received = recv(client, in->head + in->count, sizeof in->head - in->count, 0);
        if (received <= 0) { return false; }
        in->count += (size_t)received;
    }
}

static bool header(const char *head, const char *name, char *value, size_t room) {
    size_t length = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, length) != 0 || line[length] != ':') { continue; }
        const char *from = line + length + 1;
        while (*from == ' ') { from++; }
        size_t count = strcspn(from, "\r");
        if (count >= room) { return false; }
        memcpy(value, from, count);
        value[count] = 0;
        return true;
    }
    return false;
}

/// Reads a body and says how many bytes its base64 stands for; what lies between its first and last characters is
/// thrown away by the system without being copied. Leaves in `in` what follows the body. -1 where the client is gone.
static int64_t read_body(int client, request *in, int64_t length) {
    enum { ends = 16 };
    char first[ends] = {0}, last[ends] = {0};
    int64_t position = 0;
    size_t after = in->head_length;
    while (position < length) {
        char *piece;
        ssize_t count;
        char edge[ends];
        if (after < in->count) {
            piece = in->head + after;
            count = (ssize_t)(in->count - after);
            if (count > length - position) { count = length - position; }
            after += (size_t)count;
        } else if (position >= ends && length - position > ends) {
            piece = NULL;
            count = recv(client, NULL, (size_t)(length - position - ends), MSG_TRUNC);
        } else {
            piece = edge;
            int64_t wanted = position < ends ? ends - position : length - position;
            if (wanted > length - position) { wanted = length - position; }
            count = recv(client, edge, (size_t)wanted, 0);
        }
        if (count <= 0) { return -1; }
        for (ssize_t i = 0; piece != NULL && i < count && position + i < ends; i++) { first[position + i] = piece[i]; }
        for (ssize_t i = count - 1; piece != NULL && i >= 0 && position + i >= length - ends; i--) {
            last[position + i - (length - ends)] = piece[i];
        }
        position += count;
    }
    in->count -= after;
    memmove(in->head, in->head + after, in->count);
    if (length < 18) { return 0; }
    // {"Changes":"…"} or {"Changes": "…"}
    int64_t around = first[11] == '"' ? 14 : 15;
    int64_t padding = last[ends - 3] != '=' ? 0 : last[ends - 4] != '=' ? 1 : 2;
    return (length - around) / 4 * 3 - padding;
}

static bool serve_one(int client, request *in) {
    if (!read_head(client, in)) { return false; }
    char method[16] = "", path[1024] = "", token[token_length + 1] = "", number[32] = "0";
    sscanf(in->head, "%15s %1023s", method, path);
    header(in->head, "Content-Length", number, sizeof number);
    header(in->head, "X-Amzn-Client-Token", token, sizeof token);
    char expectation[32];
    if (header(in->head, "Expect", expectation, sizeof expectation)
        && !send_all(client, "HTTP/1.1 100 Continue\r\n\r\n", 25)) {
        return false;
    }
    int64_t payload = read_body(client, in, atoll(number));
    if (payload < 0) { return false; }

    char headers[256] = "", body[256];
    pthread_mutex_lock(&lock);
    const char *status = "200 OK";
    if (strcmp(method, "PATCH") == 0) {
        size_t length = strlen(path);
        if (length > 8 && strcmp(path + length - 8, "/entries") == 0) { length -= 8; }
        strcpy(find_dataset(path, length)->token, token);
        if (is_new(token)) {
            updates++;
            bytes += payload;
        } else {
            repeats++;
        }
        status = "202 Accepted";
        char preference[64];
        bool waits = header(in->head, "Prefer", preference, sizeof preference) && strncmp(preference, "wait=", 5) == 0;
        snprintf(body, sizeof body, "{\"Status\":\"UPDATE_%s\"}", waits ? "COMPLETE" : "IN_PROGRESS");
    } else if (strcmp(path, "/counts") == 0) {
        snprintf(
            body, sizeof body,
            "{\"updates\": %" PRId64 ", \"bytes\": %" PRId64 ", \"repeats\": %" PRId64 ", \"describes\": %" PRId64 "}",
            updates, bytes, repeats, describes);
    } else if (strcmp(path, "/reset") == 0) {
        updates = bytes = repeats = describes = 0;
        memset(tokens, 0, sizeof tokens);
        memset(datasets, 0, sizeof datasets);
        strcpy(body, "{}");
    } else {
        describes++;
        const char *latest = find_dataset(path, strlen(path))->token;
        snprintf(headers, sizeof headers, "x-linefeed-latest-update-token: %s\r\n", latest);
        strcpy(body, "{\"DatasetDescription\":{\"Status\":\"UPDATE_COMPLETE\",\"StatusMessage\":\"\"}}");
    }
    pthread_mutex_unlock(&lock);
    return answer(client, status, headers, body);
}

static void *serve(void *argument) {
    int client = (int)(intptr_t)argument;
    request *in = calloc(1, sizeof *in + 1);
    while (in != NULL && serve_one(client, in)) {}
    free(in);
    close(client);
    return NULL;
}

int main(int count, char **arguments) {
    uint16_t wanted = count == 3 && strcmp(arguments[1], "--port") == 0 ? (uint16_t)atoi(arguments[2]) : 0;
    uint16_t port;
    int server = listen_on_loopback("sink", wanted, &port);
    printf("http://127.0.0.1:%u\n", port);
    fflush(stdout);
    accept_for_ever(server, serve);
}
