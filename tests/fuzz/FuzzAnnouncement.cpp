#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>

#include "Require.h"
#include "redis-common/StreamBook.h"

using namespace oxcache;
using namespace oxcache::fuzz;
using namespace oxcache::redis;
using namespace std::chrono_literals;

namespace {

Bytes encoded(const Announcement& message) {
    Bytes buffer;
    CommandWriter writer(buffer);
    const std::size_t number =
        addAnnouncement(writer, message.kind, message.stream, message.changes);
    std::memcpy(buffer.data() + number, &message.number, sizeof message.number);
    // Between the length and the end of the argument.
    const std::size_t begin = buffer.find('\n') + 1;
    return buffer.substr(begin, buffer.size() - begin - 2);
}

/// Messages, each behind a byte that says how long it is and one that says how many times 10 ms
/// pass before it.
void checkBook(BytesView bytes, bool settled) {
    StreamBook book(1s, 250ms);
    SteadyTime now{};
    if (settled) book.settle();
    while (bytes.size() >= 2) {
        const auto size = static_cast<std::uint8_t>(bytes[0]);
        now += static_cast<std::uint8_t>(bytes[1]) * 10ms;
        bytes.remove_prefix(2);
        (void)book.tick(now);
        require(book.due() > now, "a tick leaves nothing that is due");
        const auto message = Announcement::decode(bytes.substr(0, size));
        bytes.remove_prefix(std::min<std::size_t>(size, bytes.size()));
        if (message) (void)book.heard(*message, now);
    }
    now += 1min;
    (void)book.tick(now);
    require(book.due() == SteadyTime::max(), "streams that fell silent are forgotten");
}

}  // namespace

/// The first byte says what the rest is: `m` a message, which comes back byte for byte; `b` what a
/// process hears from its subscription on, `s` what it hears when that has settled.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const BytesView bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (data[0] == 'b' || data[0] == 's') checkBook(bytes, data[0] == 's');
    if (data[0] != 'm') return 0;
    if (const auto message = Announcement::decode(bytes))
        require(encoded(*message) == bytes, "a message comes back byte for byte");
    return 0;
}
