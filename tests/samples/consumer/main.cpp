#include <iostream>
#include <string>

#include <Poco/Util/Application.h>
#include <oxcache/oxcache.h>

using namespace std::chrono_literals;

class Consumer : public Poco::Util::Application {
public:
    Consumer() { addSubsystem(new oxcache::CacheSubsystem); }

protected:
    void initialize(Application& self) override {
        loadConfiguration("consumer.properties");
        Application::initialize(self);
    }

    int main(const std::vector<std::string>&) override {
        int loads = 0;
        auto greeting = oxcache::cached("greetings", "greeting:{}", 300s, [&](std::string name) {
            ++loads;
            return "hello, " + name;
        });
        const std::string first = greeting("world");
        const std::string second = greeting("world");
        std::cout << first << " (" << loads << " load)\n";
        return first == second && loads <= 1 ? EXIT_OK : EXIT_SOFTWARE;
    }
};

POCO_APP_MAIN(Consumer)
