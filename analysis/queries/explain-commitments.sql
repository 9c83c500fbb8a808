-- What of unused commitments a policy gives to a target, and by what. Grain: commitment, receiver.
-- Reads: visible_unused_commitment of {{month}}. Read by: explain.
-- Parameters: $scope, $policy, $currency, $team, $cluster, $resource (or NULL). Slots: {{measure}}, {{month}}.
-- The bucket they are in shows whom each goes to.
SELECT
  commitment AS commitment,
  mode AS mode,
  team AS team,
  rule AS rule,
  base AS base,
  weight AS weight,
  whole AS whole,
  {{measure}} AS cost
FROM {{month}}.visible_unused_commitment($scope)
WHERE policy = $policy
  AND currency = $currency
  AND $cluster IS NULL
  AND ($team IS NULL OR team = $team OR $team = '__commitment_unused__')
  AND ($resource IS NULL OR commitment = $resource)
ORDER BY
  abs({{measure}}) DESC,
  commitment ASC,
  team ASC
