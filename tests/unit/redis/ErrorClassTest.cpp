#include <doctest/doctest.h>

#include "redis-common/ErrorClass.h"

using namespace oxcache::redis;

TEST_CASE("ErrorsAreClassifiedByTheirPrefix") {
    CHECK(classOf("MOVED 3999 127.0.0.1:6381") == ErrorClass::Moved);
    CHECK(classOf("ASK 3999 127.0.0.1:6381") == ErrorClass::Ask);
    CHECK(classOf("TRYAGAIN Multiple keys request during rehashing of slot") == ErrorClass::Later);
    CHECK(classOf("LOADING Redis is loading the dataset in memory") == ErrorClass::Later);
    CHECK(classOf("BUSY Redis is busy running a script.") == ErrorClass::Later);
    CHECK(classOf("READONLY You can't write against a read only replica.") ==
          ErrorClass::WrongNode);
    CHECK(classOf("MASTERDOWN Link with MASTER is down") == ErrorClass::WrongNode);
    CHECK(classOf("CLUSTERDOWN The cluster is down") == ErrorClass::WrongNode);
    CHECK(classOf("NOAUTH Authentication required.") == ErrorClass::Login);
    CHECK(classOf("WRONGPASS invalid username-password pair") == ErrorClass::Login);
    CHECK(classOf("NOPERM this user has no permissions") == ErrorClass::Login);
    CHECK(classOf("OOM command not allowed when used memory > 'maxmemory'.") ==
          ErrorClass::OutOfMemory);
    CHECK(classOf("MISCONF Redis is configured to save RDB snapshots") == ErrorClass::Unwritable);
    CHECK(classOf("NOSCRIPT No matching script.") == ErrorClass::UnknownScript);
    CHECK(classOf("WRONGTYPE Operation against a key holding the wrong kind of value") ==
          ErrorClass::WrongType);
    CHECK(classOf("ERR unknown command 'HELLO'") == ErrorClass::UnknownCommand);
    CHECK(classOf("ERR wrong number of arguments") == ErrorClass::Command);
    CHECK(classOf("") == ErrorClass::Command);
}

TEST_CASE("ErrorsOfScriptsAreThoseOfTheCommandThatFailed") {
    CHECK(classOf("ERR Error running script: -READONLY You can't write") == ErrorClass::WrongNode);
    CHECK(classOf("ERR Error running script: -OOM command not allowed") == ErrorClass::OutOfMemory);
}

TEST_CASE("AReplyThatIsNoErrorHasNoClass") { CHECK(classOf(Reply{}) == ErrorClass::None); }

TEST_CASE("AnErrorSaysWhoAnsweredWhatAndWhatToDo") {
    Reply reply;
    reply.type = Reply::Type::Error;
    reply.text = "WRONGPASS invalid";
    const oxcache::Error error = errorOf(reply, "h:1");
    CHECK((error.code == oxcache::ErrorCode::Unavailable));
    CHECK(error.message ==
          "redis h:1 answered: WRONGPASS invalid; check user, password and the user's ACL");
}
