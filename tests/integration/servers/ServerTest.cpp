#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>

#include "support/ChildProcess.h"
#include "support/Eventually.h"
#include "support/RedisServer.h"
#include "support/TlsFiles.h"

using namespace oxcache::testing;

namespace {

using Lines = std::vector<std::string>;

Lines tlsClient(const RedisServer& server, const TlsFiles& tls) {
    return {"redis-cli", "-h",       "localhost", "-p", std::to_string(server.tlsPort()),
            "--tls",     "--cacert", tls.ca()};
}

std::string run(Lines command, const Lines& more) {
    command.insert(command.end(), more.begin(), more.end());
    return outputOf(command);
}

}  // namespace

TEST_CASE("AServerAnswersDiesAndComesBackOnItsPort") {
    RedisServer server;
    const std::uint16_t port = server.port();
    CHECK(redisCommand(port, {"SET", "k", "v"}) == Lines{"OK"});
    server.kill();
    CHECK_FALSE(server.running());
    CHECK_THROWS_AS(redisCommand(port, {"GET", "k"}), std::runtime_error);
    server.start();
    CHECK(server.port() == port);
    CHECK(redisCommand(port, {"GET", "k"}) == Lines{""});
    CHECK(outputOf({"redis-cli", "-s", server.unixPath(), "PING"}) == "PONG\n");
}

TEST_CASE("AServersProcessEndsWithItsScope") {
    auto server = std::make_unique<RedisServer>();
    const pid_t pid = server->pid();
    CHECK(::kill(pid, 0) == 0);
    server.reset();
    CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("AChildDiesWithAParentThatIsKilled") {
    // The parent is a shell's stand-in: it starts a server and is killed without a chance to end
    // it.
    int pipes[2];
    REQUIRE(::pipe(pipes) == 0);
    const pid_t parent = ::fork();
    REQUIRE(parent >= 0);
    if (parent == 0) {
        ChildProcess child({"sleep", "600"}, "/dev/null");
        const pid_t pid = child.pid();
        if (::write(pipes[1], &pid, sizeof pid) != sizeof pid) ::_exit(1);
        ::raise(SIGKILL);
    }
    pid_t grandchild = 0;
    CHECK(::read(pipes[0], &grandchild, sizeof grandchild) == sizeof grandchild);
    ::waitpid(parent, nullptr, 0);
    // Whoever adopts it may take a moment to bury it; a zombie counts as ended.
    CHECK(eventually([&] {
        if (::kill(grandchild, 0) != 0) return true;
        const std::string stat = outputOf({"cat", "/proc/" + std::to_string(grandchild) + "/stat"});
        return stat.find(") Z") != std::string::npos;
    }));
    ::close(pipes[0]);
    ::close(pipes[1]);
}

TEST_CASE("AFrozenServerIsSilentUntilItThaws") {
    RedisServer server;
    server.freeze();
    ChildProcess client({"redis-cli", "-p", std::to_string(server.port()), "PING"}, "/dev/null");
    CHECK_FALSE(eventually([&] { return !client.running(); }, std::chrono::milliseconds(100)));
    server.thaw();
    CHECK(client.join() == 0);
}

TEST_CASE("UsersAndPasswordsAreAskedFor") {
    RedisServer server(
        {"--user", "alice", "on", ">secret", "~*", "&*", "+@all", "--requirepass", "other"});
    const std::uint16_t port = server.port();
    CHECK_THROWS_AS(redisCommand(port, {"PING"}), std::runtime_error);
    CHECK(redisCommand(port, {"PING"}, "other") == Lines{"PONG"});
    CHECK(outputOf({"redis-cli", "-p", std::to_string(port), "--user", "alice", "--pass", "secret",
                    "--no-auth-warning", "ACL", "WHOAMI"}) == "alice\n");
    server.restart({});
    CHECK(redisCommand(port, {"PING"}) == Lines{"PONG"});
}

TEST_CASE("AServerThatDoesNotStartSaysWhy") {
    CHECK_THROWS_WITH_AS(RedisServer({"--user", "alice", "nonsense"}),
                         doctest::Contains("nonsense"), std::runtime_error);
}

TEST_CASE("TlsServersShowACertificateAndMayWantOne") {
    const TlsFiles tls;
    const RedisServer server(tls, true);
    const Lines client = tlsClient(server, tls);
    CHECK_THROWS_AS(run(client, {"PING"}), std::runtime_error);
    CHECK(run(client, {"--cert", tls.clientCertificate(), "--key", tls.clientKey(), "PING"}) ==
          "PONG\n");
    const RedisServer open(tls, false);
    CHECK(run(tlsClient(open, tls), {"PING"}) == "PONG\n");
    Lines wrong = tlsClient(open, tls);
    wrong.back() = tls.otherCa();
    CHECK_THROWS_AS(run(wrong, {"PING"}), std::runtime_error);
}

TEST_CASE("TheExpiredCertificateIsExpired") {
    const TlsFiles tls;
    CHECK(run({"openssl", "verify", "-CAfile", tls.ca()}, {tls.serverCertificate()})
              .ends_with("OK\n"));
    CHECK_THROWS_WITH_AS(
        run({"openssl", "verify", "-CAfile", tls.ca()}, {tls.expiredCertificate()}),
        doctest::Contains("expired"), std::runtime_error);
}
