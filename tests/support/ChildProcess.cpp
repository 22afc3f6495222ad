#include "support/ChildProcess.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "support/TempFolder.h"

namespace oxcache::testing {
namespace {

int statusOf(int wait) { return WIFEXITED(wait) ? WEXITSTATUS(wait) : 128 + WTERMSIG(wait); }

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& command, const std::string& log) {
    std::vector<std::string> arguments = command;
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("no process can be made for " + command.front());
    if (pid_ > 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(126);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::execvp(pointers.front(), pointers.data());
    ::_exit(127);
}

ChildProcess::~ChildProcess() { kill(); }

ChildProcess::ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
    if (this != &other) {
        kill();
        pid_ = std::exchange(other.pid_, -1);
    }
    return *this;
}

bool ChildProcess::running() {
    if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
    return pid_ > 0;
}

void ChildProcess::kill() noexcept {
    if (pid_ <= 0) return;  // -1 would mean everybody
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

void ChildProcess::signal(int number) {
    if (pid_ <= 0) throw std::logic_error("the process is not running");
    ::kill(pid_, number);
}

void ChildProcess::freeze() { signal(SIGSTOP); }
void ChildProcess::thaw() { signal(SIGCONT); }

int ChildProcess::join() {
    if (pid_ <= 0) throw std::logic_error("the process is not running");
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return statusOf(status);
}

std::string outputOf(const std::vector<std::string>& command) {
    const TempFolder folder;
    const std::string log = folder.file("out");
    const int status = ChildProcess(command, log).join();
    std::ifstream in(log, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (status == 0) return text;
    std::string line;
    for (const std::string& part : command) line += part + " ";
    throw std::runtime_error(line + "ended with " + std::to_string(status) + ":\n" + text);
}

}  // namespace oxcache::testing
