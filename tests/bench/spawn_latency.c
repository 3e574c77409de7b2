/* Measures the time from posix_spawn to the first line that a program writes on stdout: what go waits for when it starts
   a cache program. usage: spawn_latency REPEATS PROGRAM [ARG...]; prints one number of microseconds a line. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void check(int failed, const char *what) {
    if (failed) {
        fprintf(stderr, "spawn_latency: %s: %s\n", what, strerror(failed > 0 ? failed : errno));
        exit(1);
    }
}

static double now_us(void) {
    struct timespec t;
    check(clock_gettime(CLOCK_MONOTONIC, &t), "clock_gettime");
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double once(char **argv) {
    int to_child[2], from_child[2];
    check(pipe2(to_child, O_CLOEXEC), "pipe2");
    check(pipe2(from_child, O_CLOEXEC), "pipe2");
    posix_spawn_file_actions_t actions;
    check(posix_spawn_file_actions_init(&actions), "file actions");
    check(posix_spawn_file_actions_adddup2(&actions, to_child[0], 0), "dup2");
    check(posix_spawn_file_actions_adddup2(&actions, from_child[1], 1), "dup2");
    pid_t pid;
    double start = now_us();
    check(posix_spawn(&pid, argv[0], &actions, NULL, argv, environ), argv[0]);
    close(from_child[1]);
    close(to_child[0]);
    char buffer[4096];
    size_t have = 0;
    for (;;) {
        ssize_t n = read(from_child[0], buffer + have, sizeof buffer - have);
        if (n <= 0) {
            fprintf(stderr, "spawn_latency: %s wrote no line\n", argv[0]);
            exit(1);
        }
        have += (size_t)n;
        if (memchr(buffer, '\n', have)) {
            break;
        }
    }
    double took = now_us() - start;
    close(to_child[1]);
    while (read(from_child[0], buffer, sizeof buffer) > 0) {
    }
    close(from_child[0]);
    int status;
    check(waitpid(pid, &status, 0) < 0 ? -1 : 0, "waitpid");
    if (status != 0) {
        fprintf(stderr, "spawn_latency: %s ended with status %d\n", argv[0], status);
        exit(1);
    }
    posix_spawn_file_actions_destroy(&actions);
    return took;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: spawn_latency REPEATS PROGRAM [ARG...]\n");
        return 2;
    }
    for (long n = strtol(argv[1], NULL, 10); n > 0; n--) {
        printf("%.1f\n", once(argv + 2));
    }
    return 0;
}
