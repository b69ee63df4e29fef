// What the variants have in common and no check is about: strict command lines, a listener, the
// report of an error. For C and C++.
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static inline void usage(const char* form) {
  dprintf(2, "usage: %s %s\n", program_invocation_name, form);
  _exit(2);
}

static inline void report(const char* call) {
  const int error = errno;
  dprintf(2, "%s: %s: %s\n", program_invocation_name, call, strerror(error));
  errno = error;
}

static inline void die(const char* call) {
  report(call);
  _exit(1);
}

// Digits alone, at most `most`; -1 for anything else.
static inline long number(const char* text, long most) {
  const size_t digits = strspn(text, "0123456789");
  if (digits == 0 || text[digits] != '\0') {
    return -1;
  }
  errno = 0;
  const long value = strtol(text, NULL, 10);
  return errno != 0 || value > most ? -1 : value;
}

struct place {
  struct sockaddr_storage at;
  socklen_t size;
};

static inline struct place place_of(const char* address, const char* port, const char* form) {
  struct place place;
  memset(&place, 0, sizeof place);
  struct sockaddr_in* four = (struct sockaddr_in*)&place.at;
  struct sockaddr_in6* six = (struct sockaddr_in6*)&place.at;
  const long value = number(port, 65535);
  if (value == -1) {
    usage(form);
  }
  if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons((in_port_t)value);
    place.size = sizeof *four;
  } else if (inet_pton(AF_INET6, address, &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = htons((in_port_t)value);
    place.size = sizeof *six;
  } else {
    usage(form);
  }
  return place;
}

// The place of `NAME PORT [ADDRESS]`.
static inline struct place server_place(int argc, char** argv) {
  const char* form = "PORT [ADDRESS]";
  if (argc != 2 && argc != 3) {
    usage(form);
  }
  return place_of(argc == 3 ? argv[2] : "127.0.0.1", argv[1], form);
}

static inline int listen_at(struct place place, int type) {
  const int listener = socket(place.at.ss_family, type, 0);
  const int on = 1;
  if (listener == -1) {
    die("socket");
  }
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (bind(listener, (struct sockaddr*)&place.at, place.size) == -1) {
    die("bind");
  }
  if (listen(listener, 5) == -1) {
    die("listen");
  }
  return listener;
}

// The address as text, and the port.
static inline unsigned name_of(const struct sockaddr_storage* at, char text[INET6_ADDRSTRLEN]) {
  if (at->ss_family == AF_INET6) {
    const struct sockaddr_in6* six = (const struct sockaddr_in6*)at;
    inet_ntop(AF_INET6, &six->sin6_addr, text, INET6_ADDRSTRLEN);
    return ntohs(six->sin6_port);
  }
  const struct sockaddr_in* four = (const struct sockaddr_in*)at;
  inet_ntop(AF_INET, &four->sin_addr, text, INET6_ADDRSTRLEN);
  return ntohs(four->sin_port);
}

// Where the kernel has put the listener.
static inline unsigned place_bound(int listener, char text[INET6_ADDRSTRLEN]) {
  struct sockaddr_storage at;
  socklen_t size = sizeof at;
  if (getsockname(listener, (struct sockaddr*)&at, &size) == -1) {
    die("getsockname");
  }
  return name_of(&at, text);
}

// Whether accept lacked something of its own: no client's affair, and no event says when it is
// there.
static inline int is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}
