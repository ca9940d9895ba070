"""Seeded mid-size problems, planned by carbonedge-plan and solved as an integer program by HiGHS (scipy), gap 0. The program is
written from docs/cost_model.md and the plan file alone; its integer solution is evaluated by `carbonedge-plan evaluate`, which
is lib/verify, and must have the planner's value. Ends with 77 where scipy is missing."""

import argparse
import csv
import itertools
import json
import math
import pathlib
import random
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_matrix
except ImportError as missing:
    print(f"skipped: {missing}; install python3-scipy (1.9 or newer)")
    sys.exit(77)

RELATIVE = 1e-8  # what HiGHS' own tolerances leave of a gap of 0 after scaling
NEAR_LIMIT = 1e-6
PER_SECOND = 1e3  # times are milliseconds in the program: HiGHS takes what is below 1e-6 for nothing
OBJECTIVES = ("carbon", "energy", "latency", "bottleneck", "score")


def run(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)


class Profile:
    def __init__(self, lines):
        header = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
        self.header = {key: json.loads(value) for key, value in header.items()}
        self.wall = [int(row["latency_median_ns"]) for row in rows]
        self.cpu = [int(row["cpu_mean_ns"]) for row in rows]
        self.weights = [int(row["weight_bytes"]) for row in rows]
        self.peaks = [int(row["peak_bytes"]) for row in rows]
        self.open_after = [row["cut_after"] == "true" for row in rows]
        self.reads = [[int(value) for value in row["inputs"].split()] for row in rows]
        self.makes = [[tuple(map(int, value.split(":"))) for value in row["outputs"].split()] for row in rows]

    def crossing_bytes(self, cut):
        size = {value["id"]: value["bytes"] for value in self.header["input_values"]}
        for makes in self.makes[:cut]:
            size.update(makes)
        needed = set(itertools.chain(*self.reads[cut:], self.header["output_values"]))
        return sum(bytes_ for value, bytes_ in size.items() if value in needed)


class Costs:
    """Seconds, joules and grams of every stage and leg of a plan file's problem."""

    def __init__(self, plan):
        self.cluster = plan["cluster"]
        self.nodes = self.cluster["nodes"]
        self.transport = self.cluster["transport"]
        self.profiles = [Profile(lines) for lines in plan["profiles"]]
        self.node_profile = plan["node_profile"]
        reference = self.profiles[0]
        self.layers = len(reference.wall)
        self.bytes = [reference.crossing_bytes(cut) for cut in range(self.layers + 1)]
        self.cuts = [0] + [cut for cut in range(1, self.layers) if all(p.open_after[cut - 1] for p in self.profiles)] + [self.layers]

    def stage(self, v, first, end):
        node, profile = self.nodes[v], self.profiles[self.node_profile[v]]
        slower = 1 / node.get("speed_factor", 1) if self.node_profile[v] == 0 else 1
        boundary = profile.header["boundary"]
        border = sum(boundary["fixed_ns"] + boundary["per_byte_ns"] * self.bytes[cut] for cut in (first, end) if 0 < cut < self.layers)
        t, inside, outside = self.transport, self.bytes[first], self.bytes[end]
        busy = (sum(profile.wall[first:end]) + border) * slower / 1e9
        compute = (sum(profile.cpu[first:end]) + border) * slower / 1e9
        shipping = (t.get("receive_cpu_fixed_ns", 0) + t.get("receive_cpu_per_byte_ns", 0) * inside + t.get("send_cpu_fixed_ns", 0) + t.get("send_cpu_per_byte_ns", 0) * outside) / 1e9
        refill = (compute + shipping) / node["cpus"] if node["threads"] > node["cpus"] else 0
        occupancy = max(busy, refill)
        idle, active = node["idle_power_per_core_watts"], node["busy_power_per_core_watts"]
        joules = (compute + shipping) * (active - idle) * node.get("pue", 1)
        if self.cluster["idle_policy"] == "attributed":
            joules += idle * node["cpus"] * occupancy * node.get("pue", 1)
        grams = joules / 3.6e6 * node["intensity_gco2e_per_kwh"]
        if node.get("lifetime_seconds", 0) > 0:
            grams += occupancy / node["lifetime_seconds"] * node.get("embodied_gco2e", 0)
        base, peak, weights = profile.header["runtime_base_bytes"], max(profile.peaks), sum(profile.weights)
        factor = max(1, (profile.header["load_peak_bytes"] - base - peak) / weights)
        memory = base + factor * sum(profile.weights[first:end]) + max(profile.peaks[first:end]) + 2 * (inside + outside)
        return {"busy": busy, "refill": refill, "occupancy": occupancy, "joules": joules, "grams": grams, "fits": memory <= node["memory_bytes"]}

    def name(self, end):
        return self.nodes[end]["name"] if end < len(self.nodes) else "gateway"

    def leg(self, u, w, cut):
        ends = {self.name(u), self.name(w)}
        link = next((link for link in self.cluster["links"] if {link["from"], link["to"]} == ends), self.cluster["default_link"])
        size = self.bytes[cut]
        tau = link["latency_ns"] / 1e9 + (self.transport.get("fixed_ns", 0) + self.transport.get("per_byte_ns", 0) * size) / 1e9
        if link.get("bandwidth_bytes_per_second", 0) > 0:
            tau += size / link["bandwidth_bytes_per_second"]
        joules = size * link.get("energy_joules_per_byte", 0)
        intensity = link.get("intensity_gco2e_per_kwh")
        if intensity is None:
            own = self.cluster["gateway"].get("intensity_gco2e_per_kwh")
            ci = lambda end, other: self.nodes[end]["intensity_gco2e_per_kwh"] if end < len(self.nodes) else (own if own is not None else ci(other, end))
            intensity = (ci(u, w) + ci(w, u)) / 2
        return {"time": tau, "joules": joules, "grams": joules / 3.6e6 * intensity}


def references(costs):
    whole = [costs.stage(v, 0, costs.layers) for v in range(len(costs.nodes))]
    legs = [(costs.leg(len(costs.nodes), v, 0), costs.leg(v, len(costs.nodes), costs.layers)) for v in range(len(costs.nodes))]
    able = [v for v, stage in enumerate(whole) if stage["fits"]] or range(len(whole))
    grams = min(whole[v]["grams"] + sum(leg["grams"] for leg in legs[v]) for v in able)
    latency = min(max(whole[v]["busy"] + sum(leg["time"] for leg in legs[v]), whole[v]["refill"]) for v in able)
    return grams, latency


class Program:
    """Binaries x (stage on node) and y (leg), reals T (latency) and M (bottleneck)."""

    def __init__(self, plan):
        self.plan, self.costs = plan, Costs(plan)
        costs, nodes = self.costs, range(len(self.costs.nodes))
        gateway, last = len(costs.nodes), costs.layers
        self.x = [(v, a, b) for v in nodes for a, b in itertools.combinations(costs.cuts, 2)]
        self.stages = [costs.stage(*key) for key in self.x]
        self.y = [(gateway, w, 0) for w in nodes] + [(u, gateway, last) for u in nodes]
        self.y += [(u, w, cut) for cut in costs.cuts[1:-1] for u, w in itertools.permutations(nodes, 2)]
        self.legs = [costs.leg(*key) for key in self.y]
        self.time, self.slowest = len(self.x) + len(self.y), len(self.x) + len(self.y) + 1
        self.size = self.slowest + 1
        self.rows, self.low, self.high = [], [], []

    def add(self, terms, low, high):
        self.rows.append(terms)
        self.low.append(low)
        self.high.append(high)

    def constrain(self):
        costs, gateway, offset = self.costs, len(self.costs.nodes), len(self.x)
        for v in range(gateway):
            for cut in costs.cuts:
                ends = [(i, 1.0) for i, key in enumerate(self.x) if key[0] == v and key[2] == cut]
                leaves = [(offset + i, -1.0) for i, key in enumerate(self.y) if key[0] == v and key[2] == cut]
                starts = [(i, 1.0) for i, key in enumerate(self.x) if key[0] == v and key[1] == cut]
                arrives = [(offset + i, -1.0) for i, key in enumerate(self.y) if key[1] == v and key[2] == cut]
                if ends:
                    self.add(ends + leaves, 0, 0)
                if starts:
                    self.add(starts + arrives, 0, 0)
            mine = [i for i, key in enumerate(self.x) if key[0] == v]
            self.add([(i, 1.0) for i in mine], 0, 1)
            self.add([(i, self.stages[i]["refill"] * PER_SECOND) for i in mine] + [(self.time, -1.0)], -np.inf, 0)
            self.add([(i, self.stages[i]["occupancy"] * PER_SECOND) for i in mine] + [(self.slowest, -1.0)], -np.inf, 0)
        self.add([(offset + i, 1.0) for i, key in enumerate(self.y) if key[0] == gateway], 1, 1)
        everything = [(i, stage["busy"] * PER_SECOND) for i, stage in enumerate(self.stages)]
        everything += [(offset + i, leg["time"] * PER_SECOND) for i, leg in enumerate(self.legs)]
        self.add(everything + [(self.time, -1.0)], -np.inf, 0)
        for i, leg in enumerate(self.legs):
            self.add([(offset + i, leg["time"] * PER_SECOND), (self.slowest, -1.0)], -np.inf, 0)
        limits = self.plan["limits"]
        if "max_nodes" in limits:
            self.add([(i, 1.0) for i in range(len(self.x))], 0, limits["max_nodes"])

    def upper_bounds(self):
        limits, high = self.plan["limits"], np.ones(self.size)
        for i, stage in enumerate(self.stages):
            high[i] = 1 if stage["fits"] else 0
        high[self.time] = limits["latency_mean_ns"] / 1e9 * PER_SECOND if "latency_mean_ns" in limits else np.inf
        high[self.slowest] = PER_SECOND / limits["throughput_per_second"] if "throughput_per_second" in limits else np.inf
        return high

    def objective(self):
        goal, weights = self.plan["objective"], np.zeros(self.size)
        if goal in ("carbon", "energy", "score"):
            unit = "joules" if goal == "energy" else "grams"
            for i, part in enumerate(self.stages + self.legs):
                weights[i] = part[unit]
        if goal == "latency":
            weights[self.time] = 1 / PER_SECOND
        if goal == "bottleneck":
            weights[self.slowest] = 1 / PER_SECOND
        if goal == "score":
            grams, latency = references(self.costs)
            weights *= self.plan["carbon_weight"] / grams
            weights[self.time] = (1 - self.plan["carbon_weight"]) / latency / PER_SECOND
        return weights

    def solve(self):
        self.constrain()
        weights = self.objective()
        scale = 1e3 / max(self.plan["certificate"]["value"], 1e-30)  # HiGHS stops at an absolute gap of 1e-6
        entries = [(row, column, factor) for row, terms in enumerate(self.rows) for column, factor in terms]
        matrix = coo_matrix(([e[2] for e in entries], ([e[0] for e in entries], [e[1] for e in entries])), shape=(len(self.rows), self.size))
        integrality = np.ones(self.size)
        integrality[self.time] = integrality[self.slowest] = 0
        # Presolve of the HiGHS in scipy 1.10 calls some of these programs infeasible that have a solution (seed 42).
        result = milp(weights * scale, constraints=LinearConstraint(matrix.tocsr(), self.low, self.high), integrality=integrality,
                      bounds=Bounds(np.zeros(self.size), self.upper_bounds()), options={"mip_rel_gap": 0, "presolve": False})
        if result.status != 0 or result.mip_gap > 1e-9:
            raise ArithmeticError(f"HiGHS did not close the gap: {result.message}")
        chosen = [key for i, key in enumerate(self.x) if result.x[i] > 0.5]
        chosen.sort(key=lambda key: key[1])
        return ",".join(f"{self.costs.name(v)}:{a}-{b - 1}" for v, a, b in chosen)


def near_a_limit(plan, evaluated):
    limits = plan["limits"]
    close = lambda value, limit: abs(value / limit - 1) < NEAR_LIMIT
    if "latency_mean_ns" in limits and close(evaluated["latency_seconds"], limits["latency_mean_ns"] / 1e9):
        return True
    return "throughput_per_second" in limits and close(1 / evaluated["bottleneck_seconds"], limits["throughput_per_second"])


def evaluate(tool, path, pipeline):
    result = run(tool, "evaluate", path, "--pipeline", pipeline)
    if result.returncode not in (0, 1):
        sys.exit(f"{pipeline} cannot be evaluated: {result.stderr}")
    lines = dict(line.split(" ", 1) for line in result.stdout.splitlines() if not line.startswith("breaks "))
    return {key: float(value) for key, value in lines.items()}, result.returncode == 0


def draw_options(tool, folder, draw, objective):
    """Limits near what the problem allows; the planner itself says where that is."""
    fastest = pathlib.Path(folder) / "fastest.plan.json"
    words = [tool, f"{folder}/profile.csv", "--cluster", f"{folder}/cluster.ini", "--quiet", "--overwrite", "--idle", draw.choice(("none", "attributed"))]
    if run(*words, "--minimize", "latency", "-o", fastest).returncode != 0:
        return None
    predicted = json.loads(fastest.read_text(encoding="utf-8"))["predicted"]
    weight = f"{draw.random():.3f}"  # drawn for every objective, so that what follows does not depend on it
    words += ["--minimize", objective, *(["--carbon-weight", weight] if objective == "score" else [])]
    if objective != "latency" and draw.random() < 0.7:
        words += ["--slo", f"{math.ceil(predicted['latency_mean_ns'] * draw.uniform(1.02, 1.5))}ns"]
    if objective != "bottleneck" and draw.random() < 0.4:
        words += ["--min-throughput", f"{predicted['pipeline_throughput_per_second'] * draw.uniform(0.6, 1.0):.6f}/s"]
    if draw.random() < 0.3:
        words += ["--max-nodes", "3"]
    return words


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plan", required=True)
    parser.add_argument("--random-problem", required=True)
    parser.add_argument("--instances", type=int, default=50)
    parser.add_argument("--first-seed", type=int, default=1)
    arguments = parser.parse_args()
    agreed = stages = near = infeasible = 0
    seed = arguments.first_seed - 1
    while agreed < arguments.instances:
        seed += 1
        draw = random.Random(seed)
        objective = OBJECTIVES[agreed % len(OBJECTIVES)]
        with tempfile.TemporaryDirectory() as folder:
            made = run(arguments.random_problem, seed, draw.randint(20, 40), draw.randint(4, 6), folder)
            if made.returncode != 0:
                sys.exit(f"seed {seed}: the problem was not written")
            words = draw_options(arguments.plan, folder, draw, objective)
            path = pathlib.Path(folder) / "plan.json"
            planned = run(*words, "-o", path) if words else None
            if planned is None or planned.returncode == 1:
                infeasible += 1
                continue
            if planned.returncode != 0:
                sys.exit(f"seed {seed}: {planned.stderr}")
            plan = json.loads(path.read_text(encoding="utf-8"))
            try:
                pipeline = Program(plan).solve()
            except ArithmeticError as problem:
                sys.exit(f"seed {seed}, {' '.join(map(str, words))}: {problem}")
            verified = run(arguments.plan, "verify", path)
            if verified.returncode != 0:
                sys.exit(f"seed {seed}, {' '.join(map(str, words))}: {verified.stdout}{verified.stderr}")
            evaluated, allowed = evaluate(arguments.plan, path, pipeline)
            own = ",".join(f"{s['node']}:{s['first']}-{s['end'] - 1}" for s in plan["pipelines"][0]["stages"])
            own_evaluated, _ = evaluate(arguments.plan, path, own)
            if near_a_limit(plan, evaluated) or near_a_limit(plan, own_evaluated):
                near += 1
                continue
            value = plan["certificate"]["value"]
            if not allowed or abs(evaluated[objective] - value) > RELATIVE * abs(value):
                sys.exit(f"seed {seed}, {' '.join(map(str, words))}\nplanner {value!r} with {own}\ninteger program {evaluated[objective]!r} with {pipeline}, allowed: {allowed}")
            agreed += 1
            stages += len(plan["pipelines"][0]["stages"])
    print(f"{agreed} problems agree to {RELATIVE:g} ({stages / agreed:.2f} stages on average); redrawn: {near} near a limit, {infeasible} infeasible")


if __name__ == "__main__":
    main()
