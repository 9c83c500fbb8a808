-- What is a line's own: amounts, quantities, texts that differ from line to line, and the numbers of what
-- it says as others do. Grain: one bill line; repairs are lines of their own, added by line_repair.
-- Reads: month_line, line_word, owner_key, owned, line_owner. Read by: line, line_repair.
-- Amounts of a legacy pair are chosen here (billed_from of line_word).
SELECT
  w.word_no AS word_no,
  k.resource_no AS resource_no,
  n.own_no AS own_no,
  CASE w.billed_from WHEN 'billed' THEN m.billed_cost WHEN 'effective' THEN m.effective_cost ELSE 0 END AS billed_cost,
  m.capacity_reservation_id AS capacity_reservation_id,
  m.charge_description AS charge_description,
  m.charge_period_end AS charge_period_end,
  m.charge_period_start AS charge_period_start,
  m.commitment_discount_id AS commitment_discount_id,
  m.commitment_discount_name AS commitment_discount_name,
  m.commitment_discount_quantity AS commitment_discount_quantity,
  m.consumed_quantity AS consumed_quantity,
  m.contracted_cost AS contracted_cost,
  m.contracted_unit_price AS contracted_unit_price,
  CASE WHEN w.is_actual_half THEN 0 ELSE m.effective_cost END AS effective_cost,
  m.list_cost AS list_cost,
  m.list_unit_price AS list_unit_price,
  m.pricing_currency_contracted_unit_price AS pricing_currency_contracted_unit_price,
  m.pricing_currency_effective_cost AS pricing_currency_effective_cost,
  m.pricing_currency_list_unit_price AS pricing_currency_list_unit_price,
  m.pricing_quantity AS pricing_quantity,
  m.resource_name AS resource_name,
  m.sku_id AS sku_id,
  m.sku_meter AS sku_meter,
  m.sku_price_details AS sku_price_details,
  m.sku_price_id AS sku_price_id,
  m.x_day AS x_day,
  m.x_sku_details AS x_sku_details,
  m.x_effective_unit_price AS x_effective_unit_price,
  m.line_id AS line_id
FROM month_line AS m
JOIN line_word AS w
  ON w.word_hash = m.word_hash
  AND NOT w.is_left_out
JOIN owner_key AS k
  ON k.owner_hash = m.owner_hash
JOIN owned AS o
  ON o.owner_hash = m.owner_hash
  AND o.nature = w.nature
  AND o.day_from <= m.x_day
  AND m.x_day < o.day_until
JOIN line_owner AS n
  ON n.own_hash = o.own_hash
