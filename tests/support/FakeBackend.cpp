#include "support/FakeBackend.h"

#include <algorithm>

#include "support/FakeBus.h"

namespace oxcache::testing {
namespace {

bool isContent(EntryKind kind) { return kind == EntryKind::Value || kind == EntryKind::Negative; }

}  // namespace

std::optional<Bytes> FakeBackend::at(Key key) const {
    MutexLock lock(mutex_);
    const Row* row = standing(key);
    return row == nullptr ? std::nullopt : std::optional<Bytes>(row->envelope);
}

std::int64_t FakeBackend::expiryOf(Key key) const {
    MutexLock lock(mutex_);
    const Row* row = standing(key);
    return row == nullptr ? 0 : row->expiresMs;
}

void FakeBackend::place(Key key, BytesView bytes, std::int64_t expiresMs) {
    MutexLock lock(mutex_);
    rows_.insert_or_assign(std::string(key), Row{Bytes(bytes), expiresMs});
}

void FakeBackend::erase(Key key) {
    MutexLock lock(mutex_);
    if (const auto found = rows_.find(key); found != rows_.end()) rows_.erase(found);
}

void FakeBackend::clear() {
    MutexLock lock(mutex_);
    rows_.clear();
}

std::size_t FakeBackend::size() const {
    MutexLock lock(mutex_);
    const std::int64_t now = clock_.wallMs();
    return static_cast<std::size_t>(std::count_if(
        rows_.begin(), rows_.end(), [now](const auto& row) { return row.second.expiresMs > now; }));
}

void FakeBackend::limitSize(std::size_t bytes) {
    MutexLock lock(mutex_);
    sizeLimit_ = bytes;
}

Bytes FakeBackend::read(Key key) {
    MutexLock lock(mutex_);
    const Row* row = standing(key);
    return row == nullptr ? Bytes() : row->envelope;
}

Bytes FakeBackend::lease(Key key, const spi::LeaseRequest& request) {
    MutexLock lock(mutex_);
    EnvelopeHeader lease;
    lease.kind = EntryKind::Lease;
    lease.createdMs = clock_.wallMs();
    lease.expiresMs = request.expiresMs;
    lease.version = request.version;
    std::int64_t expiresMs = request.expiresMs;
    if (const Row* row = standing(key)) {
        if (const auto header = peekEnvelope(row->envelope)) {
            const bool held =
                header->kind == EntryKind::Lease && header->expiresMs > clock_.wallMs();
            if (isContent(header->kind) || held) return row->envelope;
            lease.written = header->written;
            expiresMs = std::max(expiresMs, row->expiresMs);
        }
    }
    Bytes envelope = encodeEnvelope(lease, {});
    rows_.insert_or_assign(std::string(key), Row{envelope, expiresMs});
    return envelope;
}

spi::PutOutcome FakeBackend::put(const spi::Put& put) {
    MutexLock lock(mutex_);
    if (put.envelope.size() > sizeLimit_) return spi::PutOutcome::TooLarge;
    const Row* row = standing(put.key);
    if (!admits(put, row)) return spi::PutOutcome::Refused;
    const bool touch = put.mode == spi::PutMode::Touch;
    Bytes envelope = touch ? row->envelope : Bytes(put.envelope);
    const auto header = peekEnvelope(envelope);
    rows_.insert_or_assign(std::string(put.key), Row{std::move(envelope), put.expiresMs});
    if (put.publish) publish(put.key, header ? header->version : Version{});
    return spi::PutOutcome::Stored;
}

std::uint64_t FakeBackend::sweep(Key prefix, std::uint64_t live, std::size_t most) {
    MutexLock lock(mutex_);
    std::uint64_t swept = 0;
    for (auto row = rows_.lower_bound(prefix);
         row != rows_.end() && Key(row->first).starts_with(prefix) && swept < most;) {
        const auto header = peekEnvelope(row->second.envelope);
        if (header && isContent(header->kind) && header->generations.remove != live &&
            row->second.expiresMs > clock_.wallMs()) {
            row = rows_.erase(row);
            ++swept;
        } else {
            ++row;
        }
    }
    return swept;
}

const FakeBackend::Row* FakeBackend::standing(Key key) const {
    const auto found = rows_.find(key);
    if (found == rows_.end() || found->second.expiresMs <= clock_.wallMs()) return nullptr;
    return &found->second;
}

bool FakeBackend::admits(const spi::Put& put, const Row* row) const {
    const auto standing =
        row == nullptr ? std::optional<EnvelopeHeader>() : peekEnvelope(row->envelope);
    switch (put.mode) {
        case spi::PutMode::Overwrite:
            return true;
        case spi::PutMode::FillIfUnchanged:
        case spi::PutMode::Touch:
            return standing && standing->version == put.observed;
        case spi::PutMode::IfNewer: {
            const auto incoming = peekEnvelope(put.envelope);
            return !standing || (incoming && standing->written < incoming->written);
        }
    }
    return false;
}

void FakeBackend::publish(Key key, const Version& version) {
    for (FakeBus* bus : buses_) bus->receive(key, version);
}

void FakeBackend::subscribe(FakeBus& bus) {
    MutexLock lock(mutex_);
    buses_.push_back(&bus);
}

void FakeBackend::unsubscribe(FakeBus& bus) {
    MutexLock lock(mutex_);
    std::erase(buses_, &bus);
}

}  // namespace oxcache::testing
