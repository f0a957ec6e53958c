// NVTX hands each of its copies in a process (one a library that uses it) to InitializeInjectionNvtx2, which puts our
// functions into its tables. Works without a driver.
#define NVTX_NO_IMPL
#include <nvtx3/nvToolsExt.h>

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "probes/inject/lines.h"
#include "probes/inject/process.h"
#include "probes/inject/recording.h"

namespace gable::inject {
namespace {

/// What has a handle lives for ever: whoever holds one may use it at any time.
template <typename Thing, typename Handle>
class Registered {
 public:
  Handle handle_of(const std::string& text) {
    const std::lock_guard lock(Process::handles_mutex());
    const auto [found, added] = things_.try_emplace(text, nullptr);
    if (added) found->second = new Thing{text};
    return reinterpret_cast<Handle>(found->second);
  }

 private:
  std::map<std::string, Thing*> things_;
};

struct RegisteredText {
  std::string text;
};

Registered<Domain, nvtxDomainHandle_t>& domains() {
  static auto& all = *new Registered<Domain, nvtxDomainHandle_t>;
  return all;
}

Registered<RegisteredText, nvtxStringHandle_t>& texts() {
  static auto& all = *new Registered<RegisteredText, nvtxStringHandle_t>;
  return all;
}

const Domain* domain_of(nvtxDomainHandle_t handle) { return reinterpret_cast<const Domain*>(handle); }

std::string text_of(const nvtxEventAttributes_t* event) {
  if (event == nullptr || event->size < offsetof(nvtxEventAttributes_t, message) + sizeof event->message) return "";
  switch (event->messageType) {
    case NVTX_MESSAGE_TYPE_ASCII:
      return event->message.ascii == nullptr ? "" : event->message.ascii;
    case NVTX_MESSAGE_TYPE_UNICODE:
      return utf8(event->message.unicode);
    case NVTX_MESSAGE_TYPE_REGISTERED: {
      const auto* const text = reinterpret_cast<const RegisteredText*>(event->message.registered);
      return text == nullptr ? "" : text->text;
    }
    default:
      return "";
  }
}

std::string text_of(const char* text) { return text == nullptr ? "" : text; }
std::string text_of(const wchar_t* text) { return utf8(text); }

// What NVTX calls: C functions, through which nothing may be thrown.
template <typename Text>
int push_in(nvtxDomainHandle_t domain, Text text) noexcept {
  Recording* const recording = Recording::get();
  try {
    if (recording != nullptr) return recording->push(domain_of(domain), text_of(text));
  } catch (...) {
    return recording->push(domain_of(domain), "");  // its pop will come
  }
  return NVTX_NO_PUSH_POP_TRACKING;
}

int pop_in(nvtxDomainHandle_t domain) noexcept {
  Recording* const recording = Recording::get();
  return recording == nullptr ? NVTX_NO_PUSH_POP_TRACKING : recording->pop(domain_of(domain));
}

template <typename Text>
nvtxRangeId_t start_in(nvtxDomainHandle_t domain, Text text) noexcept {
  Recording* const recording = Recording::get();
  try {
    if (recording != nullptr) return recording->start(domain_of(domain), text_of(text));
  } catch (...) {
    recording->lost(1);
  }
  return 0;
}

template <typename Text>
void mark_in(nvtxDomainHandle_t domain, Text text) noexcept {
  Recording* const recording = Recording::get();
  try {
    if (recording != nullptr) recording->mark(domain_of(domain), text_of(text));
  } catch (...) {
    recording->lost(1);
  }
}

template <typename Text>
int push(Text text) noexcept {
  return push_in(nullptr, text);
}
int pop() noexcept { return pop_in(nullptr); }
template <typename Text>
nvtxRangeId_t start(Text text) noexcept {
  return start_in(nullptr, text);
}
void end(nvtxRangeId_t id) noexcept {
  if (Recording* const recording = Recording::get(); recording != nullptr) recording->end(id);
}
void end_in(nvtxDomainHandle_t /*domain*/, nvtxRangeId_t id) noexcept { end(id); }
template <typename Text>
void mark(Text text) noexcept {
  mark_in(nullptr, text);
}

template <typename Text>
nvtxDomainHandle_t create_domain(Text name) noexcept {
  try {
    return domains().handle_of(text_of(name));
  } catch (...) {
    return nullptr;
  }
}

template <typename Text>
nvtxStringHandle_t register_text(nvtxDomainHandle_t /*domain*/, Text text) noexcept {
  try {
    return texts().handle_of(text_of(text));
  } catch (...) {
    return nullptr;
  }
}

/// One module of callbacks of a copy of NVTX.
class Table {
 public:
  Table(const NvtxExportTableCallbacks& callbacks, NvtxCallbackModule module) {
    if (callbacks.GetModuleFunctionTable(module, &functions_, &size_) == 0) size_ = 0;
  }
  template <typename Function>
  void set(unsigned id, Function* function) const {
    if (id < size_ && functions_[id] != nullptr) *functions_[id] = reinterpret_cast<NvtxFunctionPointer>(function);
  }

 private:
  NvtxFunctionTable functions_ = nullptr;
  unsigned size_ = 0;
};

void attach(const NvtxExportTableCallbacks& callbacks) {
  using Event = const nvtxEventAttributes_t*;
  domains();  // made before a thread may fork while another one makes them
  texts();
  const Table core(callbacks, NVTX_CB_MODULE_CORE);
  core.set(NVTX_CBID_CORE_MarkEx, mark<Event>);
  core.set(NVTX_CBID_CORE_MarkA, mark<const char*>);
  core.set(NVTX_CBID_CORE_MarkW, mark<const wchar_t*>);
  core.set(NVTX_CBID_CORE_RangeStartEx, start<Event>);
  core.set(NVTX_CBID_CORE_RangeStartA, start<const char*>);
  core.set(NVTX_CBID_CORE_RangeStartW, start<const wchar_t*>);
  core.set(NVTX_CBID_CORE_RangeEnd, end);
  core.set(NVTX_CBID_CORE_RangePushEx, push<Event>);
  core.set(NVTX_CBID_CORE_RangePushA, push<const char*>);
  core.set(NVTX_CBID_CORE_RangePushW, push<const wchar_t*>);
  core.set(NVTX_CBID_CORE_RangePop, pop);
  const Table core2(callbacks, NVTX_CB_MODULE_CORE2);
  core2.set(NVTX_CBID_CORE2_DomainMarkEx, mark_in<Event>);
  core2.set(NVTX_CBID_CORE2_DomainRangeStartEx, start_in<Event>);
  core2.set(NVTX_CBID_CORE2_DomainRangeEnd, end_in);
  core2.set(NVTX_CBID_CORE2_DomainRangePushEx, push_in<Event>);
  core2.set(NVTX_CBID_CORE2_DomainRangePop, pop_in);
  core2.set(NVTX_CBID_CORE2_DomainRegisterStringA, register_text<const char*>);
  core2.set(NVTX_CBID_CORE2_DomainRegisterStringW, register_text<const wchar_t*>);
  core2.set(NVTX_CBID_CORE2_DomainCreateA, create_domain<const char*>);
  core2.set(NVTX_CBID_CORE2_DomainCreateW, create_domain<const wchar_t*>);
}

}  // namespace
}  // namespace gable::inject

/// What NVTX looks for in $NVTX_INJECTION64_PATH. 1 in any case: at 0 it would unload us, and others may use us.
// NOLINTNEXTLINE(readability-identifier-naming): theirs
extern "C" __attribute__((visibility("default"))) int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t tables) {
  if (tables == nullptr || gable::inject::Recording::get() == nullptr) return 1;
  const auto* const callbacks = static_cast<const NvtxExportTableCallbacks*>(tables(NVTX_ETID_CALLBACKS));
  if (callbacks != nullptr && callbacks->struct_size >= sizeof *callbacks) gable::inject::attach(*callbacks);
  return 1;
}
