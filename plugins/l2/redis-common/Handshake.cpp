#include "Handshake.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "CommandWriter.h"
#include "ErrorClass.h"

namespace oxcache::redis {
namespace {

/// The value of `name=value` in a line of such, separated by spaces.
BytesView field(BytesView line, BytesView name) {
    while (!line.empty()) {
        const BytesView part = line.substr(0, line.find_first_of(" \n"));
        if (part.starts_with(name) && part.substr(name.size()).starts_with('='))
            return part.substr(name.size() + 1);
        line.remove_prefix(std::min(part.size() + 1, line.size()));
    }
    return {};
}

}  // namespace

Handshake::Handshake(const LoginSettings& login, std::vector<ClientIdentity> fences)
    : login_(login), fences_(std::move(fences)) {}

Bytes Handshake::command() const {
    Bytes out;
    CommandWriter writer(out);
    const BytesView user = login_.username.empty() ? BytesView("default") : login_.username;
    switch (step_) {
        case Step::Hello:
            if (login_.password.empty())
                writer.command({"HELLO", "3"});
            else
                writer.command({"HELLO", "3", "AUTH", user, login_.password});
            break;
        case Step::Auth:
            // A server without HELLO knows no users.
            if (login_.username.empty())
                writer.command({"AUTH", login_.password});
            else
                writer.command({"AUTH", user, login_.password});
            break;
        case Step::Id:
            writer.command({"CLIENT", "INFO"});
            break;
        case Step::Name:
            writer.command({"CLIENT", "SETNAME", login_.clientName});
            break;
        case Step::Select:
            writer.begin(2).add("SELECT").add(login_.database);
            break;
        case Step::Role:
            writer.command({"ROLE"});
            break;
        case Step::Fence:
            writer.begin(6).add("CLIENT").add("KILL").add("ID").add(fences_.back().id);
            writer.add("ADDR").add(fences_.back().address);
            break;
        case Step::Ready:
        case Step::Failed:
            break;
    }
    return out;
}

void Handshake::reply(const Reply& reply, const std::string& server) {
    if (step_ == Step::Hello) return helloAnswered(reply, server);
    if (step_ == Step::Fence) {
        if (classOf(reply) == ErrorClass::Login) fenceRefused_ = true;
        fences_.pop_back();
        return after(Step::Role);
    }
    if (step_ == Step::Role) return roleAnswered(reply, server);
    if (reply.isError() && step_ != Step::Id && step_ != Step::Name) {
        error_ = errorOf(reply, server);
        step_ = Step::Failed;
        return;
    }
    if (step_ == Step::Id && reply.isString()) identify(reply.text);
    after(step_);
}

void Handshake::helloAnswered(const Reply& reply, const std::string& server) {
    if (!reply.isError()) {
        for (std::size_t i = 0; i + 1 < reply.items.size(); i += 2)
            if (reply.items[i].text == "role") role_ = reply.items[i + 1].text;
        resp3_ = true;
        return after(Step::Hello);
    }
    if (classOf(reply) == ErrorClass::UnknownCommand) {
        step_ = login_.password.empty() ? Step::Id : Step::Auth;
        return;
    }
    error_ = errorOf(reply, server);
    step_ = Step::Failed;
}

void Handshake::roleAnswered(const Reply& reply, const std::string& server) {
    if (reply.isList() && !reply.items.empty())
        return refuseUnlessMaster(reply.items[0].text, server);
    // A user who may not ask has been told by HELLO, which everybody may.
    if (!role_.empty()) return refuseUnlessMaster(role_, server);
    error_ = errorOf(reply, server);
    error_.message += "; only a master will do, so allow this user +role";
    step_ = Step::Failed;
}

void Handshake::refuseUnlessMaster(BytesView role, const std::string& server) {
    if (role == "master") return after(Step::Role);
    error_ = {ErrorCode::Unavailable, "redis " + server + ": it is no master but a " + Bytes(role) +
                                          "; the next attempt asks again where the master is"};
    step_ = Step::Failed;
}

void Handshake::identify(BytesView clientInfo) {
    const BytesView id = field(clientInfo, "id");
    std::from_chars(id.data(), id.data() + id.size(), identity_.id);
    identity_.address = field(clientInfo, "addr");
}

// The next step that has something to do.
void Handshake::after(Step step) {
    switch (step) {
        case Step::Hello:
        case Step::Auth:
            step_ = Step::Id;
            return;
        case Step::Id:
            if (!login_.clientName.empty()) {
                step_ = Step::Name;
                return;
            }
            [[fallthrough]];
        case Step::Name:
            if (login_.database != 0) {
                step_ = Step::Select;
                return;
            }
            [[fallthrough]];
        case Step::Select:
            if (login_.masterOnly) {
                step_ = Step::Role;
                return;
            }
            [[fallthrough]];
        default:
            step_ = fences_.empty() ? Step::Ready : Step::Fence;
    }
}

}  // namespace oxcache::redis
