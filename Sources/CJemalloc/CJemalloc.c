#include "CJemalloc.h"

/// What jemalloc looks for when the program starts. Two arenas, since most memory goes from the thread that allocated it to
/// another one that frees it. Threads keep a few blocks of up to 128 KiB: lines stand in such of up to 64 KiB, and the body
/// of an update of some hundred lines takes more. A small block may be cut from however large a free extent: with the usual
/// bound, memory that is free already stays so, and other memory is touched instead. So what is free may be kept for ten
/// seconds, as usual, and the process is smaller than with two seconds and the bound. Blocks of a kilobyte and more, of which
/// the lines of a small batch take two dozen, are cut from slabs of sixteen pages: by default there is one for every four, or
/// even for a single one. (Of the sizes that are not used here, some leave an eighth of it unused.)
const char *malloc_conf = "narenas:2,dirty_decay_ms:10000,muzzy_decay_ms:0,lg_extent_max_active_fit:20,lg_tcache_max:17,slab_sizes:1024-16384:16";
