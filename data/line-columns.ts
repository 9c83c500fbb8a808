/**
 * A stored cost line: FOCUS 1.2 in snake_case, then ours. One list gives the Parquet files, the
 * empty table that stands in where a month has none, and the `lines` export.
 */
export const FOCUS_COLUMNS = {
  availability_zone: "text",
  billed_cost: "money",
  billing_account_id: "text",
  billing_account_name: "text",
  billing_account_type: "text",
  billing_currency: "text",
  billing_period_end: "time",
  billing_period_start: "time",
  capacity_reservation_id: "text",
  capacity_reservation_status: "text",
  charge_category: "text",
  charge_class: "text",
  charge_description: "text",
  charge_frequency: "text",
  charge_period_end: "time",
  charge_period_start: "time",
  commitment_discount_category: "text",
  commitment_discount_id: "text",
  commitment_discount_name: "text",
  commitment_discount_quantity: "money",
  commitment_discount_status: "text",
  commitment_discount_type: "text",
  commitment_discount_unit: "text",
  consumed_quantity: "money",
  consumed_unit: "text",
  contracted_cost: "money",
  contracted_unit_price: "money",
  effective_cost: "money",
  invoice_id: "text",
  invoice_issuer_name: "text",
  list_cost: "money",
  list_unit_price: "money",
  pricing_category: "text",
  pricing_currency: "text",
  pricing_currency_contracted_unit_price: "money",
  pricing_currency_effective_cost: "money",
  pricing_currency_list_unit_price: "money",
  pricing_quantity: "money",
  pricing_unit: "text",
  provider_name: "text",
  publisher_name: "text",
  region_id: "text",
  region_name: "text",
  resource_id: "text",
  resource_name: "text",
  resource_type: "text",
  service_category: "text",
  service_name: "text",
  service_subcategory: "text",
  sku_id: "text",
  sku_meter: "text",
  sku_price_details: "text",
  sku_price_id: "text",
  sub_account_id: "text",
  sub_account_name: "text",
  sub_account_type: "text",
  tags: "text",
} as const;

/** Ours: where a line stands, and what FOCUS has no column for. */
export const OWN_COLUMNS = {
  x_month: "text",
  x_day: "day",
  x_dataset: "text",
  x_resource_group: "text",
  x_sku_details: "text",
  x_sku_meter_category: "text",
  x_charge_type: "text",
  x_pricing_model: "text",
  x_cost_center: "text",
  x_cost_allocation_rule_name: "text",
  x_effective_unit_price: "money",
  x_rounded_billed: "residue",
  x_rounded_effective: "residue",
  x_rounded_list: "residue",
  x_rounded_contracted: "residue",
} as const;

export const LINE_COLUMNS = { ...FOCUS_COLUMNS, ...OWN_COLUMNS };
export type LineColumn = keyof typeof LINE_COLUMNS;
export type ColumnKind = (typeof LINE_COLUMNS)[LineColumn];

export const SQL_TYPES: Readonly<Record<ColumnKind, string>> = {
  text: "VARCHAR",
  money: "DECIMAL(38,18)",
  time: "TIMESTAMP",
  day: "DATE",
  residue: "DECIMAL(38,36)",
};

/** Columns kept although no shape maps them stand under this prefix with their name as written. */
export const EXTRA_PREFIX = "extra:";
