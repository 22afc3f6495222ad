#include "Store.h"

namespace oxcache::sqlite {
namespace {

/// How long a locked database is waited for at the start.
constexpr Duration kStartLimit{2000};

std::string joined(const std::vector<std::string>& problems) {
    std::string text;
    for (const std::string& problem : problems) text += (text.empty() ? "" : "\n") + problem;
    return text;
}

/// SQLite's words say what; ours say what to do as well.
std::string complete(const std::string& message, const std::string& whatToDo) {
    return message.find("; ") != std::string::npos ? message : message + "; " + whatToDo;
}

}  // namespace

Result<std::unique_ptr<spi::FallbackStore>> Store::open(const spi::ExtensionContext& context) {
    const spi::OptionValues& options = context.options;
    std::vector<std::string> problems;
    Routes routes = readRoutes(options, problems);
    if (options.text("path").empty())
        problems.emplace_back("path: it is missing; name the database's file");
    auto store = std::make_unique<Store>(options.text("path"),
                                         static_cast<std::size_t>(options.integer("sessions")),
                                         std::move(routes), context.clock);
    if (!options.text("path").empty()) store->check(context, problems);
    if (!problems.empty()) return Error{ErrorCode::Unavailable, joined(problems)};
    return std::unique_ptr<spi::FallbackStore>(std::move(store));
}

void Store::check(const spi::ExtensionContext& context, std::vector<std::string>& problems) {
    // Real time: the program's clock need not move while it starts.
    const SystemClock clock;
    const Deadline deadline = Deadline::in(clock, kStartLimit);
    const auto session = lease(deadline);
    if (!session.ok()) {
        problems.push_back("path: " + session.error().message);
        return;
    }
    const Guard guard(session->db(), clock, deadline);
    auto readable = readSchema(session->db());
    for (const auto& route : routes_) {
        if (!readable.ok()) break;
        const auto query = session->prepared().single(*route);
        if (query.ok()) continue;
        if (query.error().code == ErrorCode::Timeout)
            readable = query.error();
        else
            problems.push_back(
                "routes." + route->name() + ".query: " +
                complete(query.error().message, "correct the query, or the database's tables"));
    }
    if (readable.ok()) return;
    if (readable.error().code != ErrorCode::Timeout)
        problems.push_back("path: '" + path_ + "' cannot be read: " +
                           complete(readable.error().message, "name a SQLite database"));
    else if (context.log)
        context.log(spi::LogLevel::Warning,
                    "'" + path_ +
                        "' is locked, so the queries of its routes are checked at their "
                        "first use");
}

}  // namespace oxcache::sqlite
