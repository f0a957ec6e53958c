// A program to record: uses NVTX as programs do, and stands in for the driver where it is told to, which calls
// InitializeInjection in a process's first call of CUDA.
#include <dlfcn.h>
#include <nvtx3/nvToolsExt.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace {

void sleep_ms(unsigned ms) { usleep(ms * 1000); }

nvtxEventAttributes_t event(nvtxMessageType_t type) {
  nvtxEventAttributes_t made{};
  made.version = NVTX_VERSION;
  made.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
  made.messageType = type;
  return made;
}

int nested(char** /*args*/) {
  const int outer = nvtxRangePushA("aten::linear");
  const int inner = nvtxRangePushA("aten::mm, op_id = 3, sizes = [[2, 3], [3, 4]]");
  sleep_ms(2);
  const int popped = nvtxRangePop();
  nvtxRangePushW(L"wide \u00e4\u20ac \"quoted\"");
  nvtxRangePop();
  nvtxRangePushA("not UTF-8: \xff\xc3 tab\t");
  nvtxRangePop();
  nvtxRangePop();
  nvtxMarkA("a mark");
  std::printf("levels %d %d %d %d\n", outer, inner, popped, nvtxRangePop() < 0 ? -1 : 0);
  return 0;
}

int threads(char** /*args*/) {
  std::vector<std::thread> all;
  for (int i = 0; i < 4; ++i) {
    all.emplace_back([i] {
      const std::string name = "thread " + std::to_string(i);
      for (int k = 0; k < 100; ++k) {
        nvtxRangePushA(name.c_str());
        nvtxRangePushA("inside");
        nvtxRangePop();
        nvtxRangePop();
      }
      nvtxRangePushA("never ended");
    });
  }
  for (std::thread& thread : all) thread.join();
  return 0;
}

int domains(char** /*args*/) {
  nvtxDomainHandle_t domain = nvtxDomainCreateA("a library");
  nvtxEventAttributes_t registered = event(NVTX_MESSAGE_TYPE_REGISTERED);
  registered.message.registered = nvtxDomainRegisterStringA(domain, "a registered text");
  nvtxDomainRangePushEx(domain, &registered);
  nvtxRangePushA("of the default domain");
  nvtxDomainRangePop(domain);  // each domain has its own stack
  nvtxRangePop();
  nvtxEventAttributes_t plain = event(NVTX_MESSAGE_TYPE_ASCII);
  plain.message.ascii = "from start to end";
  const nvtxRangeId_t id = nvtxDomainRangeStartEx(domain, &plain);
  std::thread([&] { nvtxDomainRangeEnd(domain, id); }).join();
  const nvtxRangeId_t other = nvtxRangeStartA("of the default domain, too");
  nvtxRangeEnd(other);
  nvtxRangeEnd(123456);  // of nobody
  nvtxDomainDestroy(domain);
  return 0;
}

int forks(char** args) {
  nvtxRangePushA("around the fork");
  const pid_t child = fork();
  if (child == 0) {
    nvtxRangePushA("in the child");
    nvtxRangePop();
    nvtxRangePop();
    if (std::string(args[0]) == "_exit") _exit(0);
    if (std::string(args[0]) == "exec") {
      execl("/proc/self/exe", "inject_program", "nested", nullptr);
    }
    std::exit(0);
  }
  waitpid(child, nullptr, 0);
  nvtxRangePop();
  return 0;
}

/// A range, then waits to be killed.
int waits(char** /*args*/) {
  nvtxRangePushA("whole");
  nvtxRangePop();
  nvtxRangePushA("open");
  std::printf("waiting\n");
  std::fflush(stdout);
  for (int i = 0; i < 600; ++i) sleep_ms(100);
  return 0;
}

int handles(char** args) {
  std::signal(SIGTERM, [](int) { std::exit(7); });
  return waits(args);
}

int many(char** args) {
  const int count = std::atoi(args[0]);
  std::string name = "aten::mm, op_id = 3, sizes = [[2, 3], [3, 4]]";
  if (args[1] != nullptr) name.resize(static_cast<std::size_t>(std::atoi(args[1])), '.');
  for (int i = 0; i < count; ++i) {
    nvtxRangePushA(name.c_str());
    nvtxRangePop();
  }
  return 0;
}

int endless(char** args) {
  const int count = std::atoi(args[0]);
  for (int i = 0; i < count; ++i) nvtxRangePushA("never ended");
  return 0;
}

/// More open ranges than are kept, then those that find no room, then the ends of all. How many ends were recorded?
int deep(char** args) {
  const int count = std::atoi(args[0]);
  for (int i = 0; i < count; ++i) nvtxRangePushA("outer");
  nvtxDomainHandle_t domain = nvtxDomainCreateA("a library");
  nvtxEventAttributes_t plain = event(NVTX_MESSAGE_TYPE_ASCII);
  plain.message.ascii = "of another domain";
  int recorded = 0;
  for (int i = 0; i < 10; ++i) {
    recorded += nvtxRangePushA("too deep") >= 0 ? 1 : 0;
    recorded += nvtxDomainRangePushEx(domain, &plain) >= 0 ? 1 : 0;
    recorded += nvtxRangePushA("deeper") >= 0 ? 1 : 0;
    for (int k = 0; k < 2; ++k) recorded += nvtxRangePop() >= 0 ? 1 : 0;
    recorded += nvtxDomainRangePop(domain) >= 0 ? 1 : 0;
  }
  int ended = 0;
  for (int i = 0; i < count; ++i) ended += nvtxRangePop() >= 0 ? 1 : 0;
  nvtxRangePushA("after");
  nvtxRangePop();
  std::printf("%d %d\n", recorded, ended);
  return 0;
}

/// Forks while another thread registers texts; each child registers one, too. How many were stuck?
int forks_busily(char** args) {
  std::atomic<bool> done{false};
  nvtxRangePushA("first");
  nvtxRangePop();
  std::thread other([&done] {
    while (!done) nvtxDomainRegisterStringA(nullptr, "a text");
  });
  int stuck = 0;
  for (int i = 0; i < std::atoi(args[0]); ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(5);
      nvtxDomainRegisterStringA(nullptr, "a text");
      nvtxDomainCreateA("a library");
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (status == 0) continue;
    stuck = 1;  // one is enough
    break;
  }
  done = true;
  other.join();
  return stuck;
}

int exits(char** args) { return std::atoi(args[0]); }

int none(char** /*args*/) { return 0; }

/// What libcuda does in cuInit(); then launches on the fake CUPTI.
int cuda(char** args) {
  void* const library = dlopen(std::getenv("CUDA_INJECTION64_PATH"), RTLD_NOW);
  if (library == nullptr) return 10;
  auto* const initialize = reinterpret_cast<int (*)()>(dlsym(library, "InitializeInjection"));
  if (initialize == nullptr || initialize() != 1 || initialize() != 1) return 11;
  const char* const name = std::getenv("GABLE_CUPTI_LIB");
  void* const cupti = name == nullptr ? nullptr : dlopen(name, RTLD_NOW | RTLD_NOLOAD);
  if (cupti == nullptr) return 0;
  auto* const launch = reinterpret_cast<void (*)(std::uint32_t)>(dlsym(cupti, "fake_launch"));
  const int count = std::atoi(args[0]);
  for (int i = 1; i <= count; ++i) {
    nvtxRangePushA("aten::mm");
    launch(static_cast<std::uint32_t>(i));
    nvtxRangePop();
  }
  if (std::string(args[1]) == "wait") return waits(args);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, std::function<int(char**)>> modes = {
      {"nested", nested}, {"threads", threads},           {"domains", domains}, {"forks", forks},
      {"waits", waits},   {"handles", handles},           {"many", many},       {"endless", endless},
      {"deep", deep},     {"forks_busily", forks_busily}, {"exits", exits},     {"none", none},
      {"cuda", cuda}};
  const auto found = argc < 2 ? modes.end() : modes.find(argv[1]);
  return found == modes.end() ? 99 : found->second(argv + 2);
}
