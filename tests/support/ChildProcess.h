#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace oxcache::testing {

/// A program that a test runs beside itself: it ends with the scope, and with the test process
/// however that ends (PR_SET_PDEATHSIG; so a thread that starts one must live as long as it is
/// wanted). Signals go to its process id alone. Not thread-safe.
class ChildProcess {
public:
    ChildProcess() = default;
    /// Output and errors are appended to the file `log`. Throws std::runtime_error where no process
    /// can be made; a program that is not there ends at once with 127.
    ChildProcess(const std::vector<std::string>& command, const std::string& log);
    ~ChildProcess();
    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&& other) noexcept;

    /// False once it has ended, however.
    bool running();
    pid_t pid() const noexcept { return pid_; }
    /// SIGKILL; it is gone at return. Nothing where it has ended.
    void kill() noexcept;
    /// SIGSTOP and SIGCONT. Throws std::logic_error where nothing runs.
    void freeze();
    void thaw();
    /// Waits for its own end; the exit status, or 128 and the signal.
    int join();

private:
    void signal(int number);

    pid_t pid_ = -1;
};

/// Runs a program to its end and gives what it wrote. Throws std::runtime_error, with that, where
/// it does not end with 0.
std::string outputOf(const std::vector<std::string>& command);

}  // namespace oxcache::testing
