// The functions that no handler may call: those that signal-safety(7) does not list. Each asks
// whether a handler runs, and goes on to the real one. Inside a function that has been reported
// nothing more is: what printf allocates is printf's affair.

#include "harness/probe/preload/core.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>

#include <dirent.h>
#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>

namespace lab::probe {

namespace {

class Unsafe {
public:
  explicit Unsafe(const char* name, What what = What::unsafe) noexcept
      : former_(here.within), in_handler_(here.frame != nullptr) {
    here.within = name;
    if (in_handler_) [[unlikely]] {
      if (here.nested == 0) {
        report(name, what);
      }
      ++here.nested;
    }
  }

  Unsafe(const Unsafe&) = delete;
  Unsafe& operator=(const Unsafe&) = delete;
  Unsafe(Unsafe&&) = delete;
  Unsafe& operator=(Unsafe&&) = delete;

  ~Unsafe() {
    here.within = former_;
    if (in_handler_) {
      --here.nested;
    }
  }

private:
  static void report(const char* name, What what) noexcept {
    Facts facts{};
    facts.what = what;
    copy_text(facts.text, name);
    add(facts, true);
  }

  const char* former_;
  bool in_handler_;
};

} // namespace

// NOLINTBEGIN(cppcoreguidelines-macro-usage,bugprone-macro-parentheses)
#define LAB_UNSAFE_AS(RESULT, NAME, SHOWN, PARAMETERS, ARGUMENTS)                                  \
  LAB_INTERPOSE(RESULT, NAME, PARAMETERS) {                                                        \
    const Unsafe reported(SHOWN);                                                                  \
    return next_##NAME ARGUMENTS;                                                                  \
  }

#define LAB_UNSAFE(RESULT, NAME, PARAMETERS, ARGUMENTS)                                            \
  LAB_UNSAFE_AS(RESULT, NAME, #NAME, PARAMETERS, ARGUMENTS)

#define LAB_DOUBTFUL_AS(RESULT, NAME, SHOWN, PARAMETERS, ARGUMENTS)                                \
  LAB_INTERPOSE(RESULT, NAME, PARAMETERS) {                                                        \
    const Unsafe reported(SHOWN, What::doubtful);                                                  \
    return next_##NAME ARGUMENTS;                                                                  \
  }

// NAME(..., format, ...) by way of LISTED, which takes a va_list.
#define LAB_FORMAT(WHAT, RESULT, NAME, SHOWN, LISTED, ARGUMENTS, LAST, ...)                        \
  extern "C" [[gnu::visibility("default")]] RESULT lab_##NAME(__VA_ARGS__, ...) __asm__(#NAME);    \
  extern "C" RESULT lab_##NAME(__VA_ARGS__, ...) {                                                 \
    const Unsafe reported(SHOWN, WHAT);                                                            \
    std::va_list list;                                                                             \
    va_start(list, LAST);                                                                          \
    struct End {                                                                                   \
      std::va_list& open;                                                                          \
      ~End() { va_end(open); }                                                                     \
    } const end{list};                                                                             \
    return next_##LISTED ARGUMENTS;                                                                \
  }

// stdio

LAB_UNSAFE(int, vprintf, (const char* format, std::va_list list), (format, list))
LAB_UNSAFE(int, vfprintf, (FILE * file, const char* format, std::va_list list),
           (file, format, list))
LAB_UNSAFE(int, vdprintf, (int fd, const char* format, std::va_list list), (fd, format, list))
LAB_UNSAFE(int, vasprintf, (char** text, const char* format, std::va_list list),
           (text, format, list))
LAB_UNSAFE_AS(int, __vprintf_chk, "vprintf", (int flag, const char* format, std::va_list list),
              (flag, format, list))
LAB_UNSAFE_AS(int, __vfprintf_chk, "vfprintf",
              (FILE * file, int flag, const char* format, std::va_list list),
              (file, flag, format, list))
LAB_UNSAFE_AS(int, __vdprintf_chk, "vdprintf",
              (int fd, int flag, const char* format, std::va_list list), (fd, flag, format, list))
LAB_UNSAFE_AS(int, __vasprintf_chk, "vasprintf",
              (char** text, int flag, const char* format, std::va_list list),
              (text, flag, format, list))
LAB_FORMAT(What::unsafe, int, printf, "printf", vprintf, (format, list), format, const char* format)
LAB_FORMAT(What::unsafe, int, fprintf, "fprintf", vfprintf, (file, format, list), format,
           FILE* file, const char* format)
LAB_FORMAT(What::unsafe, int, dprintf, "dprintf", vdprintf, (fd, format, list), format, int fd,
           const char* format)
LAB_FORMAT(What::unsafe, int, asprintf, "asprintf", vasprintf, (text, format, list), format,
           char** text, const char* format)
LAB_FORMAT(What::unsafe, int, __printf_chk, "printf", __vprintf_chk, (flag, format, list), format,
           int flag, const char* format)
LAB_FORMAT(What::unsafe, int, __fprintf_chk, "fprintf", __vfprintf_chk, (file, flag, format, list),
           format, FILE* file, int flag, const char* format)
LAB_FORMAT(What::unsafe, int, __dprintf_chk, "dprintf", __vdprintf_chk, (fd, flag, format, list),
           format, int fd, int flag, const char* format)
LAB_FORMAT(What::unsafe, int, __asprintf_chk, "asprintf", __vasprintf_chk,
           (text, flag, format, list), format, char** text, int flag, const char* format)

LAB_UNSAFE(int, puts, (const char* text), (text))
LAB_UNSAFE(int, fputs, (const char* text, FILE* file), (text, file))
LAB_UNSAFE(int, fputs_unlocked, (const char* text, FILE* file), (text, file))
LAB_UNSAFE(int, putchar, (int character), (character))
LAB_UNSAFE(int, putchar_unlocked, (int character), (character))
LAB_UNSAFE(int, putc, (int character, FILE* file), (character, file))
LAB_UNSAFE_AS(int, _IO_putc, "putc", (int character, FILE* file), (character, file))
LAB_UNSAFE(int, putc_unlocked, (int character, FILE* file), (character, file))
LAB_UNSAFE(int, fputc, (int character, FILE* file), (character, file))
LAB_UNSAFE(int, fputc_unlocked, (int character, FILE* file), (character, file))
LAB_UNSAFE_AS(int, __overflow, "putc_unlocked", (FILE * file, int character), (file, character))
LAB_UNSAFE(std::size_t, fwrite, (const void* data, std::size_t size, std::size_t count, FILE* file),
           (data, size, count, file))
LAB_UNSAFE(std::size_t, fwrite_unlocked,
           (const void* data, std::size_t size, std::size_t count, FILE* file),
           (data, size, count, file))
LAB_UNSAFE(int, fflush, (FILE * file), (file))
LAB_UNSAFE(int, fflush_unlocked, (FILE * file), (file))
LAB_UNSAFE(void, perror, (const char* text), (text))
LAB_UNSAFE(FILE*, fopen, (const char* path, const char* mode), (path, mode))
LAB_UNSAFE_AS(FILE*, fopen64, "fopen", (const char* path, const char* mode), (path, mode))
LAB_UNSAFE(FILE*, fdopen, (int fd, const char* mode), (fd, mode))
LAB_UNSAFE(int, fclose, (FILE * file), (file))
LAB_UNSAFE(int, setvbuf, (FILE * file, char* buffer, int mode, std::size_t size),
           (file, buffer, mode, size))
LAB_UNSAFE(char*, fgets, (char* text, int size, FILE* file), (text, size, file))
LAB_UNSAFE(int, getchar, (), ())
LAB_UNSAFE(int, getc, (FILE * file), (file))
LAB_UNSAFE(int, fgetc, (FILE * file), (file))
LAB_UNSAFE(std::size_t, fread, (void* data, std::size_t size, std::size_t count, FILE* file),
           (data, size, count, file))
LAB_UNSAFE(ssize_t, getline, (char** text, std::size_t* size, FILE* file), (text, size, file))
LAB_UNSAFE(ssize_t, getdelim, (char** text, std::size_t* size, int end, FILE* file),
           (text, size, end, file))
LAB_UNSAFE(FILE*, popen, (const char* command, const char* mode), (command, mode))
LAB_UNSAFE(int, pclose, (FILE * file), (file))
LAB_UNSAFE(int, system, (const char* command), (command))

// Not on the list either; without a conversion that allocates or looks at the locale glibc's do no
// harm.

LAB_DOUBTFUL_AS(int, vsnprintf, "vsnprintf",
                (char* text, std::size_t size, const char* format, std::va_list list),
                (text, size, format, list))
LAB_DOUBTFUL_AS(int, vsprintf, "vsprintf", (char* text, const char* format, std::va_list list),
                (text, format, list))
LAB_DOUBTFUL_AS(int, __vsnprintf_chk, "vsnprintf",
                (char* text, std::size_t size, int flag, std::size_t room, const char* format,
                 std::va_list list),
                (text, size, flag, room, format, list))
LAB_DOUBTFUL_AS(int, __vsprintf_chk, "vsprintf",
                (char* text, int flag, std::size_t room, const char* format, std::va_list list),
                (text, flag, room, format, list))
LAB_FORMAT(What::doubtful, int, snprintf, "snprintf", vsnprintf, (text, size, format, list), format,
           char* text, std::size_t size, const char* format)
LAB_FORMAT(What::doubtful, int, sprintf, "sprintf", vsprintf, (text, format, list), format,
           char* text, const char* format)
LAB_FORMAT(What::doubtful, int, __snprintf_chk, "snprintf", __vsnprintf_chk,
           (text, size, flag, room, format, list), format, char* text, std::size_t size, int flag,
           std::size_t room, const char* format)
LAB_FORMAT(What::doubtful, int, __sprintf_chk, "sprintf", __vsprintf_chk,
           (text, flag, room, format, list), format, char* text, int flag, std::size_t room,
           const char* format)
LAB_DOUBTFUL_AS(char*, strerror_r, "strerror_r", (int error, char* text, std::size_t size),
                (error, text, size))
LAB_DOUBTFUL_AS(int, __xpg_strerror_r, "strerror_r", (int error, char* text, std::size_t size),
                (error, text, size))
LAB_DOUBTFUL_AS(const char*, inet_ntop, "inet_ntop",
                (int family, const void* address, char* text, socklen_t size),
                (family, address, text, size))

// Memory

namespace {

// What is asked for while dlsym looks for malloc, which glibc's own dlsym does not do today.
alignas(std::max_align_t) std::array<std::byte, 4096> first_memory;
std::size_t first_used = 0;

void* take_first(std::size_t size) noexcept {
  const std::size_t rounded =
      (size + alignof(std::max_align_t) - 1) & ~(alignof(std::max_align_t) - 1);
  if (rounded < size || rounded > first_memory.size() - first_used) {
    return nullptr;
  }
  void* const result = first_memory.data() + first_used;
  first_used += rounded;
  return result;
}

bool is_first(const void* memory) noexcept {
  const auto place = reinterpret_cast<std::uintptr_t>(memory);
  const auto start = reinterpret_cast<std::uintptr_t>(first_memory.data());
  return place >= start && place - start < first_memory.size();
}

// False while the real function is being looked for on this thread.
template <typename Function>
bool find(Next<Function>& next) noexcept {
  if (next.known()) [[likely]] {
    return true;
  }
  if (here.resolving) {
    return false;
  }
  here.resolving = true;
  next.resolve();
  here.resolving = false;
  return true;
}

} // namespace

LAB_NEXT(void*, malloc, (std::size_t))
LAB_NEXT(void*, calloc, (std::size_t, std::size_t))
LAB_NEXT(void*, realloc, (void*, std::size_t))
LAB_NEXT(void, free, (void*))

LAB_DEFINE(void*, malloc, (std::size_t size)) {
  const Unsafe reported("malloc");
  return find(next_malloc) ? next_malloc(size) : take_first(size);
}

LAB_DEFINE(void*, calloc, (std::size_t count, std::size_t size)) {
  const Unsafe reported("calloc");
  return find(next_calloc) ? next_calloc(count, size) : take_first(count * size); // zero once
}

LAB_DEFINE(void*, realloc, (void* memory, std::size_t size)) {
  const Unsafe reported("realloc");
  if (is_first(memory)) {
    void* const result = find(next_malloc) ? next_malloc(size) : take_first(size);
    const std::size_t room =
        first_memory.size() -
        static_cast<std::size_t>(static_cast<std::byte*>(memory) - first_memory.data());
    return result == nullptr ? nullptr : std::memcpy(result, memory, size < room ? size : room);
  }
  return find(next_realloc) ? next_realloc(memory, size) : nullptr;
}

LAB_DEFINE(void, free, (void* memory)) {
  if (memory == nullptr || is_first(memory)) {
    return;
  }
  const Unsafe reported("free");
  if (find(next_free)) {
    next_free(memory);
  }
}

LAB_UNSAFE(int, posix_memalign, (void** memory, std::size_t alignment, std::size_t size),
           (memory, alignment, size))
LAB_UNSAFE(void*, aligned_alloc, (std::size_t alignment, std::size_t size), (alignment, size))
LAB_UNSAFE(void*, memalign, (std::size_t alignment, std::size_t size), (alignment, size))
LAB_UNSAFE(void*, reallocarray, (void* memory, std::size_t count, std::size_t size),
           (memory, count, size))
LAB_UNSAFE(char*, strdup, (const char* text), (text))
LAB_UNSAFE(char*, strndup, (const char* text, std::size_t size), (text, size))

// AddressSanitizer asks for the stack's bounds where a handler is left by longjmp, and glibc reads
// them from a file: the program has not called that.
LAB_INTERPOSE(int, pthread_getattr_np, (pthread_t thread, pthread_attr_t* attributes)) {
  ++here.nested;
  const int result = next_pthread_getattr_np(thread, attributes);
  --here.nested;
  return result;
}

LAB_INTERPOSE(int, pthread_attr_destroy, (pthread_attr_t * attributes)) {
  ++here.nested;
  const int result = next_pthread_attr_destroy(attributes);
  --here.nested;
  return result;
}

// The end, time, text, threads, the rest of the C library

LAB_NEXT(void, exit, (int))

LAB_DEFINE(void, exit, (int status)) {
  const Unsafe reported("exit");
  next_exit(status);
}

LAB_UNSAFE(struct tm*, localtime, (const std::time_t* time), (time))
LAB_UNSAFE(struct tm*, localtime_r, (const std::time_t* time, struct tm* result), (time, result))
LAB_UNSAFE(struct tm*, gmtime, (const std::time_t* time), (time))
LAB_UNSAFE(char*, ctime, (const std::time_t* time), (time))
LAB_UNSAFE(char*, ctime_r, (const std::time_t* time, char* text), (time, text))
LAB_UNSAFE(char*, asctime, (const struct tm* time), (time))
LAB_UNSAFE(std::time_t, mktime, (struct tm * time), (time))
LAB_UNSAFE(std::size_t, strftime,
           (char* text, std::size_t size, const char* format, const struct tm* time),
           (text, size, format, time))
LAB_UNSAFE(char*, strerror, (int error), (error))
LAB_UNSAFE(char*, strsignal, (int number), (number))
LAB_UNSAFE(void, psignal, (int number, const char* text), (number, text))
LAB_UNSAFE(int, setenv, (const char* name, const char* value, int replace), (name, value, replace))
LAB_UNSAFE(int, putenv, (char* text), (text))
LAB_UNSAFE(DIR*, opendir, (const char* path), (path))
LAB_UNSAFE(dirent*, readdir, (DIR * folder), (folder))
LAB_UNSAFE(void, openlog, (const char* name, int options, int facility), (name, options, facility))
LAB_UNSAFE(void, closelog, (), ())
LAB_UNSAFE(void, vsyslog, (int priority, const char* format, std::va_list list),
           (priority, format, list))
LAB_UNSAFE_AS(void, __vsyslog_chk, "vsyslog",
              (int priority, int flag, const char* format, std::va_list list),
              (priority, flag, format, list))
LAB_FORMAT(What::unsafe, void, syslog, "syslog", vsyslog, (priority, format, list), format,
           int priority, const char* format)
LAB_FORMAT(What::unsafe, void, __syslog_chk, "syslog", __vsyslog_chk,
           (priority, flag, format, list), format, int priority, int flag, const char* format)
LAB_UNSAFE(int, getaddrinfo,
           (const char* host, const char* service, const addrinfo* hints, addrinfo** result),
           (host, service, hints, result))
LAB_UNSAFE(void, freeaddrinfo, (addrinfo * list), (list))
LAB_UNSAFE(hostent*, gethostbyname, (const char* name), (name))
LAB_UNSAFE(int, pthread_mutex_lock, (pthread_mutex_t * mutex), (mutex))
LAB_UNSAFE(int, pthread_mutex_trylock, (pthread_mutex_t * mutex), (mutex))
LAB_UNSAFE(int, pthread_create,
           (pthread_t * thread, const pthread_attr_t* attributes, void* (*function)(void*),
            void* argument),
           (thread, attributes, function, argument))
LAB_UNSAFE(int, pthread_join, (pthread_t thread, void** result), (thread, result))

// C++. Where the C++ library is in the program itself (-static-libstdc++) these are not seen; what
// they stand on is: malloc, fwrite.

LAB_UNSAFE_AS(void*, _Znwm, "operator new", (std::size_t size), (size))
LAB_UNSAFE_AS(void*, _Znam, "operator new[]", (std::size_t size), (size))
LAB_UNSAFE_AS(void*, _ZnwmRKSt9nothrow_t, "operator new",
              (std::size_t size, const std::nothrow_t& tag), (size, tag))
LAB_UNSAFE_AS(void*, _ZnamRKSt9nothrow_t, "operator new[]",
              (std::size_t size, const std::nothrow_t& tag), (size, tag))
LAB_UNSAFE_AS(void*, __cxa_allocate_exception, "throw", (std::size_t size), (size))

#define LAB_DELETE(NAME, SHOWN, PARAMETERS, ARGUMENTS)                                             \
  LAB_INTERPOSE(void, NAME, PARAMETERS) {                                                          \
    if (memory != nullptr) {                                                                       \
      const Unsafe reported(SHOWN);                                                                \
      next_##NAME ARGUMENTS;                                                                       \
    }                                                                                              \
  }
LAB_DELETE(_ZdlPv, "operator delete", (void* memory), (memory))
LAB_DELETE(_ZdaPv, "operator delete[]", (void* memory), (memory))
LAB_DELETE(_ZdlPvm, "operator delete", (void* memory, std::size_t size), (memory, size))
LAB_DELETE(_ZdaPvm, "operator delete[]", (void* memory, std::size_t size), (memory, size))

namespace {

// A standard stream, as the program and its libraries know it.
struct Stream {
  const char* symbol;
  const char* shown;
  std::atomic<const void*> place = nullptr;
};

constinit std::array<Stream, 3> streams{
    {{"_ZSt4cout", "std::cout <<"}, {"_ZSt4cerr", "std::cerr <<"}, {"_ZSt4clog", "std::clog <<"}}};

[[gnu::constructor]] void find_streams() {
  for (Stream& stream : streams) {
    stream.place = dlsym(RTLD_DEFAULT, stream.symbol);
  }
}

const char* stream_name(const void* place) noexcept {
  for (const Stream& stream : streams) {
    if (stream.place.load(std::memory_order_relaxed) == place) {
      return stream.shown;
    }
  }
  return "std::ostream <<";
}

} // namespace

// The real functions return the stream that they were given.
#define LAB_STREAM(NAME, PARAMETERS, ARGUMENTS)                                                    \
  LAB_INTERPOSE(void*, NAME, PARAMETERS) {                                                         \
    const Unsafe reported(here.frame == nullptr ? "std::ostream <<" : stream_name(stream));        \
    return next_##NAME ARGUMENTS;                                                                  \
  }
#define LAB_STREAM_VALUE(NAME, TYPE) LAB_STREAM(NAME, (void* stream, TYPE value), (stream, value))

LAB_STREAM_VALUE(_ZNSolsEb, bool)
LAB_STREAM_VALUE(_ZNSolsEs, short)
LAB_STREAM_VALUE(_ZNSolsEt, unsigned short)
LAB_STREAM_VALUE(_ZNSolsEi, int)
LAB_STREAM_VALUE(_ZNSolsEj, unsigned)
LAB_STREAM_VALUE(_ZNSolsEl, long)
LAB_STREAM_VALUE(_ZNSolsEm, unsigned long)
LAB_STREAM_VALUE(_ZNSolsEx, long long)
LAB_STREAM_VALUE(_ZNSolsEy, unsigned long long)
LAB_STREAM_VALUE(_ZNSolsEf, float)
LAB_STREAM_VALUE(_ZNSolsEd, double)
LAB_STREAM_VALUE(_ZNSolsEe, long double)
LAB_STREAM_VALUE(_ZNSolsEPKv, const void*)
LAB_STREAM_VALUE(_ZNSo9_M_insertIbEERSoT_, bool)
LAB_STREAM_VALUE(_ZNSo9_M_insertIlEERSoT_, long)
LAB_STREAM_VALUE(_ZNSo9_M_insertImEERSoT_, unsigned long)
LAB_STREAM_VALUE(_ZNSo9_M_insertIxEERSoT_, long long)
LAB_STREAM_VALUE(_ZNSo9_M_insertIyEERSoT_, unsigned long long)
LAB_STREAM_VALUE(_ZNSo9_M_insertIdEERSoT_, double)
LAB_STREAM_VALUE(_ZNSo9_M_insertIeEERSoT_, long double)
LAB_STREAM_VALUE(_ZNSo9_M_insertIPKvEERSoT_, const void*)
LAB_STREAM_VALUE(_ZNSo3putEc, char)
LAB_STREAM_VALUE(_ZStlsISt11char_traitsIcEERSt13basic_ostreamIcT_ES5_c, char)
LAB_STREAM_VALUE(_ZStlsISt11char_traitsIcEERSt13basic_ostreamIcT_ES5_PKc, const char*)
LAB_STREAM(_ZNSo5flushEv, (void* stream), (stream))
LAB_STREAM(_ZNSo5writeEPKcl, (void* stream, const char* text, std::ptrdiff_t size),
           (stream, text, size))
LAB_STREAM(_ZSt16__ostream_insertIcSt11char_traitsIcEERSt13basic_ostreamIT_T0_ES6_PKS3_l,
           (void* stream, const char* text, std::ptrdiff_t size), (stream, text, size))
LAB_STREAM(_ZSt4endlIcSt11char_traitsIcEERSt13basic_ostreamIT_T0_ES6_, (void* stream), (stream))
LAB_STREAM(_ZSt5flushIcSt11char_traitsIcEERSt13basic_ostreamIT_T0_ES6_, (void* stream), (stream))
// NOLINTEND(cppcoreguidelines-macro-usage,bugprone-macro-parentheses)

} // namespace lab::probe
