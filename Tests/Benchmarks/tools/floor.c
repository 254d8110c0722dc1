// The floor: consumes a topic as a member of a group and throws the records away. Nothing that reads the topic through
// librdkafka can cost less.
//
// usage: floor --brokers HOST:PORT --topic NAME --group NAME [--kafka NAME=VALUE]...
//
// Ends when every partition has been read to its end; prints {"events": N, "bytes": N}.

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char error[512];
    if (rd_kafka_conf_set(conf, name, value, error, sizeof error) != RD_KAFKA_CONF_OK) {
        fprintf(stderr, "floor: %s\n", error);
        exit(64);
    }
}

int main(int count, char **arguments) {
    const char *topic = "labelling-events";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "enable.partition.eof", "true");
    set(conf, "enable.auto.commit", "false");
    set(conf, "auto.offset.reset", "earliest");
    for (int i = 1; i + 1 < count; i += 2) {
        char *name = arguments[i], *value = arguments[i + 1];
        if (strcmp(name, "--topic") == 0) { topic = value; continue; }
        if (strcmp(name, "--kafka") == 0) {
            name = strtok(value, "=");
            value = strtok(NULL, "");
        } else if (strcmp(name, "--brokers") == 0) {
            name = "bootstrap.servers";
        } else if (strcmp(name, "--group") == 0) {
            name = "group.id";
        }
        set(conf, name, value == NULL ? "" : value);
    }
    char error[512];
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
    if (client == NULL) { fprintf(stderr, "floor: %s\n", error); return 1; }
    rd_kafka_poll_set_consumer(client);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    if (rd_kafka_subscribe(client, topics)) { fprintf(stderr, "floor: cannot subscribe\n"); return 1; }

    int64_t events = 0, bytes = 0, ended = 0, assigned = -1;
    while (assigned < 0 || ended < assigned) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(client, 1000);
        if (message == NULL) { continue; }
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            events++;
            bytes += (int64_t)message->len;
        } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            ended++;
            rd_kafka_topic_partition_list_t *all;
            if (assigned < 0 && rd_kafka_assignment(client, &all) == RD_KAFKA_RESP_ERR_NO_ERROR) {
                assigned = all->cnt;
                rd_kafka_topic_partition_list_destroy(all);
            }
        } else {
            fprintf(stderr, "floor: %s\n", rd_kafka_message_errstr(message));
        }
        rd_kafka_message_destroy(message);
    }
    rd_kafka_topic_partition_list_destroy(topics);
    rd_kafka_consumer_close(client);
    rd_kafka_destroy(client);
    printf("{\"events\": %" PRId64 ", \"bytes\": %" PRId64 "}\n", events, bytes);
    return 0;
}
