// What the stand-ins' servers have in common: a port on loopback, and for who wants it a thread for each connection.
#pragma once

#include <stdint.h>

/// Listens on a port of the loopback interface, where 0 is any that is free; ends the program where that fails.
int listen_on_loopback(const char *name, uint16_t wanted, uint16_t *port);

/// The next connection, which sends without delay; -1 where there is none after all.
int accept_one(int server);

/// Runs `serve` for every connection, on a thread of its own, with the descriptor as its argument; it closes that.
_Noreturn void accept_for_ever(int server, void *(*serve)(void *));
