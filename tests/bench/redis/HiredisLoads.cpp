#include <memory>
#include <stdexcept>
#include <vector>

#include <benchmark/benchmark.h>
#include <hiredis/hiredis.h>

#include "Loads.h"

namespace oxcache::bench {
namespace {

/// A connection per thread, as a pool gives it.
class Peer {
public:
    explicit Peer(std::uint16_t port) : context_(redisConnect("127.0.0.1", port)) {
        if (context_ == nullptr || context_->err != 0)
            throw std::runtime_error("hiredis: no connection");
        redisEnableKeepAlive(context_.get());
    }

    void append(std::initializer_list<std::string_view> arguments) {
        const char* at[8];
        std::size_t sizes[8];
        int count = 0;
        for (const std::string_view argument : arguments) {
            at[count] = argument.data();
            sizes[count++] = argument.size();
        }
        redisAppendCommandArgv(context_.get(), count, at, sizes);
    }
    /// The size of the reply's text.
    std::size_t reply() {
        void* answer = nullptr;
        if (redisGetReply(context_.get(), &answer) != REDIS_OK)
            throw std::runtime_error(context_->errstr);
        auto* typed = static_cast<redisReply*>(answer);
        // As an application keeps it.
        const std::string value(typed->str == nullptr ? "" : typed->str, typed->len);
        if (typed->type == REDIS_REPLY_ERROR) throw std::runtime_error(value);
        freeReplyObject(answer);
        return value.size();
    }

private:
    struct Free {
        void operator()(redisContext* context) const { redisFree(context); }
    };
    std::unique_ptr<redisContext, Free> context_;
};

using Step = void (*)(Peer& peer, benchmark::State& state, int number, const std::string& value);

void get(Peer& peer, benchmark::State& state, int number, const std::string&) {
    peer.append({"GET", Workload::key(state.thread_index(), number)});
    benchmark::DoNotOptimize(peer.reply());
}

void set(Peer& peer, benchmark::State& state, int number, const std::string& value) {
    peer.append(
        {"SET", Workload::key(state.thread_index(), number), value, "PXAT", "4102444800000"});
    peer.reply();
}

void setAndPublish(Peer& peer, benchmark::State& state, int number, const std::string& value) {
    const std::string key = Workload::key(state.thread_index(), number);
    const std::string message(28 + 24 + key.size(), 'm');
    peer.append({"SET", key, value, "PXAT", "4102444800000"});
    peer.append({"PUBLISH", "oxcache:0:bench:", message});
    peer.reply();
    peer.reply();
}

void getBatch(Peer& peer, benchmark::State& state, int number, const std::string&) {
    for (int i = 0; i < Workload::kBatch; ++i)
        peer.append({"GET", Workload::key(state.thread_index(), number + i)});
    for (int i = 0; i < Workload::kBatch; ++i) benchmark::DoNotOptimize(peer.reply());
}

void setBatch(Peer& peer, benchmark::State& state, int number, const std::string& value) {
    for (int i = 0; i < Workload::kBatch; ++i)
        peer.append({"SET", Workload::key(state.thread_index(), number + i), value, "PXAT",
                     "4102444800000"});
    for (int i = 0; i < Workload::kBatch; ++i) peer.reply();
}

void add(const std::string& load, const Workload& workload, Step step, std::size_t size, int each,
         int threads, int repetitions) {
    benchmark::RegisterBenchmark(
        (load + "/hiredis").c_str(),
        [=](benchmark::State& state) {
            Peer peer(workload.port);
            const std::string value(size, 'v');
            // So that every GET finds something.
            for (int i = 0; size == Workload::kSmall && i < Workload::kKeys; ++i)
                set(peer, state, i, value);
            if (size == Workload::kLarge) set(peer, state, 0, value);
            int number = 0;
            for (auto _ : state) {
                step(peer, state, size == Workload::kLarge ? 0 : number, value);
                number += each;
            }
            state.SetItemsProcessed(state.iterations() * each);
        })
        ->Threads(threads)
        ->Repetitions(repetitions)
        ->UseRealTime()
        ->MinTime(0.3);
}

}  // namespace

void registerHiredis(const Workload& workload, int repetitions) {
    constexpr std::size_t kSmall = Workload::kSmall;
    constexpr int kThreads = Workload::kThreads;
    add("get", workload, get, kSmall, 1, 1, repetitions);
    add("set", workload, set, kSmall, 1, 1, repetitions);
    add("set_publish", workload, setAndPublish, kSmall, 1, 1, repetitions);
    add("get50", workload, get, kSmall, 1, kThreads, repetitions);
    add("set50", workload, set, kSmall, 1, kThreads, repetitions);
    add("set50_publish", workload, setAndPublish, kSmall, 1, kThreads, repetitions);
    add("get_batch", workload, getBatch, kSmall, Workload::kBatch, 1, repetitions);
    add("set_batch", workload, setBatch, kSmall, Workload::kBatch, 1, repetitions);
    add("get_1mib", workload, get, Workload::kLarge, 1, 1, repetitions);
    add("set_1mib", workload, set, Workload::kLarge, 1, 1, repetitions);
}

}  // namespace oxcache::bench
