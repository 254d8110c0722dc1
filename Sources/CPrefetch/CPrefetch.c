#include "CPrefetch.h"

// Nothing but the header: what it declares is a few instructions where it is called.
