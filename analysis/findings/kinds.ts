/**
 * Every kind of finding, once: what it is called, what one does about it, and who takes first where
 * two are about the same euro (lower rank first). Commands, API, pages and tests go by this list.
 */
export const FINDING_KINDS = {
  "dormant-namespace": {
    rank: 0,
    name: "Dormant namespace",
    action: "Ask its owner; then quarantine and delete it.",
  },
  "idle-workload": {
    rank: 1,
    name: "Idle workload",
    action: "Scale it to zero or delete it.",
  },
  "oversized-container": {
    rank: 2,
    name: "Oversized container",
    action: "Fit its requests to its use; copy the patch.",
  },
  "undersized-container": {
    rank: 3,
    name: "Undersized container",
    action: "Raise its requests before it is throttled or killed; copy the patch.",
  },
  "replaced-server": {
    rank: 4,
    name: "Replaced server",
    action: "Switch it off; its successor does its work.",
  },
  "stopped-server": {
    rank: 5,
    name: "Stopped server",
    action: "Delete it with its disks and addresses, or snapshot the disks first.",
  },
  "empty-environment": {
    rank: 6,
    name: "Empty App Service Environment",
    action: "Delete it; an environment is billed without a plan.",
  },
  "empty-plan": {
    rank: 7,
    name: "Empty App Service plan",
    action: "Delete it, or move an app onto it.",
  },
  "released-volume": {
    rank: 8,
    name: "Volume without claim",
    action: "Snapshot it if its data matters, then delete the disk.",
  },
  "unmounted-volume": {
    rank: 9,
    name: "Unmounted volume",
    action: "Delete its claim, or mount it.",
  },
  "left-behind": {
    rank: 10,
    name: "Left-behind disk or address",
    action: "Delete it; its server is gone.",
  },
  "unused-address": {
    rank: 11,
    name: "Public address without service",
    action: "Release it.",
  },
  "unused-balancer": {
    rank: 12,
    name: "Load balancer without service",
    action: "Delete it; no internal service is behind it.",
  },
  "old-snapshot": {
    rank: 13,
    name: "Old snapshot",
    action: "Delete it, or write down why it is kept.",
  },
  "unused-commitment": {
    rank: 14,
    name: "Under-used commitment",
    action: "Exchange or return it, or move work onto it; it is paid for either way.",
  },
} as const satisfies Record<string, { rank: number; name: string; action: string }>;

export type FindingKind = keyof typeof FINDING_KINDS;

export const KINDS = Object.keys(FINDING_KINDS) as readonly FindingKind[];

/** A sentence of a finding's evidence. */
export interface Evidence {
  fact: string;
  value: string;
}
