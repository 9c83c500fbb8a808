import { describe, expect, it } from "vitest";
import { compare, seesHpa } from "../../../analysis/findings/recommend/compared.ts";
import { recommend } from "../../../analysis/findings/recommend/recommend.ts";
import { findingsSettings } from "../../../analysis/findings/settings.ts";
import { cpuPlainly, krrPlainly, memoryPlainly, vpaPlainly } from "./plainly.ts";
import { factsOf, seriesOf, shapes } from "./shape.ts";

/** A folder of test/cases/shapes is a case: what is said of it, and what KRR and VPA say of the same. */

const MIB = 1_048_576;

describe("a workload's shape", () => {
  it.each(shapes())("%s", (_, shape) => {
    const facts = factsOf(shape);
    const series = seriesOf(shape);
    const found = recommend(series, facts, findingsSettings({}));
    const { krr, vpa } = compare(series, seesHpa(facts.autoscaler), 1);
    const milli = (value: number | null) => (value === null ? null : value / 1000);
    const mib = (value: number | null) => (value === null ? null : value / MIB);
    expect({
      class: found.class,
      cpu: milli(found.cpu),
      memory: mib(found.mem),
      ...(found.memLimit === found.mem ? {} : { memoryLimit: mib(found.memLimit) }),
      ...(found.abstainedCpu === null ? {} : { abstainedCpu: found.abstainedCpu }),
      ...(found.abstainedMem === null ? {} : { abstainedMem: found.abstainedMem }),
      reasons: found.reasons,
      krr: { cpu: milli(krr.cpu), memory: mib(krr.memory) },
      vpa: { cpu: milli(vpa?.cpu.target ?? null), memory: vpa?.memory.target },
      ...(found.cpuExceeded === null ? {} : { cpuExceededPpm: found.cpuExceeded }),
      ...(shape.expect.cpuExceededNowPpm === undefined
        ? {}
        : { cpuExceededNowPpm: found.cpuExceededNow }),
    }).toEqual(shape.expect);
  });

  it.each(shapes())("%s: what is expected is what the rules say, reckoned plainly", (_, shape) => {
    const { expect: said } = shape;
    expect(said.krr).toEqual(krrPlainly(shape));
    expect(said.vpa).toEqual(vpaPlainly(shape));
    if (said.cpu !== null) expect(said.cpu).toBe(cpuPlainly(shape));
    if (said.memory === null || said.class === "leak") return;
    const { request, limit } = memoryPlainly(shape);
    expect([said.memory, said.memoryLimit ?? said.memory]).toEqual([request, limit]);
  });
});
