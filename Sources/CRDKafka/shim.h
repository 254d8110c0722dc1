#pragma once
#include "listener.h"
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <pthread.h>

#ifdef __linux__
// glibc declares it for GNU programs only, which Swift's view of pthread.h is not.
extern int pthread_setname_np(pthread_t thread, const char *name);
#endif

/// Names the calling thread for debuggers and `top`; at most 15 bytes.
static inline void linefeed_name_thread(const char *name) {
#ifdef __linux__
    (void)pthread_setname_np(pthread_self(), name);
#else
    (void)pthread_setname_np(name);
#endif
}

/// From now on the calling thread takes the processor from nobody when it is woken: it waits until one is free, or until those
/// before it have had their share. A hint: elsewhere than on Linux, or where the system refuses, it stays as it is.
static inline void linefeed_wait_when_woken(void) {
#ifdef __linux__
    // SCHED_BATCH of sched.h, which glibc declares for GNU programs only.
    const int batch = 3;
    const struct sched_param priority = {0};
    (void)pthread_setschedparam(pthread_self(), batch, &priority);
#endif
}

// librdkafka's variadic functions cannot be called from Swift; these name their arguments instead.

/// One message, copied into the queue; never blocks. A NULL key or value is null on the wire.
/// On success `headers` belongs to librdkafka, on failure to the caller. `timestamp_ms` 0 means now.
static inline rd_kafka_resp_err_t linefeed_produce(
    rd_kafka_t *rk, const char *topic, int32_t partition, const void *key, size_t key_size, const void *value,
    size_t value_size, rd_kafka_headers_t *headers, int64_t timestamp_ms, void *opaque) {
    return rd_kafka_producev(
        rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(key, key_size), RD_KAFKA_V_VALUE(value, value_size), RD_KAFKA_V_HEADERS(headers),
        RD_KAFKA_V_TIMESTAMP(timestamp_ms), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
}

/// The next request `api_key` to this broker is answered with `error` (0: normally) after `rtt_ms`.
static inline rd_kafka_resp_err_t linefeed_mock_push_error_rtt(
    rd_kafka_mock_cluster_t *cluster, int32_t broker, int16_t api_key, rd_kafka_resp_err_t error, int rtt_ms) {
    return rd_kafka_mock_broker_push_request_error_rtts(cluster, broker, api_key, 1, error, rtt_ms);
}
