#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>

#include <Poco/Exception.h>

#include "DpkgStatus.h"

// A catalogue is read to its end or refused with a text that names the place; nothing else.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace oxcache::demo;
    std::istringstream in(std::string(reinterpret_cast<const char*>(data), size));
    try {
        ParagraphReader reader(in, "input");
        for (Paragraph paragraph; reader.next(paragraph);) {
            if (paragraph.fields.empty() || paragraph.line == 0) std::abort();
            const Package package = toPackage(paragraph, "input");
            if (package.name.empty()) std::abort();
        }
    } catch (const Poco::DataFormatException& error) {
        if (error.message().rfind("input:", 0) != 0) std::abort();
    }
    return 0;
}
