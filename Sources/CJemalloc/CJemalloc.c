#include "CJemalloc.h"

/// What jemalloc looks for when the program starts. Few arenas, since most memory goes from the thread that allocated it to
/// another one that frees it; and what is free goes back to the system soon, since `--memory` is a promise.
const char *malloc_conf = "narenas:4,dirty_decay_ms:500,muzzy_decay_ms:0";
