// Fills a topic with labelling events of about 350 bytes, lz4, each of an image of its own, dataset by dataset in turn.
//
// usage: publish --brokers HOST:PORT --topic NAME --events N --datasets N --partitions N [--rate N] [--journal FILE]
//   --rate      so many a second, evenly, rather than as fast as it goes
//   --journal   a line for each event that was acknowledged: partition, offset, dataset, microseconds since 1970 at
//               which it was handed to the client
//
// Prints what a sink must have seen in the end: {"events": N, "line_bytes": N}, line feeds not counted.

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static FILE *journal;
static int64_t refused;

/// What the journal says of an event; travels with the message.
typedef struct {
    int32_t dataset;
    int64_t sent_at;
} note;

static int64_t microseconds_now(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void delivered(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    (void)client, (void)opaque;
    note *about = message->_private;
    if (message->err) {
        if (refused++ == 0) { fprintf(stderr, "publish: %s\n", rd_kafka_err2str(message->err)); }
    } else if (journal != NULL) {
        fprintf(journal, "%" PRId32 " %" PRId64 " %" PRId32 " %" PRId64 "\n", message->partition, message->offset,
                about->dataset, about->sent_at);
    }
    free(about);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char error[512];
    if (rd_kafka_conf_set(conf, name, value, error, sizeof error) != RD_KAFKA_CONF_OK) {
        fprintf(stderr, "publish: %s\n", error);
        exit(64);
    }
}

static int text(char *out, size_t room, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int count = vsnprintf(out, room, format, arguments);
    va_end(arguments);
    return count;
}

/// The entry, then the event around it. Returns the entry's length.
static int write_event(char *value, size_t room, int64_t number, const char *project, int *length) {
    char entry[768];
    uint64_t noise = (uint64_t)number * 0x9E3779B97F4A7C15u;
    noise ^= noise >> 29;
    int is_anomaly = noise % 4 == 0;
    // No zero at its end, which a worker that writes numbers anew would leave out.
    uint64_t confidence = noise % 1000 * 10 + 1 + noise / 1000 % 9;
    const char *class = is_anomaly ? "anomaly" : "normal";
    int count = text(
        entry, sizeof entry,
        "{\"source-ref\":\"s3://linefeed-benchmark/%s/2026/11/%012" PRId64 ".jpg\",\"anomaly-label\":%d,"
        "\"anomaly-label-metadata\":{\"class-name\":\"%s\",\"confidence\":0.%04" PRIu64 ",\"human-annotated\":\"yes\","
        "\"creation-date\":\"2026-11-23T%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRIu64 "\","
        "\"type\":\"groundtruth/image-classification\",\"job-name\":\"labeling-job/line-%" PRIu64 "\"}}",
        project, number, is_anomaly, class, confidence, number / 3600 % 24, number / 60 % 60, number % 60,
        noise / 10000 % 1000, noise / 10000000 % 16);
    *length = text(value, room, "{\"project\":\"%s\",\"datasetType\":\"train\",\"entry\":%s}", project, entry);
    return count;
}

int main(int count, char **arguments) {
    const char *brokers = "127.0.0.1:9092", *topic = "labelling-events";
    int64_t events = 2000000, datasets = 40, partitions = 12, rate = 0;
    for (int i = 1; i + 1 < count; i += 2) {
        const char *name = arguments[i], *value = arguments[i + 1];
        if (strcmp(name, "--brokers") == 0) { brokers = value; }
        else if (strcmp(name, "--topic") == 0) { topic = value; }
        else if (strcmp(name, "--events") == 0) { events = atoll(value); }
        else if (strcmp(name, "--datasets") == 0) { datasets = atoll(value); }
        else if (strcmp(name, "--partitions") == 0) { partitions = atoll(value); }
        else if (strcmp(name, "--rate") == 0) { rate = atoll(value); }
        else if (strcmp(name, "--journal") == 0) { journal = fopen(value, "w"); }
        else { fprintf(stderr, "publish: %s is no option\n", name); return 64; }
    }
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", brokers);
    set(conf, "compression.codec", "lz4");
    set(conf, "linger.ms", rate > 0 ? "5" : "50");
    set(conf, "queue.buffering.max.messages", "1000000");
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    char error[512];
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    if (client == NULL) { fprintf(stderr, "publish: %s\n", error); return 1; }

    int64_t line_bytes = 0, start = microseconds_now(CLOCK_MONOTONIC);
    for (int64_t number = 0; number < events; number++) {
        if (rate > 0) {
            // Events of a moment go out together: the clock of a sleeping thread has no finer grain.
            int64_t due = start + number * 1000000 / rate;
            while (microseconds_now(CLOCK_MONOTONIC) < due) { rd_kafka_poll(client, 1); }
        }
        char project[64], key[80], value[1024];
        int32_t dataset = (int32_t)(number % datasets);
        int length;
        text(project, sizeof project, "board-%05" PRId32, dataset);
        int key_length = text(key, sizeof key, "%s/train", project);
        line_bytes += write_event(value, sizeof value, number, project, &length);
        note *about = malloc(sizeof *about);
        if (about == NULL) { return 1; }
        *about = (note){dataset, microseconds_now(CLOCK_REALTIME)};
        rd_kafka_resp_err_t code;
        do {
            code = rd_kafka_producev(
                client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION((int32_t)(dataset % partitions)),
                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, (size_t)key_length),
                RD_KAFKA_V_VALUE(value, (size_t)length), RD_KAFKA_V_OPAQUE(about), RD_KAFKA_V_END);
            if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) { rd_kafka_poll(client, 50); }
        } while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL);
        if (code) { fprintf(stderr, "publish: %s\n", rd_kafka_err2str(code)); return 1; }
        if (number % 1024 == 0) { rd_kafka_poll(client, 0); }
    }
    rd_kafka_flush(client, 60000);
    int left = rd_kafka_outq_len(client);
    rd_kafka_destroy(client);
    if (journal != NULL) { fclose(journal); }
    if (refused > 0 || left > 0) { fprintf(stderr, "publish: %" PRId64 " refused, %d left\n", refused, left); return 1; }
    printf("{\"events\": %" PRId64 ", \"line_bytes\": %" PRId64 "}\n", events, line_bytes);
    return 0;
}
