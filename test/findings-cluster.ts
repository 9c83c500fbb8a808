import { type Charge, compute, FindingsHome } from "./findings-home.ts";
import { CLUSTER_ID, NODES, SCALE_SET, type UsedPod, usageSource } from "./findings-usage.ts";

/** A cluster of three nodes and half a month of its usage: what is too large in it, idle, dormant, and not measured. */

const DAYS = Array.from({ length: 16 }, (_, index) => `2026-08-${String(16 + index)}`);
const MONTH = { from: "2026-08-02" };

const pod = (
  place: string,
  node: number,
  request: readonly [number, number],
  cpu: string,
  mem: string,
  bytes: number | null,
  more: Partial<UsedPod> = {},
): UsedPod => {
  const [namespace = "", kind = "", workload = ""] = place.split("/");
  return { namespace, kind, workload, node, request, cpu, mem, bytes, ...more };
};
const PODS: UsedPod[] = [
  pod("shop/Deployment/web", 0, [2000, 4096], "200 + h * 5", "700 + h * 10", 50_000),
  pod("shop/Deployment/web", 1, [2000, 4096], "200 + h * 5", "700 + h * 10", 50_000),
  pod("shop/Deployment/quiet", 1, [500, 512], "1", "100", 200),
  pod("lab/Deployment/forgotten", 2, [1500, 2048], "1", "60", 300),
  // As idle, and asks for nothing.
  pod("shop/Deployment/free", 2, [0, 0], "1", "60", 200),
  // As quiet as the others, but nobody measured its network, or half of its time.
  pod("dark/Deployment/unmetered", 0, [300, 256], "1", "60", null),
  pod("holes/Deployment/half-seen", 0, [300, 256], "1", "60", 200, { seen: 150 }),
  pod("kube-system/DaemonSet/proxy", 0, [100, 64], "1", "30", 200),
  pod("kube-system/DaemonSet/proxy", 1, [100, 64], "1", "30", 200),
  pod("kube-system/DaemonSet/proxy", 2, [100, 64], "1", "30", 200),
];

const OWNERS = `teams:
  - { id: shop, name: Shop, businessUnit: Retail, costCenter: CC-1 }
  - { id: lab, name: Lab, businessUnit: Retail, costCenter: CC-2 }
rules:
  - { team: shop, match: { namespace: shop } }
  - { team: lab, match: { namespace: [lab, dark, holes] } }
`;
const CONFIG = `clusters:
  - { name: prod, resourceId: "${CLUSTER_ID}", nodeResourceGroup: MC_rg_prod_we, environment: production }
`;

/** Three nodes, so many of them covered by a reservation; with one at 12 a day the others are at 2, else 3 and 5. */
export function nodes(covered: number): Charge[] {
  return Array.from({ length: NODES }, (_, index) =>
    compute(
      SCALE_SET,
      covered === 1 ? (index < 1 ? "12" : "2") : covered === 0 ? "5" : "3",
      MONTH,
      {
        x_SkuDetails: `{"VMName":"aks-apps-1-vmss_${index}"}`,
        Tags: '{"aks-managed-poolName":"apps"}',
        ...(index < covered
          ? {
              CommitmentDiscountId: "/reservations/r",
              CommitmentDiscountStatus: "Used",
              CommitmentDiscountType: "Reservation",
              PricingCategory: "Committed",
            }
          : {}),
      },
    ),
  );
}

/** A home of that cluster; it has no bill yet. */
export const clusterFindings = (): Promise<FindingsHome> =>
  FindingsHome.make({
    owners: OWNERS,
    config: CONFIG,
    source: (folder) => usageSource(folder, DAYS, PODS),
  });
