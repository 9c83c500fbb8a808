import type { Session } from "../data/warehouse.ts";
import { type BuildSettings, tables } from "./inputs.ts";
import { ALWAYS } from "./ownership.ts";

/** Makes what the models of shared services read: the services, what they match, weights and lists. */
export async function prepareSharedInputs(
  session: Session,
  settings: BuildSettings,
): Promise<void> {
  const { sharedCosts } = settings.allocation;
  const table = tables(session);
  await table(
    "shared_cost",
    "name VARCHAR, driver VARCHAR, is_even BOOLEAN",
    sharedCosts.map((shared) => [shared.name, shared.driver, shared.isEven]),
  );
  // As the rules of owners: in order, and the first that matches a line takes it, on any day.
  await table(
    "shared_rule",
    "rule_order INTEGER, team VARCHAR, day_from DATE, day_until DATE, rule_text VARCHAR, conditions BIGINT",
    sharedCosts.map((shared, index) => [
      index,
      shared.name,
      ALWAYS.from,
      ALWAYS.until,
      shared.text,
      shared.conditions.length,
    ]),
  );
  await table(
    "shared_rule_pattern",
    "rule_order INTEGER, condition_no INTEGER, match_key VARCHAR, tag_key VARCHAR, pattern VARCHAR",
    sharedCosts.flatMap((shared, order) =>
      shared.conditions.flatMap((condition, index) =>
        condition.patterns.map((pattern) => [order, index, condition.key, condition.name, pattern]),
      ),
    ),
  );
  await table(
    "shared_weight_row",
    "name VARCHAR, day_from DATE, consumer VARCHAR, weight BIGINT",
    sharedCosts.flatMap((shared) =>
      shared.weights.map((row) => [shared.name, row.from, row.consumer, row.weight]),
    ),
  );
  await table(
    "shared_consumer",
    "name VARCHAR, consumer VARCHAR",
    sharedCosts.flatMap((shared) => shared.consumers.map((consumer) => [shared.name, consumer])),
  );
}
