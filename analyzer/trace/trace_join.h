// A trace joined to a model: the ops of a framework, in the order in which they ran, become the ops of a spec.
#pragma once

#include "analyzer/measured/measurement.h"
#include "analyzer/roofline/analysis.h"
#include "analyzer/trace/trace_study.h"

namespace gable {

/// Walks through the model's ops in the order of execution (forward, then backward from the end, as the phase has it)
/// and through the trace's calls in the order of their launches, and pairs what does the same: products, convolutions
/// and attention by their matrix FLOP, others by kind and size. Steps are those of the profiler, else as often as the
/// whole model is found again. What finds no partner stays in the measurement under the framework's name, so that the
/// ledger of the overlay closes.
/// @throws InputError naming --measured: nothing of the trace does what the model does, with the largest product of
/// both
Measurement join_trace(const TraceStudy& study, const Analysis& analysis);

}  // namespace gable
