/** Where cost stays that belongs to no team; defined once, see `docs/method.md`. */
export const SENTINELS = {
  __idle__: "Idle capacity",
  __system__: "Kubernetes system reserve",
  __control_plane__: "Cluster control plane",
  __network__: "Cluster network",
  __unmounted__: "Disks no pod mounts",
  __commitment_unused__: "Unused commitments",
  __no_usage_data__: "No usage data",
  __unmatched__: "Unmatched",
  __unowned__: "Nobody's yet",
} as const;

export type Sentinel = keyof typeof SENTINELS;
