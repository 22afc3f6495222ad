#include "LineReader.h"

#include <utility>

#include <Poco/Exception.h>

namespace oxcache::demo {

namespace {
constexpr std::size_t kChunk = 64 * 1024;
}

LineReader::LineReader(std::istream& in, std::string source)
    : in_(in), source_(std::move(source)) {}

std::string LineReader::at(const std::string& what) const {
    return source_ + ":" + std::to_string(number_) + ": " + what;
}

bool LineReader::fill() {
    buffer_.resize(kChunk);
    position_ = 0;
    in_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    buffer_.resize(static_cast<std::size_t>(in_.gcount()));
    if (in_.bad()) throw Poco::ReadFileException(at("cannot be read; is it a file?"));
    return !buffer_.empty();
}

bool LineReader::next(std::string& line) {
    line.clear();
    if (position_ == buffer_.size() && !fill()) return false;
    ++number_;
    for (;;) {
        const std::size_t end = buffer_.find('\n', position_);
        const std::size_t taken = (end == std::string::npos ? buffer_.size() : end) - position_;
        if (line.size() + taken > kMaxLength) {
            throw Poco::DataFormatException(at("the line is longer than " +
                                               std::to_string(kMaxLength) +
                                               " bytes; is this a text file?"));
        }
        line.append(buffer_, position_, taken);
        position_ += taken;
        if (end != std::string::npos) {
            ++position_;
            break;
        }
        if (!fill()) break;
    }
    if (line.ends_with('\r')) line.pop_back();
    return true;
}

}  // namespace oxcache::demo
