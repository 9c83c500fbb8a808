import fc from "fast-check";
import { expect, test } from "vitest";
import { parseQuantity, resources } from "../../../ingest/kubernetes/quantity.ts";

test.each([
  ["100m", 1000n, 100n],
  ["1.5", 1000n, 1500n],
  ["0.1", 1000n, 100n],
  [".5", 1000n, 500n],
  ["2.", 1000n, 2000n],
  ["1Gi", 1n, 1073741824n],
  ["1.5Gi", 1n, 1610612736n],
  ["128974848", 1n, 128974848n],
  ["129e6", 1n, 129000000n],
  ["129M", 1n, 129000000n],
  ["123Mi", 1n, 128974848n],
  ["128974848000m", 1n, 128974848n],
  ["1e3", 1n, 1000n],
  ["1E3", 1n, 1000n],
  ["1E", 1n, 10n ** 18n],
  ["1e-3", 1000n, 1n],
  ["500k", 1n, 500000n],
  ["16Ei", 1n, 16n << 60n],
  ["9223372036854775807", 1n, 9223372036854775807n],
  ["+5", 1n, 5n],
  ["-1.5", 1n, -1n],
  // As Kubernetes rounds: up.
  ["1n", 1000n, 1n],
  ["100u", 1000n, 1n],
  ["100m", 1n, 1n],
  ["0", 1000n, 0n],
  [4, 1000n, 4000n],
])("%s × %s is %s", (text, scale, value) => expect(parseQuantity(text, scale)).toBe(value));

test.each([
  "",
  " ",
  "m",
  ".",
  "Gi",
  "1gi",
  "1 Gi",
  "0x10",
  "1K",
  "NaN",
  "1e",
  "1e999",
  "1.2.3",
  null,
  undefined,
  {},
])("%s is no quantity", (text) => expect(parseQuantity(text, 1n)).toBeNull());

test("any number of decimal places is read exactly, and rounded up once", () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 30n), fc.integer({ min: 0, max: 20 }), (digits, places) => {
      const text = digits.toString().padStart(places + 1, "0");
      const point = text.length - places;
      const written = places === 0 ? text : `${text.slice(0, point)}.${text.slice(point)}`;
      const one = 10n ** BigInt(places);
      expect(parseQuantity(written, 1000n)).toBe((digits * 1000n + one - 1n) / one);
    }),
  );
});

test("a resource list carries its units, adds up GPUs and keeps digits JSON numbers cannot hold", () => {
  const list = resources({
    cpu: "1500m",
    memory: "1Gi",
    "nvidia.com/gpu": "2",
    "nvidia.com/mig-1g.5gb": "3",
    pods: "110",
    "ephemeral-storage": "1k",
    "requests.cpu": "4",
    "limits.memory": "9223372036854775807",
    "requests.nvidia.com/gpu": "1",
    "gold.storageclass.storage.k8s.io/requests.storage": "1Ki",
    "count/deployments.apps": "7",
    broken: "many",
  });
  expect(JSON.stringify(list)).toBe(
    `{"count/deployments.apps":7,"cpuMillicores":1500,"ephemeral-storageBytes":1000,"gold.storageclass.storage.k8s.io/requests.storageBytes":1024,"gpus":5,"limits.memoryBytes":9223372036854775807,"memoryBytes":1073741824,"pods":110,"requests.cpuMillicores":4000,"requests.gpus":1}`,
  );
});
