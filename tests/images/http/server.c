/* A playground without Gradio: answers every path on port 7860 with 200 and JSON, and misbehaves on request.
 *
 * START_DELAY_MS=n      listens n ms after the start
 * NEVER_LISTEN=1        never listens
 * CRASH_AFTER_MS=n      exits with code 3 n ms after the start
 * UNHEALTHY_AFTER_MS=n  answers 500 from n ms after the start on
 * EAT_MEMORY_MB=n       takes so much memory, and writes to all of it, before it listens
 * SIGTERM               exits with code 0
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long number(const char *name) {
    const char *value = getenv(name);
    return value && *value ? atol(value) : -1;
}

static long now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000L + t.tv_nsec / 1000000L;
}

static void on_term(int signal_number) { (void)signal_number; _exit(0); }
static void on_alarm(int signal_number) { (void)signal_number; _exit(3); }

static void sleep_ms(long ms) {
    struct timespec t = {ms / 1000, (ms % 1000) * 1000000L};
    nanosleep(&t, NULL);
}

static void answer(int client, int healthy) {
    static const char *body[] = {"{\"status\": \"unhealthy\"}", "{\"status\": \"ok\"}"};
    struct timeval limit = {1, 0};
    char request[8192];
    char reply[512];
    size_t have = 0;
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    while (have < sizeof request - 1) {
        ssize_t got = read(client, request + have, sizeof request - 1 - have);
        if (got <= 0) return;
        have += (size_t)got;
        request[have] = 0;
        if (strstr(request, "\r\n\r\n")) break;
    }
    int length = snprintf(reply, sizeof reply,
                          "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                          healthy ? "200 OK" : "500 Internal Server Error", strlen(body[healthy]), body[healthy]);
    if (write(client, reply, (size_t)length) < 0) return;
    shutdown(client, SHUT_WR);
    while (read(client, request, sizeof request) > 0) {}
}

static void eat(long megabytes) {
    for (long n = 0; n < megabytes; n++) {
        char *block = malloc(1 << 20);
        if (block == NULL) _exit(4);
        for (size_t at = 0; at < 1 << 20; at += 4096) ((volatile char *)block)[at] = 1;
    }
}

int main(void) {
    long began = now_ms(), crash = number("CRASH_AFTER_MS"), unhealthy = number("UNHEALTHY_AFTER_MS");
    signal(SIGTERM, on_term);
    signal(SIGINT, on_term);
    signal(SIGPIPE, SIG_IGN);
    printf("playground-test-http started\n");
    fflush(stdout);
    if (crash >= 0) {
        long in = crash > 0 ? crash : 1;
        struct itimerval timer = {{0, 0}, {in / 1000, (in % 1000) * 1000L}};
        signal(SIGALRM, on_alarm);
        setitimer(ITIMER_REAL, &timer, NULL);
    }
    if (number("EAT_MEMORY_MB") > 0) eat(number("EAT_MEMORY_MB"));
    if (number("NEVER_LISTEN") > 0)
        for (;;) pause();
    if (number("START_DELAY_MS") > 0) sleep_ms(number("START_DELAY_MS"));

    int yes = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(7860), .sin_addr.s_addr = INADDR_ANY};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 128)) {
        perror("playground-test-http cannot listen");
        return 1;
    }
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0) continue;
        answer(client, unhealthy < 0 || now_ms() - began < unhealthy);
        close(client);
    }
}
