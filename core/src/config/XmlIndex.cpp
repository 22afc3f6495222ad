#include <map>

#include <Poco/SAX/Attributes.h>
#include <Poco/SAX/DefaultHandler.h>
#include <Poco/SAX/Locator.h>
#include <Poco/SAX/SAXException.h>
#include <Poco/SAX/SAXParser.h>

#include "config/KeyIndex.h"
#include "config/Values.h"

namespace oxcache::config {
namespace {

using Poco::XML::XMLChar;
using Poco::XML::XMLString;

struct TooDeep {};

/// Follows Poco::Util::XMLConfiguration: the root element's name is no part of a key.
class XmlEvents : public Poco::XML::DefaultHandler {
public:
    KeyIndex take() { return std::move(index_); }
    int line() const { return locator_ == nullptr ? 0 : locator_->getLineNumber(); }

    void setDocumentLocator(const Poco::XML::Locator* locator) override { locator_ = locator; }

    void startElement(const XMLString&, const XMLString&, const XMLString& name,
                      const Poco::XML::Attributes& attributes) override {
        if (elements_.size() >= kDeepest) throw TooDeep();
        if (elements_.empty()) {
            elements_.push_back({"", line(), {}, ""});
            if (isOurs(name))
                index_.findings.push_back(
                    {line(), "",
                     "the root element is no part of a key; put <config> around <oxcache>"});
            return;
        }
        Element& parent = elements_.back();
        const std::string key = parent.key.empty() ? name : parent.key + '.' + name;
        const auto [first, isNew] = parent.children.emplace(name, line());
        if (isOurs(key)) {
            if (!isNew) index_.findings.push_back(givenTwice(key, line(), first->second));
            if (name.find('.') != std::string::npos)
                index_.findings.push_back(
                    {line(), key, "a name with a dot; nest elements instead"});
            if (attributes.getLength() > 0)
                index_.findings.push_back(
                    {line(), key, "an attribute; write an element within this one instead"});
        }
        elements_.push_back({key, line(), {}, ""});
    }

    void endElement(const XMLString&, const XMLString&, const XMLString&) override {
        const Element& element = elements_.back();
        if (element.children.empty()) {
            if (!element.key.empty()) index_.keys.push_back({element.key, element.line});
        } else if (isOurs(element.key) && !trimmed(element.text).empty()) {
            index_.findings.push_back(
                {element.line, element.key, "text beside elements; put it into one of them"});
        }
        elements_.pop_back();
    }

    void characters(const XMLChar text[], int start, int length) override {
        if (!elements_.empty())
            elements_.back().text.append(text + start, static_cast<std::size_t>(length));
    }

private:
    struct Element {
        std::string key;
        int line;
        std::map<std::string, int> children;
        std::string text;
    };

    const Poco::XML::Locator* locator_ = nullptr;
    std::vector<Element> elements_;
    KeyIndex index_;
};

KeyIndex unusable(int line, const std::string& text) {
    KeyIndex index;
    index.usable = false;
    index.findings.push_back({line, "", text});
    return index;
}

}  // namespace

KeyIndex indexXml(std::string_view text) {
    XmlEvents events;
    Poco::XML::SAXParser parser;
    parser.setFeature(Poco::XML::XMLReader::FEATURE_NAMESPACES, false);
    parser.setContentHandler(&events);
    try {
        parser.parseMemoryNP(text.data(), text.size());
    } catch (const TooDeep&) {
        return unusable(events.line(), "nested too deep; write fewer elements within another");
    } catch (const Poco::XML::SAXParseException& error) {
        // Poco's text ends with the position, which comes first here.
        const std::string& reason = error.message();
        return unusable(error.getLineNumber(), "not valid XML, column " +
                                                   std::to_string(error.getColumnNumber()) + ": " +
                                                   reason.substr(0, reason.rfind(" in line ")) +
                                                   "; correct it there or just before");
    } catch (const Poco::Exception& error) {
        return unusable(events.line(), "not valid XML: " + error.displayText() + "; correct it");
    }
    return events.take();
}

}  // namespace oxcache::config
