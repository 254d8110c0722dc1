#pragma once

// Nothing to call: see CJemalloc.c.
