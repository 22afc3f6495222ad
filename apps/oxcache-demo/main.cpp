#include <Poco/AutoPtr.h>

#include "DemoApplication.h"

int main(int argc, char** argv) {
    using oxcache::demo::DemoApplication;
    Poco::AutoPtr<DemoApplication> application(new DemoApplication);
    try {
        application->init(argc, argv);
    } catch (...) {
        return DemoApplication::refuse();
    }
    return application->run();
}
