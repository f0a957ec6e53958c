#include "analyzer/study/held.h"

#include <numeric>

namespace gable {
namespace {

constexpr std::array<HeldRow, kHeldCount> kRows = {{
    {"parameters", "parameters"},
    {"optimizer_states", "optimizer states"},
    {"gradients", "gradients of parameters"},
    {"kv_cache", "key/value cache"},
    {"weight_copies", "narrow copies of weights"},
    {"saved_activations", "activations kept for backward"},
    {"statistics", "row statistics, indices, masks"},
    {"input", "input of the model"},
    {"output", "output (logits)"},
    {"loss", "kept by the loss"},
    {"activations", "activations in passing"},
    {"activation_gradients", "gradients of activations"},
    {"workspace", "workspace"},
}};

}  // namespace

const HeldRow& held_row(Held held) { return kRows.at(static_cast<std::size_t>(held)); }

Count HeldBytes::total() const { return std::accumulate(bytes.begin(), bytes.end(), Count(0)); }

}  // namespace gable
