#include "CPrefetch.h"

// Nothing but the header: what it declares is one instruction where it is called.
