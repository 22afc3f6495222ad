#include "FileLock.h"

#include <cerrno>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "Failure.h"

namespace oxcache::embedded {
namespace {

constexpr std::chrono::milliseconds kPause{1};
constexpr std::size_t kNoteLimit = 256;

std::string reason() { return std::strerror(errno); }

}  // namespace

FileLock::FileLock(const std::string& path, Clock& clock, Deadline deadline, Duration most)
    : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)), path_(path) {
    if (descriptor_ < 0)
        throw Failure(FailureKind::Unusable, "cannot open " + path + ": " + reason());
    for (Duration waited{}; ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0; waited += kPause) {
        const int problem = errno;
        const bool late = deadline.passed(clock);
        if (problem == EWOULDBLOCK && !late && waited < most) {
            std::this_thread::sleep_for(kPause);
            continue;
        }
        ::close(descriptor_);
        if (problem != EWOULDBLOCK)
            throw Failure(FailureKind::Unusable,
                          "cannot lock " + path + ": " + std::strerror(problem));
        throw Failure(late ? FailureKind::Late : FailureKind::Busy,
                      path + " is locked by another process that opens or repairs the file");
    }
}

FileLock::~FileLock() { ::close(descriptor_); }

std::string FileLock::note() const {
    char text[kNoteLimit];
    const ssize_t size = ::pread(descriptor_, text, sizeof text, 0);
    return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

void FileLock::note(const std::string& text) {
    const auto size = static_cast<ssize_t>(text.size());
    if (::ftruncate(descriptor_, 0) != 0 ||
        ::pwrite(descriptor_, text.data(), text.size(), 0) != size)
        throw Failure(FailureKind::Unusable, "cannot write " + path_ + ": " + reason());
}

}  // namespace oxcache::embedded
