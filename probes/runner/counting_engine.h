// An engine that runs nothing: it counts what is allocated and prepared.
#pragma once

#include "probes/engine.h"

namespace gable {

class CountingEngine final : public Engine {
 public:
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }
  [[nodiscard]] std::int64_t tasks() const { return tasks_; }

  Buffer allocate(std::int64_t n, Dtype dtype) override;
  Buffer allocate_bytes(std::int64_t bytes) override;
  void fill(const Buffer& /*buffer*/, const Fill& /*how*/) override {}
  void to_host(const Buffer& /*buffer*/, void* /*host*/) override {}
  void from_host(const void* /*host*/, const Buffer& /*buffer*/) override {}
  Task prepare(const GemmCall& /*call*/) override { return count(); }
  Task prepare(const MapCall& /*call*/) override { return count(); }
  Task prepare(const RowsCall& /*call*/) override { return count(); }
  Task prepare(const ChannelNormCall& /*call*/) override { return count(); }
  Task prepare(const ReduceCall& /*call*/) override { return count(); }
  Task prepare(const GatherCall& /*call*/) override { return count(); }
  Task prepare(const RopeCall& /*call*/) override { return count(); }
  Task prepare(const ConvCall& /*call*/) override { return count(); }
  Task prepare(const PoolCall& /*call*/) override { return count(); }
  Task prepare(const UpdateCall& /*call*/) override { return count(); }
  [[nodiscard]] std::string last_choice() const override { return "nothing"; }
  void synchronize() override {}

 private:
  Task count();

  std::int64_t bytes_ = 0;
  std::int64_t tasks_ = 0;
};

}  // namespace gable
