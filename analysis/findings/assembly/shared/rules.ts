/**
 * The hot loops over one container's samples: what summaries, quantiles, VPA and bursts count. Nothing of its
 * own lies in memory: every address is given. No policy: levels and tables come from whom they serve. Sums
 * are made in the order of the samples, so that every digit is what plain loops would give. AssemblyScript;
 * built by `npm run build:wasm` to `../../rules.wasm`.
 */

export {
  secondsOf,
  most,
  mostAlive,
  pod,
  raiseHours,
  timeAbove,
  exceeded,
  lifeHours,
} from "./rules/hours";
export {
  count,
  bucketOfTime,
  bucketOfRank,
  gather,
  sort,
  valueAt,
  valueOfTime,
} from "./rules/quantiles";
export { vpaCpu } from "./rules/vpa";
export { show, column, pack } from "./rules/packed";
