#include "stages/ClearMarkers.h"

#include <charconv>
#include <random>

namespace oxcache::stages {
namespace {

/// Longer than any entry lives.
constexpr std::int64_t kMarkerLifeMs = std::int64_t{1000} * 60 * 60 * 24 * 365 * 20;

/// When markers were made; every clear is later.
constexpr Version kLowest{1, 0, 1};

std::uint64_t randomGeneration() {
    std::random_device device;
    const std::uint64_t high = device();
    return ((high << 32) | device()) | 1U;
}

std::optional<std::uint64_t> generationIn(BytesView bytes) {
    const Result<Envelope> envelope = decodeEnvelope(bytes);
    if (!envelope || envelope->header.kind != EntryKind::Tombstone) return std::nullopt;
    std::uint64_t generation = 0;
    const BytesView text = envelope->payload;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), generation);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
    return generation;
}

}  // namespace

ClearMarkers::ClearMarkers(spi::RemoteStore& store, const std::string& keyPrefix,
                           coherence::VersionSource& versions, const coherence::StoreClock& time)
    : store_(store), keys_(keysOf(keyPrefix)), versions_(versions), time_(time) {}

std::array<std::string, 2> ClearMarkers::keysOf(const std::string& keyPrefix) {
    return {"oxcache!clear:remove:" + keyPrefix, "oxcache!clear:expire:" + keyPrefix};
}

void ClearMarkers::doubt() noexcept {
    MutexLock lock(mutex_);
    known_.reset();
    ++doubts_;
}

Result<Generations> ClearMarkers::current(Deadline deadline) {
    {
        MutexLock lock(mutex_);
        if (known_) return *known_;
    }
    return reread(deadline);
}

Result<ClearMarkers::Pair> ClearMarkers::fetch(Deadline deadline) {
    const Key keys[] = {keys_[0], keys_[1]};
    const std::vector<Result<Bytes>> replies = store_.get(keys, deadline);
    Pair pair;
    for (std::size_t i = 0; i < pair.size(); ++i) {
        if (!replies[i] && replies[i].error().code != ErrorCode::Undecodable)
            return replies[i].error();
        if (replies[i]) pair[i] = generationIn(*replies[i]);
    }
    return pair;
}

Result<void> ClearMarkers::write(std::size_t marker, std::uint64_t generation, spi::PutMode mode,
                                 const Version& version, const Version& written,
                                 Deadline deadline) {
    EnvelopeHeader header;
    // Of this kind, because sweeps leave it alone and evictions take it last.
    header.kind = EntryKind::Tombstone;
    header.version = version;
    header.written = written;
    header.createdMs = time_.nowMs();
    header.expiresMs = header.createdMs + kMarkerLifeMs;
    header.generations.remove = generation;
    const Bytes bytes = encodeEnvelope(header, std::to_string(generation));
    spi::Put put;
    put.key = keys_[marker];
    put.mode = mode;
    put.envelope = bytes;
    put.expiresMs = header.expiresMs;
    const std::vector<Result<spi::PutOutcome>> outcome = store_.put({&put, 1}, deadline);
    if (!outcome[0]) return outcome[0].error();
    return {};
}

// A marker that is missing is made so that of several makers the first wins, for all say that it
// was written at the same, lowest time; then both are read again to learn who did. Its version
// bears the maker, who therefore does not take the message of it for another's clear.
Result<Generations> ClearMarkers::reread(Deadline deadline) {
    std::uint64_t doubts = 0;
    Version version = kLowest;
    {
        MutexLock lock(mutex_);
        doubts = doubts_;
        if (!everKnown_) version.origin = versions_.origin();
    }
    Result<Pair> pair = fetch(deadline);
    if (!pair) return pair.error();
    bool made = false;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
        if ((*pair)[i]) continue;
        made = true;
        const Result<void> written =
            write(i, randomGeneration(), spi::PutMode::IfNewer, version, kLowest, deadline);
        if (!written) return written.error();
    }
    if (made) {
        pair = fetch(deadline);
        if (!pair) return pair.error();
    }
    if (!(*pair)[0] || !(*pair)[1])
        return Error{ErrorCode::Unavailable, "the store does not keep the markers of clears"};
    const Generations generations{*(*pair)[0], *(*pair)[1]};
    MutexLock lock(mutex_);
    if (doubts == doubts_) known_ = generations;
    everKnown_ = true;
    return generations;
}

Result<Version> ClearMarkers::move(ClearMode mode, Deadline deadline) {
    const std::size_t marker = mode == ClearMode::Remove ? 0 : 1;
    const Version version = versions_.next();
    const Result<void> written =
        write(marker, randomGeneration(), spi::PutMode::Overwrite, version, version, deadline);
    doubt();
    if (!written) return written.error();
    return version;
}

}  // namespace oxcache::stages
