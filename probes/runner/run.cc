#include "probes/runner/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analyzer/base/error.h"
#include "probes/sampling.h"

namespace gable {
namespace {

using Key = std::pair<std::size_t, Pass>;

/// Ids of (op, pass) in the order of their first task.
class Ids {
 public:
  explicit Ids(const Program& program) {
    for (const TimedTask& task : program.tasks) {
      const auto [place, fresh] = ids_.try_emplace({task.op, task.pass}, keys_.size());
      if (fresh) keys_.push_back({task.op, task.pass});
      of_task_.push_back(place->second);
    }
  }
  [[nodiscard]] std::uint64_t of_task(std::size_t task) const { return of_task_[task]; }
  [[nodiscard]] const std::vector<Key>& keys() const { return keys_; }

 private:
  std::map<Key, std::uint64_t> ids_;
  std::vector<Key> keys_;
  std::vector<std::uint64_t> of_task_;
};

StepRecord run_step(const Program& program, const Ids& ids, Recorder& recorder) {
  recorder.begin_step();
  for (std::size_t i = 0; i < program.tasks.size(); ++i) {
    recorder.begin(ids.of_task(i));
    program.tasks[i].run();
    recorder.end();
  }
  return recorder.end_step();
}

std::vector<double> times_by_id(const StepRecord& record, std::size_t ids) {
  std::vector<double> times(ids);
  for (const TaskTime& task : record.tasks) times.at(task.id) += task.time_s;
  return times;
}

/// Sums over steps, by name; means are taken at the end.
template <typename Named>
void add_named(std::vector<Named>& sums, const std::string& name, std::int64_t launches, double time_s) {
  auto found = std::find_if(sums.begin(), sums.end(), [&](const Named& n) { return n.name == name; });
  if (found == sums.end()) found = sums.insert(sums.end(), Named{name, 0, 0});
  found->launches += launches;
  found->time_s += time_s;
}

template <typename Named>
void divide(std::vector<Named>& sums, std::int64_t steps) {
  for (Named& sum : sums) {
    sum.launches /= steps;
    sum.time_s /= static_cast<double>(steps);
  }
}

void add_step(Measurement& m, const StepRecord& record) {
  m.step_s.push_back(record.wall_s);
  m.busy_s.push_back(record.busy_s);
  m.overlapped_s.push_back(record.overlapped_s);
  m.dropped += record.dropped;
  const std::vector<double> times = times_by_id(record, m.ops.size());
  for (std::size_t id = 0; id < times.size(); ++id) m.ops[id].samples_s.push_back(times[id]);
  for (const TaskTime& task : record.tasks) {
    for (const MeasuredKernel& kernel : task.kernels)
      add_named(m.ops[task.id].kernels, kernel.name, kernel.launches, kernel.time_s);
  }
  for (const Unattributed& kernel : record.unattributed)
    add_named(m.unattributed, kernel.name, kernel.launches, kernel.time_s);
}

Measurement head(const Analysis& analysis, const Program& program, const Ids& ids, const Device& device,
                 const RunOptions& options) {
  Measurement m;
  m.device = device.facts.name;
  m.backend = device.facts.backend;
  m.model = analysis.model.name;
  m.settings = settings_of(analysis);
  m.environment = device.facts.environment;
  m.phase = phase_name(analysis.options.step.phase);
  m.dtype = row(analysis.dtypes().act).name;
  m.seed = options.seed;
  m.warmup = options.warmup;
  for (const auto& [op, pass] : ids.keys()) {
    MeasuredOp measured;
    measured.op = analysis.model.full_path(analysis.model.ops[op]);
    measured.pass = pass;
    measured.executions = std::max<std::int64_t>(1, analysis.costed.ops[op].executions);
    measured.note = program.notes[op];
    m.ops.push_back(std::move(measured));
  }
  return m;
}

/// A file of another version of the model, or of the program, may have other ops.
void check_same_ops(const Measurement& recorded, const Measurement& m) {
  const auto same = [](const MeasuredOp& a, const MeasuredOp& b) { return a.op == b.op && a.pass == b.pass; };
  if (!std::equal(m.ops.begin(), m.ops.end(), recorded.ops.begin(), recorded.ops.end(), same))
    throw InputError("--device recorded: the file's ops are not those that the model runs; measure again");
}

}  // namespace

std::vector<std::pair<std::string, std::string>> settings_of(const Analysis& analysis) {
  std::vector<std::pair<std::string, std::string>> settings;
  for (std::size_t i = kFirstDim; i < kFirstDim + analysis.model.dim_count; ++i)
    settings.emplace_back(analysis.model.slots[i].name, std::to_string(analysis.costed.values[i]));
  settings.emplace_back("mode", analysis.options.cost.mode == Mode::kTrain ? "train" : "eval");
  const StepOptions& step = analysis.options.step;
  settings.emplace_back("recipe", step.recipe ? step.recipe->name : std::string(kIdealRecipe));
  settings.emplace_back("fuse", "none");
  settings.emplace_back("recompute", recompute_name(step.recompute));
  settings.emplace_back("amp", "none");
  if (has_optimizer(step.phase)) {
    settings.emplace_back("optimizer", step.optimizer);
    settings.emplace_back("clip-grad", step.clip ? "yes" : "no");
    settings.emplace_back("micro-batches", std::to_string(step.micro_batches));
  }
  return settings;
}

Measurement run_program(const Analysis& analysis, const Program& program, const Device& device,
                        const RunOptions& options) {
  const Ids ids(program);
  Measurement m = head(analysis, program, ids, device, options);
  if (device.recorded) check_same_ops(*device.recorded, m);
  for (const Task& task : program.before) task();
  device.engine->synchronize();
  const std::int64_t all = options.warmup + options.steps;
  for (std::int64_t step = 0; step < all; ++step) {
    if (options.interrupted && options.interrupted()) throw Interrupted();
    if (options.progress) options.progress(step, all);
    const StepRecord record = run_step(program, ids, *device.recorder);
    if (step == 0) {
      m.cold_step_s = record.wall_s;
      const std::vector<double> cold = times_by_id(record, m.ops.size());
      for (std::size_t id = 0; id < cold.size(); ++id) m.ops[id].cold_s = cold[id];
    }
    if (step >= options.warmup) add_step(m, record);
  }
  for (MeasuredOp& op : m.ops) divide(op.kernels, options.steps);
  divide(m.unattributed, options.steps);
  return m;
}

std::string count_program(const Program& program, Counting& counting, Measurement& measurement) {
  const Ids ids(program);
  do {
    counting.begin();
    for (std::size_t i = 0; i < program.tasks.size(); ++i) {
      counting.push(ids.of_task(i));
      program.tasks[i].run();
      counting.pop();
    }
  } while (counting.end());
  for (const TaskCounters& counted : counting.results()) measurement.ops.at(counted.id).counters = counted.counters;
  return counting.note();
}

}  // namespace gable
