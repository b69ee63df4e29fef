// What a check throws when the program under test broke a promise.
#pragma once

#include <stdexcept>

namespace lab {

/// The program under test did not do what it promised. The text says what was seen (processes,
/// states, descriptors, bytes, output so far), for a student to read. Errors of the harness itself
/// are std::system_error instead.
class Failure : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

} // namespace lab
