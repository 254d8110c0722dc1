#include "server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int listen_on_loopback(const char *name, uint16_t wanted, uint16_t *port) {
    signal(SIGPIPE, SIG_IGN);
    int server = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(wanted), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (bind(server, (struct sockaddr *)&address, sizeof address) != 0 || listen(server, 1024) != 0
        || getsockname(server, (struct sockaddr *)&address, &size) != 0) {
        perror(name);
        exit(1);
    }
    *port = ntohs(address.sin_port);
    return server;
}

int accept_one(int server) {
    int client = accept(server, NULL, NULL);
    int on = 1;
    if (client >= 0) { setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); }
    return client;
}

_Noreturn void accept_for_ever(int server, void *(*serve)(void *)) {
    while (1) {
        int client = accept_one(server);
        if (client < 0) { continue; }
        pthread_t thread;
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)client) == 0) {
            pthread_detach(thread);
        } else {
            close(client);
        }
    }
}
