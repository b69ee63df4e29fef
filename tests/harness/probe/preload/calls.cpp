// The calls that are recorded, and made to fail where a rule says so.

#include "harness/probe/preload/core.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdarg>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lab::probe {

namespace {

void copy_address(Facts& facts, const sockaddr* address, socklen_t size) noexcept {
  if (address != nullptr) {
    std::memcpy(facts.address.data(), address, std::min<std::size_t>(size, facts.address.size()));
  }
}

// Who is at the other end, where the program does not ask accept for it.
void copy_peer(Facts& facts, int fd) noexcept {
  const KeepErrno keep;
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (fd != -1 && getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    copy_address(facts, reinterpret_cast<const sockaddr*>(&address), size);
  }
}

// A call that causes something, and fails where it is told to.
template <typename Real, typename... Arguments>
int plain(What what, Group group, const char* name, int fd, Real& real, Arguments... arguments) {
  Call call(what, name, std::int64_t{arguments}...);
  if (const Fault told = fault(group, fd); told.error != 0) {
    return call.fail(told);
  }
  return call.done(real(arguments...));
}

} // namespace

// Sockets.

LAB_INTERPOSE(int, socket, (int domain, int type, int protocol)) {
  return plain(What::call_socket, Group::socket, "socket", -1, next_socket, domain, type, protocol);
}

LAB_INTERPOSE(int, bind, (int fd, const sockaddr* address, socklen_t size)) {
  Call call(What::call_bind, "bind", fd);
  copy_address(call.facts(), address, size);
  if (const Fault told = fault(Group::bind, fd); told.error != 0) {
    return call.fail(told);
  }
  return call.done(next_bind(fd, address, size));
}

LAB_INTERPOSE(int, listen, (int fd, int backlog)) {
  Call call(What::call_listen, "listen", fd, backlog);
  if (const Fault told = fault(Group::listen, fd); told.error != 0) {
    return call.fail(told);
  }
  const int result = next_listen(fd, backlog); // which gives it a port, if bind has not
  call.facts().arguments[2] = filming() ? port_of(fd) : 0;
  return call.done(result);
}

LAB_INTERPOSE(int, accept, (int fd, sockaddr* address, socklen_t* size)) {
  Call call(What::call_accept, "accept", fd);
  if (const Fault told = fault(Group::accept, fd); told.error != 0) {
    return call.fail(told);
  }
  call.waits();
  const int result = next_accept(fd, address, size);
  call.ended_now();
  copy_peer(call.facts(), result);
  call.facts().arguments[1] = filming() ? port_of(result) : 0;
  return call.done(result);
}

LAB_INTERPOSE(int, accept4, (int fd, sockaddr* address, socklen_t* size, int flags)) {
  Call call(What::call_accept, "accept4", fd);
  if (const Fault told = fault(Group::accept, fd); told.error != 0) {
    return call.fail(told);
  }
  call.waits();
  const int result = next_accept4(fd, address, size, flags);
  call.ended_now();
  copy_peer(call.facts(), result);
  call.facts().arguments[1] = filming() ? port_of(result) : 0;
  return call.done(result);
}

LAB_NEXT(int, connect, (int fd, const sockaddr* address, socklen_t size))

namespace {

// A connection that was complete when the program was told EINTR. Linux lets who calls connect once
// more have it; so do we, and hide the EISCONN which it would get.
std::atomic<int> complete = -1;

// The kernel goes on connecting when a signal ends connect(2).
int begin_connecting(int fd, const sockaddr* address, socklen_t size) {
  const int flags = fcntl(fd, F_GETFL);
  fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  const int result = next_connect(fd, address, size);
  const int error = errno;
  fcntl(fd, F_SETFL, flags);
  if (result == 0) {
    complete.store(fd, std::memory_order_relaxed);
  }
  return result == 0 || error == EINPROGRESS ? EINTR : error;
}

} // namespace

LAB_DEFINE(int, connect, (int fd, const sockaddr* address, socklen_t size)) {
  Call call(What::call_connect, "connect", fd);
  copy_address(call.facts(), address, size);
  const bool blocks = shared.load() != nullptr && (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
  if (Fault told = fault(Group::connect, fd, 0, blocks); told.error != 0) {
    told.error = told.error == EINTR ? begin_connecting(fd, address, size) : told.error;
    return call.fail(told);
  }
  call.waits();
  int result = next_connect(fd, address, size);
  if (filming()) {
    call.facts().arguments[1] = port_of(fd);
    call.ended_if_long();
  }
  if (result == -1 && errno == EISCONN && fd >= 0) {
    int expected = fd;
    if (complete.compare_exchange_strong(expected, -1, std::memory_order_relaxed)) {
      result = 0;
    }
  }
  return call.done(result);
}

LAB_INTERPOSE(int, shutdown, (int fd, int how)) {
  Call call(What::call_shutdown, "shutdown", fd, how);
  if (const Fault told = fault(Group::shutdown, fd); told.error != 0) {
    return call.fail(told);
  }
  call.begins();
  return call.done(next_shutdown(fd, how));
}

// Descriptors.

LAB_INTERPOSE(int, close, (int fd)) {
  Call call(What::call_close, "close", fd);
  if (const Fault told = fault(Group::close, fd); told.error != 0) {
    next_close(fd); // whatever close(2) says, the descriptor is gone
    return call.fail(told);
  }
  call.begins();
  return call.done(next_close(fd));
}

LAB_INTERPOSE(int, dup, (int fd)) {
  return plain(What::call_dup, Group::dup, "dup", fd, next_dup, fd);
}

LAB_INTERPOSE(int, dup2, (int fd, int to)) {
  return plain(What::call_dup, Group::dup, "dup2", fd, next_dup2, fd, to);
}

LAB_INTERPOSE(int, dup3, (int fd, int to, int flags)) {
  return plain(What::call_dup, Group::dup, "dup3", fd, next_dup3, fd, to, flags);
}

namespace {

template <typename Make>
int make_pair(What what, Group group, const char* name, int* ends, Make&& make) {
  Call call(what, name);
  if (const Fault told = fault(group); told.error != 0) {
    return call.fail(told);
  }
  const int result = make();
  if (result == 0) {
    call.facts().arguments = {ends[0], ends[1], 0};
  }
  return call.done(result);
}

} // namespace

LAB_INTERPOSE(int, pipe, (int* ends)) {
  return make_pair(What::call_pipe, Group::pipe, "pipe", ends, [=] { return next_pipe(ends); });
}

LAB_INTERPOSE(int, pipe2, (int* ends, int flags)) {
  return make_pair(What::call_pipe, Group::pipe, "pipe2", ends,
                   [=] { return next_pipe2(ends, flags); });
}

LAB_INTERPOSE(int, socketpair, (int domain, int type, int protocol, int* ends)) {
  return make_pair(What::call_pipe, Group::socket, "socketpair", ends,
                   [=] { return next_socketpair(domain, type, protocol, ends); });
}

// Bytes. What went through as asked is not recorded: only ends of file, errors and faults are.

namespace {

enum class Way : bool { in, out };

void copy_start(Facts& facts, const void* data, std::size_t size) noexcept {
  std::memcpy(facts.data.data(), data, std::min(size, facts.data.size() - 1));
}

// `real` is given the number of bytes that it may move. `data`: what is written.
template <typename Real>
ssize_t move_bytes(Way way, const char* name, int fd, std::size_t size, int flags, Real&& real,
                   const void* data = nullptr) {
  const Within within(name);
  const Fault told =
      fault(way == Way::in ? Group::read : Group::write, fd, size,
            (flags & (MSG_WAITALL | MSG_DONTWAIT)) == 0, (flags & (MSG_WAITALL | MSG_PEEK)) == 0);
  const What what = way == Way::in ? What::call_read : What::call_write;
  if (told.error != 0) [[unlikely]] {
    Call call(what, name, fd, static_cast<std::int64_t>(size));
    return call.fail(told);
  }
  if (told.most != 0 && told.silent) [[unlikely]] {
    return told.pretend ? static_cast<ssize_t>(told.most) : real(told.most);
  }
  if (told.most != 0) [[unlikely]] {
    Call call(what, name, fd, static_cast<std::int64_t>(size));
    call.facts().flags |= flag_injected | flag_cut;
    return call.done(told.pretend ? static_cast<ssize_t>(told.most) : real(told.most));
  }
  if (filming()) [[unlikely]] {
    Call call(what, name, fd, static_cast<std::int64_t>(size));
    call.waits();
    const ssize_t moved = real(size);
    way == Way::in ? call.ended_now() : call.ended_if_long();
    if (moved > 0 && data != nullptr) {
      copy_start(call.facts(), data, static_cast<std::size_t>(moved));
    }
    return call.done(moved);
  }
  const ssize_t result = real(size);
  if (result == -1 ? errno != EAGAIN : result == 0 && way == Way::in && size != 0) {
    Call call(what, name, fd, static_cast<std::int64_t>(size));
    return call.done(result);
  }
  return result;
}

// The first `most` bytes of a list of pieces.
struct Pieces {
  std::array<iovec, 16> list{};
  std::size_t count = 0;

  Pieces(const iovec* from, std::size_t given, std::size_t most) noexcept {
    for (std::size_t i = 0; i < given && count < list.size() && most > 0; ++i) {
      if (from[i].iov_len > 0) {
        list[count] = {.iov_base = from[i].iov_base, .iov_len = std::min(from[i].iov_len, most)};
        most -= list[count].iov_len;
        ++count;
      }
    }
  }
};

std::size_t total(const iovec* pieces, std::size_t count) noexcept {
  std::size_t result = 0;
  for (std::size_t i = 0; i < count; ++i) {
    result += pieces[i].iov_len;
  }
  return result;
}

template <typename Real>
ssize_t move_pieces(Way way, const char* name, int fd, const iovec* pieces, std::size_t count,
                    int flags, Real&& real) {
  const std::size_t size = total(pieces, count);
  return move_bytes(way, name, fd, size, flags, [&](std::size_t most) {
    if (most == size) {
      return real(pieces, count);
    }
    const Pieces first(pieces, count, most);
    return real(first.list.data(), first.count);
  });
}

} // namespace

LAB_INTERPOSE(ssize_t, read, (int fd, void* data, std::size_t size)) {
  return move_bytes(Way::in, "read", fd, size, 0,
                    [=](std::size_t most) { return next_read(fd, data, most); });
}

LAB_INTERPOSE(ssize_t, __read_chk, (int fd, void* data, std::size_t size, std::size_t room)) {
  return move_bytes(Way::in, "read", fd, size, 0,
                    [=](std::size_t most) { return next___read_chk(fd, data, most, room); });
}

LAB_INTERPOSE(ssize_t, recv, (int fd, void* data, std::size_t size, int flags)) {
  return move_bytes(Way::in, "recv", fd, size, flags,
                    [=](std::size_t most) { return next_recv(fd, data, most, flags); });
}

LAB_INTERPOSE(ssize_t, __recv_chk,
              (int fd, void* data, std::size_t size, std::size_t room, int flags)) {
  return move_bytes(Way::in, "recv", fd, size, flags,
                    [=](std::size_t most) { return next___recv_chk(fd, data, most, room, flags); });
}

LAB_INTERPOSE(ssize_t, recvfrom,
              (int fd, void* data, std::size_t size, int flags, sockaddr* from,
               socklen_t* from_size)) {
  return move_bytes(Way::in, "recvfrom", fd, size, flags, [=](std::size_t most) {
    return next_recvfrom(fd, data, most, flags, from, from_size);
  });
}

LAB_INTERPOSE(ssize_t, __recvfrom_chk,
              (int fd, void* data, std::size_t size, std::size_t room, int flags, sockaddr* from,
               socklen_t* from_size)) {
  return move_bytes(Way::in, "recvfrom", fd, size, flags, [=](std::size_t most) {
    return next___recvfrom_chk(fd, data, most, room, flags, from, from_size);
  });
}

LAB_INTERPOSE(ssize_t, readv, (int fd, const iovec* pieces, int count)) {
  return move_pieces(Way::in, "readv", fd, pieces, static_cast<std::size_t>(std::max(count, 0)), 0,
                     [=](const iovec* list, std::size_t number) {
                       return next_readv(fd, list, count < 0 ? count : static_cast<int>(number));
                     });
}

LAB_INTERPOSE(ssize_t, recvmsg, (int fd, msghdr* message, int flags)) {
  return move_pieces(Way::in, "recvmsg", fd, message->msg_iov, message->msg_iovlen, flags,
                     [=](const iovec* list, std::size_t number) {
                       msghdr ours = *message;
                       ours.msg_iov = const_cast<iovec*>(list); // NOLINT(*-const-cast)
                       ours.msg_iovlen = number;
                       const ssize_t result = next_recvmsg(fd, &ours, flags);
                       ours.msg_iov = message->msg_iov;
                       ours.msg_iovlen = message->msg_iovlen;
                       *message = ours;
                       return result;
                     });
}

LAB_INTERPOSE(ssize_t, write, (int fd, const void* data, std::size_t size)) {
  return move_bytes(
      Way::out, "write", fd, size, 0, [=](std::size_t most) { return next_write(fd, data, most); },
      data);
}

LAB_INTERPOSE(ssize_t, send, (int fd, const void* data, std::size_t size, int flags)) {
  return move_bytes(
      Way::out, "send", fd, size, flags,
      [=](std::size_t most) { return next_send(fd, data, most, flags); }, data);
}

LAB_INTERPOSE(ssize_t, sendto,
              (int fd, const void* data, std::size_t size, int flags, const sockaddr* to,
               socklen_t to_size)) {
  return move_bytes(Way::out, "sendto", fd, size, flags, [=](std::size_t most) {
    return next_sendto(fd, data, most, flags, to, to_size);
  });
}

LAB_INTERPOSE(ssize_t, writev, (int fd, const iovec* pieces, int count)) {
  return move_pieces(Way::out, "writev", fd, pieces, static_cast<std::size_t>(std::max(count, 0)),
                     0, [=](const iovec* list, std::size_t number) {
                       return next_writev(fd, list, count < 0 ? count : static_cast<int>(number));
                     });
}

LAB_INTERPOSE(ssize_t, sendmsg, (int fd, const msghdr* message, int flags)) {
  return move_pieces(Way::out, "sendmsg", fd, message->msg_iov, message->msg_iovlen, flags,
                     [=](const iovec* list, std::size_t number) {
                       msghdr ours = *message;
                       ours.msg_iov = const_cast<iovec*>(list); // NOLINT(*-const-cast)
                       ours.msg_iovlen = number;
                       return next_sendmsg(fd, &ours, flags);
                     });
}

// From a socket or into one, by way of a pipe.
LAB_INTERPOSE(ssize_t, splice,
              (int from, off64_t* from_at, int to, off64_t* to_at, std::size_t size,
               unsigned flags)) {
  const bool out = is(Descriptor::socket, to);
  return move_bytes(out ? Way::out : Way::in, "splice", out ? to : from, size,
                    (flags & SPLICE_F_NONBLOCK) != 0 ? MSG_DONTWAIT : 0, [=](std::size_t most) {
                      return next_splice(from, from_at, to, to_at, most, flags);
                    });
}

// Waiting for descriptors, and for nothing: recorded where it fails.

namespace {

// A call that waits with another mask than the thread's, if it is given one.
class WithMask {
public:
  explicit WithMask(const sigset_t* mask) noexcept : former_(here.closed) {
    if (mask != nullptr) {
      const KeepErrno keep;
      pthread_sigmask(SIG_BLOCK, nullptr, &closed_);
      here.closed = &closed_;
    }
  }

  WithMask(const WithMask&) = delete;
  WithMask& operator=(const WithMask&) = delete;
  WithMask(WithMask&&) = delete;
  WithMask& operator=(WithMask&&) = delete;

  ~WithMask() { here.closed = former_; }

private:
  const sigset_t* former_;
  sigset_t closed_; // NOLINT(*-member-init): set where it is used
};

template <typename Real>
auto film_wait(What what, const char* name, Real& real) {
  Call call(what, name);
  call.waits();
  const auto result = real();
  call.ended_now();
  return call.done(result);
}

template <typename Real>
int wait_for_events(const char* name, Real&& real, const sigset_t* mask = nullptr) {
  const Within within(name);
  const WithMask with(mask);
  if (const Fault told = fault(Group::poll); told.error != 0) {
    Call call(What::call_poll, name);
    return call.fail(told);
  }
  hold_parent();
  if (filming()) [[unlikely]] {
    return film_wait(What::call_poll, name, real);
  }
  const int result = real();
  if (result == -1) {
    Call call(What::call_poll, name);
    call.done(result);
  }
  return result;
}

} // namespace

LAB_INTERPOSE(int, poll, (pollfd * list, nfds_t count, int limit)) {
  return wait_for_events("poll", [=] { return next_poll(list, count, limit); });
}

LAB_INTERPOSE(int, __poll_chk, (pollfd * list, nfds_t count, int limit, std::size_t room)) {
  return wait_for_events("poll", [=] { return next___poll_chk(list, count, limit, room); });
}

LAB_INTERPOSE(int, ppoll,
              (pollfd * list, nfds_t count, const timespec* limit, const sigset_t* mask)) {
  return wait_for_events(
      "ppoll", [=] { return next_ppoll(list, count, limit, mask); }, mask);
}

LAB_INTERPOSE(int, __ppoll_chk,
              (pollfd * list, nfds_t count, const timespec* limit, const sigset_t* mask,
               std::size_t room)) {
  return wait_for_events(
      "ppoll", [=] { return next___ppoll_chk(list, count, limit, mask, room); }, mask);
}

LAB_INTERPOSE(int, select, (int count, fd_set* in, fd_set* out, fd_set* other, timeval* limit)) {
  return wait_for_events("select", [=] { return next_select(count, in, out, other, limit); });
}

LAB_INTERPOSE(int, pselect,
              (int count, fd_set* in, fd_set* out, fd_set* other, const timespec* limit,
               const sigset_t* mask)) {
  return wait_for_events(
      "pselect", [=] { return next_pselect(count, in, out, other, limit, mask); }, mask);
}

LAB_INTERPOSE(int, epoll_wait, (int fd, epoll_event* events, int most, int limit)) {
  return wait_for_events("epoll_wait", [=] { return next_epoll_wait(fd, events, most, limit); });
}

LAB_INTERPOSE(int, epoll_pwait,
              (int fd, epoll_event* events, int most, int limit, const sigset_t* mask)) {
  return wait_for_events(
      "epoll_pwait", [=] { return next_epoll_pwait(fd, events, most, limit, mask); }, mask);
}

LAB_INTERPOSE(int, epoll_pwait2,
              (int fd, epoll_event* events, int most, const timespec* limit,
               const sigset_t* mask)) {
  return wait_for_events(
      "epoll_pwait2", [=] { return next_epoll_pwait2(fd, events, most, limit, mask); }, mask);
}

// Waiting for a signal. Not recorded: the handlers are. But a report can say where they came in.

namespace {

template <typename Real>
auto sleep_in(const char* name, Real&& real) {
  return filming() ? film_wait(What::call_sleep, name, real) : real();
}

} // namespace

LAB_INTERPOSE(int, pause, ()) {
  const Within within("pause");
  hold_parent();
  return sleep_in("pause", [=] { return next_pause(); });
}

LAB_INTERPOSE(int, sigsuspend, (const sigset_t* mask)) {
  const Within within("sigsuspend");
  const WithMask with(mask);
  hold_parent();
  return sleep_in("sigsuspend", [=] { return next_sigsuspend(mask); });
}

LAB_INTERPOSE(unsigned, sleep, (unsigned seconds)) {
  const Within within("sleep");
  hold_parent();
  return sleep_in("sleep", [=] { return next_sleep(seconds); });
}

LAB_INTERPOSE(int, usleep, (useconds_t time)) {
  const Within within("usleep");
  hold_parent();
  return sleep_in("usleep", [=] { return next_usleep(time); });
}

LAB_INTERPOSE(int, nanosleep, (const timespec* time, timespec* left)) {
  const Within within("nanosleep");
  hold_parent();
  return sleep_in("nanosleep", [=] { return next_nanosleep(time, left); });
}

// sigwaitinfo and its like take a signal without a handler.

LAB_INTERPOSE(int, sigwait, (const sigset_t* set, int* number)) {
  const Within within("sigwait");
  hold_parent();
  Call call(What::call_sigwait, "sigwait");
  call.waits();
  const int error = next_sigwait(set, number);
  call.ended_now();
  call.done(error == 0 ? *number : 0);
  return error;
}

LAB_INTERPOSE(int, sigwaitinfo, (const sigset_t* set, siginfo_t* info)) {
  const Within within("sigwaitinfo");
  hold_parent();
  Call call(What::call_sigwait, "sigwaitinfo");
  call.waits();
  const int result = next_sigwaitinfo(set, info);
  call.ended_now();
  return call.done(result);
}

LAB_INTERPOSE(int, sigtimedwait, (const sigset_t* set, siginfo_t* info, const timespec* limit)) {
  const Within within("sigtimedwait");
  hold_parent();
  Call call(What::call_sigwait, "sigtimedwait");
  call.waits();
  const int result = next_sigtimedwait(set, info, limit);
  call.ended_now();
  return call.done(result);
}

LAB_INTERPOSE(int, kill, (pid_t pid, int number)) {
  Call call(What::call_kill, "kill", pid, number);
  call.begins();
  return call.done(next_kill(pid, number));
}

LAB_INTERPOSE(int, raise, (int number)) {
  Call call(What::call_kill, "raise", getpid(), number);
  call.begins();
  return call.done(next_raise(number));
}

// Processes.

namespace {

template <typename Real>
pid_t make_child(const char* name, Real&& real) {
  Call call(What::call_fork, name);
  const Fault told = fault(Group::fork);
  if (told.error != 0) {
    return call.fail(told);
  }
  const pid_t result = real();
  if (result == 0) {
    begin_child();
    return 0;
  }
  if (told.then_stop) {
    const KeepErrno keep;
    syscall(SYS_kill, getpid(), SIGSTOP); // in force before it returns
  }
  return call.done(result);
}

} // namespace

LAB_INTERPOSE(pid_t, fork, ()) {
  return make_child("fork", [] { return next_fork(); });
}

LAB_INTERPOSE(pid_t, _Fork, ()) {
  return make_child("_Fork", [] { return next__Fork(); });
}

LAB_NEXT(int, clone, (int (*)(void*), void*, int, void*, ...))

// A thread is nothing to us. A process that clone makes begins in a function of the program.
extern "C" [[gnu::visibility("default")]] int
lab_clone(int (*function)(void*), void* stack, int flags, void* argument, ...) __asm__("clone");

extern "C" int lab_clone(int (*function)(void*), void* stack, int flags, void* argument, ...) {
  std::va_list more;
  va_start(more, argument);
  void* const parent_id = va_arg(more, void*);
  void* const storage = va_arg(more, void*);
  void* const child_id = va_arg(more, void*);
  va_end(more);
  const auto go = [=] {
    return next_clone.get()(function, stack, flags, argument, parent_id, storage, child_id);
  };
  if ((flags & CLONE_THREAD) != 0) {
    return go();
  }
  if ((flags & CLONE_VM) != 0) {
    share_memory();
  }
  return make_child("clone", go);
}

// vfork returns twice, the first time into a frame that the child then leaves: no function of ours
// may stand between it and the program. So ours asks whether to fail, and else goes on to the real
// one as if it had been called itself. What it returns is not seen.
LAB_NEXT(pid_t, vfork, ())

extern "C" [[gnu::visibility("hidden")]] void* lab_probe_before_vfork() {
  Call call(What::call_fork, "vfork");
  if (const Fault told = fault(Group::fork); told.error != 0) {
    call.fail(told);
    return nullptr;
  }
  call.facts().flags |= flag_no_result;
  call.done(0);
  share_memory();
  return reinterpret_cast<void*>(next_vfork.get());
}

#if defined(__x86_64__)
__asm__(R"(
  .text
  .globl vfork
  .type vfork, @function
vfork:
  .cfi_startproc
  endbr64
  subq $8, %rsp
  .cfi_adjust_cfa_offset 8
  call lab_probe_before_vfork
  addq $8, %rsp
  .cfi_adjust_cfa_offset -8
  testq %rax, %rax
  je 1f
  jmp *%rax
1:
  movl $-1, %eax
  ret
  .cfi_endproc
  .size vfork, .-vfork
)");
#elif defined(__aarch64__)
__asm__(R"(
  .text
  .globl vfork
  .type vfork, %function
vfork:
  hint #34
  stp x29, x30, [sp, #-16]!
  bl lab_probe_before_vfork
  ldp x29, x30, [sp], #16
  cbz x0, 1f
  mov x16, x0
  br x16
1:
  mov w0, #-1
  ret
  .size vfork, .-vfork
)");
#endif

namespace {

template <typename Real>
pid_t wait_for_child(const char* name, pid_t which, int* status, int options, Real&& real) {
  Call call(What::call_wait, name, which, options);
  if (const Fault told = fault(Group::wait, -1, 0, (options & WNOHANG) == 0); told.error != 0) {
    return call.fail(told);
  }
  int ended = 0; // for the record, where the program does not ask
  int* const seen = status == nullptr ? &ended : status;
  call.waits();
  const pid_t result = real(seen);
  call.ended_now();
  if (result > 0) {
    call.facts().arguments[2] = *seen;
    call.facts().flags |= flag_status;
  }
  return call.done(result);
}

} // namespace

LAB_INTERPOSE(pid_t, wait, (int* status)) {
  return wait_for_child("wait", -1, status, 0, [](int* seen) { return next_wait(seen); });
}

LAB_INTERPOSE(pid_t, waitpid, (pid_t which, int* status, int options)) {
  return wait_for_child("waitpid", which, status, options,
                        [=](int* seen) { return next_waitpid(which, seen, options); });
}

LAB_INTERPOSE(pid_t, wait3, (int* status, int options, rusage* usage)) {
  return wait_for_child("wait3", -1, status, options,
                        [=](int* seen) { return next_wait3(seen, options, usage); });
}

LAB_INTERPOSE(pid_t, wait4, (pid_t which, int* status, int options, rusage* usage)) {
  return wait_for_child("wait4", which, status, options,
                        [=](int* seen) { return next_wait4(which, seen, options, usage); });
}

LAB_INTERPOSE(int, waitid, (idtype_t type, id_t which, siginfo_t* info, int options)) {
  Call call(What::call_wait, "waitid", type == P_ALL ? -1 : static_cast<std::int64_t>(which),
            options);
  if (const Fault told = fault(Group::wait, -1, 0, (options & WNOHANG) == 0); told.error != 0) {
    return call.fail(told);
  }
  siginfo_t own{};
  siginfo_t* const seen = info == nullptr ? &own : info;
  call.waits();
  const int result = next_waitid(type, which, seen, options);
  call.ended_now();
  if (result == -1) {
    return call.done(result);
  }
  const pid_t pid = seen->si_signo == SIGCHLD ? seen->si_pid : 0;
  if (pid != 0) {
    call.facts().flags |= flag_status;
    call.facts().arguments[2] = seen->si_code == CLD_EXITED    ? seen->si_status << 8
                                : seen->si_code == CLD_STOPPED ? seen->si_status << 8 | 0x7f
                                                               : seen->si_status;
  }
  call.done(pid);
  return result;
}

LAB_INTERPOSE(void, _exit, (int status)) {
  Call call(What::call_exit, "_exit", status);
  call.done(0);
  hold_exit();
  next__exit(status);
}

LAB_INTERPOSE(void, _Exit, (int status)) {
  Call call(What::call_exit, "_Exit", status);
  call.done(0);
  hold_exit();
  next__Exit(status);
}

} // namespace lab::probe
