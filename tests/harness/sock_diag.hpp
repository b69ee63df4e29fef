// TCP sockets, asked of the kernel by sock_diag(7): one, those that listen, or all. /proc/net/tcp
// has the same. But if the kernel's table is large, it takes tens of milliseconds to read, even if
// there are few sockets. Internal.
#pragma once

#include "harness/proc.hpp"

#include <optional>
#include <string>
#include <vector>

namespace lab {

/// For our socket `fd`: the other end of its connection, if that is on this machine. With
/// `own_end`: our socket itself. An empty vector if there is none. Nothing if the kernel does not
/// tell; then use tcp_sockets.
std::optional<std::vector<SocketInfo>> ask_for_end_of(int fd, bool own_end = false);

/// The socket that would accept a connection to this address and port. An empty vector if there is
/// none. Nothing if the kernel does not tell.
std::optional<std::vector<SocketInfo>> ask_for_listener(const std::string& address, unsigned port);

/// The sockets in state LISTEN of our network namespace. Nothing if the kernel does not tell.
std::optional<std::vector<SocketInfo>> ask_for_listeners();

/// All sockets of our network namespace, also those in TIME_WAIT. Nothing if the kernel does not
/// tell.
std::optional<std::vector<SocketInfo>> ask_for_all();

} // namespace lab
