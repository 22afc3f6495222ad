#pragma once

#include <string>

#include "oxcache/base/Clock.h"
#include "oxcache/base/Deadline.h"

namespace oxcache::embedded {

/// Holds an advisory lock on a file of its own, against other processes and other threads. The
/// lock ends with the process. A note in the file outlives it.
class FileLock {
public:
    /// Waits until the deadline, at most `most`; throws Failure (Late, Busy or Unusable).
    FileLock(const std::string& path, Clock& clock, Deadline deadline, Duration most);
    ~FileLock();
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;

    /// What an earlier holder noted and did not clear.
    std::string note() const;
    void note(const std::string& text);

private:
    int descriptor_;
    std::string path_;
};

}  // namespace oxcache::embedded
