-- What rounding to 18 digits took, measure by measure; empty for units loaded before this.
ALTER TABLE unit_control ADD COLUMN rounded_billed DECIMAL(38,36);
ALTER TABLE unit_control ADD COLUMN rounded_effective DECIMAL(38,36);
ALTER TABLE unit_control ADD COLUMN rounded_list DECIMAL(38,36);
ALTER TABLE unit_control ADD COLUMN rounded_contracted DECIMAL(38,36);
