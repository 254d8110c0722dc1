// The requests about groups and what they have committed. Each reads the request and writes the answer, with the store's
// lock held.
#pragma once

#include "wire.h"

/// Kafka's error codes, as far as they are used.
enum { OUT_OF_RANGE = 1, UNKNOWN_TOPIC = 3, ILLEGAL_GENERATION = 22, UNSUPPORTED_VERSION = 35, NOT_MAGIC_2 = 43 };

void join_group(reader *in, writer *out);
void sync_group(reader *in, writer *out);
void heartbeat(reader *in, writer *out);
void commit_offsets(reader *in, writer *out);
void fetch_offsets(reader *in, writer *out);
