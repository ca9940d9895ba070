#pragma once

#include "lib/gate/verdict.h"
#include "lib/report/document.h"

namespace carbonedge {

/// The verdict as a report: opening sentences, facts "verdict", tables "findings" (one row a number), "blame",
/// "causes", "layers" (new, gone, renamed), "mismatches". `for_people`: rows of layers and stages that passed are
/// counted in a note and left out.
Document gate_document(const GateVerdict& verdict, bool for_people);

/// A value of a metric with its unit in its type: Nanoseconds, Joules, GramsCo2e or Bytes.
Cell metric_cell(GateMetric metric, double value);

/// kTime, kEnergy, kCarbon or kSize.
Unit metric_report_unit(GateMetric metric);

}  // namespace carbonedge
