#include "CJemalloc.h"

/// What jemalloc looks for when the program starts. Two arenas, since most memory goes from the thread that allocated it to
/// another one that frees it; threads keep a few blocks of up to 64 KiB, as large as those that lines stand in; and what is
/// free goes back to the system soon, since `--memory` is a promise.
const char *malloc_conf = "narenas:2,dirty_decay_ms:2000,muzzy_decay_ms:0,lg_tcache_max:16";
