#pragma once
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

// A broker of the mock goes down by closing its listener and binding another socket to the same port at once. That fails
// while a process that is just being launched still holds the listener (it gets copies of all descriptors, which are closed
// only as its program begins), and the mock then aborts this process (librdkafka 2.0.2, `rd_kafka_mock_broker_cmd`).
// A socket that no longer listens keeps nobody from its port, whoever holds it: so the listener is ended first.

static inline int linefeed_listens(int descriptor, uint16_t port) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int listens = 0;
    socklen_t listens_size = sizeof listens;
    return getsockname(descriptor, (struct sockaddr *)&address, &size) == 0 && address.sin_family == AF_INET
        && ntohs(address.sin_port) == port && ntohl(address.sin_addr.s_addr) == INADDR_LOOPBACK
        && getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) == 0 && listens;
}

/// This process's descriptor of the socket that listens on the loopback interface's port; -1 where there is none.
static inline int linefeed_listener(uint16_t port) {
    int found = -1;
    DIR *descriptors = opendir("/dev/fd");
    if (!descriptors) return -1;
    for (struct dirent *entry; found < 0 && (entry = readdir(descriptors));) {
        const int descriptor = atoi(entry->d_name);
        if (linefeed_listens(descriptor, port)) found = descriptor;
    }
    closedir(descriptors);
    return found;
}

/// Puts a socket that hears nothing in the place of this one, whose news the mock would take for a fault.
/// Returns the one that was there, to be ended by `linefeed_end_listener`; -1 when there are no descriptors left.
static inline int linefeed_replace_listener(int descriptor) {
    const int listener = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    const int silent = socket(AF_INET, SOCK_DGRAM, 0);
    const int is_replaced = listener >= 0 && silent >= 0 && dup2(silent, descriptor) == descriptor;
    if (is_replaced) (void)fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    if (silent >= 0) close(silent);
    if (is_replaced) return listener;
    if (listener >= 0) close(listener);
    return -1;
}

static inline void linefeed_end_listener(int listener) {
    (void)shutdown(listener, SHUT_RDWR);
    close(listener);
}
