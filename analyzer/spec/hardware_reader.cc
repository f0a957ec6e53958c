#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "analyzer/base/dtype_choice.h"
#include "analyzer/base/text.h"
#include "analyzer/spec/field_reader.h"
#include "analyzer/spec/hardware.h"
#include "analyzer/spec/quantity_reader.h"

namespace gable {
namespace {

constexpr std::array<std::string_view, 20> kKeys = {"name",
                                                    "title",
                                                    "kind",
                                                    "vendor",
                                                    "architecture",
                                                    "compute_capability",
                                                    "detect",
                                                    "sources",
                                                    "vector",
                                                    "matrix",
                                                    "dram",
                                                    "l2",
                                                    "sm_count",
                                                    "clock_base",
                                                    "clock_boost",
                                                    "shared_memory_per_sm",
                                                    "threads_per_sm",
                                                    "launch_latency",
                                                    "tdp",
                                                    "price"};
constexpr std::array<std::string_view, 4> kSourceKeys = {"title", "url", "read", "note"};

template <std::size_t N, std::size_t M>
constexpr std::array<std::string_view, N + M> joined(const std::array<std::string_view, N>& a,
                                                     const std::array<std::string_view, M>& b) {
  std::array<std::string_view, N + M> all{};
  std::copy(a.begin(), a.end(), all.begin());
  std::copy(b.begin(), b.end(), all.begin() + N);
  return all;
}

constexpr auto kTopKeys = joined(kKeys, std::array<std::string_view, 1>{"links"});
constexpr auto kProfileKeys =
    joined(kTopKeys, std::array<std::string_view, 5>{"schema", "measured", "figures", "shapes", "complete"});
constexpr auto kRateKeys = joined(kQuantityKeys, std::array<std::string_view, 2>{"sparse", "fp16_accumulate"});
constexpr auto kLinkKeys = joined(kQuantityKeys, std::array<std::string_view, 2>{"name", "direction"});

class HardwareReader {
 public:
  explicit HardwareReader(const YamlNode& root) : root_(root) {}

  Hardware read() {
    if (root_.find("schema") != nullptr) {
      hw_.profile = read_profile(root_);
      check_keys(root_, "a profile", kProfileKeys);
    } else {
      check_keys(root_, "a hardware spec", kTopKeys);
    }
    hw_.name = read_name(require(root_, "name", kWhat), "the device's name");
    hw_.title = read_text(require(root_, "title", kWhat), "title");
    hw_.kind = read_text(require(root_, "kind", kWhat), "kind");
    if (hw_.kind != "gpu" && hw_.kind != "cpu") {
      throw InputError(root_.find("kind")->where, fmt::format("kind must be gpu or cpu, not {}", in_quotes(hw_.kind)));
    }
    hw_.vendor = read_text(require(root_, "vendor", kWhat), "vendor");
    hw_.architecture = read_text(require(root_, "architecture", kWhat), "architecture");
    if (const YamlNode* cc = root_.find("compute_capability"))
      hw_.compute_capability = read_text(*cc, "compute_capability");
    if (const YamlNode* detect = root_.find("detect")) {
      check_list(*detect, "detect");
      for (const YamlNode& name : detect->items) hw_.detect.push_back(read_text(name, "a product name"));
    }
    read_sources();
    hw_.vector = read_rates("vector");
    hw_.matrix = read_rates("matrix");
    const bool has_fp32 =
        std::any_of(hw_.vector.begin(), hw_.vector.end(), [](const DtypeRate& r) { return r.dtype == Dtype::kFp32; });
    if (!has_fp32) throw InputError(root_.where, "a hardware spec has no rate 'vector.fp32'");
    read_quantities();
    read_links();
    check_sources_used();
    return std::move(hw_);
  }

 private:
  static constexpr std::string_view kWhat = "a hardware spec";

  void read_sources() {
    const YamlNode* sources = root_.find("sources");
    if (sources == nullptr) return;
    if (sources->kind != YamlNode::Kind::kMap)
      throw InputError(sources->where, "sources must be a map of keys and sources");
    for (const auto& [key, value] : sources->entries) {
      check_keys(value, "a source", kSourceKeys);
      Source source{key.text, read_text(require(value, "title", "a source"), "title"), "", ""};
      if (const YamlNode* url = value.find("url")) source.url = read_text(*url, "url");
      if (const YamlNode* read = value.find("read")) source.read = read_text(*read, "read");
      hw_.sources.push_back(std::move(source));
      source_where_.push_back(key.where);
    }
  }

  Quantity read_its_quantity(const YamlNode& node, Unit unit, const std::string& what,
                             std::span<const std::string_view> keys) {
    Quantity quantity = read_quantity(node, unit, what, keys);
    if (quantity.provenance == Provenance::kSource) use_source(*node.find(provenance_name(Provenance::kSource)));
    return quantity;
  }

  void use_source(const YamlNode& key) {
    std::vector<std::string_view> known;
    for (const Source& source : hw_.sources) known.push_back(source.key);
    if (std::find(known.begin(), known.end(), key.text) == known.end()) {
      throw InputError(key.where, fmt::format("source {} is not listed under 'sources:'{}", in_quotes(key.text),
                                              suggestion(key.text, known)));
    }
    used_sources_.insert(key.text);
  }

  std::vector<DtypeRate> read_rates(std::string_view section) {
    std::vector<DtypeRate> rates;
    const YamlNode* map = root_.find(section);
    if (map == nullptr) return rates;
    if (map->kind != YamlNode::Kind::kMap)
      throw InputError(map->where, fmt::format("{} must be a map of dtypes and rates", section));
    for (const auto& [key, value] : map->entries) {
      const std::string what = fmt::format("{}.{}", section, key.text);
      DtypeRate rate;
      try {
        rate.dtype = parse_dtype(key.text);
      } catch (const std::invalid_argument& error) {
        throw InputError(key.where, error.what());
      }
      rate.dense = read_its_quantity(value, Unit::kFlopPerSecond, what, kRateKeys);
      if (const YamlNode* sparse = value.find("sparse")) {
        rate.sparse = read_number(*sparse, Unit::kFlopPerSecond, what + ".sparse");
        if (*rate.sparse < rate.dense.value)
          throw InputError(sparse->where, fmt::format("{}: the sparse rate is below the dense one", what));
      }
      if (const YamlNode* faster = value.find("fp16_accumulate")) {
        rate.fp16_accumulate = read_number(*faster, Unit::kFlopPerSecond, what + ".fp16_accumulate");
        if (*rate.fp16_accumulate <= rate.dense.value) {
          throw InputError(faster->where, fmt::format("{}: fp16_accumulate is no faster; leave it out", what));
        }
      }
      rates.push_back(std::move(rate));
    }
    return rates;
  }

  void read_quantities() {
    constexpr std::array<std::string_view, 3> kDramKeys = {"capacity", "usable", "bandwidth"};
    constexpr std::array<std::string_view, 3> kL2Keys = {"label", "capacity", "bandwidth"};
    check_keys(require(root_, "dram", kWhat), "dram", kDramKeys);
    const YamlNode& l2 = require(root_, "l2", kWhat);
    check_keys(l2, "l2", kL2Keys);
    if (const YamlNode* label = l2.find("label")) hw_.l2_label = read_name(*label, "label");
    for (const QuantityRow& row : quantity_table()) {
      const YamlNode& section = row.section.empty() ? root_ : *root_.find(row.section);
      const std::string what = row.section.empty() ? std::string(row.key) : fmt::format("{}.{}", row.section, row.key);
      const YamlNode* node = section.find(row.key);
      if (node == nullptr && row.required != nullptr)
        throw InputError(section.where, fmt::format("a hardware spec has no '{}:'", what));
      if (node == nullptr) continue;
      Quantity quantity = read_its_quantity(*node, row.unit, what, kQuantityKeys);
      if (row.required != nullptr) {
        hw_.*row.required = std::move(quantity);
      } else {
        hw_.*row.optional = std::move(quantity);
      }
    }
  }

  void read_links() {
    const YamlNode* links = root_.find("links");
    if (links == nullptr) return;
    check_list(*links, "links");
    for (const YamlNode& item : links->items) {
      Link link;
      link.bandwidth = read_its_quantity(item, Unit::kBytesPerSecond, "a link", kLinkKeys);
      link.name = read_text(require(item, "name", "a link"), "the link's name");
      const YamlNode& direction = require(item, "direction", "a link");
      if (direction.text != "both" && direction.text != "each") {
        throw InputError(direction.where,
                         fmt::format("direction must be both or each, not {}", in_quotes(direction.text)));
      }
      link.both_ways = direction.text == "both";
      hw_.links.push_back(std::move(link));
    }
  }

  void check_sources_used() const {
    for (std::size_t i = 0; i < hw_.sources.size(); ++i) {
      if (used_sources_.contains(hw_.sources[i].key)) continue;
      throw InputError(source_where_[i], fmt::format("source '{}' is not used by any number", hw_.sources[i].key));
    }
  }

  const YamlNode& root_;
  Hardware hw_;
  std::vector<Where> source_where_;
  std::set<std::string> used_sources_;
};

}  // namespace

Hardware read_hardware(const YamlNode& root) { return HardwareReader(root).read(); }

}  // namespace gable
