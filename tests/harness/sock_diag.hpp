// TCP sockets, one, those that listen, or all, without reading /proc/net/tcp: sock_diag(7).
// /proc/net/tcp takes tens of milliseconds where that table is large, however few sockets there
// are. Internal.
#pragma once

#include "harness/proc.hpp"

#include <optional>
#include <vector>

namespace lab {

/// The other end, on this machine, of the connection that our socket `fd` is one end of; with
/// `own_end` that socket itself. An empty vector where there is none; nothing where the kernel does
/// not tell: look into tcp_sockets then.
std::optional<std::vector<SocketInfo>> ask_for_end_of(int fd, bool own_end = false);

/// Those in state LISTEN in our network namespace; nothing where the kernel does not tell.
std::optional<std::vector<SocketInfo>> ask_for_listeners();

/// All of our network namespace, those in TIME_WAIT included; nothing where the kernel does not
/// tell.
std::optional<std::vector<SocketInfo>> ask_for_all();

} // namespace lab
